import type { EquipmentStateObserved, PackmlState } from '#equipment/equipment.events';
import type { Recorded } from '#kernel/event';
import type { WorkOrderEvent } from '#work-order/work-order.events';
import { whenEquipmentAbortedHoldWorkOrders as process } from './when-equipment-aborted-hold-work-orders';

type Input = Parameters<typeof process.evolve>[1];
const equipmentId = 'haifa.M4';
const day = (time: string) => `2026-01-05T${time}:00.000Z`;
const at = day('08:00');

const changed = (to: PackmlState, time = '08:30'): Input => ({
  type: 'EquipmentStateChanged',
  data: { equipmentId, from: 'Execute', to, input: 'Abort', profile: 'PACKML_2022', mode: 1, since: at, at: day(time), workOrderIds: [] },
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
const lifted = (local: string, liftedAt: string): Input => ({
  type: 'EquipmentHoldLifted',
  data: { workOrderId: `haifa.${local}`, equipmentId, liftedAt },
});
const fired = (local: string): Input => ({ type: 'TimerFired', data: { timer: timer(local), dueAt: day('09:00') } });
const refused = (command: string, local: string): Input => ({
  type: 'CommandRefused',
  data: { command, code: 'work-order-over', message: 'over', target: `haifa.${local}` },
});

const timer = (local: string) => `return of the machine for haifa.${local}`;
const hold = (local: string, time = '08:30') => ({
  send: {
    type: 'HoldWorkOrder',
    data: { workOrderId: `haifa.${local}`, cause: 'Equipment', equipmentId, reason: 'haifa.M4 aborted', occurredAt: day(time) },
  },
});
const remind = (local: string, due = '09:00') => ({ remind: timer(local), at: day(due) });
const resume = (local: string, time: string) => ({
  send: { type: 'ResumeWorkOrder', data: { workOrderId: `haifa.${local}`, heldFor: equipmentId, occurredAt: day(time) } },
});
const forget = (local: string) => ({ forget: timer(local) });
const ask = (local: string, time = '09:00') => ({
  send: {
    type: 'RequestSupervisorDecision',
    data: {
      workOrderId: `haifa.${local}`,
      equipmentId,
      question: 'haifa.M4 has not returned in time. What becomes of the order?',
      occurredAt: day(time),
    },
  },
});

/** The actions of the last input, after all inputs before it. */
const follows = (...inputs: Input[]) => process.react(inputs.reduce(process.evolve, process.initial), inputs.at(-1)!, day('08:45'));

describe('when a machine aborts', () => {
  test('the work orders that run on it are held, each with its own time', () => {
    expect(follows(started('W1'), started('W2', '20', 90), changed('Aborting'))).toEqual([
      hold('W1'),
      remind('W1'),
      hold('W2'),
      remind('W2', '10:00'),
    ]);
  });
  test('a command and an observation have the same effect, once', () => {
    expect(follows(started('W1'), observed('Aborted'))).toEqual([hold('W1', '08:00'), remind('W1', '08:30')]);
    expect(follows(started('W1'), changed('Aborting'), changed('Aborted'))).toEqual([]);
  });
  test('what counts is the floor time that was taken, also where the clock of the machine runs ahead', () => {
    const ahead = { ...observed('Aborted'), data: { ...observed('Aborted').data, claimedAt: '2027-01-05T08:00:00.000Z' } };
    expect(follows(started('W1'), ahead)).toEqual([hold('W1', '08:00'), remind('W1', '08:30')]);
  });
  test('work orders that have left the machine are not held', () => {
    expect(follows(started('W1'), completed('W1'), changed('Aborting'))).toEqual([]);
    expect(follows(started('W1', '10'), started('W1', '20'), completed('W1', '10'), changed('Aborting'))).toEqual([
      hold('W1'),
      remind('W1'),
    ]);
  });
  test('an operation that starts on it meanwhile is held too, from its start', () => {
    const later: Input = { ...started('W1'), data: { ...started('W1').data, startedAt: '2026-01-05T10:40:00+02:00' } } as Input;
    expect(follows(changed('Aborting'), later)).toEqual([hold('W1', '08:40'), remind('W1', '09:10')]);
  });
  test('a refused hold is dropped', () => {
    const past = [started('W1'), changed('Aborting'), refused('HoldWorkOrder', 'W1')];
    expect(follows(...past)).toEqual([forget('W1')]);
    expect(follows(...past, changed('Execute', '08:56'))).toEqual([]);
    expect(follows(...past, fired('W1'))).toEqual([]);
  });
  test('an order whose operation ends while it is held goes on then; one that is over needs nothing', () => {
    const past = [started('W1'), changed('Aborting')];
    expect(follows(...past, completed('W1'))).toEqual([forget('W1'), resume('W1', '08:45')]);
    expect(follows(...past, { ...completed('W1'), type: 'OperationStopped' } as Input)).toEqual([forget('W1')]);
    expect(follows(...past, completed('W1'), changed('Execute', '08:56'))).toEqual([]);
  });
});

describe('when the machine is back', () => {
  const past = [started('W1'), changed('Aborting')];
  test('in time, the orders are resumed at that time', () => {
    expect(follows(...past, changed('Clearing'), changed('Stopped'), changed('Resetting'), changed('Idle', '08:56'))).toEqual([
      forget('W1'),
      resume('W1', '08:56'),
    ]);
    expect(follows(...past, changed('Idle', '08:56'), changed('Execute', '08:57'))).toEqual([]);
  });
  test('too late, a supervisor has been asked and decides', () => {
    expect(follows(...past, fired('W1'))).toEqual([ask('W1')]);
    expect(follows(...past, fired('W1'), changed('Idle', '09:10'))).toEqual([]);
    expect(follows(...past, fired('W1'), fired('W1'))).toEqual([]);
  });
  test('too late, and the timer has not fired: a supervisor is asked', () => {
    expect(follows(...past, changed('Idle', '09:10'))).toEqual([forget('W1'), ask('W1')]);
  });
  test('in time, but told after the question: the orders are resumed', () => {
    expect(follows(...past, fired('W1'), changed('Idle', '08:56'))).toEqual([resume('W1', '08:56')]);
  });
  test('an order whose operation ends while a supervisor is asked goes on, also after the return', () => {
    expect(follows(...past, fired('W1'), changed('Idle', '09:10'), completed('W1'))).toEqual([resume('W1', '08:45')]);
  });
  test('a question that is open stays open when the machine aborts again and is back soon', () => {
    const late = [...past, fired('W1'), changed('Idle', '09:10')];
    const again = [changed('Aborting', '09:20'), changed('Idle', '09:25')];
    expect(follows(...late, ...again)).toEqual([forget('W1'), ask('W1', '09:25')]);
    expect(follows(...late, lifted('W1', day('09:15')), ...again)).toEqual([forget('W1'), resume('W1', '09:25')]);
  });
  test('a timer that fires after the return is stale', () => {
    expect(follows(...past, changed('Idle', '08:56'), fired('W1'))).toEqual([]);
  });
  test('an abort right after it holds them again, though the end of the first hold comes later in the log', () => {
    const again = [...past, changed('Idle', '08:56'), changed('Aborting', '08:58')];
    expect(follows(...again)).toEqual([hold('W1', '08:58'), remind('W1', '09:28')]);
    expect(follows(...again, lifted('W1', day('08:56')))).toEqual([]);
    expect(follows(...again, lifted('W1', day('08:56')), changed('Idle', '09:00'))).toEqual([forget('W1'), resume('W1', '09:00')]);
  });
  test('a resumption that is refused leaves nothing behind', () => {
    const refusal = refused('ResumeWorkOrder', 'W1');
    expect(follows(...past, changed('Idle', '08:56'), refusal, changed('Aborting', '08:58'))).toEqual([
      hold('W1', '08:58'),
      remind('W1', '09:28'),
    ]);
  });
});

describe('when an abort is told after later states', () => {
  const late = (readyAgain: string | null, time = '08:30', state: PackmlState = 'Execute'): Input => {
    const { data } = observed('Aborted', false);
    const within = { startedAt: at, until: day('08:40'), state, readyAgain: readyAgain && day(readyAgain) };
    return { type: 'EquipmentStateObserved', data: { ...data, at: day(time), late: true, within } };
  };
  test('and the machine works again, the orders were held meanwhile, however long', () => {
    expect(follows(started('W1'), late('08:56'))).toEqual([hold('W1'), resume('W1', '08:56')]);
    expect(follows(started('W1'), late('09:56'))).toEqual([hold('W1'), resume('W1', '09:56')]);
    expect(follows(started('W1'), late('08:56'), late('08:20', '08:10'))).toEqual([hold('W1', '08:10'), resume('W1', '08:20')]);
    expect(follows(started('W1'), late('08:56'), changed('Aborting', '09:20'))).toEqual([hold('W1', '09:20'), remind('W1', '09:50')]);
  });
  test('only from when they run, and not if they began later', () => {
    const from = (startedAt: string): Input => ({ ...started('W1'), data: { ...started('W1').data, startedAt: day(startedAt) } }) as Input;
    expect(follows(from('08:35'), late('08:56'))).toEqual([hold('W1', '08:35'), resume('W1', '08:56')]);
    expect(follows(from('08:56'), late('08:56'))).toEqual([]);
  });
  test('and the machine is not back, they are held from then on', () => {
    expect(follows(started('W1'), late(null))).toEqual([hold('W1'), remind('W1')]);
    expect(follows(started('W1'), late(null), changed('Idle', '08:56'))).toEqual([forget('W1'), resume('W1', '08:56')]);
  });
  test('what they are held for stays', () => {
    expect(follows(started('W1'), changed('Aborting', '08:50'), late('08:45'))).toEqual([]);
    expect(follows(started('W1'), late('08:56', '08:30', 'Aborting'))).toEqual([]);
    const asked = [started('W1'), changed('Aborting'), fired('W1'), changed('Idle', '09:10')];
    expect(follows(...asked, late('08:20', '08:10'))).toEqual([]);
  });
});

describe('inputs of the process', () => {
  const correlate = (event: object, facility = 'haifa') => process.correlate({ ...event, metadata: { facility } } as Recorded<never>);
  test('intermediate states have no effect', () => {
    expect(correlate(changed('Clearing'))).toBeUndefined();
    expect(correlate(observed('Aborted', false))).toBeUndefined();
    expect(correlate(observed(null))).toBeUndefined();
    expect(correlate(changed('Aborted'))).toBe(equipmentId);
    expect(correlate(started('W1') as WorkOrderEvent)).toBe(equipmentId);
  });
  test('an order of another plant on the machine has no effect', () => {
    expect(correlate(started('W1') as WorkOrderEvent, 'berlin')).toBeUndefined();
  });
});

test('shows its status to operators', () => {
  const stands = (...inputs: Input[]) => process.status!(inputs.reduce(process.evolve, process.initial));
  const down = [started('W1'), changed('Aborting')];
  expect([stands(started('W1')), stands(changed('Aborting')), stands(...down), stands(...down, fired('W1'))]).toEqual([
    'the machine is up',
    'the machine is down',
    'work orders wait for the machine',
    'a supervisor decides',
  ]);
  expect(process.isOver!([...down, completed('W1'), changed('Idle', '08:56')].reduce(process.evolve, process.initial))).toBe(true);
  expect(process.isOver!(down.reduce(process.evolve, process.initial))).toBe(false);
});
