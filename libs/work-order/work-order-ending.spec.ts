import { digestOf } from '#platform/commands/digest';
import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';
import { workOrderId, at, operationIds, report, reported, held, ended, running, underWay, told } from './work-order-pasts';

describe('an interrupted order', () => {
  const stood = given(workOrder, ...running, held);
  const lifted = (equipmentId: string): WorkOrderEvent => ({
    type: 'EquipmentHoldLifted',
    data: { workOrderId, equipmentId, liftedAt: at },
  });
  const resumed: WorkOrderEvent = { type: 'WorkOrderResumed', data: { workOrderId, from: 'Held', ...underWay, resumedAt: at } };
  const placed: WorkOrderEvent = {
    type: 'EquipmentHoldPlaced',
    data: { workOrderId, equipmentId: 'haifa.M5', reason: 'jam', placedAt: at },
  };
  it('is resumed', () => {
    stood.when('ResumeWorkOrder', { workOrderId, heldFor: 'haifa.M4' }).then(lifted('haifa.M4'), resumed);
    stood.when('ResumeWorkOrder', { workOrderId }).then(lifted('haifa.M4'), resumed);
  });
  it('resumes when the last of its machines is back', () => {
    stood.when('HoldWorkOrder', { workOrderId, cause: 'Equipment', equipmentId: 'haifa.M4', reason: 'again' }).changesNothing();
    stood.when('HoldWorkOrder', { workOrderId, cause: 'Equipment', equipmentId: 'haifa.M5', reason: 'jam' }).then(placed);
    const both = given(workOrder, ...running, held, placed);
    both.when('ResumeWorkOrder', { workOrderId, heldFor: 'haifa.M4' }).then(lifted('haifa.M4'));
    given(workOrder, ...running, held, placed, lifted('haifa.M4'))
      .when('ResumeWorkOrder', { workOrderId, heldFor: 'haifa.M5' })
      .then(lifted('haifa.M5'), resumed);
  });
  it('stays held for quality when its machine is back', () => {
    const quality: WorkOrderEvent = {
      type: 'WorkOrderHeld',
      data: { workOrderId, cause: 'Quality', reason: 'cracks', ...underWay, heldAt: at },
    };
    stood.when('HoldWorkOrder', { workOrderId, cause: 'Quality', reason: 'cracks' }).then(quality);
    given(workOrder, ...running, held, quality)
      .when('ResumeWorkOrder', { workOrderId, heldFor: 'haifa.M4' })
      .then(lifted('haifa.M4'));
  });
  it('is not resumed for a machine that it is not held for', () =>
    stood.when('ResumeWorkOrder', { workOrderId, heldFor: 'haifa.M9' }).rejects('held-for-another-cause'));
  it('changes between held and suspended', () =>
    stood
      .when('PauseWorkOrder', { workOrderId, cause: 'Material', reason: 'blocked' })
      .then({ type: 'WorkOrderSuspended', data: { workOrderId, cause: 'Material', reason: 'blocked', ...underWay, suspendedAt: at } }));
  it('withdraws the question about a machine that it is no longer held for', () => {
    const placed: WorkOrderEvent = {
      type: 'EquipmentHoldPlaced',
      data: { workOrderId, equipmentId: 'haifa.M5', reason: 'aborted', placedAt: at },
    };
    const about = (equipmentId: string): WorkOrderEvent => ({
      type: 'SupervisorDecisionRequested',
      data: { workOrderId, equipmentId, question: 'Go on?', requestedAt: at },
    });
    const two = [...running, held, placed, about('haifa.M4')];
    const withdrawn: WorkOrderEvent = {
      type: 'EquipmentHoldLifted',
      data: { workOrderId, equipmentId: 'haifa.M4', questionWithdrawn: true, liftedAt: at },
    };
    const back = { workOrderId, heldFor: 'haifa.M4' };
    given(workOrder, ...two)
      .when('ResumeWorkOrder', back)
      .then(withdrawn);
    given(workOrder, ...two, withdrawn)
      .when('DecideResumption', { workOrderId, decision: 'Resume', reason: 'fixed' })
      .rejects('no-decision-requested');
    given(workOrder, ...two)
      .when('RequestSupervisorDecision', { workOrderId, equipmentId: 'haifa.M5', question: 'Go on?' })
      .then(about('haifa.M5'));
    given(workOrder, ...two, about('haifa.M5'))
      .when('ResumeWorkOrder', back)
      .then(lifted('haifa.M4'));
  });
  it('asks a supervisor once and follows the decision', () => {
    const question: WorkOrderEvent = {
      type: 'SupervisorDecisionRequested',
      data: { workOrderId, equipmentId: 'haifa.M4', question: 'Go on?', requestedAt: at },
    };
    stood.when('DecideResumption', { workOrderId, decision: 'Resume', reason: 'fixed' }).rejects('no-decision-requested');
    stood.when('RequestSupervisorDecision', { workOrderId, equipmentId: 'haifa.M4', question: 'Go on?' }).then(question);
    const asked = given(workOrder, ...running, held, question);
    stood.when('RequestSupervisorDecision', { workOrderId, equipmentId: 'haifa.M9', question: 'Go on?' }).rejects('held-for-another-cause');
    asked.when('RequestSupervisorDecision', { workOrderId, question: 'Go on?' }).changesNothing();
    asked
      .when('DecideResumption', { workOrderId, decision: 'Abort', reason: 'scrap it' })
      .then(
        { type: 'SupervisorDecisionMade', data: { workOrderId, decision: 'Abort', reason: 'scrap it' } },
        { type: 'OperationStopped', data: { workOrderId, operationId: '10', equipmentId: 'haifa.M4' } },
        {
          type: 'WorkOrderAborted',
          data: {
            workOrderId,
            totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' },
            reason: 'scrap it',
            operationIds,
            abortedAt: at,
          },
        },
      );
  });
});

describe('an order that is over', () => {
  const over = given(workOrder, ...running, reported(), ended);
  const correct = { workOrderId, reportId: 'r1', replacementReportId: 'r1a', good: '40', reason: 'miscounted' };
  const correction: WorkOrderEvent[] = [
    {
      type: 'ProductionReportReversed',
      data: { workOrderId, ...told(), nextOperationId: '20', output: false, late: true, replacedBy: 'r1a', reason: 'miscounted' },
    },
    {
      type: 'ProductionReportCorrected',
      data: {
        workOrderId,
        ...told({ reportId: 'r1a', good: '40' }),
        nextOperationId: '20',
        output: false,
        late: true,
        replaces: 'r1',
        reason: 'miscounted',
      },
    },
  ];
  it('refuses reports, starts and holds', () => {
    over.when('ReportProduction', { ...report, reportId: 'r2', good: '1' }).rejects('work-order-over');
    over.when('StartOperation', { workOrderId, operationId: '20', equipmentId: 'haifa.P1' }).rejects('work-order-over');
    over.when('HoldWorkOrder', { workOrderId, cause: 'Other', reason: 'x' }).rejects('work-order-over');
  });
  it('accepts an observed report and flags the rule that it breaks', () =>
    over
      .when('ObserveProduction', { ...report, kind: 'Setup', reportId: 'o1', good: '0', from: report.to })
      .then(
        {
          type: 'ProductionObserved',
          data: {
            workOrderId,
            ...told({ kind: 'Setup', reportId: 'o1', good: '0', from: report.to }),
            nextOperationId: '20',
            output: false,
            late: true,
          },
        },
        { type: 'ReportOnClosedOrderDetected', data: { workOrderId, reportId: 'o1', status: 'Ended' } },
      ));
  it('accepts a correction as a reversal and the right quantities (I14, I17)', () =>
    over.when('CorrectReport', correct).then(...correction));
  it('accepts a correction once, of a valid report only', () => {
    const corrected = given(workOrder, ...running, reported(), ended, ...correction);
    corrected.when('CorrectReport', correct).changesNothing();
    corrected.when('CorrectReport', { ...correct, replacementReportId: 'r1b' }).rejects('report-corrected');
    over.when('CorrectReport', { ...correct, reportId: 'r9' }).rejects('report-unknown');
    over.when('CorrectReport', { ...correct, replacementReportId: 'r1' }).rejects('report-id-taken');
    over.when('CorrectReport', { ...correct, reason: '' }).rejects('reason-missing');
  });
  it('is not corrected beyond the tolerance', () => over.when('CorrectReport', { ...correct, good: '106' }).rejects('over-tolerance'));
  it('is corrected to scrap beyond the order, which is flagged', () => {
    const [reversed, corrected] = correction;
    const scrap = [{ quantity: '9900', reasonCode: 'burr' }];
    over
      .when('CorrectReport', { ...correct, scrap })
      .then(reversed!, { ...corrected!, data: { ...corrected!.data, scrap } } as WorkOrderEvent, {
        type: 'ScrapBeyondOrderDetected',
        data: { workOrderId, reportId: 'r1a', operationId: '10', good: '40', scrap: '9900', limit: '105', unit: 'pcs' },
      });
  });
  it('is corrected towards the tolerance even if still beyond it', () => {
    const excessive: WorkOrderEvent = {
      type: 'ProductionObserved',
      data: { workOrderId, ...told({ reportId: 'r2', good: '200', from: report.to, to: report.to }), nextOperationId: '20', output: false },
    };
    const events = workOrder.decide.CorrectReport(
      { ...correct, reportId: 'r2', good: '150' } as never,
      [...running, reported(), excessive].reduce(workOrder.evolve, workOrder.initial),
      { now: at, occurredAt: at, actor: 'ann', role: 'supervisor', commandId: '1', digestOf },
    );
    expect(events.map(({ type }) => type)).toEqual(['ProductionReportReversed', 'ProductionReportCorrected', 'OverproductionDetected']);
  });
  it('is closed once, and stays over', () => {
    const closed: WorkOrderEvent = {
      type: 'WorkOrderClosed',
      data: { workOrderId, totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' }, closedAt: at },
    };
    over.when('CloseWorkOrder', { workOrderId }).then(closed);
    given(workOrder, ...running, reported(), ended, closed)
      .when('CloseWorkOrder', { workOrderId })
      .changesNothing();
    given(workOrder, ...running, reported(), ended, closed)
      .when('CorrectReport', correct)
      .then(...correction);
  });
});

it('tells how and when it ended', () => {
  const told = (...past: WorkOrderEvent[]) => workOrder.tells!(past.reduce(workOrder.evolve, workOrder.initial));
  expect(told(...running)).not.toHaveProperty('ended');
  expect(told(...running, ended)).toMatchObject({ over: true, ended: { how: 'Ended', at } });
});
