/**
 * Six views of an imagined plant: the worked examples of docs/views.md, also used by the engine's specs, fault campaign and benchmark. Each
 * row has a `trail`, a hash over the events that made it, which reveals any event that was lost, repeated or out of order.
 */
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { Event, Recorded } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import type { Rows, View } from '#kernel/view';
import { Scope } from '#platform/views/scope';

export type LotReceived = Event<'LotReceived', { lotId: string; material: string; pieces: number }>;
export type LotMoved = Event<'LotMoved', { lotId: string; to: string }>;
export type LotConsumed = Event<'LotConsumed', { lotId: string; intoLotId: string; pieces: number }>;
export type OrderReleased = Event<'OrderReleased', { orderId: string; product: string; planned: number }>;
export type OperationCompleted = Event<'OperationCompleted', { workOrderId: string; orderId: string; good: number; scrap: number }>;
export type MachineStopped = Event<'MachineStopped', { machineId: string; reason: string }>;
export type MachineStarted = Event<'MachineStarted', { machineId: string }>;
export type PlantEvent = LotReceived | LotMoved | LotConsumed | OrderReleased | OperationCompleted | MachineStopped | MachineStarted;

function trailOf(row: { trail: string } | undefined, { id }: Recorded): string {
  let [low, high] = [0x811c9dc5, 0x1b873593];
  const add = (text: string) => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
    }
  };
  if (row) add(row.trail);
  add(id);
  return (low >>> 0).toString(36) + (high >>> 0).toString(36);
}

/** One lot and its current stock: one row per stream. */
@Entity('lot_stock')
@Index(['material'])
export class LotStock {
  @PrimaryColumn('text') lotId: string;
  @Scope() @Column('text') facilityId: string;
  @Column('text') material: string;
  /** Pieces that are left. */
  @Column('integer') pieces: number;
  @Column({ type: 'text', nullable: true }) place: string | null;
  @Column('integer') events: number;
  @Column('text') trail: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

type RowOf<V> = Omit<V, 'position' | 'recordedAt'>;
/** `position` and `recordedAt` are the engine's: examples leave them out. */
const put = <Row extends object>(rows: Rows<Row>, row: RowOf<Row>): void => rows.put(row as Row);

export const lotStock: View<LotStock, LotReceived | LotMoved | LotConsumed> = {
  name: 'lot-stock',
  version: 1,
  row: LotStock,
  events: ['LotReceived', 'LotMoved', 'LotConsumed'],
  keys: ({ data }) => [data.lotId],
  fold: (rows, event) => {
    const { lotId } = event.data;
    const lot = rows.get(lotId);
    const before: RowOf<LotStock> = lot ?? {
      lotId,
      facilityId: scopeIn(lotId),
      material: '',
      pieces: 0,
      place: null,
      events: 0,
      trail: '',
    };
    const after = { ...before, events: before.events + 1, trail: trailOf(lot, event) };
    if (event.type === 'LotReceived') put(rows, { ...after, material: event.data.material, pieces: before.pieces + event.data.pieces });
    if (event.type === 'LotMoved') put(rows, { ...after, place: event.data.to });
    if (event.type === 'LotConsumed') put(rows, { ...after, pieces: before.pieces - event.data.pieces });
  },
};

/** One order with the output of its work orders: one row from many streams. */
@Entity('order_board')
export class OrderBoard {
  @PrimaryColumn('text') orderId: string;
  @Scope() @Column('text') facilityId: string;
  @Column('text') product: string;
  @Column('integer') planned: number;
  @Column('integer') good: number;
  @Column('integer') scrap: number;
  /** Work orders that have reported, in the order of their first report. */
  @Column('text', { array: true }) workOrders: string[];
  @Column('text') trail: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

export const orderBoard: View<OrderBoard, OrderReleased | OperationCompleted> = {
  name: 'order-board',
  version: 1,
  row: OrderBoard,
  events: ['OrderReleased', 'OperationCompleted'],
  keys: ({ data }) => [data.orderId],
  // Events of several streams write one row, so they are ordered by their common key.
  partition: ({ data }) => data.orderId,
  fold: (rows, event) => {
    const { orderId } = event.data;
    const order = rows.get(orderId);
    const before: RowOf<OrderBoard> = order ?? {
      orderId,
      facilityId: scopeIn(orderId),
      product: '',
      planned: 0,
      good: 0,
      scrap: 0,
      workOrders: [],
      trail: '',
    };
    const after = { ...before, trail: trailOf(order, event) };
    if (event.type === 'OrderReleased') return put(rows, { ...after, product: event.data.product, planned: event.data.planned });
    const { workOrderId, good, scrap } = event.data;
    const workOrders = before.workOrders.includes(workOrderId) ? before.workOrders : [...before.workOrders, workOrderId];
    put(rows, { ...after, workOrders, good: before.good + good, scrap: before.scrap + scrap });
  },
};

/** One movement of a lot, as it was reported: an append-only list, one row per event. */
@Entity('lot_movement')
@Index(['lotId'])
export class LotMovement {
  @PrimaryColumn('uuid') movementId: string;
  @Scope() @Column('text') facilityId: string;
  @Column('text') lotId: string;
  @Column('text') to: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

export const lotMovement: View<LotMovement, LotMoved> = {
  name: 'lot-movement',
  version: 1,
  row: LotMovement,
  events: ['LotMoved'],
  keys: ({ id }) => [id],
  fold: (rows, { id, data }) => put(rows, { movementId: id, facilityId: scopeIn(data.lotId), ...data }),
};

/** Which lot went into which: a table of edges, one row per pair of lots, traversable in both directions. */
@Entity('lot_use')
@Index(['fromLotId'])
@Index(['intoLotId'])
export class LotUse {
  @PrimaryColumn('text') edge: string;
  @Scope() @Column('text') facilityId: string;
  @Column('text') fromLotId: string;
  @Column('text') intoLotId: string;
  @Column('integer') pieces: number;
  @Column('text') trail: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

export const lotUse: View<LotUse, LotConsumed> = {
  name: 'lot-use',
  version: 1,
  row: LotUse,
  events: ['LotConsumed'],
  keys: ({ data }) => [`${data.lotId}>${data.intoLotId}`],
  fold: (rows, event) => {
    const { lotId: fromLotId, intoLotId, pieces } = event.data;
    const edge = `${fromLotId}>${intoLotId}`;
    const before = rows.get(edge);
    put(rows, {
      edge,
      facilityId: scopeIn(fromLotId),
      fromLotId,
      intoLotId,
      pieces: (before?.pieces ?? 0) + pieces,
      trail: trailOf(before, event),
    });
  },
};

/** The current state of one machine: few rows, many events. */
@Entity('machine_now')
export class MachineNow {
  @PrimaryColumn('text') machineId: string;
  @Scope() @Column('text') facilityId: string;
  @Column('boolean') running: boolean;
  @Column({ type: 'text', nullable: true }) reason: string | null;
  @Column({ type: 'timestamptz', nullable: true }) stoppedAt: string | null;
  @Column('integer') stops: number;
  @Column('text') trail: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

export const machineNow: View<MachineNow, MachineStopped | MachineStarted> = {
  name: 'machine-now',
  version: 1,
  row: MachineNow,
  events: ['MachineStopped', 'MachineStarted'],
  keys: ({ data }) => [data.machineId],
  fold: (rows, event) => {
    const { machineId } = event.data;
    const before = rows.get(machineId);
    const same = { machineId, facilityId: scopeIn(machineId), trail: trailOf(before, event), stops: before?.stops ?? 0 };
    if (event.type === 'MachineStarted') put(rows, { ...same, running: true, reason: null, stoppedAt: null });
    else put(rows, { ...same, running: false, reason: event.data.reason, stoppedAt: event.recordedAt, stops: same.stops + 1 });
  },
};

/** Pieces of a product made by a facility: totals over all events; the rows with most updates. */
@Entity('product_output')
export class ProductOutput {
  @PrimaryColumn('text') key: string;
  @Scope() @Column('text') facilityId: string;
  @Column('integer') orders: number;
  @Column('bigint') planned: bigint;
  @Column('text') trail: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}

export const productOutput: View<ProductOutput, OrderReleased> = {
  name: 'product-output',
  version: 1,
  row: ProductOutput,
  events: ['OrderReleased'],
  keys: ({ data }) => [`${scopeIn(data.orderId)}/${data.product}`],
  partition: ({ data }) => data.product,
  fold: (rows, event) => {
    const { orderId, product, planned } = event.data;
    const key = `${scopeIn(orderId)}/${product}`;
    const before = rows.get(key);
    put(rows, {
      key,
      facilityId: scopeIn(orderId),
      orders: (before?.orders ?? 0) + 1,
      planned: (before?.planned ?? 0n) + BigInt(planned),
      trail: trailOf(before, event),
    });
  },
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export const exampleViews: readonly View<any, any>[] = [lotStock, orderBoard, lotMovement, lotUse, machineNow, productOutput];

/** A seeded random generator: the same seed gives the same plant. Mulberry32. */
export function chance(seed: number): (below: number) => number {
  let a = seed >>> 0;
  return (below) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** Events of a plant of a given size, with their streams: about half concern lots, a quarter machines. */
export function plantEvents(seed: number, count: number, size = Math.max(20, count >> 4)): { stream: string; event: PlantEvent }[] {
  const next = chance(seed);
  const facility = () => ['haifa', 'gdansk', 'porto'][next(3)]!;
  const id = (letter: string, of: number) => {
    const n = next(of);
    return `${['haifa', 'gdansk', 'porto'][n % 3]!}.${letter}${n}`;
  };
  const lots = size;
  const orders = Math.max(5, size >> 2);
  return Array.from({ length: count }, (): { stream: string; event: PlantEvent } => {
    const dice = next(100);
    const lotId = id('L', lots);
    if (dice < 15)
      return {
        stream: `lot-${lotId}`,
        event: { type: 'LotReceived', data: { lotId, material: `steel-${next(40)}`, pieces: 1 + next(500) } },
      };
    if (dice < 35) return { stream: `lot-${lotId}`, event: { type: 'LotMoved', data: { lotId, to: `${facility()}.bay-${next(60)}` } } };
    if (dice < 50)
      return { stream: `lot-${lotId}`, event: { type: 'LotConsumed', data: { lotId, intoLotId: id('L', lots), pieces: 1 + next(9) } } };
    const orderId = id('O', orders);
    if (dice < 58)
      return {
        stream: `order-${orderId}`,
        event: { type: 'OrderReleased', data: { orderId, product: `valve-${next(25)}`, planned: 10 + next(500) } },
      };
    if (dice < 75) {
      const workOrderId = `${orderId}-${next(4)}`;
      return {
        stream: `work-order-${workOrderId}`,
        event: { type: 'OperationCompleted', data: { workOrderId, orderId, good: next(20), scrap: next(3) } },
      };
    }
    const machineId = id('M', 60);
    if (dice < 88)
      return { stream: `machine-${machineId}`, event: { type: 'MachineStopped', data: { machineId, reason: `jam-${next(9)}` } } };
    return { stream: `machine-${machineId}`, event: { type: 'MachineStarted', data: { machineId } } };
  });
}
