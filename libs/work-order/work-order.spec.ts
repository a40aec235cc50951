import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';
import {
  workOrderId,
  at,
  turning,
  packing,
  terms,
  release,
  operationIds,
  released,
  allowed,
  begun,
  startedOn,
  running,
  report,
  reported,
  held,
  underWay,
  told,
} from './work-order-pasts';

describe('an unknown work order', () => {
  it('is released with its operations', () =>
    given(workOrder)
      .when('ReleaseWorkOrder', release)
      .then({ ...released, data: { ...released.data, releasedAt: at } }));
  it('can be allowed to start in the same command', () =>
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
  it('refuses every command', () => {
    given(workOrder).when('AllowStart', { workOrderId }).rejects('work-order-unknown');
    given(workOrder).when('ReportProduction', report).rejects('work-order-unknown');
    given(workOrder)
      .when('CorrectReport', { workOrderId, reportId: 'r1', replacementReportId: 'r2', good: '1', reason: 'x' })
      .rejects('work-order-unknown');
  });
  it('becomes Observed when the floor reports on it', () =>
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
  it('can be released again with the same terms, not with others', () => {
    given(workOrder, released).when('ReleaseWorkOrder', release).changesNothing();
    given(workOrder, released)
      .when('ReleaseWorkOrder', { ...release, product: 'other' })
      .rejects('work-order-exists');
  });
  it('is allowed to start', () => given(workOrder, released).when('AllowStart', { workOrderId }).then(allowed));
  it('does not start', () => given(workOrder, released).when('StartWorkOrder', { workOrderId }).rejects('work-order-state'));
  it('refuses reports', () => given(workOrder, released).when('ReportProduction', report).rejects('work-order-state'));
  it('is amended; the event has the terms before', () => {
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
      startedAt: at,
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
  it('names it in later events, until it is detached', () => {
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
  it('starts on another machine of its facility, not of another one', () => {
    may
      .when('StartOperation', { workOrderId, operationId: '10', equipmentId: 'haifa.M5' })
      .then({ ...begun, data: { ...(begun.data as object), equipmentId: 'haifa.M5' } } as WorkOrderEvent, startedOn('10', 'haifa.M5'));
    may.when('StartOperation', { workOrderId, operationId: '10', equipmentId: 'lyon.M5' }).rejects('wrong-facility');
  });
  it('does not start an operation without a machine, nor an unknown one', () => {
    may.when('StartOperation', { workOrderId, operationId: '20' }).rejects('operation-not-dispatched');
    may.when('StartOperation', { workOrderId, operationId: '99' }).rejects('operation-unknown');
  });
  it('does not start while it waits for blockers', () => {
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
  it('cannot be cancelled, nor its start revoked', () => {
    run().when('CancelWorkOrder', { workOrderId, reason: 'x' }).rejects('work-order-state');
    run().when('RevokeStart', { workOrderId }).rejects('work-order-state');
  });
  it('accepts good, scrap and rework in one report', () =>
    run()
      .when('ReportProduction', { ...report, scrap: [{ quantity: '2', reasonCode: 'burr' }], rework: '1' })
      .then(reported({ scrap: [{ quantity: '2', reasonCode: 'burr' }], rework: '1' })));
  it('counts a repeated report once, and refuses another one under its id', () => {
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
  it('takes a report of the time between a start and a release that was recorded after it', () => {
    const early = { ...begun, data: { ...begun.data, startedAt: '2026-01-04T05:00:00Z' } } as typeof begun;
    const span = { from: '2026-01-04T06:00:00Z', to: '2026-01-04T07:00:00Z' };
    given(workOrder, released, allowed, early)
      .when('ReportProduction', { ...report, ...span })
      .then(reported(span));
    given(workOrder, released, allowed, early)
      .when('ReportProduction', { ...report, from: '2026-01-04T04:00:00Z', to: '2026-01-04T04:30:00Z' })
      .rejects('time-implausible');
  });
  it('corrects amounts of a report whose times are wrong, and not its times to wrong ones', () => {
    const span = { from: '2026-01-05T04:00:00Z', to: '2026-01-05T05:00:00Z' };
    const early = { ...reported(span), type: 'ProductionObserved' } as WorkOrderEvent;
    const correction = { workOrderId, reportId: 'r1', replacementReportId: 'r2', good: '10', reason: 'counted again' };
    const context = { now: at, occurredAt: at, actor: 'ann', role: 'supervisor', commandId: 'c', digestOf: String };
    const state = [...running, early].reduce(workOrder.evolve, workOrder.initial);
    expect(workOrder.decide.CorrectReport(correction, state, context).map(({ type }) => type)).toEqual([
      'ProductionReportReversed',
      'ProductionReportCorrected',
      'ImplausibleTimeDetected',
    ]);
    run(early)
      .when('CorrectReport', { ...correction, from: '2026-01-04T04:00:00Z' })
      .rejects('time-implausible');
  });
  it('does not start again on another machine', () => {
    run().when('StartWorkOrder', { workOrderId, equipmentId: 'haifa.M4' }).changesNothing();
    run().when('StartWorkOrder', { workOrderId, equipmentId: 'haifa.M5' }).rejects('operation-started');
  });
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
  it('is complete only when all operations and the quantity are (I9)', () => {
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
  it('stops short and releases its machines', () =>
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
