import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';
import { allowed, begun, held, operationIds, released, reported, running, startedOn, workOrderId } from './work-order-pasts';

const instant = (time: string) => `2026-01-05T${time}:00.000Z`;
const now = instant('12:00');
const told = (time: string, role = 'supervisor') => ({ now, occurredAt: instant(time), role });
/** Released at 06:00, started at 08:00. */
const done: WorkOrderEvent[] = ['10', '20'].flatMap((operationId): WorkOrderEvent[] => [
  reported({ reportId: operationId, operationId, good: '100' }),
  {
    type: 'OperationCompleted',
    data: { workOrderId, operationId, equipmentId: 'haifa.M4', good: '100', scrap: '0', completedAt: instant('10:00') },
  },
]);
const resumed: WorkOrderEvent = {
  type: 'WorkOrderResumed',
  data: { workOrderId, from: 'Held', running: [], operationIds, resumedAt: instant('09:00') },
};
const asked: WorkOrderEvent = { type: 'SupervisorDecisionRequested', data: { workOrderId, question: '?', requestedAt: instant('09:00') } };
const over: WorkOrderEvent = {
  type: 'WorkOrderEnded',
  data: {
    workOrderId,
    ending: 'Stopped',
    totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' },
    operationIds,
    endedAt: instant('09:00'),
  },
};
const reason = 'x';

/** What follows which state, the time at which that began, and the field with the time of what follows. */
const steps: readonly (readonly [
  name: keyof typeof workOrder.decide,
  command: object,
  past: readonly WorkOrderEvent[],
  since: string,
  field: string,
])[] = [
  ['StartOperation', { operationId: '20', equipmentId: 'haifa.P1' }, [...running, held, resumed], '08:00', 'startedAt'],
  ['CompleteOperation', { operationId: '10' }, [...running, held, resumed], '08:00', 'completedAt'],
  ['CompleteWorkOrder', {}, [...running, ...done], '10:00', 'endedAt'],
  ['StopWorkOrder', { reason }, running, '08:00', 'endedAt'],
  ['StopWorkOrder', { reason }, [...running, held, resumed], '09:00', 'endedAt'],
  ['AbortWorkOrder', { reason }, running, '08:00', 'abortedAt'],
  ['CloseWorkOrder', {}, [...running, over], '09:00', 'closedAt'],
  ['HoldWorkOrder', { cause: 'Quality', reason }, [...running, held, resumed], '09:00', 'heldAt'],
  ['HoldWorkOrder', { cause: 'Equipment', equipmentId: 'haifa.M5', reason }, [...running, held], '08:00', 'placedAt'],
  ['PauseWorkOrder', { cause: 'Material', reason }, [...running, held], '08:00', 'suspendedAt'],
  ['ResumeWorkOrder', {}, [...running, held], '08:00', 'resumedAt'],
  ['ResumeWorkOrder', { heldFor: 'haifa.M4' }, [...running, held], '08:00', 'liftedAt'],
  ['RequestSupervisorDecision', { question: '?' }, [...running, held], '08:00', 'requestedAt'],
  ['DecideResumption', { decision: 'Resume', reason }, [...running, held, asked], '08:00', 'resumedAt'],
  ['DecideResumption', { decision: 'Stop', reason }, [...running, held, asked], '08:00', 'endedAt'],
];
const earlier = (time: string, minutes: number) => new Date(Date.parse(instant(time)) - minutes * 60_000).toISOString().slice(11, 16);

describe.each(steps)('%s %j', (name, command, past, since, field) => {
  const at = (context: object) =>
    (
      workOrder.decide[name]({ workOrderId, ...command } as never, past.reduce(workOrder.evolve, workOrder.initial), {
        actor: 'ann',
        commandId: 'c',
        digestOf: () => '',
        ...(context as ReturnType<typeof told>),
      }) as WorkOrderEvent[]
    )
      .map(({ data }) => (data as Record<string, unknown>)[field])
      .find((value) => value !== undefined);

  test('is not before the state that it follows', () => {
    expect(at(told(since))).toBe(instant(since));
    expect(at(told('11:00'))).toBe(instant('11:00'));
    given(workOrder, ...past)
      .when(name, { workOrderId, ...command } as never, told(earlier(since, 6)))
      .rejects('earlier-than-known-state');
  });
  test('has the time of that state where a clock is a little behind, or a process tells it late', () => {
    expect(at(told(earlier(since, 5)))).toBe(instant(since));
    expect(at({ ...told(earlier(since, 60)), role: 'process' })).toBe(instant(since));
    expect(at({ ...told(earlier(since, 60)), now: instant(earlier(since, 60)) })).toBe(instant(since));
  });
});

test('what comes before the start is not compared: an order may be released after work on it began', () => {
  given(workOrder, released, allowed)
    .when('StartWorkOrder', { workOrderId }, told('05:00'))
    .then(expect.objectContaining({ data: expect.objectContaining({ startedAt: instant('05:00') }) }), expect.anything());
});

test('an operation may be completed before another was started, though it is told later', () => {
  given(workOrder, ...running, startedOn('20', 'haifa.P1'))
    .when('CompleteOperation', { workOrderId, operationId: '10' }, told('08:30'))
    .then(expect.objectContaining({ type: 'OperationCompleted' }));
});

describe('an order that is attached', () => {
  const attached = (...past: WorkOrderEvent[]) =>
    workOrder.decide.AttachWorkOrder(
      { workOrderId, productionOrderId: 'haifa.P1' } as never,
      past.reduce(workOrder.evolve, workOrder.initial),
      { ...told('12:00'), actor: 'p', commandId: 'c', digestOf: () => '' },
    )[0]!.data;
  test('tells when it started and ended', () => {
    expect(attached(...running, over)).toMatchObject({ startedAt: begun.data['startedAt' as never], endedAt: instant('09:00') });
    expect(attached(...running)).toMatchObject({ startedAt: begun.data['startedAt' as never] });
    expect(attached(...running)).not.toHaveProperty('endedAt');
    expect(attached(released)).not.toHaveProperty('startedAt');
  });
});
