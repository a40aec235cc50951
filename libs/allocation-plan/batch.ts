/**
 * Plans many orders at once. Hides: the linear relaxation, how it is rounded, and the days. Promises: the same plan for the same inputs; no plant
 * has more work than free minutes by any day, nor uses more material than there is before it expires; as much as possible is placed before the due dates, the
 * urgent first, then at the lowest cost; what is not placed has the reason that binds; no plan can place more than `bound`. Does not: reserve.
 */
import { decimal, millionths, sum, type Unit } from '#manufacturing/quantity';
import { Unplaced, type PlanLeg } from './allocation-plan.events';
import {
  type BatchInputs,
  type BatchPlace,
  type Demand,
  demandOf,
  mostNow,
  neededOf,
  placeFor,
  type Resources,
  resourcesOf,
  take,
} from './batch-inputs';
import { modelOf, worthOf } from './batch-model';
import type { Solve } from './linear-model';
import { better, bestSplit } from './split';
import { minutesFor, SCALE, spread, whole } from './terms';

/** A change of what is planned from the same inputs is a new version. */
const BATCH_ALGORITHM = 3;
/** All subsets of so many plants are tried for one order; with more, of those that cost least. */
const MOST_PLANTS = 12;
/** How often orders that are not wholly placed are tried with what others left. */
const PASSES = 3;

export type BatchLeg = PlanLeg &
  Readonly<{
    /** Days after the due date; absent where it is on time. */
    daysLate?: number;
    /** What it uses of the lots that the plan was made from: first expired, first out. */
    lots?: readonly UsedLot[];
  }>;
/** Part of a lot, in `unit`, or where the inputs do not name one, in that of the lot. */
export type UsedLot = Readonly<{ lotId: string; materialId: string; quantity: string; unit?: Unit }>;

export type PlannedOrder = Readonly<{
  customerOrderId: string;
  legs: readonly BatchLeg[];
  unallocated: readonly Readonly<{ quantity: string; reason: Unplaced }>[];
  cost: string;
}>;

/** Quantities in the units of the orders; costs, of production and freight, in the currency of the enterprise. */
export type BatchPlan = Readonly<{
  algorithm: number;
  orders: readonly PlannedOrder[];
  ordered: string;
  placed: string;
  /** Of it, after the due date: quantity times days. */
  lateness: string;
  cost: string;
  /** No plan places more by the due dates. */
  bound: string;
  gap: Readonly<{
    /** So much more, at most, could be placed by the due dates. */
    quantity: string;
    /** So much cheaper, at most, the same quantity could be placed; absent where more might be placed, too. */
    cost?: string;
  }>;
}>;

type Taken = { place: BatchPlace; amount: bigint; lateDays: number };
type Entry = { demand: Demand; /** Its first column in the model. */ column: number; taken: Taken[] };

/** @param solve optimizes the relaxation, e.g. loadSolver of highs.solver. */
export function planBatch(inputs: BatchInputs, solve: Solve): BatchPlan {
  const resources = resourcesOf(inputs);
  const byId = [...inputs.orders].sort((a, b) => (a.customerOrderId < b.customerOrderId ? -1 : 1));
  const demands = byId.map((order) => demandOf(inputs, resources, order));
  const { model, dearest, columns } = modelOf(demands, resources);
  const solution = solve(model);
  const entries: Entry[] = demands.map((demand, n) => ({ demand, column: columns[n]!, taken: [] }));
  const inTurn = [...entries].sort(urgentFirst);
  for (const entry of inTurn) round(entry, (n) => solution.values[entry.column + n]!, resources);
  for (let pass = 0, changed = true; changed && pass < PASSES; pass += 1) {
    changed = false;
    for (const entry of inTurn) changed = improve(entry, resources) || changed;
  }
  const onTime = entries.map(({ taken }) => totalOf(taken));
  if (inputs.late) for (const entry of inTurn) placeLate(entry, inputs, resources);
  const orders = withDays(entries, inputs, resources);
  return { algorithm: BATCH_ALGORITHM, orders, ...figures(entries, orders, onTime, solution, dearest) };
}

const urgentFirst = (a: Entry, b: Entry): number => {
  const [x, y] = [a.demand.order, b.demand.order];
  return x.priority - y.priority || Date.parse(x.due) - Date.parse(y.due) || (x.customerOrderId < y.customerOrderId ? -1 : 1);
};

const totalOf = (taken: readonly Taken[]): bigint => taken.reduce((total, { amount }) => total + amount, 0n);

/** Whole pieces of what the relaxation gives, as far as batch, split and capacity allow it. */
function round({ demand, taken }: Entry, valueOf: (place: number) => number, { stock }: Resources): void {
  const { asPlanned, order, places } = demand;
  const wanted = places
    .map((place, n) => ({ place, amount: whole(asPlanned, BigInt(Math.floor(valueOf(n) * 1e6 + 1))) }))
    .filter(({ place, amount }) => amount > 0n && amount >= place.least)
    .sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1))
    .slice(0, order.maxLegs ?? places.length);
  let left = demand.quantity;
  for (const { place, amount } of wanted) {
    const fits = mostNow(demand, place, stock);
    const least = [amount, fits, left].reduce((a, b) => (a < b ? a : b));
    if (least <= 0n || least < place.least) continue;
    const chosen = placeFor(demand, place, least, stock);
    take(chosen, least, stock, 1);
    taken.push({ place: chosen, amount: least, lateDays: 0 });
    left -= least;
  }
}

/** Splits one order again over what is free for it. */
function improve(entry: Entry, { stock }: Resources): boolean {
  const { demand, taken } = entry;
  const before = totalOf(taken);
  if (
    before === demand.quantity ||
    !demand.places.some((place) => mostNow(demand, place, stock, false) > 0n || hasLeg(taken, place, demand))
  )
    return false;
  for (const { place, amount } of taken) take(place, amount, stock, -1);
  const split = bestOf(demand, demand.places, demand.quantity, demand.order.maxLegs, stock);
  const old = {
    places: taken.map(({ place }) => place),
    amounts: [],
    placed: before,
    cost: taken.reduce((cost, { place, amount }) => cost + place.cost * amount, 0n),
  };
  const improved = better(split, old);
  if (improved) entry.taken = split.places.map((place, n) => ({ place, amount: split.amounts[n]!, lateDays: 0 }));
  for (const { place, amount } of entry.taken) take(place, amount, stock, 1);
  return improved;
}

/** A leg that could grow without another set-up. */
const hasLeg = (taken: readonly Taken[], place: BatchPlace, { asPlanned }: Demand): boolean =>
  taken.some((each) => each.place.candidate === place.candidate) &&
  (!place.room || place.room.left(place.lastDay) * 1e6 >= Number(asPlanned.unit === 'pcs' ? place.minutesPerUnit : 1n));

/** The best split over places as they are now. Places that share a resource are taken one after the other. */
function bestOf(demand: Demand, places: readonly BatchPlace[], quantity: bigint, maxLegs: number | undefined, stock: Resources['stock']) {
  const asked = { ...demand, quantity };
  const open = places
    .map((place) => ({ ...place, most: mostNow(asked, place, stock), place }))
    .filter(({ most }) => most > 0n)
    .slice(0, MOST_PLANTS);
  const split = bestSplit(open, quantity, Math.min(maxLegs ?? open.length, open.length));
  const found = { places: [] as BatchPlace[], amounts: [] as bigint[], placed: 0n, cost: 0n };
  split.places.forEach(({ place }, n) => {
    const fits = mostNow(asked, place, stock);
    const amount = fits < split.amounts[n]! ? fits : split.amounts[n]!;
    if (amount === 0n || amount < place.least) return;
    const chosen = placeFor(asked, place, amount, stock);
    take(chosen, amount, stock, 1);
    found.places.push(chosen);
    found.amounts.push(amount);
    found.placed += amount;
    found.cost += place.cost * amount;
  });
  found.places.forEach((place, n) => take(place, found.amounts[n]!, stock, -1));
  return found;
}

/** What has no place by the due date, after it: what is free then, one order after the other. */
function placeLate({ demand, taken }: Entry, inputs: BatchInputs, resources: Resources): void {
  const rest = demand.quantity - totalOf(taken);
  const legs = demand.order.maxLegs === undefined ? undefined : demand.order.maxLegs - taken.length;
  if (rest === 0n || legs === 0) return;
  const lateDays = inputs.late!.days;
  const { places } = demandOf(inputs, resources, demand.order, lateDays);
  const split = bestOf(demand, places, rest, legs, resources.stock);
  split.places.forEach((place, n) => {
    take(place, split.amounts[n]!, resources.stock, 1);
    taken.push({ place, amount: split.amounts[n]!, lateDays });
  });
}

/** Gives all work its days: on each resource, what must be done first comes first. */
function withDays(entries: readonly Entry[], { late }: BatchInputs, { days, rooms, stock, units }: Resources): PlannedOrder[] {
  const buckets = new Map<Taken, PlanLeg['buckets']>();
  const minutes = ({ place, amount }: Taken): number => minutesFor(amount, place.minutesPerUnit, place.candidate.setupMinutes);
  const all = entries.flatMap(({ taken }) => taken);
  for (const room of rooms.values()) {
    const work = all.filter(({ place }) => place.room === room).sort((a, b) => a.place.lastDay - b.place.lastDay);
    room.assign(work.map((each) => ({ minutes: minutes(each) }))).forEach((assigned, n) => buckets.set(work[n]!, assigned));
  }
  for (const each of all.filter(({ place }) => !place.room)) {
    const open = days.slice(0, each.place.lastDay + 1).map((date) => ({ date, minutes: Infinity }));
    buckets.set(each, spread(open, minutes(each)));
  }
  const lots = lotsOf(all, (each) => days.indexOf(buckets.get(each)!.at(-1)!.date), { stock, units });
  return entries.map(({ demand, taken }) => {
    const legs = taken
      .map((each): Omit<BatchLeg, 'leg'> => {
        const { place, amount, lateDays } = each;
        const used = lots.get(each);
        const worked = buckets.get(each)!;
        const [first, last] = [worked[0]!.date, worked.at(-1)!.date];
        const daysLate = Math.max(0, days.indexOf(last) - place.dueDay);
        const cost = place.cost - (lateDays === 0 ? 0n : millionths(late!.costPerDay) * BigInt(lateDays));
        const { facilityId, capacityId } = place.candidate;
        return {
          facilityId,
          capacityId,
          quantity: decimal(amount),
          buckets: worked,
          start: `${first}T00:00:00.000Z`,
          end: `${last}T23:59:59.999Z`,
          cost: decimal((cost * amount) / SCALE),
          ...(used ? { lots: used } : {}),
          ...(daysLate > 0 ? { daysLate } : {}),
        };
      })
      .sort((a, b) => (a.facilityId < b.facilityId ? -1 : a.facilityId > b.facilityId ? 1 : a.end < b.end ? -1 : 1))
      .map((leg, n): BatchLeg => ({ leg: n + 1, ...leg }));
    const { customerOrderId } = demand.order;
    return { customerOrderId, legs, unallocated: remainder(demand, taken, stock), cost: sum(legs.map(({ cost }) => cost)) };
  });
}

/** Which lots all work uses: what is needed first gets what expires first. */
function lotsOf(
  all: readonly Taken[],
  endOf: (work: Taken) => number,
  { stock, units }: Pick<Resources, 'stock' | 'units'>,
): ReadonlyMap<Taken, readonly UsedLot[]> {
  const used = new Map<Taken, UsedLot[]>();
  const keys = new Set(all.flatMap(({ place }) => place.materials.map(({ key }) => key)));
  const inOrder = all.map((work) => ({ work, day: endOf(work) })).sort((a, b) => a.day - b.day);
  for (const key of [...keys].sort()) {
    const needed = inOrder.flatMap(({ work, day }) =>
      work.place.materials.filter((each) => each.key === key).map(({ perUnit }) => ({ work, day, amount: neededOf(work.amount, perUnit) })),
    );
    stock.assign(key, needed).forEach((parts, n) => {
      const { work } = needed[n]!;
      const materialId = key.slice(key.indexOf('.') + 1);
      const unit = units.get(key);
      const more = parts.map(({ lotId, amount }) => ({ lotId, materialId, quantity: decimal(amount), ...(unit ? { unit } : {}) }));
      if (more.length > 0) used.set(work, [...(used.get(work) ?? []), ...more]);
    });
  }
  return used;
}

/** What has no place, in parts by the reason that binds. */
function remainder(demand: Demand, taken: readonly Taken[], stock: Resources['stock']): PlannedOrder['unallocated'] {
  const { quantity, places, reason, order } = demand;
  const rest = quantity - totalOf(taken);
  if (rest === 0n) return [];
  if (places.length === 0) return [{ quantity: decimal(rest), reason }];
  const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const alone = places.reduce((total, place) => total + place.most, 0n);
  const lacking = min(rest, quantity > alone ? quantity - alone : 0n);
  const open = places.reduce((total, place) => total + mostNow(demand, place, stock, false), 0n);
  const limited = min(rest - lacking, open);
  const limit = order.maxLegs !== undefined && taken.length >= order.maxLegs ? Unplaced.SplitLimit : Unplaced.MinBatch;
  const short = places.some(({ materials }) =>
    materials.some(({ key, perUnit }) => perUnit > 0n && (stock.left(key, 0) ?? perUnit) < perUnit),
  );
  return [
    { quantity: lacking, reason: short ? Unplaced.Material : reason },
    { quantity: limited, reason: limit },
    { quantity: rest - lacking - limited, reason: short ? Unplaced.Material : Unplaced.OtherOrders },
  ]
    .filter((part) => part.quantity > 0n)
    .map((part) => ({ quantity: decimal(part.quantity), reason: part.reason }));
}

function figures(
  entries: readonly Entry[],
  orders: readonly PlannedOrder[],
  onTime: readonly bigint[],
  solution: Readonly<{ worth: number; count: number }>,
  dearest: number,
): Omit<BatchPlan, 'orders' | 'algorithm'> {
  const total = (amounts: Iterable<bigint>): bigint => [...amounts].reduce((a, b) => a + b, 0n);
  const ordered = total(entries.map(({ demand }) => demand.quantity));
  const placed = total(onTime);
  const pieces = entries.every(({ demand }) => demand.order.unit === 'pcs');
  // The solver is exact to some digits only.
  const most = BigInt(Math.floor(solution.count * (1 + 1e-9) * 1e6 + 1));
  const highest = pieces ? most - (most % SCALE) : most;
  const bound = highest < placed ? placed : highest < ordered ? highest : ordered;
  const own = entries.reduce((worth, { demand, taken }) => {
    const due = taken.filter(({ lateDays }) => lateDays === 0);
    const cost = due.reduce((sumOf, { place, amount }) => sumOf + (Number(place.cost) / 1e6) * (Number(amount) / 1e6), 0);
    return worth + worthOf(demand.order.priority, Number(totalOf(due)) / 1e6, cost, dearest);
  }, 0);
  const cheaper = Math.max(0, Math.ceil((solution.worth - own) * dearest * 100) / 100);
  const late = orders.flatMap(({ legs }) =>
    legs.flatMap(({ daysLate, quantity }) => (daysLate ? [millionths(quantity) * BigInt(daysLate)] : [])),
  );
  return {
    ordered: decimal(ordered),
    placed: decimal(total(entries.map(({ taken }) => totalOf(taken)))),
    lateness: decimal(total(late)),
    cost: sum(orders.map(({ cost }) => cost)),
    bound: decimal(bound),
    gap: { quantity: decimal(bound - placed), ...(bound === placed ? { cost: String(cheaper) } : {}) },
  };
}
