/** The linear relaxation of a batch: batches of any size, set-up in proportion, pieces in parts. No plan places more than its optimum. */
import type { Demand, Resources } from './batch-inputs';
import type { LinearModel } from './linear-model';

/** Placing one unit is worth so many times what the dearest unit costs: cost decides between plans that place the same. */
const PLACED = 10_000;
/** Each step of priority is worth so many times the dearest unit: it decides who gets what not all can get. */
const STEP = 2;

export type BatchModel = Readonly<{
  model: LinearModel;
  dearest: number;
  /** The first column of each demand. */ columns: readonly number[];
}>;

export function modelOf(demands: readonly Demand[], { rooms, stock }: Resources): BatchModel {
  const dearest = Math.max(1e-6, ...demands.map(({ places }) => Math.max(0, ...places.map(({ cost }) => Number(cost) / 1e6))));
  const worth: number[] = [];
  const count: number[] = [];
  const most: number[] = [];
  const rows: { most: number; columns: number[]; factors: number[] }[] = [];
  const columns: number[] = [];
  const work = new Map<unknown, Map<number, { column: number; minutes: number }[]>>();
  const material = new Map<string, { columns: number[]; factors: number[] }>();
  for (const { order, quantity, places } of demands) {
    const first = worth.length;
    columns.push(first);
    const own = places.map((_, n) => first + n);
    for (const place of places) {
      const column = worth.length;
      const alone = Number(place.alone) / 1e6;
      worth.push(PLACED + STEP * (9 - order.priority) - Number(place.cost) / 1e6 / dearest);
      count.push(1);
      most.push(alone);
      if (place.room) {
        const byDay = work.get(place.room) ?? new Map<number, { column: number; minutes: number }[]>();
        work.set(place.room, byDay);
        // A leg takes whole minutes, so at least one besides its set-up.
        const minutes = Math.max(Number(place.minutesPerUnit) / 1e6, 1 / alone) + place.candidate.setupMinutes / alone;
        const sameDay = byDay.get(place.lastDay) ?? [];
        byDay.set(place.lastDay, sameDay);
        sameDay.push({ column, minutes });
      }
      for (const { key, perUnit } of place.materials) {
        if (stock.left(key, 0) === undefined || perUnit === 0n) continue;
        const row = material.get(key) ?? { columns: [], factors: [] };
        material.set(key, row);
        row.columns.push(column);
        row.factors.push(Number(perUnit) / 1e6);
      }
    }
    if (places.length > 1) rows.push({ most: Number(quantity) / 1e6, columns: own, factors: own.map(() => 1) });
    if (order.maxLegs !== undefined && order.maxLegs < places.length)
      rows.push({ most: order.maxLegs, columns: own, factors: places.map(({ alone }) => 1e6 / Number(alone)) });
  }
  // Work that must be done by a day: what had to be done by the one before, and its own.
  for (const room of rooms.values()) {
    let before: number | undefined;
    for (const [day, each] of [...(work.get(room) ?? [])].sort(([a], [b]) => a - b)) {
      const carried = worth.length;
      worth.push(0);
      count.push(0);
      most.push(room.total(day));
      const chain = before === undefined ? [carried] : [before, carried];
      rows.push({
        most: 0,
        columns: [...each.map(({ column }) => column), ...chain],
        factors: [...each.map(({ minutes }) => minutes), ...(before === undefined ? [-1] : [1, -1])],
      });
      before = carried;
    }
  }
  for (const [key, row] of material) rows.push({ most: Number(stock.left(key, 0)!) / 1e6, ...row });
  return { model: { worth, count, most, rows }, dearest, columns };
}

/** What a plan is worth in the model. */
export const worthOf = (priority: number, units: number, cost: number, dearest: number): number =>
  (PLACED + STEP * (9 - priority)) * units - cost / dearest;
