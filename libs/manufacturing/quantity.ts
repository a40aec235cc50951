/**
 * Exact decimal quantities with units. Amounts are decimal strings of at most 12 digits before and 6 after the point, computed as
 * whole millionths, never as floats. Units are UCUM-like symbols.
 */
export const UNITS = ['pcs', 'kg', 'g', 'mg', 't', 'm', 'cm', 'mm', 'm2', 'm3', 'l', 'ml', 'h', 'min', 's'] as const;
export type Unit = (typeof UNITS)[number];
export type Quantity = Readonly<{ amount: string; unit: Unit }>;

/** Each unit as a whole multiple of the smallest of its dimension. */
const measure: Readonly<Record<Unit, readonly [dimension: string, factor: bigint]>> = {
  pcs: ['count', 1n],
  mg: ['mass', 1n],
  g: ['mass', 1_000n],
  kg: ['mass', 1_000_000n],
  t: ['mass', 1_000_000_000n],
  mm: ['length', 1n],
  cm: ['length', 10n],
  m: ['length', 1_000n],
  m2: ['area', 1n],
  ml: ['volume', 1n],
  l: ['volume', 1_000n],
  m3: ['volume', 1_000_000n],
  s: ['time', 1n],
  min: ['time', 60n],
  h: ['time', 3_600n],
};

export const AMOUNT = /^(0|[1-9]\d{0,11})(\.\d{1,6})?$/;
const SCALE = 1_000_000n;

/** A decimal string as whole millionths. Accepts a leading minus, for differences. */
export function millionths(amount: string): bigint {
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(amount) ?? [];
  if (whole === undefined) throw new RangeError(`not a decimal amount: ${amount}`);
  const value = BigInt(whole) * SCALE + BigInt(part.padEnd(6, '0'));
  return sign ? -value : value;
}

/** Whole millionths as the shortest decimal string. */
export function decimal(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(7, '0');
  const part = digits.slice(-6).replace(/0+$/, '');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -6)}${part ? '.' + part : ''}`;
}

/** A short whole amount as a number, as most are; -1 for any other. */
function small(amount: string): number {
  const { length } = amount;
  if (length === 0 || length > 9 || (length > 1 && amount.charCodeAt(0) === 0x30)) return -1;
  let value = 0;
  for (let at = 0; at < length; at += 1) {
    const digit = amount.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = 10 * value + digit;
  }
  return value;
}

export function plus(a: string, b: string): string {
  const [x, y] = [small(a), small(b)];
  return x >= 0 && y >= 0 ? String(x + y) : decimal(millionths(a) + millionths(b));
}
export function minus(a: string, b: string): string {
  const [x, y] = [small(a), small(b)];
  return x >= 0 && y >= 0 ? String(x - y) : decimal(millionths(a) - millionths(b));
}
export const sum = (amounts: readonly string[]): string => amounts.reduce(plus, '0');
/** Negative, zero or positive, as a comparator for sort. */
export const compare = (a: string, b: string): number => {
  const [x, y] = [small(a), small(b)];
  if (x >= 0 && y >= 0) return Math.sign(x - y);
  const difference = millionths(a) - millionths(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};
/** Whether the unit can hold the amount: pieces are counted, not measured. The one rule for all quantities. */
export const fitsUnit = (amount: string, unit: Unit): boolean => unit !== 'pcs' || small(amount) >= 0 || millionths(amount) % SCALE === 0n;

export const isZero = (amount: string): boolean => amount === '0' || millionths(amount) === 0n;
export const isPositive = (amount: string): boolean => small(amount) > 0 || millionths(amount) > 0n;

export const sameDimension = (a: Unit, b: Unit): boolean => measure[a][0] === measure[b][0];

/** The unit, or the finest of those given that measure the same: whatever is in one of them has an exact amount in it. */
export const finest = (unit: Unit, others: readonly Unit[]): Unit =>
  others.reduce((least, other) => (sameDimension(least, other) && measure[other][1] < measure[least][1] ? other : least), unit);

/** The same quantity in another unit; undefined when the dimensions differ or the result needs more than six decimals. */
export function convert({ amount, unit }: Quantity, to: Unit): string | undefined {
  if (!sameDimension(unit, to)) return undefined;
  const scaled = millionths(amount) * measure[unit][1];
  return scaled % measure[to][1] === 0n ? decimal(scaled / measure[to][1]) : undefined;
}

/** The same in another unit, rounded down to six decimals where it needs more; undefined when the dimensions differ. */
export function convertDown({ amount, unit }: Quantity, to: Unit): string | undefined {
  return sameDimension(unit, to) ? decimal((millionths(amount) * measure[unit][1]) / measure[to][1]) : undefined;
}

/** A share of an amount, e.g. a tolerance: `amount × percent / 100`, rounded down to millionths. */
export const percentOf = (amount: string, percent: string): string => decimal((millionths(amount) * millionths(percent)) / (100n * SCALE));
