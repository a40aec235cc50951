/** Which quantities and tolerances a demand may have. */
import { Rejected } from '#kernel/rejected';
import { AMOUNT, compare, convert, isPositive, type Quantity } from '#manufacturing/quantity';
import type { Demand } from './production-order.events';

/** @throws Rejected quantity-not-positive, fraction-of-a-piece */
export function positive(quantity: Quantity): Quantity {
  const { amount, unit } = quantity;
  if (!AMOUNT.test(amount) || !isPositive(amount))
    throw new Rejected('quantity-not-positive', `\`quantity\` must be above 0, was ${amount}.`, { amount });
  if (unit === 'pcs' && /\.\d*[1-9]/.test(amount))
    throw new Rejected(
      'fraction-of-a-piece',
      `\`quantity\` must be a whole number of pieces, was ${amount}. Send whole pieces or another unit.`,
      { amount },
    );
  return quantity;
}

/** @throws Rejected unit-incompatible */
export function inUnitOf({ unit }: Demand, quantity: Quantity): string {
  const amount = convert(quantity, unit);
  if (amount === undefined)
    throw new Rejected(
      'unit-incompatible',
      `The quantity cannot be converted exactly to ${unit}, the unit of the order. Send it in ${unit}.`,
      { unit },
    );
  return amount;
}

/** @throws Rejected tolerance-too-wide */
export function tolerable(underPercent: string): string {
  if (compare(underPercent, '100') >= 0)
    throw new Rejected('tolerance-too-wide', `\`underPercent\` must be below 100, was ${underPercent}.`, { underPercent });
  return underPercent;
}
