import { folded } from '#platform/testing/folded';
import { processInstance } from './process-instance.view';
import type { InstanceEvent } from './record';

const stream = 'when-kiln-lit-check-it-haifa.K-1';
const step = (type: string, more: object = {}): InstanceEvent => ({
  type: 'StepTaken',
  data: {
    inputId: type,
    input: { type, data: type === 'TimerFired' ? { timer: 'second-look' } : {} },
    at: '2026-01-05T08:00:00.000Z',
    sends: [],
    timers: [],
    version: 1,
    ...more,
  },
});
const lit = step('KilnLit', {
  sends: [{ commandId: 'c1', type: 'CheckKiln', data: {} }],
  timers: [{ timer: 'second-look', dueAt: '2026-01-05T09:00:00.000Z' }],
  status: 'lit',
});
const refused: InstanceEvent = {
  type: 'OutcomeRecorded',
  data: { commandId: 'c1', type: 'CheckKiln', outcome: { refused: { target: 'haifa.K-1', code: 'kiln-sealed', message: 'No.' } } },
};
const parked: InstanceEvent = {
  type: 'InstanceParked',
  data: { reason: 'poison', on: { inputId: 'x', type: 'KilnLit' }, error: 'sick', attempts: [] },
};
const row = (...events: InstanceEvent[]) => folded(processInstance, [stream, events])[stream]!;

test('an instance is Acting until its action has an outcome, then Waiting for its timer', () => {
  expect(row(lit)).toMatchObject({
    process: 'when-kiln-lit-check-it',
    instanceId: 'haifa.K-1',
    facilityId: 'haifa',
    state: 'Acting',
    waitingFor: 'CheckKiln',
    status: 'lit',
    steps: 1,
    lastInput: 'KilnLit',
  });
  expect(row(lit, refused)).toMatchObject({
    state: 'Waiting',
    waitingFor: 'second-look',
    dueAt: '2026-01-05T09:00:00.000Z',
    lastError: 'kiln-sealed: No.',
    since: '2026-01-05T08:01:00.000Z',
  });
  expect(row(lit, refused, step('TimerFired', { over: true }))).toMatchObject({ state: 'Over', waitingFor: null, dueAt: null, steps: 2 });
});
test('of two that are equal, the first by name is shown, in whatever order they came', () => {
  const dueAt = '2026-01-05T09:00:00.000Z';
  const of = (...names: string[]) =>
    row(
      step('KilnLit', {
        sends: names.map((name) => ({ commandId: `c-${name}`, type: `Check${name}`, data: {} })),
        timers: names.map((timer) => ({ timer, dueAt })),
      }),
    );
  expect([of('B', 'A').waitingFor, of('A', 'B').waitingFor]).toEqual(['CheckA', 'CheckA']);
  const timers = (...names: string[]) => row(step('KilnLit', { timers: names.map((timer) => ({ timer, dueAt })) })).waitingFor;
  expect([timers('W16', 'W15'), timers('W15', 'W16')]).toEqual(['W15', 'W15']);
});

test('a parked instance shows why, until an operator decides', () => {
  expect(row(lit, parked)).toMatchObject({ state: 'Parked', lastError: 'sick' });
  expect(row(lit, refused, parked, { type: 'InstanceRetried', data: { reason: 'x' } })).toMatchObject({ state: 'Waiting' });
  expect(
    row(lit, parked, { type: 'OutcomeForced', data: { commandId: 'c1', type: 'CheckKiln', outcome: { skipped: true }, reason: 'x' } }),
  ).toMatchObject({ state: 'Waiting' });
  expect(row(lit, refused, { type: 'InstancePaused', data: { reason: 'x' } })).toMatchObject({ state: 'Paused' });
});
test('steps of the first engine, which recorded no outcomes, do not wait for actions', () => {
  expect(row(step('KilnLit', { version: undefined, sends: [{ commandId: 'c1', type: 'CheckKiln', data: {} }] }))).toMatchObject({
    state: 'Waiting',
    waitingFor: null,
  });
});
