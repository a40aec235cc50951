/** The plan of one order that is its share of a batch, checked against what its plants say now. */
import { decimal, millionths, sum } from '#manufacturing/quantity';
import type { AllocationProposed, BatchShare, Candidate, PlanInputs, PlanLeg } from './allocation-plan.events';
import { DAY_MS, daysBetween, freeOn, minutesFor, readyBy, SCALE, whole } from './terms';
import { whyNot } from './exclusion';

type Shared = Pick<AllocationProposed['data'], 'legs' | 'unallocated' | 'cost' | 'proven'> &
  Required<Pick<AllocationProposed['data'], 'gap' | 'lateness'>>;

/** The plan, or why the share does not fit any more. */
export function sharedPlan({ order, candidates }: PlanInputs, { legs, unplaced, gap }: BatchShare): Shared | string {
  const total = sum([...legs, ...unplaced].map(({ quantity }) => quantity));
  if (millionths(total) !== millionths(order.quantity)) return `the parts add up to ${total}, not ${order.quantity}`;
  if (order.maxLegs !== undefined && legs.length > order.maxLegs) return `there are more than ${order.maxLegs} legs`;
  const worked = new Map<string, number>();
  const planned: (PlanLeg & { late: bigint })[] = [];
  for (const leg of legs) {
    const candidate = candidates.find(({ facilityId }) => facilityId === leg.facilityId);
    if (!candidate) return `${leg.facilityId} is not qualified`;
    const reason = whyNot(order, candidate);
    if (reason) return `${leg.facilityId} cannot be used: ${reason}`;
    const fault = faultOf(order, candidate, leg, worked);
    if (fault) return `${leg.facilityId}: ${fault}`;
    planned.push({ leg: planned.length + 1, ...legOf(order, candidate, leg) });
  }
  const lateness = planned.reduce((late, each) => late + each.late, 0n);
  return {
    legs: planned.map(({ late: _, ...leg }) => leg),
    unallocated: unplaced.map(({ quantity, reason }) => ({ quantity, reason })),
    cost: sum(planned.map(({ cost }) => cost)),
    proven: millionths(gap) === 0n,
    gap: { quantity: gap },
    lateness: decimal(lateness),
  };
}

type Share = BatchShare['legs'][number];

function faultOf(
  order: PlanInputs['order'],
  candidate: Candidate,
  { quantity, buckets }: Share,
  worked: Map<string, number>,
): string | undefined {
  const amount = millionths(quantity);
  const { minutesPerUnit, setupMinutes, minBatch, minutesPerDay, taken, capacityId } = candidate;
  if (amount <= 0n || whole(order, amount) !== amount) return `${quantity} ${order.unit} cannot be made`;
  if (minBatch !== undefined && amount < millionths(minBatch)) return `it makes at least ${minBatch}, not ${quantity}`;
  const extra = order.latest === undefined ? 0 : Math.max(0, Date.parse(order.latest) - Date.parse(order.due));
  const days = new Set(daysBetween(order.earliest, readyBy(order, candidate) + extra));
  if (buckets.length === 0) return 'the share has no days';
  let minutes = 0;
  for (const bucket of buckets) {
    if (!days.has(bucket.date)) return `${bucket.date} is not a whole day between now and the due date`;
    const key = `${capacityId} ${bucket.date}`;
    const all = (worked.get(key) ?? 0) + bucket.minutes;
    worked.set(key, all);
    minutes += bucket.minutes;
    if (minutesPerDay === null) continue;
    const free = freeOn(bucket.date, order.earliest, minutesPerDay!, taken[bucket.date] ?? 0);
    if (all > free) return `${bucket.date} has ${free} minutes left, the share takes ${all}`;
  }
  const needed = minutesFor(amount, millionths(minutesPerUnit), setupMinutes);
  return minutes === needed ? undefined : `${quantity} takes ${needed} minutes, the share has ${minutes}`;
}

function legOf(order: PlanInputs['order'], candidate: Candidate, { quantity, buckets }: Share): Omit<PlanLeg, 'leg'> & { late: bigint } {
  const { facilityId, capacityId, costPerUnit, lane } = candidate;
  const amount = millionths(quantity);
  const unitCost = millionths(costPerUnit) + millionths(lane?.costPerUnit ?? '0');
  const dates = buckets.map(({ date }) => date).sort();
  const [first, last] = [dates[0]!, dates.at(-1)!];
  const daysLate = Math.max(0, Math.ceil((Date.parse(last) + DAY_MS - readyBy(order, candidate)) / DAY_MS));
  return {
    facilityId,
    capacityId,
    quantity: decimal(amount),
    buckets: buckets.map(({ date, minutes }) => ({ date, minutes })),
    start: `${first}T00:00:00.000Z`,
    end: `${last}T23:59:59.999Z`,
    cost: decimal((unitCost * amount) / SCALE),
    late: BigInt(daysLate) * amount,
  };
}
