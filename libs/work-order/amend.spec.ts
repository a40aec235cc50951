import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { dispatchList } from './dispatch-list.view';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';
import { at, ended, report, reported, running, terms, told, workOrderId } from './work-order-pasts';

const reason = 'the customer asked';
const pcs = (amount: string) => ({ amount, unit: 'pcs' as const });
const amended = (to: object): WorkOrderEvent => ({
  type: 'WorkOrderAmended',
  data: { workOrderId, from: terms, to: { ...terms, ...to }, reason, amendedAt: at },
});

describe('how much and when may change', () => {
  test('while the order runs, with a reason', () => {
    given(workOrder, ...running)
      .when('AmendWorkOrder', { workOrderId, quantity: pcs('80'), reason })
      .then(amended({ quantity: '80' }));
    given(workOrder, ...running)
      .when('AmendWorkOrder', { workOrderId, plannedEnd: '2026-02-01T10:00:00+02:00', reason })
      .then(amended({ plannedEnd: '2026-02-01T08:00:00.000Z' }));
    given(workOrder, ...running)
      .when('AmendWorkOrder', { workOrderId, quantity: pcs('100'), reason })
      .changesNothing();
  });
  test('not below what was made, nor in another unit, nor when the order is over', () => {
    const made = [...running, reported({ good: '60' })];
    given(workOrder, ...made)
      .when('AmendWorkOrder', { workOrderId, quantity: pcs('50'), reason })
      .rejects('quantity-below-made');
    given(workOrder, ...made)
      .when('AmendWorkOrder', { workOrderId, quantity: pcs('60'), reason })
      .then(amended({ quantity: '60' }));
    given(workOrder, ...made)
      .when('AmendWorkOrder', { workOrderId, quantity: { amount: '90', unit: 'kg' }, reason })
      .rejects('unit-incompatible');
    given(workOrder, ...made, ended)
      .when('AmendWorkOrder', { workOrderId, quantity: pcs('90'), reason })
      .rejects('work-order-over');
  });
  test('without bringing back operations that are done', () => {
    const done: WorkOrderEvent = {
      type: 'OperationCompleted',
      data: { workOrderId, operationId: '10', equipmentId: 'haifa.M4', good: '60', scrap: '0' },
    };
    const rows = folded(dispatchList, [
      `work-order-${workOrderId}`,
      [...running, reported({ good: '60' }), done, amended({ quantity: '80' })],
    ]);
    expect(Object.values(rows)).toEqual([expect.objectContaining({ operationId: '20', quantity: '80', passedOn: '60' })]);
  });
});

describe('a report on the wrong operation or machine', () => {
  const correction = { workOrderId, reportId: 'r1', replacementReportId: 'r2', good: '50', reason };
  const reversed = (more: object = {}): WorkOrderEvent => ({
    type: 'ProductionReportReversed',
    data: { workOrderId, ...told(), nextOperationId: '20', output: false, replacedBy: 'r2', reason, ...more },
  });
  test('is corrected', () => {
    given(workOrder, ...running, reported())
      .when('CorrectReport', { ...correction, equipmentId: 'haifa.M5' })
      .then(reversed(), {
        type: 'ProductionReportCorrected',
        data: {
          workOrderId,
          ...told({ reportId: 'r2', equipmentId: 'haifa.M5' }),
          nextOperationId: '20',
          output: false,
          replaces: 'r1',
          reason,
        },
      });
  });
  test('is corrected on an order that is over, too', () => {
    const past = [...running, reported({ good: '40' }), reported({ reportId: 'r1b', operationId: '20', good: '40' }), ended];
    const found = [...past].reduce(workOrder.evolve, workOrder.initial);
    const events = workOrder.decide.CorrectReport({ ...correction, reportId: 'r1b', operationId: '10' }, found, {
      now: '2026-01-05T08:00:00.000Z',
      occurredAt: '2026-01-05T08:00:00.000Z',
      actor: 'ann',
      role: 'supervisor',
      commandId: 'c',
      digestOf,
    });
    expect(events.map(({ type, data }) => [type, (data as { operationId?: string }).operationId]).slice(0, 2)).toEqual([
      ['ProductionReportReversed', '20'],
      ['ProductionReportCorrected', '10'],
    ]);
    const after = events.reduce(workOrder.evolve, found);
    expect(after.status === 'Unknown' ? [] : after.operations.map(({ good }) => good)).toEqual(['90', '0']);
    expect(workOrder.decide.CorrectReport({ ...correction, reportId: 'r1b', operationId: '10' }, after, {} as never)).toEqual([]);
  });
  test('not to an operation that the order does not have, nor to a machine of another plant', () => {
    given(workOrder, ...running, reported())
      .when('CorrectReport', { ...correction, operationId: '99' })
      .rejects('operation-unknown');
    given(workOrder, ...running, reported())
      .when('CorrectReport', { ...correction, equipmentId: 'lyon.M5' })
      .rejects('wrong-facility');
  });
});

test('times that are told with an offset are recorded in UTC', () => {
  const told = { ...report, from: '2026-01-05T08:10:00+02:00', to: '2026-01-05T09:00:00+02:00' };
  given(workOrder, ...running)
    .when('ReportProduction', told, { now: '2026-01-05T08:30:00Z' })
    .then(reported({ from: '2026-01-05T06:10:00.000Z', to: '2026-01-05T07:00:00.000Z' }));
});
