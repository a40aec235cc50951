/**
 * Splits one order over plants. Hides: which splits are tried. Promises: the same plan for the same inputs; it places as much as fits before the due
 * date, then at the lowest cost, then in the fewest legs; what is not placed has the reason that binds. Does not: reserve; capacity that somebody
 * else takes meanwhile is refused when it is reserved.
 */
import type { Bucket } from '#facility-capacity/facility-capacity.events';
import { decimal, millionths, sum } from '#manufacturing/quantity';
import { Unplaced, type AllocationProposed, type Candidate, type PlanInputs, type PlanLeg, type PlanOrder } from './allocation-plan.events';

/** A change of what is planned from the same inputs is a new version. */
export const ALGORITHM = 1;
/** All subsets of so many plants are tried: 4,096. With more plants, those that cost least. */
const MOST_PLANTS = 12;

export type Plan = Pick<AllocationProposed['data'], 'legs' | 'unallocated' | 'cost' | 'proven'>;

const SCALE = 1_000_000n;
const DAY_MS = 86_400_000;

/** A plant with the most that it can make in time, and the cost of one unit there; amounts in millionths. */
type Place = Readonly<{ candidate: Candidate; most: bigint; least: bigint; cost: bigint; days: readonly Bucket[] }>;
type Split = Readonly<{ places: readonly Place[]; amounts: readonly bigint[]; placed: bigint; cost: bigint }>;

export function planOf({ order, candidates, workMasterVersion }: PlanInputs): Plan {
  const quantity = millionths(order.quantity);
  const usable = candidates.filter((candidate) => whyNot(order, candidate) === undefined).map((candidate) => placeOf(order, candidate));
  const open = usable.filter(({ most }) => most > 0n).sort(cheapestFirst);
  const tried = open.slice(0, MOST_PLANTS);
  const best = bestSplit(tried, quantity, order.maxLegs ?? tried.length);
  const legs = best.places
    .map((place, index) => legOf(place, best.amounts[index]!))
    .sort((a, b) => (a.facilityId < b.facilityId ? -1 : 1))
    .map((leg, index) => ({ leg: index + 1, ...leg }));
  return {
    legs,
    unallocated: remainders(workMasterVersion === undefined, order, candidates, open, quantity, best.placed),
    cost: sum(legs.map(({ cost }) => cost)),
    proven: open.length <= MOST_PLANTS,
  };
}

/** Why a plant cannot be used at all. */
function whyNot(
  { customer, excluded }: PlanOrder,
  { facilityId, onlyFor, neverFor, minutesPerDay, lane }: Candidate,
): Unplaced | undefined {
  if (excluded.includes(facilityId)) return Unplaced.Excluded;
  if (customer !== undefined && neverFor?.includes(customer)) return Unplaced.CustomerRules;
  if (onlyFor && (customer === undefined || !onlyFor.includes(customer))) return Unplaced.CustomerRules;
  if (lane === null) return Unplaced.NoLane;
  return minutesPerDay === undefined ? Unplaced.CapacityBeforeDue : undefined;
}

function placeOf(order: PlanOrder, candidate: Candidate): Place {
  const { minutesPerUnit, setupMinutes, costPerUnit, lane, minBatch, minutesPerDay, taken } = candidate;
  const days = daysBetween(order.earliest, Date.parse(order.due) - (lane?.transitHours ?? 0) * 3_600_000).map((date) => ({
    date,
    minutes: minutesPerDay === null ? Infinity : freeOn(date, order.earliest, minutesPerDay!, taken[date] ?? 0),
  }));
  const cost = millionths(costPerUnit) + millionths(lane?.costPerUnit ?? '0');
  const least = millionths(minBatch ?? '0');
  const quantity = millionths(order.quantity);
  const free = days.reduce((sum, { minutes }) => sum + minutes, 0);
  if (free === Infinity) return { candidate, most: quantity, least, cost, days };
  // Minutes are whole: what is made takes the next whole minute.
  const most = whole(order, (BigInt(Math.max(0, free - setupMinutes)) * SCALE * SCALE) / millionths(minutesPerUnit));
  return { candidate, most: most < least ? 0n : most < quantity ? most : quantity, least, cost, days };
}

/** Of the first day, only the part that is still to come. */
function freeOn(date: string, earliest: string, minutesPerDay: number, taken: number): number {
  const gone = Math.max(0, Date.parse(earliest) - Date.parse(`${date}T00:00:00Z`)) / DAY_MS;
  return Math.max(0, Math.min(minutesPerDay - taken, Math.floor(minutesPerDay * (1 - gone))));
}

/** Pieces are counted. */
const whole = ({ unit }: PlanOrder, amount: bigint): bigint => (unit === 'pcs' ? amount - (amount % SCALE) : amount);

const cheapestFirst = (a: Place, b: Place): number =>
  a.cost === b.cost ? (a.candidate.facilityId < b.candidate.facilityId ? -1 : 1) : a.cost < b.cost ? -1 : 1;

/** Days from one instant to the other, as far as they are whole at the end: work of the last day is done before it. */
function daysBetween(earliest: string, end: number): string[] {
  const days: string[] = [];
  for (let day = Math.floor(Date.parse(earliest) / DAY_MS) * DAY_MS; day + DAY_MS <= end && days.length < 400; day += DAY_MS)
    days.push(new Date(day).toISOString().slice(0, 10));
  return days;
}

/** Tries every choice of plants; in each, every plant gets its least and the cheapest get the rest. */
function bestSplit(places: readonly Place[], quantity: bigint, maxLegs: number): Split {
  let best: Split = { places: [], amounts: [], placed: 0n, cost: 0n };
  const choose = (from: number, chosen: readonly Place[], least: bigint): void => {
    if (chosen.length > 0) {
      const split = fill(chosen, quantity, least);
      if (better(split, best)) best = split;
    }
    if (chosen.length === maxLegs) return;
    for (let next = from; next < places.length; next += 1) {
      const place = places[next]!;
      if (least + place.least <= quantity) choose(next + 1, [...chosen, place], least + place.least);
    }
  };
  choose(0, [], 0n);
  return best;
}

function fill(places: readonly Place[], quantity: bigint, least: bigint): Split {
  let left = quantity - least;
  const amounts = places.map(({ most, least: own }) => {
    const more = most - own < left ? most - own : left;
    left -= more;
    return own + more;
  });
  const used = places.map((place, index) => [place, amounts[index]!] as const).filter(([, amount]) => amount > 0n);
  return {
    places: used.map(([place]) => place),
    amounts: used.map(([, amount]) => amount),
    placed: quantity - left,
    cost: used.reduce((sum, [{ cost }, amount]) => sum + cost * amount, 0n),
  };
}

const better = (a: Split, b: Split): boolean => {
  if (a.placed !== b.placed) return a.placed > b.placed;
  return a.cost === b.cost ? a.places.length < b.places.length : a.cost < b.cost;
};

function legOf({ candidate, cost, days }: Place, amount: bigint): Omit<PlanLeg, 'leg'> {
  const { facilityId, capacityId, minutesPerUnit, setupMinutes } = candidate;
  const product = amount * millionths(minutesPerUnit);
  let left = setupMinutes + Number((product + SCALE * SCALE - 1n) / (SCALE * SCALE));
  const buckets: Bucket[] = [];
  for (const { date, minutes } of days) {
    // Without a limit, a plant works a day around the clock.
    const part = Math.min(left, minutes === Infinity ? 1_440 : minutes);
    if (part > 0) buckets.push({ date, minutes: part });
    left -= part;
  }
  if (left > 0) buckets.push({ date: days.at(-1)!.date, minutes: left });
  return {
    facilityId,
    capacityId,
    quantity: decimal(amount),
    buckets: merged(buckets),
    start: `${buckets[0]!.date}T00:00:00.000Z`,
    end: `${buckets.at(-1)!.date}T23:59:59.999Z`,
    cost: decimal((cost * amount) / SCALE),
  };
}

function merged(buckets: readonly Bucket[]): Bucket[] {
  const sums = new Map<string, number>();
  for (const { date, minutes } of buckets) sums.set(date, (sums.get(date) ?? 0) + minutes);
  return [...sums].map(([date, minutes]) => ({ date, minutes }));
}

/** What has no place, in parts by the reason that binds. */
function remainders(
  noWorkMaster: boolean,
  order: PlanOrder,
  candidates: readonly Candidate[],
  open: readonly Place[],
  quantity: bigint,
  placed: bigint,
): Plan['unallocated'] {
  const rest = quantity - placed;
  if (rest === 0n) return [];
  const all = (reason: Unplaced) => [{ quantity: decimal(rest), reason }];
  if (noWorkMaster) return all(Unplaced.NoWorkMaster);
  if (candidates.length === 0) return all(Unplaced.NoQualifiedFacility);
  const refusals = candidates.map((candidate) => whyNot(order, candidate));
  if (refusals.every((reason) => reason !== undefined))
    return all(refusals.find((reason) => reason !== Unplaced.Excluded) ?? Unplaced.Excluded);
  // Without limits of batch and split, so much would fit.
  const possible = open.reduce((sum, { most }) => sum + most, 0n);
  const lacking = quantity > possible ? quantity - possible : 0n;
  const limited = rest - lacking;
  const limit = order.maxLegs !== undefined && order.maxLegs < open.length ? Unplaced.SplitLimit : Unplaced.MinBatch;
  const starved = candidates.some(({ minBatch }) => minBatch !== undefined && millionths(minBatch) > quantity) && open.length === 0;
  return [
    ...(lacking > 0n ? [{ quantity: decimal(lacking), reason: starved ? Unplaced.MinBatch : Unplaced.CapacityBeforeDue }] : []),
    ...(limited > 0n ? [{ quantity: decimal(limited), reason: limit }] : []),
  ];
}
