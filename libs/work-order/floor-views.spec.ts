import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { operationSchedule } from './operation-schedule.view';
import { productionReport } from './production-report.view';
import { workInProgress } from './work-in-progress.view';
import { workOrderView } from './work-order.view';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';

const workOrderId = 'haifa.WO1';
const at = (minute: number) => new Date(Date.parse('2026-01-05T06:00:00Z') + minute * 60_000).toISOString();
type Step = readonly [type: keyof typeof workOrder.decide, command?: object];

/** Events of commands a quarter of an hour apart. */
function day(...steps: readonly Step[]): WorkOrderEvent[] {
  let state = workOrder.initial;
  return steps.flatMap(([type, command = {}], index) => {
    const context = { now: at(index * 15), occurredAt: at(index * 15), actor: 'ann', role: 'operator', commandId: 'c', digestOf };
    const events = workOrder.decide[type]({ workOrderId, ...command } as never, state, context);
    state = events.reduce(workOrder.evolve, state);
    return [...events];
  });
}
const of = <Row>(view: object, ...steps: readonly Step[]) =>
  folded(view as never, ['work-order-haifa.WO1', day(...steps)]) as unknown as Record<string, Row>;

const operations = [
  { operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M4', idealCycleSeconds: '48' },
  { operationId: '20', name: 'Packing', sequence: 20 },
];
const release: Step = [
  'ReleaseWorkOrder',
  { product: 'flange', quantity: { amount: '100', unit: 'pcs' }, operations, plannedStart: at(0), plannedEnd: at(240), allowStart: true },
];
const start: Step = ['StartWorkOrder', { equipmentId: 'haifa.M5' }];
const report: Step = [
  'ReportProduction',
  {
    reportId: 'r1',
    operationId: '10',
    equipmentId: 'haifa.M5',
    good: '40',
    scrap: [
      { quantity: '2', reasonCode: 'burr' },
      { quantity: '3', reasonCode: 'burr' },
    ],
    from: at(15),
    to: at(30),
  },
];

describe('production reports', () => {
  const rows = (...steps: readonly Step[]) => of<Record<string, unknown>>(productionReport, ...steps);

  test('have the quantities and the period of a report', () =>
    expect(rows(release, start, report)['haifa.WO1/r1']).toMatchObject({
      kind: 'Production',
      equipmentId: 'haifa.M5',
      good: '40',
      scrap: '5',
      scrapReasons: ['burr'],
      startedAt: at(15),
      endedAt: at(30),
      reversed: false,
    }));

  test('that were corrected stay, reversed, beside what is right', () => {
    const correct: Step = ['CorrectReport', { reportId: 'r1', replacementReportId: 'r2', good: '41', reason: 'counted again' }];
    const { 'haifa.WO1/r1': wrong, 'haifa.WO1/r2': right } = rows(release, start, report, correct);
    expect(wrong).toMatchObject({ good: '40', reversed: true, otherReportId: 'r2' });
    expect(right).toMatchObject({ good: '41', reversed: false, otherReportId: 'r1' });
  });

  test('of a counter count its advance; the first reading is none', () => {
    const read = (raw: string): Step => ['ReportCounter', { counterId: 'C1', operationId: '10', equipmentId: 'haifa.M5', raw }];
    expect(Object.values(rows(release, start, read('1000'), read('1010')))).toMatchObject([{ kind: 'Counter', good: '10', scrap: '0' }]);
  });

  test('of a counter do not count a spike, once it is known', () => {
    const read = (raw: string): Step => ['ReportCounter', { counterId: 'C1', operationId: '10', equipmentId: 'haifa.M5', raw }];
    const steps = [release, start, read('1000'), read('999999'), read('1001')];
    expect(Object.values(rows(...steps))).toMatchObject([
      { good: '998999', reversed: true, reversalEventId: expect.any(String) },
      { good: '1', reversed: false },
    ]);
    expect(of<Record<string, unknown>>(workOrderView, ...steps)['haifa.WO1']).toMatchObject({
      operations: [{ operationId: '10', good: '1' }, { operationId: '20' }],
    });
    expect(of<Record<string, unknown>>(workInProgress, ...steps)['haifa.WO1/10']).toMatchObject({ good: '1' });
    const other: Step = ['ReportCounter', { counterId: 'C1', operationId: '20', equipmentId: 'haifa.M5', raw: '1001' }];
    expect(Object.values(rows(release, start, read('1000'), read('999999'), other))).toMatchObject([{ reversed: false }, { good: '1001' }]);
  });
});

describe('the schedule of operations', () => {
  const rows = (...steps: readonly Step[]) => of<Record<string, unknown>>(operationSchedule, ...steps);

  test('has plan and execution, and stays when the order is over', () => {
    const ended = rows(release, start, report, ['StopWorkOrder', { reason: 'no more material' }]);
    expect(ended['haifa.WO1/10']).toMatchObject({
      product: 'flange',
      equipmentId: 'haifa.M5',
      idealCycleSeconds: '48',
      plannedEnd: at(240),
      startedAt: at(15),
      completed: false,
      withdrawn: false,
    });
    expect(ended['haifa.WO1/20']).toMatchObject({ equipmentId: null, startedAt: null, completed: null });
  });

  test('an amended plan changes the cycle, and withdraws what it has no longer', () => {
    const amended = rows(release, ['UpdateWorkOrder', { operations: [{ ...operations[0], idealCycleSeconds: '50' }] }]);
    expect(amended['haifa.WO1/10']).toMatchObject({ idealCycleSeconds: '50', withdrawn: false });
    expect(amended['haifa.WO1/20']).toMatchObject({ withdrawn: true });
  });

  test('of a cancelled order is withdrawn', () =>
    expect(rows(release, ['CancelWorkOrder', { reason: 'not needed' }])['haifa.WO1/10']).toMatchObject({ withdrawn: true }));
});
