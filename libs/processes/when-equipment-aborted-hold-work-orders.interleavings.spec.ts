import type { Message } from '#kernel/decider';
import type { Event, Recorded } from '#kernel/event';
import type { Process } from '#kernel/process';
import { equipment } from '#equipment/equipment';
import type * as equipmentCommands from '#equipment/equipment.commands';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { workOrder } from '#work-order/work-order';
import type * as holdCommands from '#work-order/hold.commands';
import type * as workOrderCommands from '#work-order/work-order.commands';
import { whenEquipmentAbortedHoldWorkOrders as theProcess } from './when-equipment-aborted-hold-work-orders';

type Told = Message<typeof equipmentCommands> | Message<typeof holdCommands> | Message<typeof workOrderCommands>;
const day = (time: string) => `2026-01-05T${time}:00.000Z`;
const send = (type: Told['type'], data: object, at?: string): Act => ({
  send: { type, data: data as Record<string, unknown> },
  ...(at ? { occurredAt: day(at) } : {}),
});
const clock = (at: string): Act => ({ clock: day(at) });
const W1 = 'haifa.W1';
const M4 = 'haifa.M4';
const M5 = 'haifa.M5';
const seen = (equipmentId: string, state: string, at: string) => send('ObserveEquipmentState', { equipmentId, state }, at);
const order = (type: Told['type'], data: object = {}, at?: string) => send(type, { workOrderId: W1, ...data }, at);

const registered = [M4, M5].map((equipmentId) =>
  send('RegisterEquipment', { equipmentId, name: equipmentId, equipmentClass: 'press', capacityMode: 'Infinite' }),
);
const released = order('ReleaseWorkOrder', {
  product: 'flange',
  quantity: { amount: '1', unit: 'pcs' },
  underPercent: '99',
  allowStart: true,
  operations: [
    { operationId: '10', name: 'press', sequence: 1, equipmentId: M4 },
    { operationId: '20', name: 'drill', sequence: 2, equipmentId: M5 },
    { operationId: '30', name: 'pack', sequence: 3, equipmentId: M4 },
  ],
});
const start = (operationId: string, at?: string) => order('StartOperation', { operationId }, at);
const complete = (operationId: string, at?: string) => order('CompleteOperation', { operationId }, at);
/** The order runs its first operation on M4 since 08:00. */
const running = [...registered, released, start('10')];

type Memory = Readonly<{ byHand: boolean; heldAt: Readonly<Record<string, string>>; odd: readonly string[] }>;
/** What people did to holds, and whether the times of holds and resumptions are in order. */
function remember(before: Memory, { type, data, metadata }: Recorded): Memory {
  const said = data as Readonly<Record<string, string>>;
  const byHand = metadata.actor !== theProcess.name && (type === 'EquipmentHoldLifted' || type === 'SupervisorDecisionMade');
  const memory = { ...before, byHand: before.byHand || byHand };
  if ((type === 'WorkOrderHeld' || type === 'EquipmentHoldPlaced') && said['equipmentId'])
    return { ...memory, heldAt: { ...memory.heldAt, [said['equipmentId']]: (said['heldAt'] ?? said['placedAt'])! } };
  if (type === 'EquipmentHoldLifted' && !byHand && said['liftedAt']! < memory.heldAt[said['equipmentId']!]!)
    return { ...memory, odd: [`goes on at ${said['liftedAt']}, held since ${memory.heldAt[said['equipmentId']!]}`] };
  return memory;
}

/** What must not be true once nothing more happens. The clock of every scene has run long enough for its timers. */
function faultsOf({ state, memory }: Ending): string[] {
  const { byHand, heldAt, odd } = memory as Memory;
  const faults = [...odd];
  const now = state(workOrder, W1);
  if (now.status !== 'Running' && now.status !== 'Interrupted') return faults;
  const runsOn = (equipmentId: string) =>
    now.operations.some(({ phase, dispatchedTo }) => phase === 'Started' && dispatchedTo === equipmentId);
  const heldFor = now.status === 'Interrupted' ? now.equipmentIds : [];
  const asked = now.status === 'Interrupted' && now.asked.length > 0;
  for (const equipmentId of [M4, M5]) {
    const down = ['Aborting', 'Aborted'].includes(state(equipment, equipmentId).state!);
    const held = heldFor.includes(equipmentId);
    if (held && !down && !asked) faults.push(`held for ${equipmentId}, which is back`);
    if (held && down && !asked && heldAt[equipmentId]! < day('22:30')) faults.push(`held for ${equipmentId} for long, and nobody is asked`);
    if (held && !runsOn(equipmentId)) faults.push(`held for ${equipmentId}, where nothing of it runs`);
    if (!held && down && runsOn(equipmentId) && !byHand) faults.push(`runs on ${equipmentId}, which is down`);
  }
  if (asked && heldFor.length === 0) faults.push('a supervisor is asked about no machine');
  return faults;
}

type Way = 'as it happens' | 'told late';
type Shift = Readonly<{
  way: Way;
  machines: Readonly<Record<string, States>>;
  people: readonly Act[];
  past?: readonly Act[];
  process?: unknown;
}>;
type States = readonly (readonly [state: string, at: string])[];
/** As it happens, each act of a machine comes at its time, or after one that was told earlier; told late, the day is over and everything comes with its floor time. */
function scene({ way, machines, people, past = running, process = theProcess }: Shift): Scene {
  const late = way === 'told late';
  const told = (equipmentId: string, states: States) =>
    states.flatMap(([state, at], n) => {
      const inOrder = states.slice(0, n).every(([, before]) => before < at);
      return late || !inOrder ? [seen(equipmentId, state, at)] : [clock(at), seen(equipmentId, state, at)];
    });
  const acts = Object.entries(machines).map(([equipmentId, states], index): [string, Act[]] => [
    equipmentId,
    index === 0 ? [...told(equipmentId, states), clock('23:00')] : states.map(([state, at]) => seen(equipmentId, state, at)),
  ]);
  return {
    deciders: [equipment, workOrder],
    processes: [process as Process<unknown, Event, unknown>],
    now: day('08:00'),
    past: late ? [...past, clock('17:00')] : past,
    parties: { ...Object.fromEntries(acts), people },
    remember: remember as never,
    memory: { byHand: false, heldAt: {}, odd: [] } satisfies Memory,
    faultsOf,
  };
}
const backInTime: States = [
  ['Aborted', '08:30'],
  ['Execute', '08:56'],
];
const backLate: States = [
  ['Aborted', '08:30'],
  ['Execute', '09:10'],
];
const again: States = [
  ['Aborted', '09:20'],
  ['Idle', '09:25'],
];
const toldAfterwards: States = [
  ['Execute', '08:40'],
  ['Execute', '08:56'],
  ['Aborted', '08:50'],
];
const toldBeforeItIsBack: States = [
  ['Stopped', '08:50'],
  ['Aborted', '08:40'],
  ['Idle', '08:56'],
];
const gone: States = [['Aborted', '08:30']];
const machines = {
  'is back in time': backInTime,
  'is back late': backLate,
  'stays away': gone,
  'tells an abort when it works again': toldAfterwards,
  'tells an abort when it is stopped': toldBeforeItIsBack,
  'aborts twice': [...backInTime, ...again],
  'is late and then short': [...backLate, ...again],
};
const resumes = order('ResumeWorkOrder');
const quality = order('HoldWorkOrder', { cause: 'Quality', reason: 'scratches' });
const stops = order('StopWorkOrder', { reason: 'enough' });
const decides = (decision: string) => order('DecideResumption', { decision, reason: 'so be it' });
const crowds = {
  'complete the operation': [complete('10')],
  'complete it and go on elsewhere': [complete('10'), start('20')],
  'complete it and go on at the machine': [complete('10'), start('30')],
  'resume by hand and complete': [resumes, complete('10')],
  'resume and hold for quality': [resumes, quality],
  'hold for quality and resume': [quality, resumes],
  'complete and stop': [complete('10'), stops],
  'decide to resume': [decides('Resume')],
  'decide to stop': [decides('Stop')],
  'pause and resume': [order('PauseWorkOrder', { cause: 'Material', reason: 'starved' }), resumes],
};
const ways = ['as it happens', 'told late'] as const;
const scenes = ways.flatMap((way) =>
  Object.entries(machines).flatMap(([machine, states]) =>
    Object.entries(crowds).map(([crowd, people]) => [way, machine, crowd, scene({ way, machines: { [M4]: states }, people })] as const),
  ),
);

const met: History[] = [];
test.each(scenes)('%s: the machine %s, people %s: every order ends well', (_, __, ___, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

const onBoth = [...running, start('20')];
test.each([
  ['both are back in time', backInTime, backInTime, [complete('10')]],
  ['one stays away', backInTime, gone, [complete('10')]],
  ['one is late', backInTime, backLate, [resumes]],
  ['both are late', backLate, backLate, [decides('Resume')]],
] as [string, States, States, Act[]][])('an order on two machines that abort, %s: every order ends well', (_, first, second, people) => {
  for (const way of ways)
    expect(explained(interleave(scene({ way, machines: { [M4]: first, [M5]: second }, people, past: onBoth })))).toBe('');
});

describe('a faulty process is detected', () => {
  const tried = (process: unknown) =>
    interleave(scene({ way: 'as it happens', machines: { [M4]: backInTime }, people: [complete('10')], process }));
  test('one that leaves an order held whose operation is over', () => {
    const react: typeof theProcess.react = (state, input, at) =>
      input.type === 'OperationCompleted' ? [] : theProcess.react(state, input, at);
    expect(explained(tried({ ...theProcess, react }))).toContain('held for haifa.M4, where nothing of it runs');
  });
  test('one that goes on before the machine is back', () => {
    const react: typeof theProcess.react = (state, input, at) =>
      theProcess.react(state, input, at).filter((reaction) => !('send' in reaction && reaction.send.type === 'HoldWorkOrder'));
    expect(
      explained(interleave(scene({ way: 'told late', machines: { [M4]: gone }, people: [], process: { ...theProcess, react } }))),
    ).toContain('runs on haifa.M4, which is down');
  });
  test('one that forgets to ask', () => {
    const react: typeof theProcess.react = (state, input, at) => (input.type === 'TimerFired' ? [] : theProcess.react(state, input, at));
    expect(
      explained(interleave(scene({ way: 'told late', machines: { [M4]: gone }, people: [], process: { ...theProcess, react } }))),
    ).toContain('nobody is asked');
  });
});

test('the recorded histories show every kind of step', () => {
  for (const { name } of [theProcess]) expect(unrecorded(name, met)).toEqual([]);
});
