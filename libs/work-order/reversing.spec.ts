import { digestOf } from '#platform/commands/digest';
import { given } from '#platform/testing/given';
import { workOrder } from './work-order';
import type { WorkOrderEvent } from './work-order.events';

const workOrderId = 'haifa.WO17';
const observed: WorkOrderEvent = { type: 'WorkOrderObserved', data: { workOrderId, unit: 'pcs', observedAt: '2026-01-05T08:00:00Z' } };
const told = {
  workOrderId,
  reportId: 'r1',
  kind: 'Production' as const,
  operationId: '10',
  equipmentId: 'haifa.M4',
  good: '40',
  scrap: [{ quantity: '2', reasonCode: 'burr' }],
  rework: '0',
  unit: 'pcs' as const,
  from: '2026-01-05T08:00:00Z',
  to: '2026-01-05T09:00:00Z',
  nextOperationId: undefined,
};
const report = (reportId: string, amounts: object = {}): WorkOrderEvent =>
  ({ type: 'ProductionObserved', data: { ...told, reportId, ...amounts } }) as unknown as WorkOrderEvent;
const reversal = { workOrderId, reportId: 'back', operationId: '10', equipmentId: 'haifa.M4', good: '40', scrap: told.scrap };
const decided = (past: readonly WorkOrderEvent[], command: object = {}) =>
  workOrder.decide.ReverseObservation({ ...reversal, ...command } as never, past.reduce(workOrder.evolve, workOrder.initial), {
    now: '',
    occurredAt: '',
    actor: 'a',
    role: 'device',
    commandId: 'c',
    digestOf,
  });

describe('a reversal that the floor reports', () => {
  it('is not taken for a report that has its id', () => {
    expect(() => decided([observed, report('r1'), report('back')])).toThrow('back is a report of pieces that were made.');
  });
  it('takes back the report with just these amounts, whatever came after it', () => {
    const past = [observed, report('r1'), report('r2', { good: '90' })];
    expect(decided(past)).toMatchObject([
      { type: 'ProductionReportReversed', data: { reportId: 'r1', good: '40', replacedBy: 'back' } },
      { type: 'ProductionReportCorrected', data: { reportId: 'back', replaces: 'r1', good: '0', scrap: [], rework: '0' } },
    ]);
  });

  it('takes a part of the newest report that has enough', () => {
    const past = [observed, report('r1', { good: '50' }), report('r2', { good: '60' }), report('r3', { good: '7' })];
    expect(decided(past, { good: '8', scrap: [{ quantity: '1', reasonCode: 'burr' }] })).toMatchObject([
      { data: { reportId: 'r2' } },
      { data: { replaces: 'r2', good: '52', scrap: [{ quantity: '1', reasonCode: 'burr' }] } },
    ]);
  });

  it('adds up the scrap of one reason', () => {
    const burr = (quantity: string) => ({ quantity, reasonCode: 'burr' });
    const past = [observed, report('r1', { good: '10', scrap: [burr('2'), burr('3')] })];
    expect(decided(past, { good: '10', scrap: [burr('2'), burr('3')] })).toMatchObject([
      { data: { reportId: 'r1' } },
      { data: { replaces: 'r1', good: '0', scrap: [] } },
    ]);
    expect(decided(past, { good: '0', scrap: [burr('4')] })).toMatchObject([{}, { data: { good: '10', scrap: [burr('1')] } }]);
  });

  it('of a fraction of a piece is flagged', () => {
    const past = [observed, report('r1')];
    expect(decided(past, { good: '0.5', scrap: [] }).slice(2)).toEqual([
      { type: 'FractionOfPieceDetected', data: { workOrderId, reportId: 'back', amount: '0.5' } },
    ]);
    const kilos = [{ ...observed, data: { ...observed.data, unit: 'kg' } } as WorkOrderEvent, report('r1', { unit: 'kg' })];
    expect(decided(kilos, { good: '0.5', scrap: [] })).toHaveLength(2);
  });

  it('in another unit is converted to the one of the order', () => {
    const past = [
      { ...observed, data: { ...observed.data, unit: 'kg' } } as WorkOrderEvent,
      report('r1', { unit: 'kg', good: '4', scrap: [] }),
    ];
    expect(decided(past, { good: '1500', scrap: [], unit: 'g' })).toMatchObject([
      {},
      { data: { replaces: 'r1', good: '2.5', unit: 'kg' } },
    ]);
  });

  it('takes nothing back twice', () => {
    const past = [observed, report('r1'), report('r2')];
    const once = [...past, ...decided(past)];
    expect(decided(once)).toEqual([]);
    // Nor under the name that an earlier release gave it.
    expect(decided(once, { reportId: 'new', formerReportId: 'back' })).toEqual([]);
    const twice = [...once, ...decided(once, { reportId: 'back.2' })];
    expect(() => decided(twice, { reportId: 'back.3' })).toThrow(expect.objectContaining({ code: 'nothing-to-reverse' }));
  });

  it.each([
    ['of another operation', { operationId: '20' }],
    ['of another machine', { equipmentId: 'haifa.M5' }],
    ['for another reason of scrap', { scrap: [{ quantity: '2', reasonCode: 'bent' }] }],
    ['with more pieces', { good: '41' }],
  ])('is refused where there is only a report %s', (_what, command) =>
    given(workOrder, observed, report('r1'))
      .when('ReverseObservation', { ...reversal, ...command })
      .rejects('nothing-to-reverse'),
  );

  it('is refused for an order that nobody knows, and without pieces', () => {
    given(workOrder).when('ReverseObservation', reversal).rejects('nothing-to-reverse');
    given(workOrder, observed, report('r1'))
      .when('ReverseObservation', { ...reversal, good: '0', scrap: [] })
      .rejects('zero-quantity');
  });
});
