import { folded } from '#platform/testing/folded';
import type { WorkOrderEvent } from '#work-order/work-order.events';
import { orderBoard } from './order-board.view';
import type { ProductionOrderEvent } from './production-order.events';

const productionOrderId = 'haifa.P1';
const at = '2026-01-05T08:00:00.000Z';
const due = '2026-02-01T12:00:00.000Z';
const demand = { product: 'flange', quantity: '100', unit: 'pcs' as const, due, priority: 3, overPercent: '5', underPercent: '2' };
const created: ProductionOrderEvent = { type: 'ProductionOrderCreated', data: { productionOrderId, ...demand, createdAt: at } };
const linked = (local: string, quantity: string): ProductionOrderEvent => ({
  type: 'WorkOrderLinked',
  data: { productionOrderId, workOrderId: `haifa.${local}`, quantity, unallocated: '0', linkedAt: at },
});
const unlinked = (local: string): ProductionOrderEvent => ({
  type: 'WorkOrderUnlinked',
  data: { productionOrderId, workOrderId: `haifa.${local}`, reason: 'x', unallocated: '100', unlinkedAt: at },
});
const of = (local: string) => ({ productionOrderId, workOrderId: `haifa.${local}` });
const released = (
  local: string,
  quantity: string,
  plannedEnd = '2026-01-20T12:00:00.000Z',
  unit: 'pcs' | 'kg' = 'pcs',
): WorkOrderEvent => ({
  type: 'WorkOrderReleased',
  data: {
    ...of(local),
    product: 'flange',
    quantity,
    unit,
    overPercent: '0',
    underPercent: '0',
    operations: [],
    resumeWithinMinutes: 30,
    plannedEnd,
    releasedAt: at,
  },
});
const begun = (local: string): WorkOrderEvent => ({
  type: 'WorkOrderStarted',
  data: { ...of(local), operationId: '10', equipmentId: 'haifa.M4', operationIds: [], startedAt: at },
});
const told = (good: string, scrap = '0') => ({
  reportId: 'r1',
  kind: 'Production' as const,
  operationId: '20',
  equipmentId: 'haifa.M4',
  good,
  scrap: [{ quantity: scrap, reasonCode: 'burr' }],
  rework: '0',
  unit: 'pcs' as const,
  from: at,
  to: at,
});
const reported = (local: string, good: string, scrap = '0', output = true): WorkOrderEvent => ({
  type: 'ProductionReported',
  data: { ...of(local), ...told(good, scrap), output },
});
const held: WorkOrderEvent = {
  type: 'WorkOrderHeld',
  data: { ...of('W1'), cause: 'Equipment', reason: 'x', running: [], operationIds: [], heldAt: at },
};
const over = (local: string): WorkOrderEvent => ({
  type: 'WorkOrderEnded',
  data: { ...of(local), ending: 'Stopped', totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' }, operationIds: [], endedAt: at },
});

const board = (order: ProductionOrderEvent[], ...work: (readonly [string, WorkOrderEvent[]])[]) =>
  folded(
    orderBoard,
    [`production-order-${productionOrderId}`, order],
    ...work.map(([local, events]) => [`work-order-haifa.${local}`, events] as const),
  )[productionOrderId]!;

describe('the order board', () => {
  test('shows a demand without work orders', () => {
    expect(board([created])).toMatchObject({
      facilityId: 'haifa',
      status: 'Open',
      risk: 'Unallocated',
      good: '0',
      percentDone: '0',
      unallocated: '100',
      due,
      legs: [],
      revision: 0n,
    });
  });
  test('follows every report on the last operation of its work orders', () => {
    expect(
      board([created], ['W1', [released('W1', '60'), begun('W1'), reported('W1', '70', '1', false), reported('W1', '50', '2')]]),
    ).toMatchObject({
      status: 'InProgress',
      good: '50',
      scrap: '3',
      percentDone: '50',
      unallocated: '40',
      projectedEnd: '2026-01-20T12:00:00.000Z',
      legs: [{ workOrderId: 'haifa.W1', status: 'Running', quantity: '60', good: '50' }],
    });
  });
  test('adds up several work orders, linked before or after their release', () => {
    expect(
      board(
        [created, linked('W1', '60'), linked('W2', '40')],
        ['W1', [released('W1', '60'), begun('W1'), reported('W1', '60')]],
        ['W2', [released('W2', '40'), begun('W2'), reported('W2', '38')]],
      ),
    ).toMatchObject({ good: '98', percentDone: '98', risk: 'None', unallocated: '0', legs: [{ good: '60' }, { good: '38' }] });
  });
  test('shows the right quantities after a correction and above the ordered amount', () => {
    const reversed: WorkOrderEvent = {
      type: 'ProductionReportReversed',
      data: { ...of('W1'), ...told('110', '3'), output: true, replacedBy: 'r2', reason: 'x' },
    };
    const corrected: WorkOrderEvent = {
      type: 'ProductionReportCorrected',
      data: { ...of('W1'), ...told('99', '1'), output: true, replaces: 'r1', reason: 'x' },
    };
    const past = [released('W1', '100'), begun('W1'), reported('W1', '110', '3')];
    expect(board([created], ['W1', past])).toMatchObject({ good: '110', percentDone: '110', risk: 'Exceeded' });
    expect(board([created], ['W1', [...past, reversed, corrected]])).toMatchObject({
      good: '99',
      scrap: '1',
      percentDone: '99',
      risk: 'None',
    });
  });
  test('shows the gravest risk of an order', () => {
    const past = [released('W1', '100'), begun('W1')];
    const question: WorkOrderEvent = { type: 'SupervisorDecisionRequested', data: { ...of('W1'), question: '?', requestedAt: at } };
    expect(board([created], ['W1', [released('W1', '100', '2026-02-02T12:00:00.000Z')]]).risk).toBe('PlannedLate');
    expect(board([created], ['W1', [...past, held]])).toMatchObject({ risk: 'Interrupted', legs: [{ status: 'Interrupted' }] });
    expect(board([created], ['W1', [...past, held, question]]).risk).toBe('DecisionNeeded');
    const withdrawn: WorkOrderEvent = {
      type: 'EquipmentHoldLifted',
      data: { ...of('W1'), equipmentId: 'haifa.M4', questionWithdrawn: true, liftedAt: at },
    };
    expect(board([created], ['W1', [...past, held, question, withdrawn]]).risk).not.toBe('DecisionNeeded');
    expect(board([created], ['W1', [...past, reported('W1', '50'), over('W1')]])).toMatchObject({ risk: 'ShortMade', unallocated: '50' });
  });
  test('drops a work order that was unlinked', () => {
    expect(board([created, linked('W1', '60'), unlinked('W1')], ['W2', []])).toMatchObject({ legs: [], unallocated: '100' });
  });
  test('adds a work order that is attached while it runs, and drops it when detached', () => {
    const attached: WorkOrderEvent = {
      type: 'WorkOrderAttached',
      data: { ...of('W1'), status: 'Running', quantity: '60', totals: { good: '20', scrap: '1', rework: '0', unit: 'pcs' } },
    };
    expect(board([created, linked('W1', '60')], ['W1', [attached, reported('W1', '5')]])).toMatchObject({
      status: 'InProgress',
      good: '25',
      scrap: '1',
      unallocated: '40',
    });
    expect(board([created], ['W1', [attached, { type: 'WorkOrderDetached', data: of('W1') }]])).toMatchObject({ good: '0', legs: [] });
  });
  test('counts only amounts that can be converted to its unit', () => {
    expect(board([created], ['W1', [released('W1', '60', at, 'kg')]])).toMatchObject({ legs: [], good: '0' });
  });
  test('follows the order itself', () => {
    const made = { good: '0', scrap: '0', rework: '0' };
    const amended: ProductionOrderEvent = {
      type: 'ProductionOrderAmended',
      data: {
        productionOrderId,
        from: demand,
        to: { ...demand, quantity: '80', customerRef: 'PO-1' },
        reason: 'less',
        unallocated: '80',
        amendedAt: at,
      },
    };
    expect(board([created, amended])).toMatchObject({ quantity: '80', unallocated: '80', customerRef: 'PO-1', revision: 1n });
    expect(board([created, { type: 'ProductionOrderHeld', data: { productionOrderId, reason: 'credit', heldAt: at } }])).toMatchObject({
      status: 'Held',
      reason: 'credit',
    });
    expect(
      board([created, { type: 'ProductionOrderCancelled', data: { productionOrderId, reason: 'gone', made, cancelledAt: at } }]),
    ).toMatchObject({ status: 'Cancelled', risk: 'None' });
    expect(
      board([created, { type: 'ProductionOrderClosed', data: { productionOrderId, made, reason: 'enough', closedAt: at } }]),
    ).toMatchObject({ status: 'Closed', reason: 'enough' });
  });
  test('ignores work orders without a production order', () => {
    expect(folded(orderBoard, ['work-order-haifa.W9', [{ type: 'WorkOrderHeld', data: { workOrderId: 'haifa.W9' } }]])).toEqual({});
  });
});

test('a leg that was observed before its release has the quantities made before', () => {
  const late = released('W1', '100');
  const soFar = { totals: { good: '12', scrap: '1', rework: '0', unit: 'pcs' as const }, operations: [] };
  const events = [
    ['production-order-haifa.P1', [created]],
    ['work-order-haifa.W1', [{ ...late, data: { ...late.data, soFar } } as WorkOrderEvent]],
  ] as const;
  expect(folded(orderBoard, ...events)[productionOrderId]).toMatchObject({ good: '12', scrap: '1', percentDone: '12' });
});
