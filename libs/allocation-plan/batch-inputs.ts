/** What a batch of orders is planned from, and the places that it leaves to each of them. */
import { entryOf, scopeIn } from '#kernel/identity';
import { finest, millionths, type Unit } from '#manufacturing/quantity';
import type { Definition, Qualification } from '#work-master/work-master.events';
import { Unplaced, type Candidate, type PlanOrder } from './allocation-plan.events';
import { whyNone, whyNot } from './exclusion';
import { Room, Stock, type StockedLot } from './batch-room';
import type { SplitPlace } from './split';
import {
  amountIn,
  cheapestFirst,
  DAY_MS,
  daysBetween,
  type Lane,
  laneFor,
  type Material,
  leastOf,
  MOST_DAYS,
  freeOn,
  minutesFor,
  mostIn,
  neededOfEach,
  readyBy,
  SCALE,
  whole,
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

/** A lot with what is free of it, and the first instant at which it may no longer be used. Without a unit, all lots of the material have the same. */
export type StockLot = Readonly<{ lotId: string; quantity: string; unit?: Unit; expiresAt: string | null }>;

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
  /** Free stock by plant, a dot, and material; what is neither here nor among the lots is not limited. */
  stock: Readonly<Record<string, string>>;
  /** The same in lots: what expires first goes out first. Work ends before its lots expire. */
  lots?: Readonly<Record<string, readonly StockLot[]>>;
  /** Days after its due date in which an order may still be made, and the cost of one unit a day late; without it, none. */
  late?: Readonly<{ days: number; costPerDay: string }>;
}>;

/** A plant where an order can be made, and until which day of the run. */
export type BatchPlace = SplitPlace &
  Readonly<{
    candidate: Candidate;
    /** Work must have ended by the end of this day: by the due date, and before the lots that it uses expire. */
    lastDay: number;
    /** Work that ends after this day is late. */
    dueDay: number;
    /** Absent where capacity is not limited. */
    room?: Room;
    minutesPerUnit: bigint;
    materials: readonly Readonly<{ key: string; perUnit: bigint }>[];
    /** More than that is not possible without other orders, in however many parts. */
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

export type Resources = Readonly<{
  days: readonly string[];
  rooms: ReadonlyMap<string, Room>;
  stock: Stock;
  /** The unit in which the stock is counted, where it is known. */
  units: ReadonlyMap<string, Unit>;
}>;

/** What is free at the beginning. */
export function resourcesOf(inputs: BatchInputs): Resources {
  const { earliest, orders, capacities, stock, lots = {}, late } = inputs;
  const end = orders.reduce((last, { due }) => Math.max(last, Date.parse(due)), 0) + (late?.days ?? 0) * DAY_MS;
  const days = daysBetween(earliest, end);
  const rooms = new Map<string, Room>();
  for (const [id, { minutesPerDay, taken }] of Object.entries(capacities)) {
    if (minutesPerDay === null) continue;
    rooms.set(id, new Room(days.map((date) => ({ date, minutes: freeOn(date, earliest, minutesPerDay, entryOf(taken, date) ?? 0) }))));
  }
  const units = unitsOf(inputs);
  const free: Record<string, StockedLot[]> = {};
  for (const [key, amount] of Object.entries(stock)) free[key] = [{ amount: millionths(amount), lastDay: Infinity }];
  for (const [key, each] of Object.entries(lots))
    free[key] = each.map(({ lotId, quantity, unit, expiresAt }) => ({
      ...{ lotId, amount: amountIn(units.get(key), quantity, unit) ?? 0n },
      lastDay: expiresAt === null ? Infinity : lastDayOf(earliest, Date.parse(expiresAt)),
    }));
  return { days, rooms, stock: new Stock(free, days.length), units };
}

/** The finest unit of the lots and of what is needed of them, by plant and material: nothing has to be rounded in it. */
function unitsOf({ lots = {}, workMasters }: BatchInputs): ReadonlyMap<string, Unit> {
  const units = new Map<string, Unit>();
  for (const [key, each] of Object.entries(lots)) {
    const own = each.flatMap(({ unit }) => (unit ? [unit] : []));
    if (own[0]) units.set(key, finest(own[0], own));
  }
  for (const { facilities, materials } of Object.values(workMasters))
    for (const { materialId, unit } of materials ?? [])
      for (const { facilityId } of facilities) {
        const key = `${facilityId}.${materialId}`;
        const own = units.get(key);
        if (own && unit) units.set(key, finest(own, [unit]));
      }
  return units;
}

/** Needed of a material that is kept in a unit that measures something else: nothing fits. */
const NEVER = 10n ** 30n;

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
    const dueDay = lastDayOf(inputs.earliest, readyBy(asPlanned, candidate));
    const place = {
      candidate,
      lastDay: Math.min(MOST_DAYS - 1, dueDay + lateDays),
      dueDay,
      ...(room ? { room } : {}),
      minutesPerUnit: millionths(minutesPerUnit),
      materials: neededOfEach(master!.materials ?? []).map((each) => {
        const key = `${facilityId}.${each.materialId}`;
        return { key, perUnit: neededIn(inputs, resources, key, each) };
      }),
      least: leastOf(asPlanned, minBatch),
      cost: millionths(costPerUnit) + millionths(lane?.costPerUnit ?? '0') + extra,
      most: 0n,
      alone: 0n,
    };
    const most = mostNow({ asPlanned, quantity }, place, resources.stock);
    return { ...place, most, alone: mostBy({ asPlanned, quantity }, place, resources.stock, place.lastDay, 0) };
  });
  if (placed.every(({ lastDay }) => lastDay < 0)) return without(Unplaced.DueTooSoon);
  const places = placed.filter(({ most }) => most > 0n).sort(cheapestFirst);
  const short = placed.some(
    (place) => place.lastDay >= 0 && place.materials.some(({ key, perUnit }) => perUnit === NEVER || resources.stock.left(key, 0) === 0n),
  );
  const small = placed.some((place) => place.least > quantity);
  return { order, asPlanned, quantity, places, reason: short ? Unplaced.Material : small ? Unplaced.MinBatch : Unplaced.CapacityBeforeDue };
}

function neededIn({ lots = {} }: BatchInputs, { units }: Resources, key: string, { quantityPerUnit, unit }: Material): bigint {
  return amountIn(units.get(key), quantityPerUnit, unit ?? entryOf(lots, key)?.[0]?.unit) ?? NEVER;
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

type Free = Omit<BatchPlace, 'most' | 'alone' | 'cost'>;

/** The most that fits there now. With `limited` false, also less than a batch. */
export function mostNow(demand: Pick<Demand, 'asPlanned' | 'quantity'>, place: Free, stock: Stock, limited = true): bigint {
  const most = endsOf(place, stock).reduce((found, day) => {
    const here = mostBy(demand, place, stock, day);
    return here > found ? here : found;
  }, 0n);
  return limited && most < place.least ? 0n : most;
}

/** The place for an amount that fits there: it ends so early that it can use what expires first. */
export function placeFor(demand: Pick<Demand, 'asPlanned' | 'quantity'>, place: BatchPlace, amount: bigint, stock: Stock): BatchPlace {
  const lastDay = endsOf(place, stock).find((day) => mostBy(demand, place, stock, day) >= amount);
  return lastDay === undefined || lastDay === place.lastDay ? place : { ...place, lastDay };
}

/** The days by which work there may have to end, the earliest first: the last day of each lot that it may use, and its own. */
function endsOf({ lastDay, materials }: Free, stock: Stock): readonly number[] {
  const ends = materials.flatMap(({ key, perUnit }) => (perUnit === 0n ? [] : stock.ends(key, lastDay)));
  return [...new Set([...ends, lastDay])].sort((a, b) => a - b);
}

function mostBy(
  { asPlanned, quantity }: Pick<Demand, 'asPlanned' | 'quantity'>,
  place: Free,
  stock: Stock,
  day: number,
  usableOn = day,
): bigint {
  const { candidate, room, minutesPerUnit, materials } = place;
  if (day < 0) return 0n;
  let most = room ? mostIn(asPlanned, room.left(day), minutesPerUnit, candidate.setupMinutes) : quantity;
  for (const { key, perUnit } of materials) {
    const left = stock.left(key, usableOn);
    if (left === undefined || perUnit === 0n) continue;
    const fits = left > 0n ? whole(asPlanned, (left * SCALE) / perUnit) : 0n;
    if (fits < most) most = fits;
  }
  return most > quantity ? quantity : most;
}

/** Takes what an amount needs, or, with sign −1, gives it back. */
export function take(place: BatchPlace, amount: bigint, stock: Stock, sign: 1 | -1): void {
  const { room, lastDay, minutesPerUnit, candidate, materials } = place;
  room?.take(lastDay, sign * minutesFor(amount, minutesPerUnit, candidate.setupMinutes));
  for (const { key, perUnit } of materials) stock.take(key, lastDay, BigInt(sign) * neededOf(amount, perUnit));
}

/** What an amount needs of a material, in millionths. */
export const neededOf = (amount: bigint, perUnit: bigint): bigint => (amount * perUnit + SCALE - 1n) / SCALE;
