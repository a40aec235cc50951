import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { equipment } from '#equipment/equipment';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { workOrder } from '#work-order/work-order';
import { whenOperationStartedOccupyEquipment as occupy } from './when-operation-started-occupy-equipment';

const at = '2026-01-05T08:00:00.000Z';
const orders = ['haifa.W1', 'haifa.W2'];
const equipmentId = 'haifa.M4';
const send = (type: string, data: object): Act => ({ send: { type, data: data as Record<string, unknown> } });
const register = (more: object = {}) => send('RegisterEquipment', { equipmentId, name: 'M4', equipmentClass: 'mill', ...more });
const operation = (operationId: string, sequence: number) => ({ operationId, name: operationId, sequence, equipmentId });
const release = (local: string, ...ids: string[]) =>
  send('ReleaseWorkOrder', {
    workOrderId: `haifa.${local}`,
    product: 'flange',
    quantity: { amount: '10', unit: 'pcs' },
    underPercent: '99',
    allowStart: true,
    operations: ids.map((id, index) => operation(id, index + 1)),
  });
const work = (type: string, local: string, data: object = {}) => send(type, { workOrderId: `haifa.${local}`, reason: 'so be it', ...data });
const start = (local: string, id: string) => work('StartOperation', local, { operationId: id });
const complete = (local: string, id: string) => work('CompleteOperation', local, { operationId: id });
const assign = (local: string) => send('AssignEquipment', { equipmentId, workOrderId: `haifa.${local}` });

/** A machine has the orders that run on it, those that people assigned while they are not over, and no others. */
function faultsOf({ state, memory }: Ending): string[] {
  const machine = state(equipment, equipmentId);
  const has = machine.status === 'registered' ? machine.jobs.map((job) => job.workOrderId) : [];
  const { assigned, flagged } = memory as Memory;
  const faults = orders.flatMap((workOrderId) => {
    const order = state(workOrder, workOrderId);
    if (order.status === 'Unknown' || order.status === 'Observed') return [];
    const runs = order.operations.some(({ phase }) => phase === 'Started');
    const over = order.status === 'Ended' || order.status === 'Aborted' || order.status === 'Cancelled';
    const right = runs || (assigned.includes(workOrderId) && !over);
    return has.includes(workOrderId) === right ? [] : [`${workOrderId} ${right ? 'runs without' : 'is done and still has'} the machine`];
  });
  return [...faults, ...(has.length > 1 && !flagged ? [`${has.join(' and ')} have the machine, and nobody is told`] : [])];
}

type Memory = Readonly<{ assigned: readonly string[]; flagged: boolean }>;
function remember(memory: Memory, { type, data }: Event): Memory {
  if (type === 'CapacityExceededObserved') return { ...memory, flagged: true };
  const { workOrderId, byStart } = data as { workOrderId: string; byStart?: true };
  return type === 'EquipmentAssigned' && !byStart ? { ...memory, assigned: [...memory.assigned, workOrderId] } : memory;
}
const scene = (past: readonly Act[], parties: Scene['parties'], process: unknown = occupy): Scene => ({
  deciders: [equipment, workOrder],
  processes: [process as Process<unknown, Event, unknown>],
  now: at,
  past,
  parties,
  remember: remember as never,
  memory: { assigned: [], flagged: false } satisfies Memory,
  faultsOf,
});

const two = [register(), release('W1', '10'), release('W2', '10')];
const scenes: Record<string, Scene> = {
  'two orders start on one machine in the same moment': scene(two, {
    one: [start('W1', '10'), complete('W1', '10')],
    two: [start('W2', '10'), work('StopWorkOrder', 'W2')],
  }),
  'an order has two operations on the machine': scene([register(), release('W1', '10', '20')], {
    one: [start('W1', '10'), complete('W1', '10')],
    two: [start('W1', '20'), complete('W1', '20')],
    three: [work('AbortWorkOrder', 'W1')],
  }),
  'people assign the machine to an order that ends meanwhile': scene(two, {
    planner: [assign('W1')],
    operator: [start('W1', '10'), work('AbortWorkOrder', 'W1')],
  }),
  'an assigned order is cancelled before it starts': scene(two, {
    planner: [assign('W1'), work('CancelWorkOrder', 'W1')],
    operator: [start('W2', '10')],
  }),
  'a bench takes both': scene([register({ capacityMode: 'Infinite' }), ...two.slice(1)], {
    one: [start('W1', '10'), complete('W1', '10')],
    two: [start('W2', '10'), complete('W2', '10')],
  }),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: every order leaves the machine with the orders that run on it', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  const benign = (fault: string) => tried === scenes['a bench takes both'] && fault.includes('nobody is told');
  expect(found.faults.filter(({ says }) => !says.every(benign)).map(({ says, way }) => [says, way])).toEqual([]);
  expect(found.endings).toBeGreaterThan(0);
});

test('an order that is started while another has the machine is refused', () => {
  const found = interleave(scene([...two, start('W1', '10')], { two: [start('W2', '10')] }));
  expect(explained(found)).toBe('');
  expect(found.histories.some(({ steps }) => steps.some(({ input }) => input.data['workOrderId'] === 'haifa.W2'))).toBe(false);
});

test('a process that frees no machine is found out', () => {
  const react: typeof occupy.react = (state, input, occurredAt) => occupy.react({ ...state, leaves: [] }, input, occurredAt);
  const found = interleave(scene(two, { one: [start('W1', '10'), complete('W1', '10')] }, { ...occupy, react }));
  expect(explained(found)).toContain('haifa.W1 is done and still has the machine');
});

test('the recorded histories show every kind of step', () => expect(unrecorded(occupy.name, met)).toEqual([]));
