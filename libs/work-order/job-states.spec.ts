import { digestOf } from '#platform/commands/digest';
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { workOrder } from './work-order';
import { JobState } from './job-states.events';
import type { WorkOrderEvent } from './work-order.events';

const workOrderId = 'haifa.WO1';
const now = '2026-01-05T08:00:00.000Z';
const context: Context = { now, occurredAt: now, actor: 'ann', role: 'supervisor', commandId: '1', digestOf };
type Name = keyof typeof workOrder.decide;
type Step = readonly [Name, object?];

const reason = 'x';
const release: Step = [
  'ReleaseWorkOrder',
  {
    product: 'flange',
    quantity: { amount: '1', unit: 'pcs' },
    operations: [{ operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M4' }],
  },
];
const run: Step[] = [release, ['AllowStart'], ['StartWorkOrder']];
/** Events that lead to each state. */
const ways: Readonly<Record<JobState, readonly Step[]>> = {
  Observed: [
    ['ObserveProduction', { reportId: 'o1', kind: 'Setup', operationId: '10', equipmentId: 'haifa.M4', good: '0', from: now, to: now }],
  ],
  NotAllowedToStart: [release],
  AllowedToStart: [release, ['AllowStart']],
  Running: run,
  Interrupted: [...run, ['PauseWorkOrder', { cause: 'Material', reason }]],
  Ended: [...run, ['StopWorkOrder', { reason }]],
  Aborted: [release, ['AbortWorkOrder', { reason }]],
  Cancelled: [release, ['CancelWorkOrder', { reason }]],
};

/** The state after each command by OPC 10031-4 v2; states that are not listed refuse the command. */
const table: Readonly<Record<string, readonly [Step, Partial<Record<JobState, JobState>>]>> = {
  Start: [['AllowStart'], { NotAllowedToStart: 'AllowedToStart', AllowedToStart: 'AllowedToStart' }],
  RevokeStart: [['RevokeStart'], { AllowedToStart: 'NotAllowedToStart', NotAllowedToStart: 'NotAllowedToStart' }],
  Update: [
    ['UpdateWorkOrder', { plannedEnd: '2026-02-01T00:00:00Z' }],
    { NotAllowedToStart: 'NotAllowedToStart', AllowedToStart: 'AllowedToStart' },
  ],
  'start of work': [['StartWorkOrder'], { AllowedToStart: 'Running', Running: 'Running' }],
  Pause: [['PauseWorkOrder', { cause: 'Material', reason }], { Running: 'Interrupted', Interrupted: 'Interrupted' }],
  'a hold': [['HoldWorkOrder', { cause: 'Quality', reason }], { Running: 'Interrupted', Interrupted: 'Interrupted' }],
  Resume: [['ResumeWorkOrder'], { Interrupted: 'Running', Running: 'Running' }],
  Stop: [['StopWorkOrder', { reason }], { Running: 'Ended', Interrupted: 'Ended', Ended: 'Ended' }],
  Abort: [
    ['AbortWorkOrder', { reason }],
    { NotAllowedToStart: 'Aborted', AllowedToStart: 'Aborted', Running: 'Aborted', Interrupted: 'Aborted', Aborted: 'Aborted' },
  ],
  Cancel: [['CancelWorkOrder', { reason }], { NotAllowedToStart: 'Cancelled', AllowedToStart: 'Cancelled', Cancelled: 'Cancelled' }],
  'the close of books': [['CloseWorkOrder'], { Ended: 'Ended', Aborted: 'Aborted' }],
};

const take = (events: readonly WorkOrderEvent[], [type, command = {}]: Step): readonly WorkOrderEvent[] =>
  workOrder.decide[type]({ workOrderId, ...command } as never, events.reduce(workOrder.evolve, workOrder.initial), context);
const past = (steps: readonly Step[]) => steps.reduce<readonly WorkOrderEvent[]>((events, step) => [...events, ...take(events, step)], []);
const statusOf = (events: readonly WorkOrderEvent[]) => events.reduce(workOrder.evolve, workOrder.initial).status;

test.each(Object.values(JobState))('an order comes into the state %s', (state) => expect(statusOf(past(ways[state]))).toBe(state));

describe.each(Object.entries(table))('%s', (_, [step, leads]) => {
  test.each(Object.values(JobState))('from %s', (state) => {
    const events = past(ways[state]);
    const to = leads[state];
    if (to) expect(statusOf([...events, ...take(events, step)])).toBe(to);
    else expect(() => take(events, step)).toThrow(Rejected);
  });
});
