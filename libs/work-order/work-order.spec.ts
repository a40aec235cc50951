import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { PlannedOperation, Terms, Told, WorkOrderEvent, WorkOrderReleased } from './work-order.events';

const workOrderId = 'haifa.WO1';
const at = '2026-01-05T08:00:00.000Z';
const turning: PlannedOperation = { operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M4', overlapAllowed: false };
const packing: PlannedOperation = { operationId: '20', name: 'Packing', sequence: 20, overlapAllowed: false };
const terms: Terms = {
  product: 'flange',
  quantity: '100',
  unit: 'pcs',
  overPercent: '5',
  underPercent: '2',
  operations: [turning, packing],
  resumeWithinMinutes: 30,
};
const { resumeWithinMinutes: _, ...wanted } = { ...terms, quantity: { amount: '100', unit: 'pcs' as const } };
const release = { workOrderId, ...wanted, operations: [...terms.operations] };
const operationIds = ['10', '20'];

const released: WorkOrderReleased = { type: 'WorkOrderReleased', data: { workOrderId, ...terms, releasedAt: '2026-01-05T06:00:00.000Z' } };
const allowed: WorkOrderEvent = { type: 'WorkOrderStartAllowed', data: { workOrderId, readiness: 'Ready', blockers: [], operationIds } };
const begun: WorkOrderEvent = {
  type: 'WorkOrderStarted',
  data: { workOrderId, operationId: '10', equipmentId: 'haifa.M4', operationIds, startedAt: at },
};
const startedOn = (operationId: string, equipmentId: string): WorkOrderEvent => ({
  type: 'OperationStarted',
  data: { workOrderId, operationId, equipmentId, resumeWithinMinutes: 30, startedAt: at },
});
const running = [released, allowed, begun, startedOn('10', 'haifa.M4')];
const underWay = { running: [{ operationId: '10', equipmentId: 'haifa.M4' }], operationIds };

const report = {
  workOrderId,
  reportId: 'r1',
  operationId: '10',
  equipmentId: 'haifa.M4',
  good: '50',
  from: '2026-01-05T06:10:00Z',
  to: '2026-01-05T07:00:00Z',
};
const told = (over: Partial<Told> = {}): Told => {
  const { workOrderId: __, ...rest } = report;
  return { ...rest, kind: 'Production', scrap: [], rework: '0', unit: 'pcs', ...over };
};
const reported = (over: Partial<Told> = {}): WorkOrderEvent => {
  const last = over.operationId === '20';
  return { type: 'ProductionReported', data: { workOrderId, ...told(over), ...(last ? {} : { nextOperationId: '20' }), output: last } };
};
const held: WorkOrderEvent = {
  type: 'WorkOrderHeld',
  data: { workOrderId, cause: 'Equipment', equipmentId: 'haifa.M4', reason: 'spindle', ...underWay, heldAt: at },
};
const ended: WorkOrderEvent = {
  type: 'WorkOrderEnded',
  data: { workOrderId, ending: 'Stopped', totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' }, operationIds, endedAt: at },
};

describe('an unknown work order', () => {
  it('is released with its operations', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', release)
      .then({ ...released, data: { ...released.data, releasedAt: at } }));
  it('may be allowed to start at once', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, allowStart: true })
      .then({ ...released, data: { ...released.data, releasedAt: at } }, allowed));
  it('waits for a machine where none is planned', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, operations: [packing], allowStart: true })
      .then(
        { ...released, data: { ...released.data, operations: [packing], releasedAt: at } },
        {
          type: 'WorkOrderStartAllowed',
          data: { workOrderId, readiness: 'Waiting', blockers: ['no machine dispatched'], operationIds: ['20'] },
        },
      ));
  it.each(['0', '-5', '1.1234567', 'NaN', '1e400', ''])('is refused for a quantity of %p', (amount) =>
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, quantity: { amount, unit: 'pcs' } })
      .rejects('quantity-not-positive'),
  );
  it('is refused for half a piece', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, quantity: { amount: '10.5', unit: 'pcs' } })
      .rejects('fraction-of-a-piece'));
  it('is refused without operations, or with two of one id', () => {
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, operations: [] })
      .rejects('operations-missing');
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, operations: [turning, { ...packing, operationId: '10' }] })
      .rejects('operations-ambiguous');
  });
  it('is refused when its planned end lies before its start', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, plannedStart: '2026-01-06T08:00:00Z', plannedEnd: '2026-01-06T09:00:00+02:00' })
      .rejects('end-before-start'));
  it('is refused for a machine or a production order of another facility', () => {
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, operations: [{ ...turning, equipmentId: 'lyon.M4' }] })
      .rejects('wrong-facility');
    given(workOrder)
      .when('ReleaseWorkOrder', { ...release, productionOrderId: 'lyon.P1' })
      .rejects('wrong-facility');
  });
  it('takes no command', () => {
    given(workOrder).when('AllowStart', { workOrderId }).rejects('work-order-unknown');
    given(workOrder).when('ReportProduction', report).rejects('work-order-unknown');
    given(workOrder)
      .when('CorrectReport', { workOrderId, reportId: 'r1', replacementReportId: 'r2', good: '1', reason: 'x' })
      .rejects('work-order-unknown');
  });
  it('is recorded as observed when the floor reports on it', () =>
    given(workOrder)
      .when('ObserveProduction', { ...report, kind: 'Production', product: 'flange', ordered: { amount: '10', unit: 'pcs' } })
      .then(
        { type: 'WorkOrderObserved', data: { workOrderId, product: 'flange', quantity: '10', unit: 'pcs', observedAt: at } },
        { type: 'ProductionObserved', data: { workOrderId, ...told(), output: false } },
        {
          type: 'OverproductionDetected',
          data: { workOrderId, reportId: 'r1', operationId: '10', good: '50', limit: '10', excess: '40', unit: 'pcs' },
        },
      ));
});

describe('an order that may not start yet', () => {
  it('is the same when released again, and another under the same id is refused', () => {
    given(workOrder, released).when('ReleaseWorkOrder', release).changesNothing();
    given(workOrder, released)
      .when('ReleaseWorkOrder', { ...release, product: 'other' })
      .rejects('work-order-exists');
  });
  it('is allowed to start', () => given(workOrder, released).when('AllowStart', { workOrderId }).then(allowed));
  it('does not start', () => given(workOrder, released).when('StartWorkOrder', { workOrderId }).rejects('work-order-state'));
  it('takes no report', () => given(workOrder, released).when('ReportProduction', report).rejects('work-order-state'));
  it('is amended, with what was before', () => {
    const to = { ...terms, quantity: '120' };
    given(workOrder, released)
      .when('UpdateWorkOrder', { workOrderId, quantity: { amount: '120', unit: 'pcs' } })
      .then({ type: 'WorkOrderAmended', data: { workOrderId, from: terms, to, amendedAt: at } });
    given(workOrder, released).when('UpdateWorkOrder', { workOrderId, overPercent: '5' }).changesNothing();
    given(workOrder, released)
      .when('UpdateWorkOrder', { workOrderId, quantity: { amount: '1', unit: 'kg' } })
      .rejects('unit-incompatible');
  });
  it('is cancelled', () =>
    given(workOrder, released)
      .when('CancelWorkOrder', { workOrderId, reason: 'customer' })
      .then({ type: 'WorkOrderCancelled', data: { workOrderId, reason: 'customer', operationIds, cancelledAt: at } }));
});

describe('an order without a production order', () => {
  const attached: WorkOrderEvent = {
    type: 'WorkOrderAttached',
    data: {
      workOrderId,
      productionOrderId: 'haifa.P1',
      status: 'Running',
      quantity: '100',
      totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' },
    },
  };
  it('is attached to one of its facility, once, with what it has made', () => {
    const attach = { workOrderId, productionOrderId: 'haifa.P1' };
    given(workOrder, ...running)
      .when('AttachWorkOrder', attach)
      .then(attached);
    given(workOrder, ...running, attached)
      .when('AttachWorkOrder', attach)
      .changesNothing();
    given(workOrder, ...running, attached)
      .when('AttachWorkOrder', { ...attach, productionOrderId: 'haifa.P2' })
      .rejects('work-order-attached');
    given(workOrder, ...running)
      .when('AttachWorkOrder', { ...attach, productionOrderId: 'lyon.P1' })
      .rejects('wrong-facility');
  });
  it('names it in what it does from then on, until it is detached', () => {
    const pause = { workOrderId, cause: 'Material' as const, reason: 'starved' };
    const suspended: WorkOrderEvent = {
      type: 'WorkOrderSuspended',
      data: { ...pause, ...underWay, productionOrderId: 'haifa.P1', suspendedAt: at },
    };
    const detached: WorkOrderEvent = { type: 'WorkOrderDetached', data: { workOrderId, productionOrderId: 'haifa.P1' } };
    given(workOrder, ...running, attached)
      .when('PauseWorkOrder', pause)
      .then(suspended);
    given(workOrder, ...running, attached)
      .when('DetachWorkOrder', { workOrderId, productionOrderId: 'haifa.P1' })
      .then(detached);
    given(workOrder, ...running, attached, detached)
      .when('PauseWorkOrder', pause)
      .then({ ...suspended, data: { ...pause, ...underWay, suspendedAt: at } });
    given(workOrder, ...running, attached)
      .when('DetachWorkOrder', { workOrderId, productionOrderId: 'haifa.P2' })
      .changesNothing();
  });
});

describe('an order that may start', () => {
  const may = given(workOrder, released, allowed);
  const waiting: WorkOrderEvent = {
    type: 'WorkOrderStaged',
    data: { workOrderId, from: 'Ready', to: 'Waiting', blockers: ['bar stock'], operationIds },
  };
  it('starts with its first operation on the planned machine', () =>
    may.when('StartWorkOrder', { workOrderId }).then(begun, startedOn('10', 'haifa.M4')));
  it('starts on another machine of the facility, not on one elsewhere', () => {
    may
      .when('StartOperation', { workOrderId, operationId: '10', equipmentId: 'haifa.M5' })
      .then({ ...begun, data: { ...(begun.data as object), equipmentId: 'haifa.M5' } } as WorkOrderEvent, startedOn('10', 'haifa.M5'));
    may.when('StartOperation', { workOrderId, operationId: '10', equipmentId: 'lyon.M5' }).rejects('wrong-facility');
  });
  it('does not start an operation without a machine, nor one that it does not have', () => {
    may.when('StartOperation', { workOrderId, operationId: '20' }).rejects('operation-not-dispatched');
    may.when('StartOperation', { workOrderId, operationId: '99' }).rejects('operation-unknown');
  });
  it('waits for what is missing and does not start meanwhile', () => {
    may.when('StageWorkOrder', { workOrderId, readiness: 'Waiting', blockers: ['bar stock'] }).then(waiting);
    may.when('StageWorkOrder', { workOrderId, readiness: 'Waiting' }).rejects('blockers-missing');
    given(workOrder, released, allowed, waiting).when('StartWorkOrder', { workOrderId }).rejects('work-order-not-ready');
  });
  it('cannot be loaded while it waits', () =>
    given(workOrder, released, allowed, waiting)
      .when('StageWorkOrder', { workOrderId, readiness: 'Loaded' })
      .rejects('staging-not-possible'));
  it('becomes ready when its first operation is dispatched', () => {
    const loose = { ...released, data: { ...released.data, operations: [packing] } };
    const waits: WorkOrderEvent = {
      type: 'WorkOrderStartAllowed',
      data: { workOrderId, readiness: 'Waiting', blockers: ['no machine dispatched'], operationIds: ['20'] },
    };
    given(workOrder, loose, waits)
      .when('DispatchOperation', { workOrderId, operationId: '20', equipmentId: 'haifa.P1', person: 'ann' })
      .then(
        { type: 'OperationDispatched', data: { workOrderId, operationId: '20', equipmentId: 'haifa.P1', person: 'ann' } },
        { type: 'WorkOrderStaged', data: { workOrderId, from: 'Waiting', to: 'Ready', blockers: [], operationIds: ['20'] } },
      );
  });
  it('loses the permission again', () => {
    may.when('RevokeStart', { workOrderId }).then({ type: 'WorkOrderStartRevoked', data: { workOrderId, operationIds } });
    given(workOrder, released, allowed, { type: 'WorkOrderStartRevoked', data: { workOrderId, operationIds } })
      .when('StartWorkOrder', { workOrderId })
      .rejects('work-order-state');
  });
  it('is not held, stopped or closed', () => {
    may.when('HoldWorkOrder', { workOrderId, cause: 'Quality', reason: 'x' }).rejects('work-order-state');
    may.when('StopWorkOrder', { workOrderId, reason: 'x' }).rejects('work-order-state');
    may.when('CloseWorkOrder', { workOrderId }).rejects('work-order-state');
  });
});

describe('a running order', () => {
  const run = (...more: WorkOrderEvent[]) => given(workOrder, ...running, ...more);
  it('keeps its terms, the directive version among them (I11)', () =>
    run().when('UpdateWorkOrder', { workOrderId, directiveVersion: '2' }).rejects('work-order-state'));
  it('is not cancelled and not released from its start', () => {
    run().when('CancelWorkOrder', { workOrderId, reason: 'x' }).rejects('work-order-state');
    run().when('RevokeStart', { workOrderId }).rejects('work-order-state');
  });
  it('takes good, scrap and rework in one report', () =>
    run()
      .when('ReportProduction', { ...report, scrap: [{ quantity: '2', reasonCode: 'burr' }], rework: '1' })
      .then(reported({ scrap: [{ quantity: '2', reasonCode: 'burr' }], rework: '1' })));
  it('counts a report sent twice once, and refuses another under its id', () => {
    run(reported()).when('ReportProduction', report).changesNothing();
    run(reported())
      .when('ReportProduction', { ...report, good: '51' })
      .rejects('report-id-taken');
  });
  it('adds reports up to the tolerance and not beyond (I2)', () => {
    run(reported())
      .when('ReportProduction', { ...report, reportId: 'r2', good: '55', from: report.to })
      .then(reported({ reportId: 'r2', good: '55', from: report.to }));
    run(reported())
      .when('ReportProduction', { ...report, reportId: 'r2', good: '56', from: report.to })
      .rejects('over-tolerance');
  });
  it('passes on no more than the operation upstream made (I3)', () => {
    const pack = { ...report, operationId: '20', equipmentId: 'haifa.P1', reportId: 'r2' };
    run(reported())
      .when('ReportProduction', { ...pack, good: '51' })
      .rejects('upstream-short');
    run(reported())
      .when('ReportProduction', { ...pack, good: '49', scrap: [{ quantity: '2', reasonCode: 'lost' }] })
      .rejects('upstream-short');
    run(reported())
      .when('ReportProduction', pack)
      .then(reported({ operationId: '20', equipmentId: 'haifa.P1', reportId: 'r2' }));
  });
  it('passes on before upstream reports where overlap is allowed', () => {
    const overlap = { ...released, data: { ...released.data, operations: [turning, { ...packing, overlapAllowed: true }] } };
    given(workOrder, overlap, allowed, begun)
      .when('ReportProduction', { ...report, operationId: '20' })
      .then(reported({ operationId: '20' }));
  });
  it.each([
    ['zero-quantity', { good: '0' }],
    ['quantity-malformed', { good: '-1' }],
    ['quantity-malformed', { good: '1.1234567' }],
    ['fraction-of-a-piece', { good: '1.5' }],
    ['unit-incompatible', { unit: 'kg' as const }],
    ['time-implausible', { to: '2026-01-05T06:00:00Z' }],
    ['time-implausible', { to: '2026-01-05T08:06:00Z' }],
    ['time-implausible', { from: '2026-01-04T06:00:00Z', to: '2026-01-04T07:00:00Z' }],
    ['operation-unknown', { operationId: '99' }],
    ['wrong-facility', { equipmentId: 'lyon.M4' }],
  ])('refuses with %s a report of %p', (code, over) =>
    run()
      .when('ReportProduction', { ...report, ...over })
      .rejects(code),
  );
  it('converts units exactly', () => {
    const heavy = { ...released, data: { ...released.data, unit: 'kg' as const } };
    given(workOrder, heavy, allowed, begun)
      .when('ReportProduction', { ...report, good: '2500', unit: 'g' })
      .then(reported({ good: '2.5', unit: 'kg' }));
  });
  it('flags two reports on one machine at one time', () => {
    const again = { ...report, reportId: 'r2', good: '1' };
    run(reported())
      .when('ReportProduction', again)
      .then(reported({ reportId: 'r2', good: '1' }), {
        type: 'OverlapDetected',
        data: { workOrderId, reportId: 'r2', equipmentId: 'haifa.M4', overlaps: ['r1'] },
      });
  });
  it('is held for a machine, which it names', () => {
    run().when('HoldWorkOrder', { workOrderId, cause: 'Equipment', equipmentId: 'haifa.M4', reason: 'spindle' }).then(held);
    run().when('HoldWorkOrder', { workOrderId, cause: 'Equipment', reason: 'spindle' }).rejects('equipment-missing');
  });
  it('is suspended for a cause outside', () =>
    run()
      .when('PauseWorkOrder', { workOrderId, cause: 'Material', reason: 'starved' })
      .then({ type: 'WorkOrderSuspended', data: { workOrderId, cause: 'Material', reason: 'starved', ...underWay, suspendedAt: at } }));
  it('is complete only with all operations and the quantity (I9)', () => {
    const done = (operationId: string, equipmentId: string): WorkOrderEvent => ({
      type: 'OperationCompleted',
      data: { workOrderId, operationId, equipmentId, good: '0', scrap: '0' },
    });
    const both = [startedOn('20', 'haifa.P1'), done('10', 'haifa.M4'), done('20', 'haifa.P1')];
    const made = (good: string) => [reported({ good }), reported({ reportId: 'r2', operationId: '20', equipmentId: 'haifa.P1', good })];
    run(...made('100'))
      .when('CompleteWorkOrder', { workOrderId })
      .rejects('operations-open');
    run(...made('97'), ...both)
      .when('CompleteWorkOrder', { workOrderId })
      .rejects('quantity-short');
    run(...made('98'), ...both)
      .when('CompleteWorkOrder', { workOrderId })
      .then({
        type: 'WorkOrderEnded',
        data: { workOrderId, ending: 'Completed', totals: { good: '98', scrap: '0', rework: '0', unit: 'pcs' }, operationIds, endedAt: at },
      });
  });
  it('stops short and frees its machines', () =>
    run(reported())
      .when('StopWorkOrder', { workOrderId, reason: 'changed plan' })
      .then(
        { type: 'OperationStopped', data: { workOrderId, operationId: '10', equipmentId: 'haifa.M4' } },
        {
          type: 'WorkOrderEnded',
          data: {
            workOrderId,
            ending: 'Stopped',
            totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' },
            short: '98',
            reason: 'changed plan',
            operationIds,
            endedAt: at,
          },
        },
      ));
  it('keeps a started operation on its machine', () => {
    run().when('DispatchOperation', { workOrderId, operationId: '10', equipmentId: 'haifa.M5' }).rejects('operation-started');
    run().when('StartOperation', { workOrderId, operationId: '10', equipmentId: 'haifa.M5' }).rejects('operation-started');
    run().when('StartOperation', { workOrderId, operationId: '10' }).changesNothing();
  });
});

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
  it('goes on when the last of its machines is back', () => {
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
  it('becomes held from suspended, and the other way', () =>
    stood
      .when('PauseWorkOrder', { workOrderId, cause: 'Material', reason: 'blocked' })
      .then({ type: 'WorkOrderSuspended', data: { workOrderId, cause: 'Material', reason: 'blocked', ...underWay, suspendedAt: at } }));
  it('asks no more about a machine that no longer holds it', () => {
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
  it('asks a supervisor once and does what is decided', () => {
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
  it('takes no report, no start, no hold', () => {
    over.when('ReportProduction', { ...report, reportId: 'r2', good: '1' }).rejects('work-order-over');
    over.when('StartOperation', { workOrderId, operationId: '20', equipmentId: 'haifa.P1' }).rejects('work-order-over');
    over.when('HoldWorkOrder', { workOrderId, cause: 'Other', reason: 'x' }).rejects('work-order-over');
  });
  it('takes an observed report, with the rule that it breaks beside it', () =>
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
  it('takes a correction as a reversal and the right figures (I14, I17)', () => over.when('CorrectReport', correct).then(...correction));
  it('takes the same correction once, and corrects only what stands', () => {
    const corrected = given(workOrder, ...running, reported(), ended, ...correction);
    corrected.when('CorrectReport', correct).changesNothing();
    corrected.when('CorrectReport', { ...correct, replacementReportId: 'r1b' }).rejects('report-corrected');
    over.when('CorrectReport', { ...correct, reportId: 'r9' }).rejects('report-unknown');
    over.when('CorrectReport', { ...correct, replacementReportId: 'r1' }).rejects('report-id-taken');
    over.when('CorrectReport', { ...correct, reason: '' }).rejects('reason-missing');
  });
  it('is not corrected beyond the tolerance', () => over.when('CorrectReport', { ...correct, good: '106' }).rejects('over-tolerance'));
  it('is corrected towards the tolerance though still beyond it', () => {
    const excessive: WorkOrderEvent = {
      type: 'ProductionObserved',
      data: { workOrderId, ...told({ reportId: 'r2', good: '200', from: report.to, to: report.to }), nextOperationId: '20', output: false },
    };
    const events = workOrder.decide.CorrectReport(
      { ...correct, reportId: 'r2', good: '150' } as never,
      [...running, reported(), excessive].reduce(workOrder.evolve, workOrder.initial),
      { now: at, occurredAt: at, actor: 'ann', role: 'supervisor', commandId: '1' },
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

describe('an observed report', () => {
  const observe = { ...report, kind: 'Production' as const };
  const observed = (over: Partial<Told> = {}): WorkOrderEvent => ({
    type: 'ProductionObserved',
    data: { workOrderId, ...told(over), nextOperationId: '20', output: false },
  });
  const run = (...more: WorkOrderEvent[]) => given(workOrder, ...running, ...more);
  it('counts once however often it is sent', () => run(observed()).when('ObserveProduction', observe).changesNothing());
  it('is kept, uncounted, when its id is taken by another; and that once', () => {
    const conflict: WorkOrderEvent = { type: 'ConflictingReportDetected', data: { workOrderId, ...told({ good: '60' }) } };
    run(observed())
      .when('ObserveProduction', { ...observe, good: '60' })
      .then(conflict);
    run(observed(), conflict)
      .when('ObserveProduction', { ...observe, good: '60' })
      .changesNothing();
    run(observed(), conflict)
      .when('ReportProduction', { ...report, reportId: 'r3', good: '55', from: report.to })
      .then(reported({ reportId: 'r3', good: '55', from: report.to }));
  });
  it('is counted and flagged when it tells the same as another', () =>
    run(observed())
      .when('ObserveProduction', { ...observe, reportId: 'o2' })
      .then(
        observed({ reportId: 'o2' }),
        { type: 'RepeatedReportDetected', data: { workOrderId, reportId: 'o2', repeats: 'r1' } },
        { type: 'OverlapDetected', data: { workOrderId, reportId: 'o2', equipmentId: 'haifa.M4', overlaps: ['r1'] } },
      ));
  it('flags zero, times that cannot be, an operation nobody planned and another product', () =>
    run()
      .when('ObserveProduction', {
        ...observe,
        good: '0',
        operationId: '99',
        operationName: 'Deburring',
        to: '2026-01-05T06:09:00Z',
        product: 'bolt',
      })
      .then(
        {
          type: 'ProductionObserved',
          data: {
            workOrderId,
            ...told({ good: '0', operationId: '99', to: '2026-01-05T06:09:00Z' }),
            output: false,
            operationName: 'Deburring',
          },
        },
        {
          type: 'ImplausibleTimeDetected',
          data: { workOrderId, reportId: 'r1', problem: 'EndBeforeStart', from: report.from, to: '2026-01-05T06:09:00Z' },
        },
        { type: 'OrderMismatchDetected', data: { workOrderId, reportId: 'r1', field: 'Product', known: 'flange', told: 'bolt' } },
        { type: 'UnplannedOperationDetected', data: { workOrderId, reportId: 'r1', operationId: '99', name: 'Deburring' } },
        { type: 'ZeroQuantityDetected', data: { workOrderId, reportId: 'r1' } },
      ));
});

describe('a counter', () => {
  const reading = { workOrderId, counterId: 'c1', operationId: '10', equipmentId: 'haifa.M4' };
  const read = (
    raw: string,
    delta: string,
    move: 'First' | 'Advanced' | 'Wrapped' | 'Reset',
    previous?: string,
    readAt = at,
  ): WorkOrderEvent => ({
    type: 'CounterRead',
    data: {
      ...reading,
      raw,
      ...(previous ? { previous } : {}),
      delta,
      move,
      reset: move === 'Wrapped' || move === 'Reset',
      unit: 'pcs',
      readAt,
      nextOperationId: '20',
      output: false,
    },
  });
  const run = (...more: WorkOrderEvent[]) => given(workOrder, ...running, ...more);
  const first = read('65500', '0', 'First', undefined, '2026-01-05T07:00:00Z');
  it('starts from its first reading', () =>
    run()
      .when('ReportCounter', { ...reading, raw: '65500' })
      .then(read('65500', '0', 'First')));
  it('may bear a name that every object inherits', () => {
    const named = read('65500', '0', 'First');
    run()
      .when('ReportCounter', { ...reading, counterId: 'constructor', raw: '65500' })
      .then({ ...named, data: { ...named.data, counterId: 'constructor' } } as WorkOrderEvent);
  });
  it('is recorded and flagged when its machine is of another facility', () => {
    const named = read('65500', '0', 'First');
    run()
      .when('ReportCounter', { ...reading, equipmentId: 'berlin.M1', raw: '65500' })
      .then({ ...named, data: { ...named.data, equipmentId: 'berlin.M1' } } as WorkOrderEvent, {
        type: 'OrderMismatchDetected',
        data: { workOrderId, reportId: `c1:${at}`, field: 'Facility', known: 'haifa', told: 'berlin' },
      });
  });
  it('counts what it advanced', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '65510' })
      .then(read('65510', '10', 'Advanced', '65500')));
  it('goes over its limit', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '4', wrapAt: '65536' })
      .then(read('4', '40', 'Wrapped', '65500')));
  it('is reset when it went back without a limit or too far', () => {
    run(first)
      .when('ReportCounter', { ...reading, raw: '4' })
      .then(read('4', '4', 'Reset', '65500'));
    run(read('20', '0', 'First', undefined, '2026-01-05T07:00:00Z'))
      .when('ReportCounter', { ...reading, raw: '4', wrapAt: '65536' })
      .then(read('4', '4', 'Reset', '20'));
  });
  it('says nothing new when it stands still or comes late', () => {
    run(first)
      .when('ReportCounter', { ...reading, raw: '65500' })
      .changesNothing();
    run(first)
      .when('ReportCounter', { ...reading, raw: '65400' }, { occurredAt: '2026-01-05T06:59:59Z' })
      .changesNothing();
  });
  it("takes the server's time where its clock is ahead, so that later readings are not taken for old ones", () => {
    const tomorrow = '2026-01-06T08:00:00.000Z';
    const ahead: WorkOrderEvent = {
      type: 'ImplausibleTimeDetected',
      data: { workOrderId, reportId: `c1:${tomorrow}`, problem: 'InTheFuture', from: tomorrow, to: tomorrow },
    };
    run(first)
      .when('ReportCounter', { ...reading, raw: '65510' }, { occurredAt: tomorrow })
      .then(read('65510', '10', 'Advanced', '65500'), ahead);
  });
  it('is not refused above the tolerance, but flagged', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '65606' })
      .then(read('65606', '106', 'Advanced', '65500'), {
        type: 'OverproductionDetected',
        data: { workOrderId, reportId: `c1:${at}`, operationId: '10', good: '106', limit: '105', excess: '1', unit: 'pcs' },
      }));
});
