import { digestOf } from '#platform/commands/digest';
import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { Told } from './report.events';
import type { WorkOrderEvent } from './work-order.events';
import { workOrderId, at, report, told, reported, running } from './work-order-pasts';

describe('an observed report', () => {
  const observe = { ...report, kind: 'Production' as const };
  const observed = (over: Partial<Told> = {}): WorkOrderEvent => ({
    type: 'ProductionObserved',
    data: { workOrderId, ...told(over), nextOperationId: '20', output: false },
  });
  const run = (...more: WorkOrderEvent[]) => given(workOrder, ...running, ...more);
  it('counts once however often it is sent', () => run(observed()).when('ObserveProduction', observe).changesNothing());
  it('is recorded once and not counted when its id is used by another report', () => {
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
  it('that was recorded under its former id is that report', () => {
    const again = { ...observe, reportId: 'new', formerReportId: observe.reportId };
    run(observed()).when('ObserveProduction', again).changesNothing();
    run(observed())
      .when('ObserveProduction', { ...again, good: '60' })
      .then({ type: 'ConflictingReportDetected', data: { workOrderId, ...told({ good: '60' }) } });
    run()
      .when('ObserveProduction', again)
      .then(observed({ reportId: 'new' }));
  });
  it('is counted and flagged when it repeats another', () =>
    run(observed())
      .when('ObserveProduction', { ...observe, reportId: 'o2' })
      .then(
        observed({ reportId: 'o2' }),
        { type: 'RepeatedReportDetected', data: { workOrderId, reportId: 'o2', repeats: 'r1' } },
        { type: 'OverlapDetected', data: { workOrderId, reportId: 'o2', equipmentId: 'haifa.M4', overlaps: ['r1'] } },
      ));
  it('flags zero, implausible times, an unplanned operation and another product', () =>
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

describe('an observed report of implausible amounts', () => {
  const observation = (good: string, scrap: string) => ({
    ...report,
    kind: 'Production' as const,
    good,
    scrap: [{ quantity: scrap, reasonCode: 'dimension' }],
  });
  const types = (good: string, scrap: string, ...more: WorkOrderEvent[]) =>
    workOrder.decide
      .ObserveProduction(observation(good, scrap) as never, [...running, ...more].reduce(workOrder.evolve, workOrder.initial), {
        now: at,
        occurredAt: at,
        actor: 'ann',
        role: 'operator',
        commandId: 'c',
        digestOf,
      })
      .map(({ type }) => type);
  it('is flagged when good and scrap together exceed the order', () => {
    expect(types('0', '99')).toEqual(['ProductionObserved']);
    expect(types('0', '9900')).toEqual(['ProductionObserved', 'ScrapBeyondOrderDetected']);
    expect(types('60', '60')).toEqual(['ProductionObserved', 'ScrapBeyondOrderDetected']);
  });
  it('is flagged whichever of good and scrap comes last', () => {
    const before = { reportId: 'r0', from: '2026-01-05T06:00:00Z', to: report.from };
    const scrapped = reported({ ...before, good: '0', scrap: [{ quantity: '60', reasonCode: 'dimension' }] });
    expect(types('45', '0', scrapped)).toEqual(['ProductionObserved']);
    expect(types('60', '0', scrapped)).toEqual(['ProductionObserved', 'ScrapBeyondOrderDetected']);
    expect(types('0', '60', reported({ ...before, good: '60' }))).toEqual(['ProductionObserved', 'ScrapBeyondOrderDetected']);
    const most = reported({ ...before, reportId: 'r00', good: '60', to: before.from });
    expect(types('0', '0', scrapped, most)).toEqual(['ProductionObserved', 'ZeroQuantityDetected']);
  });
  it('is flagged for excess good only, not also for scrap', () =>
    expect(types('106', '1')).toEqual(['ProductionObserved', 'OverproductionDetected']));
  it('is flagged for a fraction of a piece', () => expect(types('0.5', '0')).toEqual(['ProductionObserved', 'FractionOfPieceDetected']));
  it('is flagged for an order of a fraction of a piece', () =>
    given(workOrder)
      .when('ObserveProduction', { ...report, kind: 'Production', ordered: { amount: '1.234', unit: 'pcs' } })
      .then(
        expect.objectContaining({ type: 'WorkOrderObserved' }),
        expect.objectContaining({ type: 'ProductionObserved' }),
        expect.objectContaining({ type: 'OverproductionDetected' }),
        { type: 'FractionOfPieceDetected', data: { workOrderId, reportId: 'r1', amount: '1.234' } },
      ));
});

describe('a counter', () => {
  const reading = { workOrderId, counterId: 'c1', operationId: '10', equipmentId: 'haifa.M4' };
  const read = (
    raw: string,
    delta: string,
    move: 'First' | 'Advanced' | 'Wrapped' | 'Reset' | 'Replaced' | 'Jitter',
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
      reset: move === 'Wrapped' || move === 'Reset' || move === 'Replaced',
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
  it('may have the name of an inherited property', () => {
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
  it('wraps at its limit', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '4', wrapAt: '65536' })
      .then(read('4', '40', 'Wrapped', '65500')));
  const jump = (move: 'Reset' | 'Replaced', previous: string, raw: string): WorkOrderEvent => ({
    type: 'CounterDiscontinuityDetected',
    data: { workOrderId, reportId: `c1:${at}`, counterId: 'c1', move, previous, raw },
  });
  it('counts as reset, which is flagged, when it falls without a limit or too far', () => {
    run(first)
      .when('ReportCounter', { ...reading, raw: '4' })
      .then(read('4', '4', 'Reset', '65500'), jump('Reset', '65500', '4'));
    run(read('20', '0', 'First', undefined, '2026-01-05T07:00:00Z'))
      .when('ReportCounter', { ...reading, raw: '4', wrapAt: '65536' })
      .then(read('4', '4', 'Reset', '20'), jump('Reset', '20', '4'));
  });
  it('that is replaced adds nothing, and is flagged', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '30000' })
      .then(read('30000', '0', 'Replaced', '65500'), jump('Replaced', '65500', '30000')));
  it('that dips a little keeps its count', () =>
    run(first, read('65499', '0', 'Jitter', '65500', '2026-01-05T07:30:00Z'))
      .when('ReportCounter', { ...reading, raw: '65501' })
      .then(read('65501', '1', 'Advanced', '65500')));
  it('that shows a fraction of a piece is flagged', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '65500.5' })
      .then(read('65500.5', '0.5', 'Advanced', '65500'), {
        type: 'FractionOfPieceDetected',
        data: { workOrderId, reportId: `c1:${at}`, amount: '65500.5' },
      }));
  it('changes nothing when it repeats or comes late', () => {
    run(first)
      .when('ReportCounter', { ...reading, raw: '65500' })
      .changesNothing();
    run(first)
      .when('ReportCounter', { ...reading, raw: '65400' }, { occurredAt: '2026-01-05T06:59:59Z' })
      .changesNothing();
  });
  it("gets the server's time when its clock is ahead, so that later readings do not look old", () => {
    const tomorrow = '2026-01-06T08:00:00.000Z';
    const ahead: WorkOrderEvent = {
      type: 'ImplausibleTimeDetected',
      data: { workOrderId, reportId: `c1:${tomorrow}`, problem: 'InTheFuture', from: tomorrow, to: tomorrow },
    };
    run(first)
      .when('ReportCounter', { ...reading, raw: '65510' }, { occurredAt: tomorrow })
      .then(read('65510', '10', 'Advanced', '65500'), ahead);
  });
  it('whose pieces and the scrap before exceed the order is flagged', () =>
    run(reported({ good: '0', scrap: [{ quantity: '60', reasonCode: 'dimension' }] }), first)
      .when('ReportCounter', { ...reading, raw: '65560' })
      .then(read('65560', '60', 'Advanced', '65500'), {
        type: 'ScrapBeyondOrderDetected',
        data: { workOrderId, reportId: `c1:${at}`, operationId: '10', good: '60', scrap: '60', limit: '105', unit: 'pcs' },
      }));
  it('of an operation that is not planned is recorded and flagged', () => {
    const unplanned = read('65500', '0', 'First');
    const { nextOperationId: _, ...data } = unplanned.data as never as { nextOperationId: string };
    run()
      .when('ReportCounter', { ...reading, operationId: '99', raw: '65500' })
      .then({ ...unplanned, data: { ...data, operationId: '99' } } as never, {
        type: 'UnplannedOperationDetected',
        data: { workOrderId, reportId: `c1:${at}`, operationId: '99', name: '99' },
      });
  });
  it('is not refused above the tolerance, but flagged', () =>
    run(first)
      .when('ReportCounter', { ...reading, raw: '65606' })
      .then(read('65606', '106', 'Advanced', '65500'), {
        type: 'OverproductionDetected',
        data: { workOrderId, reportId: `c1:${at}`, operationId: '10', good: '106', limit: '105', excess: '1', unit: 'pcs' },
      }));
});
