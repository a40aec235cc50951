import { digestOf } from '#platform/commands/digest';
import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { materialLot } from '#material-lot/material-lot';
import { reserved } from '#material-lot/lot';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { workOrder } from '#work-order/work-order';
import { whenWorkOrderOverFreeReservations as free } from './when-work-order-over-free-reservations';

const workOrderId = 'haifa.W1';
const kg = (amount: string) => ({ amount, unit: 'kg' });
const send = (type: string, data: object): Act => ({ send: { type, data: { reason: 'so be it', ...data } } });
const past = [
  send('ReceiveLot', { lotId: 'haifa.L1', materialId: 'steel', quantity: kg('10') }),
  send('ReceiveLot', { lotId: 'haifa.L2', materialId: 'brass', quantity: kg('10') }),
  send('ReleaseWorkOrder', {
    workOrderId,
    product: 'flange',
    quantity: { amount: '10', unit: 'pcs' },
    allowStart: true,
    operations: [{ operationId: '10', name: 'press', sequence: 1, equipmentId: 'haifa.M4' }],
  }),
];
const reserve = (local: string, amount: string, reservationId = `R-${local}`) =>
  send('ReserveLot', { lotId: `haifa.${local}`, reservationId, workOrderId, quantity: kg(amount) });
const consume = (local: string, amount: string) =>
  send('ConsumeLot', { lotId: `haifa.${local}`, reservationId: `R-${local}`, workOrderId, quantity: kg(amount) });
const work = (type: string) => send(type, { workOrderId });

function faultsOf({ state }: Ending): string[] {
  const order = state(workOrder, workOrderId);
  const over = order.status === 'Ended' || order.status === 'Aborted' || order.status === 'Cancelled';
  return ['haifa.L1', 'haifa.L2'].flatMap((lotId) => {
    const lot = state(materialLot, lotId);
    if (lot.status === 'unknown' || !over || reserved(lot) === '0') return [];
    return [`${reserved(lot)} kg of ${lotId} stay reserved for an order that is over`];
  });
}
const scene = (parties: Scene['parties'], process: unknown = free): Scene => ({
  deciders: [materialLot, workOrder],
  processes: [process as Process<unknown, Event, unknown>],
  now: '2026-01-05T08:00:00.000Z',
  past,
  parties,
  faultsOf,
});

const scenes: Record<string, Scene> = {
  'an order is cancelled while material is reserved for it': scene({
    store: [reserve('L1', '8'), reserve('L2', '3')],
    planner: [work('CancelWorkOrder')],
  }),
  'an order stops while it consumes': scene({
    store: [reserve('L1', '8'), consume('L1', '2')],
    floor: [work('StartWorkOrder'), work('StopWorkOrder')],
  }),
  'a reservation is given free by hand, too': scene({
    store: [reserve('L1', '8'), send('UnreserveLot', { lotId: 'haifa.L1', reservationId: 'R-L1', workOrderId })],
    planner: [work('AbortWorkOrder')],
  }),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: nothing stays reserved', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test('nothing is reserved for an order that is over', () => {
  const context = {
    now: '2026-01-05T08:00:00.000Z',
    occurredAt: '2026-01-05T08:00:00.000Z',
    actor: 'ann',
    role: 'planner',
    commandId: 'c',
    digestOf,
  };
  const lot = materialLot.evolve(materialLot.initial, {
    type: 'LotReceived',
    data: {
      lotId: 'haifa.L1',
      materialId: 'steel',
      quantity: { amount: '10', unit: 'kg' },
      expiresAt: null,
      supplierId: null,
      supplierLot: null,
      locationId: null,
      at: context.now,
    },
  });
  const command = { lotId: 'haifa.L1', reservationId: 'R1', workOrderId, quantity: { amount: '8', unit: 'kg' as const } };
  const decide = (over: boolean) =>
    materialLot.decide.ReserveLot(command, lot, { ...context, regarded: { [`work-order-${workOrderId}`]: { over } } });
  expect(() => decide(true)).toThrow(expect.objectContaining({ code: 'work-order-over' }));
  expect(decide(false)).toHaveLength(1);
  expect(materialLot.regards!('ReserveLot', command, lot)).toContainEqual({ stream: `work-order-${workOrderId}`, now: true });
});

test('a process that frees nothing is found out', () => {
  const react: typeof free.react = () => [];
  const found = interleave(scene({ store: [reserve('L1', '8')], planner: [work('CancelWorkOrder')] }, { ...free, react }));
  expect(explained(found)).toContain('8 kg of haifa.L1 stay reserved');
});

test('the recorded histories show every kind of step', () => expect(unrecorded(free.name, met)).toEqual([]));
