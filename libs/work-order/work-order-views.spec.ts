import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { dispatchList } from './dispatch-list.view';
import { reportException } from './report-exception.view';
import { workInProgress } from './work-in-progress.view';
import { workOrder } from './work-order';
import { totalsOf } from './operations';
import type { WorkOrderEvent } from './work-order.events';
import { workOrderView } from './work-order.view';

const workOrderId = 'haifa.WO1';
const at = (minute: number) => new Date(Date.parse('2026-01-05T06:00:00Z') + minute * 60_000).toISOString();
type Step = readonly [type: keyof typeof workOrder.decide, command?: object];

/** Events of a day of commands and observations, a quarter of an hour apart. */
function day(...steps: readonly Step[]): WorkOrderEvent[] {
  let state = workOrder.initial;
  return steps.flatMap(([type, command = {}], index) => {
    const context = { now: at(index * 15), occurredAt: at(index * 15), actor: 'ann', role: 'operator', commandId: 'c', digestOf };
    const events = workOrder.decide[type]({ workOrderId, ...command } as never, state, context);
    state = events.reduce(workOrder.evolve, state);
    return [...events];
  });
}
const stateAfter = (...steps: readonly Step[]) => day(...steps).reduce(workOrder.evolve, workOrder.initial);

const operations = [
  { operationId: '20', name: 'Packing', sequence: 20, equipmentClass: 'packing' },
  { operationId: '10', name: 'Turning', sequence: 10, equipmentId: 'haifa.M4' },
];
const release: Step = [
  'ReleaseWorkOrder',
  {
    product: 'flange',
    quantity: { amount: '100', unit: 'pcs' },
    operations,
    overPercent: '5',
    plannedStart: at(0),
    productionOrderId: 'haifa.P1',
  },
];
const allow: Step = ['AllowStart'];
const start: Step = ['StartWorkOrder'];
const report = (reportId: string, operationId: string, good: string, more: object = {}): Step => [
  'ReportProduction',
  { reportId, operationId, equipmentId: operationId === '10' ? 'haifa.M4' : 'haifa.P1', good, from: at(0), to: at(1), ...more },
];
const observe = (reportId: string, operationId: string, good: string, more: object = {}): Step => [
  'ObserveProduction',
  { reportId, kind: 'Production', operationId, equipmentId: 'haifa.M4', good, from: at(30), to: at(40), ...more },
];
const stream = 'work-order-haifa.WO1';
const rowOf = (...steps: readonly Step[]) => folded(workOrderView, [stream, day(...steps)])[workOrderId]!;
const dispatched = (...steps: readonly Step[]) => folded(dispatchList, [stream, day(...steps)]);
const wip = (...steps: readonly Step[]) => folded(workInProgress, [stream, day(...steps)]);

describe('the work order view', () => {
  test('shows state, machine and quantities of each operation; good is that of the last', () => {
    expect(
      rowOf(
        release,
        allow,
        start,
        report('r1', '10', '60', { scrap: [{ quantity: '2', reasonCode: 'burr' }], rework: '1' }),
        ['StartOperation', { operationId: '20', equipmentId: 'haifa.P1' }],
        report('r2', '20', '40'),
      ),
    ).toMatchObject({
      status: 'Running',
      good: '40',
      scrap: '2',
      rework: '1',
      percentDone: '40',
      reports: 2,
      runningOn: ['haifa.M4', 'haifa.P1'],
      startedAt: at(30),
      overproduced: false,
      operations: [
        { operationId: '10', good: '60', scrap: '2', machine: 'haifa.M4', phase: 'Started' },
        { operationId: '20', good: '40', plannedMachine: null, machine: 'haifa.P1' },
      ],
    });
  });
  test('follows holds, several machines and a supervisor', () => {
    const held: Step[] = [release, allow, start, ['HoldWorkOrder', { cause: 'Equipment', equipmentId: 'haifa.M4', reason: 'spindle' }]];
    expect(rowOf(...held)).toMatchObject({
      status: 'Interrupted',
      subStatus: 'Held',
      holdCause: 'Equipment',
      heldFor: ['haifa.M4'],
      holdReason: 'spindle',
    });
    expect(rowOf(...held, ['RequestSupervisorDecision', { question: 'Go on?' }])).toMatchObject({ question: 'Go on?' });
    expect(rowOf(...held, ['ResumeWorkOrder'])).toMatchObject({ status: 'Running', subStatus: null, holdCause: null, heldFor: [] });
  });
  test('shows corrected quantities and over-production', () => {
    const over: Step[] = [release, allow, start, observe('o1', '10', '200')];
    expect(rowOf(...over)).toMatchObject({
      overproduced: true,
      exceptions: 1,
      exceptionKinds: ['OverproductionDetected'],
      operations: [{ good: '200' }, {}],
    });
    expect(rowOf(...over, ['CorrectReport', { reportId: 'o1', replacementReportId: 'o1a', good: '20', reason: 'typo' }])).toMatchObject({
      overproduced: false,
      exceptions: 1,
      reports: 1,
      corrections: 1,
      operations: [{ operationId: '10', good: '20' }, {}],
    });
  });
  test('shows an observed order, whose last operation is the last one observed', () => {
    expect(
      rowOf(
        observe('o1', 'turning', '8', { operationName: 'Turning', product: 'flange', ordered: { amount: '10', unit: 'pcs' } }),
        observe('o2', 'packing', '6', { from: at(41), to: at(45) }),
      ),
    ).toMatchObject({
      status: 'Observed',
      product: 'flange',
      quantity: '10',
      good: '6',
      percentDone: '60',
      reports: 2,
      lastReportAt: at(45),
      operations: [
        { operationId: 'turning', name: 'Turning', planned: false, good: '8' },
        { operationId: 'packing', good: '6' },
      ],
    });
    expect(rowOf(observe('o1', 'turning', '8'))).toMatchObject({ quantity: null, percentDone: null });
  });
  test('does not count amounts in an incompatible unit', () => {
    expect(rowOf(release, allow, start, observe('o1', '10', '5', { unit: 'kg' }))).toMatchObject({
      reports: 1,
      scrap: '0',
      exceptions: 1,
      operations: [{ good: '0' }, {}],
    });
  });
  test('agrees with the decider', () => {
    const steps = [
      release,
      allow,
      start,
      report('r1', '10', '60'),
      report('r2', '20', '50'),
      observe('o1', '20', '3'),
      ['ReportCounter', { counterId: 'c', operationId: '10', equipmentId: 'haifa.M4', raw: '5' }],
      ['ReportCounter', { counterId: 'c', operationId: '10', equipmentId: 'haifa.M4', raw: '9' }],
      ['CorrectReport', { reportId: 'r2', replacementReportId: 'r2a', good: '48', reason: 'x' }],
      ['StopWorkOrder', { reason: 'x' }],
    ] as Step[];
    const state = stateAfter(...steps);
    if (!('operations' in state)) throw new Error('unreachable');
    expect(rowOf(...steps)).toMatchObject({ ...totalsOf(state.operations), status: 'Ended', subStatus: 'Stopped', runningOn: [] });
    expect(rowOf(...steps).operations.map(({ good }) => good)).toEqual(state.operations.map(({ good }) => good));
  });
  test('shows the terms as amended and the plan as it is now', () => {
    const one = [{ operationId: '10', name: 'Milling', sequence: 5, equipmentId: 'haifa.M7' }];
    expect(
      rowOf(release, ['UpdateWorkOrder', { quantity: { amount: '80', unit: 'pcs' }, operations: one, plannedEnd: at(90) }]),
    ).toMatchObject({
      quantity: '80',
      plannedEnd: at(90),
      operations: [{ operationId: '10', name: 'Milling', plannedMachine: 'haifa.M7', machine: null }],
    });
  });
});

describe('the dispatch list', () => {
  test('shows what can start and what blocks the rest', () => {
    expect(dispatched(release)).toMatchObject({
      'haifa.WO1/10': { ready: false, equipmentId: 'haifa.M4', blockers: ['the order is not allowed to start'], sequence: 10 },
      'haifa.WO1/20': {
        ready: false,
        equipmentClass: 'packing',
        blockers: ['the order is not allowed to start', 'no machine dispatched', 'no pieces from upstream'],
      },
    });
    expect(dispatched(release, allow)).toMatchObject({ 'haifa.WO1/10': { ready: true, blockers: [] } });
    expect(dispatched(release, allow, ['StageWorkOrder', { readiness: 'Waiting', blockers: ['bar stock'] }])).toMatchObject({
      'haifa.WO1/10': { ready: false, blockers: ['bar stock'] },
    });
  });
  test('lets the next operation start when a machine is dispatched and pieces are passed on', () => {
    const made: Step[] = [release, allow, start, report('r1', '10', '60')];
    expect(dispatched(...made)).toMatchObject({
      'haifa.WO1/10': { started: true, ready: false, good: '60' },
      'haifa.WO1/20': { passedOn: '60', blockers: ['no machine dispatched'] },
    });
    const given: Step[] = [...made, ['DispatchOperation', { operationId: '20', equipmentId: 'haifa.P1', person: 'bob' }]];
    expect(dispatched(...given)).toMatchObject({ 'haifa.WO1/20': { ready: true, equipmentId: 'haifa.P1', person: 'bob' } });
    expect(dispatched(...given, ['PauseWorkOrder', { cause: 'Material', reason: 'x' }])).toMatchObject({
      'haifa.WO1/20': { ready: false, blockers: ['the order is interrupted'] },
    });
    expect(dispatched(...given, ['CorrectReport', { reportId: 'r1', replacementReportId: 'r1a', good: '0', reason: 'x' }])).toMatchObject({
      'haifa.WO1/20': { ready: false, passedOn: '0' },
    });
  });
  test('drops completed operations and orders that are over', () => {
    expect(Object.keys(dispatched(release, allow, start, ['CompleteOperation', { operationId: '10' }]))).toEqual(['haifa.WO1/20']);
    expect(dispatched(release, allow, start, ['StopWorkOrder', { reason: 'x' }])).toEqual({});
    expect(dispatched(release, ['CancelWorkOrder', { reason: 'x' }])).toEqual({});
  });
  test('follows an amended plan', () => {
    const turned = [
      { operationId: '20', name: 'Packing', sequence: 1, equipmentId: 'haifa.P1' },
      { operationId: '10', name: 'Turning', sequence: 2, equipmentId: 'haifa.M4' },
    ];
    expect(dispatched(release, allow, ['UpdateWorkOrder', { operations: turned }])).toMatchObject({
      'haifa.WO1/20': { ready: true, passedOn: '100' },
      'haifa.WO1/10': { ready: false, passedOn: '0', orderStatus: 'AllowedToStart' },
    });
  });
});

describe('work in progress', () => {
  test('is the quantity passed on that has not left', () => {
    expect(wip(release)).toMatchObject({ 'haifa.WO1/10': { started: false } });
    expect(
      wip(release, allow, start, report('r1', '10', '60', { scrap: [{ quantity: '2', reasonCode: 'burr' }] }), report('r2', '20', '40')),
    ).toMatchObject({
      'haifa.WO1/10': {
        started: true,
        running: true,
        quantityIn: '100',
        good: '60',
        scrap: '2',
        inProcess: '38',
        product: 'flange',
        facilityId: 'haifa',
      },
      'haifa.WO1/20': { started: true, running: false, quantityIn: '60', good: '40', inProcess: '20' },
    });
  });
  test('is right after corrections and never negative', () => {
    expect(
      wip(release, allow, start, report('r1', '10', '60'), [
        'CorrectReport',
        { reportId: 'r1', replacementReportId: 'r1a', good: '50', reason: 'x' },
      ]),
    ).toMatchObject({ 'haifa.WO1/10': { good: '50', inProcess: '50' }, 'haifa.WO1/20': { quantityIn: '50' } });
    expect(wip(release, allow, start, observe('o1', '10', '150'))).toMatchObject({
      'haifa.WO1/10': { inProcess: '0' },
      'haifa.WO1/20': { inProcess: '150' },
    });
  });
  test('includes counters, and ends with the order', () => {
    const counter = (raw: string): Step => ['ReportCounter', { counterId: 'c', operationId: '10', equipmentId: 'haifa.M4', raw }];
    expect(wip(release, allow, start, counter('10'), counter('25'))).toMatchObject({
      'haifa.WO1/10': { good: '15', inProcess: '85' },
      'haifa.WO1/20': { quantityIn: '15' },
    });
    expect(wip(release, allow, start, ['AbortWorkOrder', { reason: 'x' }])).toEqual({});
  });
});

describe('the exceptions', () => {
  test('describe the rule that each report broke', () => {
    const rows = Object.values(
      folded(reportException, [
        stream,
        day(
          release,
          allow,
          start,
          observe('o1', '10', '150'),
          observe('o1', '10', '1'),
          observe('o2', '99', '0', { operationName: 'Deburring', product: 'bolt', from: at(31), to: at(30) }),
        ),
      ]),
    );
    expect(rows.map(({ kind, details, reportId }) => [kind, reportId, details])).toEqual([
      ['OverproductionDetected', 'o1', 'operation 10 made 150 pcs, 45 more than the limit of 105'],
      ['ConflictingReportDetected', 'o1', 'the id is used by another report; this one (1 good at 10) is not counted'],
      ['ImplausibleTimeDetected', 'o2', `from ${at(31)} to ${at(30)}: the end is before the start`],
      ['OrderMismatchDetected', 'o2', 'product differs: flange in the order, bolt in the report'],
      ['UnplannedOperationDetected', 'o2', 'operation Deburring is not planned in the order'],
      ['ZeroQuantityDetected', 'o2', 'all quantities are zero'],
    ]);
    expect(rows[0]).toMatchObject({ facilityId: 'haifa', workOrderId });
  });
});

describe('an order that was observed before its release', () => {
  const early = [
    observe('o1', '10', '30', { scrap: [{ quantity: '1', reasonCode: 'burr' }] }),
    observe('o2', '20', '12', { equipmentId: 'haifa.P1' }),
  ];

  test('has the same rows in every view as one that was released first', () => {
    const [late, prompt] = [day(...early, release), day(release, ...early)];
    const made = (events: WorkOrderEvent[]) => {
      const progress = folded(workInProgress, [stream, events]);
      const list = folded(dispatchList, [stream, events]);
      const row = folded(workOrderView, [stream, events])[workOrderId]!;
      return {
        progress: Object.values(progress).map(({ entryId, quantityIn, good, scrap, inProcess }) => ({
          entryId,
          quantityIn,
          good,
          scrap,
          inProcess,
        })),
        list: Object.values(list).map(({ entryId, good, scrap }) => ({ entryId, good, scrap })),
        order: { good: row.good, scrap: row.scrap, percentDone: row.percentDone },
      };
    };
    expect(made(late)).toEqual(made(prompt));
    expect(made(late).order).toMatchObject({ good: '12', scrap: '1' });
    expect(late.find(({ type }) => type === 'WorkOrderReleased')!.data).toMatchObject({
      soFar: { totals: { good: '12', scrap: '1', rework: '0', unit: 'pcs' } },
    });
  });
});
