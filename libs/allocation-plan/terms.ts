/** The terms on which a plant can be used for an order: its lane, days, free minutes, smallest batch. */
import type { Bucket } from '#facility-capacity/facility-capacity.events';
import { convert, millionths, sum, type Unit } from '#manufacturing/quantity';
import type { Candidate, PlanOrder } from './allocation-plan.events';

export const SCALE = 1_000_000n;
export const DAY_MS = 86_400_000;
/** Nothing is planned further ahead. */
export const MOST_DAYS = 400;

/** Terms of a lane; without a unit, its freight is of one unit of the order. */
export type Lane = Readonly<{ transitHours: number; costPerUnit: string; unit?: Unit }>;

/** The lane with the freight of one unit of the order, e.g. of a gram where it is paid by the kilogram. */
export function laneFor(order: Unit, lane: Lane | null): Pick<Candidate, 'lane' | 'laneUnit'> {
  if (!lane) return { lane };
  const { transitHours, costPerUnit, unit = order } = lane;
  const price = convert({ amount: costPerUnit, unit: order }, unit);
  return price === undefined ? { lane: null, laneUnit: unit } : { lane: { transitHours, costPerUnit: price } };
}

/** What one unit needs of a material; without a unit, in the one in which a plant keeps it. */
export type Material = Readonly<{ materialId: string; quantityPerUnit: string; unit?: Unit }>;
/** What one unit needs of each material, also where a work master of an old log names one twice. */
export const neededOfEach = (materials: readonly Material[]): Material[] =>
  [...new Map(materials.map(({ materialId, unit }) => [materialId, unit]))].map(([materialId, unit]) => ({
    materialId,
    ...(unit ? { unit } : {}),
    quantityPerUnit: sum(materials.flatMap((each) => (each.materialId === materialId ? [each.quantityPerUnit] : []))),
  }));

/** An amount in millionths of the unit that is counted in, if both are known; undefined where the unit measures something else. */
export function amountIn(counted: Unit | undefined, amount: string, unit: Unit | undefined): bigint | undefined {
  const converted = counted && unit ? convert({ amount, unit }, counted) : amount;
  return converted === undefined ? undefined : millionths(converted);
}

/** Free minutes of a day: of the first one, only the part that is still to come; what is taken may all be in it. */
export function freeOn(date: string, earliest: string, minutesPerDay: number, taken: number): number {
  const gone = Math.max(0, Date.parse(earliest) - Date.parse(`${date}T00:00:00Z`)) / DAY_MS;
  return Math.max(0, Math.floor(minutesPerDay * (1 - gone)) - taken);
}

/** Days from one instant to the other, as far as they are whole at the end: work of the last day is done before it. */
export function daysBetween(earliest: string, end: number): string[] {
  const days: string[] = [];
  for (let day = Math.floor(Date.parse(earliest) / DAY_MS) * DAY_MS; day + DAY_MS <= end && days.length < MOST_DAYS; day += DAY_MS)
    days.push(new Date(day).toISOString().slice(0, 10));
  return days;
}

/** When the last work must be done: what is shipped must have arrived by the due date. In ms. */
export const readyBy = ({ due }: PlanOrder, { lane }: Candidate): number => Date.parse(due) - (lane?.transitHours ?? 0) * 3_600_000;

/** Pieces are counted. */
export const whole = ({ unit }: PlanOrder, amount: bigint): bigint => (unit === 'pcs' ? amount - (amount % SCALE) : amount);

/** The smallest batch of a plant for the order, in millionths: a fraction of a piece is none. */
export function leastOf(order: PlanOrder, minBatch = '0'): bigint {
  const least = millionths(minBatch);
  const pieces = whole(order, least);
  return pieces === least ? least : pieces + SCALE;
}

/** Whole minutes that an amount in millionths takes: what is made takes the next whole minute. */
export function minutesFor(amount: bigint, minutesPerUnit: bigint, setupMinutes: number): number {
  return setupMinutes + Number((amount * minutesPerUnit + SCALE * SCALE - 1n) / (SCALE * SCALE));
}

/** The most that fits into so many minutes, in millionths; whole pieces where pieces are counted. */
export const mostIn = (order: PlanOrder, minutes: number, minutesPerUnit: bigint, setupMinutes: number): bigint =>
  whole(order, (BigInt(Math.max(0, minutes - setupMinutes)) * SCALE * SCALE) / minutesPerUnit);

/** Minutes of a day, where they are not limited. */
export const AROUND_THE_CLOCK = 1_440;

/** Minutes spread over days from the first on; where they are not limited, a day is worked around the clock, and the last one has the rest. */
export function spread(days: readonly Bucket[], minutes: number): Bucket[] {
  const buckets = new Map<string, number>();
  let left = minutes;
  for (const { date, minutes: free } of days) {
    const part = Math.min(left, free === Infinity ? AROUND_THE_CLOCK : free);
    if (part > 0) buckets.set(date, part);
    left -= part;
  }
  const last = days.at(-1)!.date;
  if (left > 0) buckets.set(last, (buckets.get(last) ?? 0) + left);
  return [...buckets].map(([date, worked]) => ({ date, minutes: worked }));
}

type Priced = Readonly<{ cost: bigint; candidate: Readonly<{ facilityId: string }> }>;
/** The order in which plants are tried: where two cost the same, by the id of the plant, so that a plan can be repeated. */
export const cheapestFirst = (a: Priced, b: Priced): number =>
  a.cost === b.cost ? (a.candidate.facilityId < b.candidate.facilityId ? -1 : 1) : a.cost < b.cost ? -1 : 1;
