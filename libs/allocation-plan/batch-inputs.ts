/** What a batch of orders is planned from, and the places that it leaves to each of them. */
import { entryOf, scopeIn } from '#kernel/identity';
import { millionths } from '#manufacturing/quantity';
import type { Definition, Qualification } from '#work-master/work-master.events';
import { Unplaced, type Candidate, type PlanOrder } from './allocation-plan.events';
import { Room, Stock } from './batch-room';
import type { SplitPlace } from './split';
import {
  cheapestFirst,
  DAY_MS,
  daysBetween,
  type Lane,
  laneFor,
  leastOf,
  MOST_DAYS,
  freeOn,
  minutesFor,
  mostIn,
  readyBy,
  SCALE,
  whole,
  whyNone,
  whyNot,
} from './terms';

/** An order of the batch. */
export type BatchOrder = Readonly<{
  customerOrderId: string;
  customer?: string;
  product: string;
  /** What is to be placed, as a decimal string. */
  quantity: string;
  unit: PlanOrder['unit'];
  /** When all of it must have arrived. */
  due: string;
  /** 1 is the most urgent, 9 the least. */
  priority: number;
  shipTo?: string;
  excluded?: readonly string[];
  maxLegs?: number;
}>;

/** Everything that a batch is planned from: the planner, run again on it, returns the same plan. Amounts and costs are decimal strings. */
export type BatchInputs = Readonly<{
  /** Before this nothing begins. */
  earliest: string;
  orders: readonly BatchOrder[];
  /** By id: the scope of the order, a dot, and the product. */
  workMasters: Readonly<Record<string, Pick<Definition, 'unit' | 'facilities' | 'materials'> & Readonly<{ version: string }>>>;
  /** By capacity: minutes of a day, null where there is no limit, and those that are taken. */
  capacities: Readonly<Record<string, Readonly<{ minutesPerDay: number | null; taken: Readonly<Record<string, number>> }>>>;
  /** By the plant that ships, a dot, and the plant that receives. */
  lanes: Readonly<Record<string, Lane>>;
  /** Free stock by plant, a dot, and material; what is not listed is not limited. */
  stock: Readonly<Record<string, string>>;
  /** Days after its due date in which an order may still be made, and the cost of one unit a day late; without it, none. */
  late?: Readonly<{ days: number; costPerDay: string }>;
}>;

/** A plant where an order can be made, and until which day of the run. */
export type BatchPlace = SplitPlace &
  Readonly<{
    candidate: Candidate;
    lastDay: number;
    /** Absent where capacity is not limited. */
    room?: Room;
    minutesPerUnit: bigint;
    materials: readonly Readonly<{ key: string; perUnit: bigint }>[];
    /** The most that the days until then can make without other orders. */
    alone: bigint;
  }>;

/** An order with its places, the cheapest first; without any, the reason. */
export type Demand = Readonly<{
  order: BatchOrder;
  asPlanned: PlanOrder;
  quantity: bigint;
  places: readonly BatchPlace[];
  reason: Unplaced;
}>;

export type Resources = Readonly<{ days: readonly string[]; rooms: ReadonlyMap<string, Room>; stock: Stock }>;

/** What is free at the beginning. */
export function resourcesOf({ earliest, orders, capacities, stock, late }: BatchInputs): Resources {
  const end = orders.reduce((last, { due }) => Math.max(last, Date.parse(due)), 0) + (late?.days ?? 0) * DAY_MS;
  const days = daysBetween(earliest, end);
  const rooms = new Map<string, Room>();
  for (const [id, { minutesPerDay, taken }] of Object.entries(capacities)) {
    if (minutesPerDay === null) continue;
    rooms.set(id, new Room(days.map((date) => ({ date, minutes: freeOn(date, earliest, minutesPerDay, entryOf(taken, date) ?? 0) }))));
  }
  const free = Object.fromEntries(Object.entries(stock).map(([key, amount]) => [key, millionths(amount)]));
  return { days, rooms, stock: new Stock(free) };
}

/** Where the order can be made by its due date, or, with `lateDays`, so many days after it. */
export function demandOf(inputs: BatchInputs, resources: Resources, order: BatchOrder, lateDays = 0): Demand {
  const master = entryOf(inputs.workMasters, `${scopeIn(order.customerOrderId)}.${order.product}`);
  const { customerOrderId: _, priority: __, ...wanted } = order;
  const asPlanned: PlanOrder = { ...wanted, excluded: order.excluded ?? [], earliest: inputs.earliest };
  const candidates = (master?.facilities ?? []).map((each) => candidateOf(inputs, order, each));
  const none = whyNone(asPlanned, candidates, master !== undefined);
  const quantity = millionths(order.quantity);
  const without = (reason: Unplaced): Demand => ({ order, asPlanned, quantity, places: [], reason });
  if (none) return without(none);
  if (master!.unit !== order.unit) return without(Unplaced.UnitDiffers);
  const usable = candidates.filter((candidate) => whyNot(asPlanned, candidate) === undefined);
  const extra = lateDays === 0 ? 0n : millionths(inputs.late!.costPerDay) * BigInt(lateDays);
  const placed = usable.map((candidate): BatchPlace => {
    const { facilityId, capacityId, minutesPerUnit, minBatch, costPerUnit, lane } = candidate;
    const room = resources.rooms.get(capacityId);
    const place = {
      candidate,
      lastDay: lastDayOf(inputs.earliest, readyBy(asPlanned, candidate) + lateDays * DAY_MS),
      ...(room ? { room } : {}),
      minutesPerUnit: millionths(minutesPerUnit),
      materials: (master!.materials ?? []).map((each) => ({
        key: `${facilityId}.${each.materialId}`,
        perUnit: millionths(each.quantityPerUnit),
      })),
      least: leastOf(asPlanned, minBatch),
      cost: millionths(costPerUnit) + millionths(lane?.costPerUnit ?? '0') + extra,
      most: 0n,
      alone: 0n,
    };
    const most = mostNow({ asPlanned, quantity }, place, resources.stock);
    return { ...place, most, alone: most };
  });
  if (placed.every(({ lastDay }) => lastDay < 0)) return without(Unplaced.DueTooSoon);
  const places = placed.filter(({ most }) => most > 0n).sort(cheapestFirst);
  const short = placed.some((place) => place.lastDay >= 0 && place.materials.some(({ key }) => resources.stock.of(key) === 0n));
  const small = placed.some((place) => place.least > quantity);
  return { order, asPlanned, quantity, places, reason: short ? Unplaced.Material : small ? Unplaced.MinBatch : Unplaced.CapacityBeforeDue };
}

function candidateOf(inputs: BatchInputs, { shipTo, unit }: BatchOrder, plant: Qualification): Candidate {
  const capacity = entryOf(inputs.capacities, plant.capacityId);
  const stays = shipTo === undefined || shipTo === plant.facilityId;
  const way = stays ? {} : laneFor(unit, entryOf(inputs.lanes, `${plant.facilityId}.${shipTo}`) ?? null);
  return { ...plant, ...(capacity ? { minutesPerDay: capacity.minutesPerDay } : {}), taken: {}, ...way };
}

/** The last whole day before an instant, counted from the first day of the run; below 0 where there is none. */
const lastDayOf = (earliest: string, end: number): number =>
  Math.min(MOST_DAYS, Math.floor((end - Math.floor(Date.parse(earliest) / DAY_MS) * DAY_MS) / DAY_MS)) - 1;

/** The most that fits there now. With `limited` false, also less than a batch. */
export function mostNow(
  { asPlanned, quantity }: Pick<Demand, 'asPlanned' | 'quantity'>,
  { candidate, room, lastDay, minutesPerUnit, materials, least }: Omit<BatchPlace, 'most' | 'alone' | 'cost'>,
  stock: Stock,
  limited = true,
): bigint {
  if (lastDay < 0) return 0n;
  let most = room ? mostIn(asPlanned, room.left(lastDay), minutesPerUnit, candidate.setupMinutes) : quantity;
  for (const { key, perUnit } of materials) {
    const left = stock.of(key);
    if (left === undefined || perUnit === 0n) continue;
    const fits = left > 0n ? whole(asPlanned, (left * SCALE) / perUnit) : 0n;
    if (fits < most) most = fits;
  }
  if (most > quantity) most = quantity;
  return limited && most < least ? 0n : most;
}

/** Takes what an amount needs, or, with sign −1, gives it back. */
export function take(
  { room, lastDay, minutesPerUnit, candidate, materials }: BatchPlace,
  amount: bigint,
  stock: Stock,
  sign: 1 | -1,
): void {
  room?.take(lastDay, sign * minutesFor(amount, minutesPerUnit, candidate.setupMinutes));
  for (const { key, perUnit } of materials) stock.take(key, BigInt(sign) * ((amount * perUnit + SCALE - 1n) / SCALE));
}
