import type { Recorded } from '#kernel/event';
import { whenWorkOrderLinkedAttachIt as process } from './when-work-order-linked-attach-it';

type Input = Parameters<typeof process.evolve>[1];
const of = { workOrderId: 'haifa.W1', productionOrderId: 'haifa.P1' };
const at = '2026-01-05T08:00:00.000Z';
const linked: Input = { type: 'WorkOrderLinked', data: { ...of, quantity: '60', unallocated: '40', linkedAt: at } };
const unlinked: Input = { type: 'WorkOrderUnlinked', data: { ...of, reason: 'x', unallocated: '100', unlinkedAt: at } };
const released: Input = {
  type: 'WorkOrderReleased',
  data: {
    workOrderId: 'haifa.W1',
    product: 'flange',
    quantity: '60',
    unit: 'pcs',
    overPercent: '0',
    underPercent: '0',
    operations: [],
    resumeWithinMinutes: 30,
    releasedAt: at,
  },
};
const attach = { send: { type: 'AttachWorkOrder', data: of } };

const follows = (...inputs: Input[]) => process.react(inputs.reduce(process.evolve, process.initial), inputs.at(-1)!, at);

test('a work order that names no production order is attached once it is both released and linked', () => {
  expect(follows(linked)).toEqual([]);
  expect(follows(linked, released)).toEqual([attach]);
  expect(follows(released)).toEqual([]);
  expect(follows(released, linked)).toEqual([attach]);
});
test('one that is unlinked is detached, and not attached later', () => {
  expect(follows(linked, unlinked)).toEqual([{ send: { type: 'DetachWorkOrder', data: of } }]);
  expect(follows(linked, unlinked, released)).toEqual([]);
});
test('one that names its production order at its release is no concern of the process', () => {
  const correlate = (event: object) => process.correlate(event as Recorded<never>);
  expect(correlate({ ...released, data: { ...released.data, productionOrderId: 'haifa.P1' } })).toBeUndefined();
  expect(correlate(released)).toBe('haifa.W1');
});
