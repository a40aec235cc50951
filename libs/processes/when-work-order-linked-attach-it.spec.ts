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
test('one that names its production order at its release has it already', () => {
  const named: Input = { ...released, data: { ...released.data, productionOrderId: 'haifa.P1' } } as Input;
  expect(follows(named)).toEqual([]);
  expect(follows(named, linked)).toEqual([]);
  expect(follows(named, linked, unlinked, linked)).toEqual([attach]);
});

const undone = (productionOrderId: string, reason: string) => ({
  send: { type: 'UnlinkWorkOrder', data: { productionOrderId, workOrderId: 'haifa.W1', reason } },
  undo: true,
});
const linkedBy = (productionOrderId: string): Input => ({ ...linked, data: { ...linked.data, productionOrderId } }) as Input;
describe('it works for one production order only', () => {
  test('what another one links is unlinked there again', () => {
    expect(follows(linked, linkedBy('haifa.P2'))).toEqual([undone('haifa.P2', 'It works for haifa.P1.')]);
    expect(follows(linked, linkedBy('haifa.P2'), released)).toEqual([attach]);
  });
  test('its release takes precedence', () => {
    const named: Input = { ...released, data: { ...released.data, productionOrderId: 'haifa.P2' } } as Input;
    expect(follows(linked, named)).toEqual([undone('haifa.P1', 'It was released for haifa.P2.')]);
    expect(follows(linked, named, linkedBy('haifa.P2'))).toEqual([]);
  });
  test('where it was attached to another one by hand, the link is taken back', () => {
    const refused: Input = {
      type: 'CommandRefused',
      data: { command: 'AttachWorkOrder', code: 'work-order-attached', message: 'It works for another.', target: 'haifa.W1' },
    };
    expect(follows(released, linked, refused)).toEqual([undone('haifa.P1', 'work-order-attached: It works for another.')]);
  });
});

test('an order of another plant has no effect', () => {
  const correlate = (event: object, facility: string) => process.correlate({ ...event, metadata: { facility } } as Recorded<never>);
  expect(correlate(released, 'haifa')).toBe('haifa.W1');
  expect(correlate(linked, 'haifa')).toBe('haifa.W1');
  expect(correlate(linkedBy('berlin.P1'), 'berlin')).toBeUndefined();
  expect(correlate(unlinked, 'berlin')).toBeUndefined();
});

test('shows its production order to operators', () => {
  const stands = (...inputs: Input[]) => process.status!(inputs.reduce(process.evolve, process.initial));
  expect([stands(released), stands(linked), stands(linked, released)]).toEqual([
    'not linked',
    'waits for its release',
    'works for its production order',
  ]);
});
