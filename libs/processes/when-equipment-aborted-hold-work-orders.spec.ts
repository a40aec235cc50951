import type { EquipmentStateObserved, PackmlState } from '#equipment/equipment.events';
import type { Recorded } from '#kernel/event';
import type { WorkOrderEvent } from '#work-order/work-order.events';
import { whenEquipmentAbortedHoldWorkOrders as process } from './when-equipment-aborted-hold-work-orders';

type Input = Parameters<typeof process.evolve>[1];
const equipmentId = 'haifa.M4';
const at = '2026-01-05T08:00:00.000Z';

const changed = (to: PackmlState): Input => ({
  type: 'EquipmentStateChanged',
  data: { equipmentId, from: 'Execute', to, input: 'Abort', profile: 'PACKML_2022', mode: 1, since: at, at, workOrderIds: [] },
});
const observed = (state: PackmlState | null, applied = true): EquipmentStateObserved => ({
  type: 'EquipmentStateObserved',
  data: {
    equipmentId,
    reported: String(state),
    state,
    quality: 'GOOD',
    at,
    claimedAt: at,
    applied,
    from: null,
    since: null,
    legal: null,
    workOrderIds: [],
  },
});
const started = (local: string, operationId = '10', resumeWithinMinutes = 30): Input => ({
  type: 'OperationStarted',
  data: { workOrderId: `haifa.${local}`, operationId, equipmentId, resumeWithinMinutes, startedAt: at },
});
const completed = (local: string, operationId = '10'): Input => ({
  type: 'OperationCompleted',
  data: { workOrderId: `haifa.${local}`, operationId, equipmentId, good: '0', scrap: '0' },
});
const lifted = (local: string): Input => ({
  type: 'EquipmentHoldLifted',
  data: { workOrderId: `haifa.${local}`, equipmentId, liftedAt: at },
});
const fired = (local: string): Input => ({ type: 'TimerFired', data: { timer: timer(local), dueAt: '2026-01-05T08:30:00.000Z' } });
const refused = (command: string, local: string): Input => ({
  type: 'CommandRefused',
  data: { command, code: 'work-order-over', message: 'over', target: `haifa.${local}` },
});

const timer = (local: string) => `return of the machine for haifa.${local}`;
const hold = (local: string) => ({
  send: { type: 'HoldWorkOrder', data: { workOrderId: `haifa.${local}`, cause: 'Equipment', equipmentId, reason: 'haifa.M4 aborted' } },
});
const remind = (local: string, due = '2026-01-05T08:30:00.000Z') => ({ remind: timer(local), at: due });
const resume = (local: string) => ({ send: { type: 'ResumeWorkOrder', data: { workOrderId: `haifa.${local}`, heldFor: equipmentId } } });
const forget = (local: string) => ({ forget: timer(local) });
const ask = (local: string) => ({
  send: {
    type: 'RequestSupervisorDecision',
    data: { workOrderId: `haifa.${local}`, equipmentId, question: 'haifa.M4 has not returned in time. What becomes of the order?' },
  },
});

/** What follows from the last input after all that came before it. */
const follows = (...inputs: Input[]) => process.react(inputs.reduce(process.evolve, process.initial), inputs.at(-1)!, at);

describe('when a machine aborts', () => {
  test('the work orders that run on it are held, each with its own time', () => {
    expect(follows(started('W1'), started('W2', '20', 90), changed('Aborting'))).toEqual([
      hold('W1'),
      remind('W1'),
      hold('W2'),
      remind('W2', '2026-01-05T09:30:00.000Z'),
    ]);
  });
  test('it is the same whether that was commanded or observed, and happens once', () => {
    expect(follows(started('W1'), observed('Aborted'))).toEqual([hold('W1'), remind('W1')]);
    expect(follows(started('W1'), changed('Aborting'), changed('Aborted'))).toEqual([]);
  });
  test('a clock that runs ahead does not put the question off', () => {
    const ahead = '2027-01-05T08:00:00.000Z';
    const inputs = [started('W1'), { ...observed('Aborted'), data: { ...observed('Aborted').data, claimedAt: ahead } }];
    expect(process.react(inputs.reduce(process.evolve, process.initial), inputs.at(-1)!, ahead)).toEqual([hold('W1'), remind('W1')]);
  });
  test('work orders that have left the machine are not held', () => {
    expect(follows(started('W1'), completed('W1'), changed('Aborting'))).toEqual([]);
    expect(follows(started('W1', '10'), started('W1', '20'), completed('W1', '10'), changed('Aborting'))).toEqual([
      hold('W1'),
      remind('W1'),
    ]);
  });
  test('an operation that starts on it meanwhile is held too', () => {
    expect(follows(changed('Aborting'), started('W1'))).toEqual([hold('W1'), remind('W1')]);
  });
  test('a hold that is refused is forgotten', () => {
    const past = [started('W1'), changed('Aborting'), refused('HoldWorkOrder', 'W1')];
    expect(follows(...past)).toEqual([forget('W1')]);
    expect(follows(...past, changed('Execute'))).toEqual([]);
    expect(follows(...past, fired('W1'))).toEqual([]);
  });
});

describe('when the machine is back', () => {
  const past = [started('W1'), changed('Aborting')];
  test('in time, the orders are resumed', () => {
    expect(follows(...past, changed('Clearing'), changed('Stopped'), changed('Resetting'), changed('Idle'))).toEqual([
      forget('W1'),
      resume('W1'),
    ]);
    expect(follows(...past, observed('Execute'))).toEqual([forget('W1'), resume('W1')]);
    expect(follows(...past, changed('Idle'), changed('Execute'))).toEqual([]);
  });
  test('too late, a supervisor has been asked and decides', () => {
    expect(follows(...past, fired('W1'))).toEqual([ask('W1')]);
    expect(follows(...past, fired('W1'), changed('Idle'))).toEqual([]);
    expect(follows(...past, fired('W1'), fired('W1'))).toEqual([ask('W1')]);
  });
  test('a timer that fires after the return is stale', () => {
    expect(follows(...past, changed('Idle'), fired('W1'))).toEqual([]);
  });
  test('orders that were resumed by hand are left alone', () => {
    expect(follows(...past, lifted('W1'))).toEqual([forget('W1')]);
    expect(follows(...past, lifted('W1'), changed('Idle'))).toEqual([]);
  });
  test('an abort right after it holds them again, though their word that they went on comes later', () => {
    const again = [...past, changed('Idle'), changed('Aborting')];
    expect(follows(...again)).toEqual([hold('W1'), remind('W1')]);
    expect(follows(...again, lifted('W1'))).toEqual([]);
    expect(follows(...again, lifted('W1'), changed('Idle'))).toEqual([forget('W1'), resume('W1')]);
  });
  test('a resumption that is refused leaves nothing behind', () => {
    expect(follows(...past, changed('Idle'), refused('ResumeWorkOrder', 'W1'), changed('Aborting'))).toEqual([hold('W1'), remind('W1')]);
  });
});

test('states between are no concern of the process', () => {
  const correlate = (event: object) => process.correlate(event as Recorded<never>);
  expect(correlate(changed('Clearing'))).toBeUndefined();
  expect(correlate(observed('Aborted', false))).toBeUndefined();
  expect(correlate(observed(null))).toBeUndefined();
  expect(correlate(changed('Aborted'))).toBe(equipmentId);
  expect(correlate(started('W1') as WorkOrderEvent)).toBe(equipmentId);
});
