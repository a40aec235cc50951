/**
 * Splits one order over plants. Hides: which splits are tried. Promises: the same plan for the same inputs; it places as much as capacity and material
 * allow before the due date, then at the lowest cost, then in the fewest legs, then where the id of the plant sorts first; what is not placed has the reason that binds.
 * Does not: reserve; capacity that somebody else takes meanwhile is refused when it is reserved.
 */
import type { Bucket } from '#facility-capacity/facility-capacity.events';
import { decimal, millionths, sum } from '#manufacturing/quantity';
import { Unplaced, type AllocationProposed, type Candidate, type PlanInputs, type PlanLeg, type PlanOrder } from './allocation-plan.events';
import { whyNone, whyNot } from './exclusion';
import { sharedPlan } from './shared-plan';
import { bestSplit } from './split';
import { endsAmong, materialFor } from './stock';
import { AROUND_THE_CLOCK, cheapestFirst, daysBetween, freeOn, leastOf, minutesFor, mostIn, readyBy, SCALE, spread, whole } from './terms';

/** A change of what is planned from the same inputs is a new version. */
export const ALGORITHM = 5;
/** With up to so many plants all subsets are tried, 4,096 of them; with more, only those of the cheapest ones. */
const MOST_PLANTS = 12;

export type Plan = Pick<AllocationProposed['data'], 'legs' | 'unallocated' | 'cost' | 'proven'> &
  Required<Pick<AllocationProposed['data'], 'gap' | 'lateness'>>;

/**
 * A plant with the most that it can make in time, also if it had all material (`room`) or no lot expired (`bound`), and the cost of one unit there. Amounts
 * in millionths.
 */
type Place = Readonly<{
  candidate: Candidate;
  most: bigint;
  room: bigint;
  bound: bigint;
  least: bigint;
  cost: bigint;
  days: readonly Bucket[];
}>;

/** @throws Error where the inputs hold a share of a batch that does not fit them; sharedPlan says why. */
export function planOf(inputs: PlanInputs): Plan {
  const { order, candidates, workMasterVersion, batch } = inputs;
  if (batch) {
    const shared = sharedPlan(inputs, batch);
    if (typeof shared === 'string') throw new Error(shared);
    return shared;
  }
  // Pieces are whole: a rest of one, e.g. where a plant reported half a piece, has no place.
  const wanted = millionths(order.quantity);
  const quantity = whole(order, wanted);
  const usable = candidates.filter((candidate) => whyNot(order, candidate) === undefined).map((candidate) => placeOf(order, candidate));
  const open = usable.filter(({ most }) => most > 0n).sort(cheapestFirst);
  const tried = open.slice(0, MOST_PLANTS);
  const best = bestSplit(tried, quantity, order.maxLegs ?? tried.length);
  const bounded = usable.reduce((total, { bound }) => total + bound, 0n);
  const isProven =
    open.length <= MOST_PLANTS && (best.placed === quantity || bounded <= usable.reduce((total, { most }) => total + most, 0n));
  const legs = best.places
    .map((place, index) => legOf(place, best.amounts[index]!))
    .sort((a, b) => (a.facilityId < b.facilityId ? -1 : 1))
    .map((leg, index) => ({ leg: index + 1, ...leg }));
  return {
    legs,
    unallocated: [
      ...remainders(workMasterVersion === undefined, order, candidates, usable, quantity, best.placed),
      ...(wanted > quantity ? [{ quantity: decimal(wanted - quantity), reason: Unplaced.MinBatch }] : []),
    ],
    cost: sum(legs.map(({ cost }) => cost)),
    proven: isProven,
    gap: isProven ? { quantity: '0', cost: '0' } : gapOf(open, bounded, quantity, best),
    lateness: '0',
  };
}

/** What might be missed where not all splits were tried, or lots expire: without limits of batch and split, at most this would be possible. */
function gapOf(
  open: readonly Place[],
  bounded: bigint,
  quantity: bigint,
  { placed, cost }: Readonly<{ placed: bigint; cost: bigint }>,
): Plan['gap'] {
  const most = bounded < quantity ? bounded : quantity;
  let [left, least] = [placed, 0n];
  for (const place of open) {
    const part = place.most < left ? place.most : left;
    left -= part;
    least += part * place.cost;
  }
  return { quantity: decimal(most - placed), ...(most === placed ? { cost: decimal((cost - least) / SCALE) } : {}) };
}

function placeOf(order: PlanOrder, candidate: Candidate): Place {
  const { minutesPerUnit, setupMinutes, costPerUnit, lane, minBatch, minutesPerDay, taken } = candidate;
  const days = daysBetween(order.earliest, readyBy(order, candidate)).map((date) => ({
    date,
    minutes: minutesPerDay === null ? Infinity : freeOn(date, order.earliest, minutesPerDay!, taken[date] ?? 0),
  }));
  const cost = millionths(costPerUnit) + millionths(lane?.costPerUnit ?? '0');
  const least = leastOf(order, minBatch);
  const quantity = millionths(order.quantity);
  const limited = (most: bigint): bigint => (most < least ? 0n : most < quantity ? most : quantity);
  /** What fits until the end of a day; all of it on the last one, where minutes are not limited. */
  const until = (day: number): bigint => {
    const last = day === days.length - 1;
    const free = days.slice(0, day + 1).reduce((sum, { minutes }) => sum + (minutes === Infinity && !last ? AROUND_THE_CLOCK : minutes), 0);
    return free === Infinity ? quantity : mostIn(order, free, millionths(minutesPerUnit), setupMinutes);
  };
  const most = endsAmong(
    days.map(({ date }) => date),
    candidate,
  ).reduce((found, day) => {
    const [fits, there] = [until(day), materialFor(days[day]!.date, candidate)];
    const here = there === undefined || fits < there ? fits : there;
    return here > found ? here : found;
  }, 0n);
  const place = { candidate, least, cost, days };
  const room = days.length === 0 ? 0n : limited(until(days.length - 1));
  // What ends early can use more: work in several parts might.
  const [first] = candidate.stock ?? [];
  const stocked = first ? millionths(first.most) : room;
  return { ...place, most: limited(most), room, bound: stocked < room ? limited(stocked) : room };
}

function legOf({ candidate, cost, days }: Place, amount: bigint): Omit<PlanLeg, 'leg'> {
  const { facilityId, capacityId, minutesPerUnit, setupMinutes } = candidate;
  const buckets = spread(days, minutesFor(amount, millionths(minutesPerUnit), setupMinutes));
  return {
    facilityId,
    capacityId,
    quantity: decimal(amount),
    buckets,
    start: `${buckets[0]!.date}T00:00:00.000Z`,
    end: `${buckets.at(-1)!.date}T23:59:59.999Z`,
    cost: decimal((cost * amount) / SCALE),
  };
}

/** What has no place, in parts by the reason that binds. */
function remainders(
  noWorkMaster: boolean,
  order: PlanOrder,
  candidates: readonly Candidate[],
  usable: readonly Place[],
  quantity: bigint,
  placed: bigint,
): Plan['unallocated'] {
  const rest = quantity - placed;
  if (rest === 0n) return [];
  const all = (reason: Unplaced) => [{ quantity: decimal(rest), reason }];
  const none = whyNone(order, candidates, !noWorkMaster);
  if (none) return all(none);
  if (usable.every(({ days }) => days.length === 0)) return all(Unplaced.DueTooSoon);
  const open = usable.filter(({ most }) => most > 0n);
  // Without limits of batch and split, so much would fit; and so much if there were all material, too.
  const possible = open.reduce((sum, { most }) => sum + most, 0n);
  const withMaterial = usable.reduce((sum, { room }) => sum + room, 0n);
  const above = (amount: bigint): bigint => (quantity > amount ? quantity - amount : 0n);
  const [lacking, unequipped] = [above(withMaterial), above(possible) - above(withMaterial)];
  const limited = rest - lacking - unequipped;
  const limit = order.maxLegs !== undefined && order.maxLegs < open.length ? Unplaced.SplitLimit : Unplaced.MinBatch;
  const starved = candidates.some(({ minBatch }) => minBatch !== undefined && millionths(minBatch) > quantity) && open.length === 0;
  return [
    ...(lacking > 0n ? [{ quantity: decimal(lacking), reason: starved ? Unplaced.MinBatch : Unplaced.CapacityBeforeDue }] : []),
    ...(unequipped > 0n ? [{ quantity: decimal(unequipped), reason: Unplaced.Material }] : []),
    ...(limited > 0n ? [{ quantity: decimal(limited), reason: limit }] : []),
  ];
}
