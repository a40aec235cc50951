import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { folded } from '#platform/testing/folded';
import { genealogyEdge } from './genealogy-edge.view';
import { available, type MaterialLot } from './lot';
import { lotDiscrepancy } from './lot-discrepancy.view';
import { lotStock } from './lot-stock.view';
import { materialLot } from './material-lot';
import type { MaterialLotEvent } from './material-lot.events';

const lotId = 'haifa.L1';
const stream = 'material-lot-haifa.L1';
const kg = (amount: string) => ({ amount, unit: 'kg' }) as const;
type Step = readonly [type: keyof typeof materialLot.decide, command?: object];

/** Runs commands of one lot, skipping refused ones, and returns the events and the state. */
function run(...steps: readonly Step[]): { events: MaterialLotEvent[]; lot: MaterialLot } {
  const events: MaterialLotEvent[] = [];
  let lot = materialLot.initial;
  steps.forEach(([type, command], index) => {
    const at = new Date(Date.UTC(2026, 0, 5, 8, index)).toISOString();
    const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: `c${index}`, digestOf };
    try {
      const more = (materialLot.decide[type] as (...input: unknown[]) => MaterialLotEvent[])(
        { lotId, reason: 'x', ...command },
        lot,
        context,
      );
      lot = more.reduce(materialLot.evolve, lot);
      events.push(...more);
    } catch (error) {
      expect(error).toMatchObject({ name: 'Rejected' });
    }
  });
  return { events, lot };
}
const receive: Step = [
  'ReceiveLot',
  { materialId: 'steel', quantity: kg('100'), supplierId: 'acme', supplierLot: '4/7', locationId: 'haifa.S1' },
];
const reserve: Step = ['ReserveLot', { reservationId: 'R1', workOrderId: 'haifa.W1', quantity: kg('30') }];
const consume: Step = [
  'ConsumeLot',
  { consumptionId: 'C1', workOrderId: 'haifa.W1', quantity: kg('10'), reservationId: 'R1', operationId: '10' },
];
const stock = (...steps: Step[]) => folded(lotStock, [stream, run(...steps).events])[lotId];

describe('lot stock', () => {
  test('shows stock and free stock', () => {
    expect(stock(receive, reserve, consume)).toMatchObject({
      facilityId: 'haifa',
      materialId: 'steel',
      status: 'Available',
      onHand: '90',
      reserved: '20',
      available: '70',
      unit: 'kg',
      supplierLot: '4/7',
      locationId: 'haifa.S1',
    });
  });
  test('shows holds until they are released', () => {
    expect(stock(receive, ['HoldLot', { holdId: 'H1' }], ['HoldLot', { holdId: 'H2' }], ['ReleaseHold', { holdId: 'H1' }])).toMatchObject({
      status: 'Held',
      holds: ['H2'],
    });
  });
  test('shows that a lot is empty or merged', () => {
    expect(stock(receive, ['ScrapLot', { quantity: kg('100'), reasonCode: 'rust' }])).toMatchObject({ status: 'Depleted', onHand: '0' });
    expect(stock(receive, ['MergeLot', { intoLotId: 'haifa.L9' }])).toMatchObject({
      status: 'Merged',
      mergedInto: 'haifa.L9',
      available: '0',
    });
    expect(stock(receive, ['MergeLot', { intoLotId: 'haifa.L9' }], ['UndoMerge', { intoLotId: 'haifa.L9' }])).toMatchObject({
      status: 'Available',
      mergedInto: null,
      onHand: '100',
    });
  });
  test('shows a discrepancy until the books are adjusted', () => {
    const count: Step = ['ObserveStockCount', { quantity: kg('98') }];
    expect(stock(receive, count)).toMatchObject({ onHand: '100', discrepancy: '-2' });
    expect(stock(receive, count, ['AdjustStock', { quantity: kg('98') }])).toMatchObject({ onHand: '98', discrepancy: null });
    expect(Object.values(folded(lotDiscrepancy, [stream, run(count).events]))).toMatchObject([
      { lotId, kind: 'LOT_UNKNOWN', counted: '98', expected: null, settledBy: null },
    ]);
    expect(stock(count)).toBeUndefined();
  });
  test('agrees with the books of the lot after any commands', () => {
    const id = fc.constantFrom('1', '2');
    const quantity = fc.integer({ min: 1, max: 80 }).map((amount) => kg(String(amount)));
    const workOrderId = fc.constantFrom('haifa.W1', 'haifa.W2');
    const step = fc.oneof(
      fc.record({ reservationId: id, workOrderId, quantity }).map((data): Step => ['ReserveLot', data]),
      fc.record({ reservationId: id, workOrderId }).map((data): Step => ['UnreserveLot', data]),
      fc.record({ workOrderId, quantity, reservationId: fc.option(id, { nil: undefined }) }).map((data): Step => ['ConsumeLot', data]),
      fc.record({ consumptionId: fc.constantFrom('c1', 'c2', 'c3'), quantity }).map((data): Step => ['ReverseConsumption', data]),
      fc.record({ childLotId: fc.constantFrom('haifa.L2', 'haifa.L3'), quantity }).map((data): Step => ['SplitLot', data]),
      fc.record({ childLotId: fc.constantFrom('haifa.L2', 'haifa.L3') }).map((data): Step => ['UndoSplit', data]),
      fc.record({ workOrderId, quantity, productionId: id, materialId: fc.constant('steel') }).map((data): Step => ['ProduceLot', data]),
      fc.record({ productionId: id }).map((data): Step => ['ReverseProduction', data]),
      fc.record({ quantity }).map((data): Step => ['AdjustStock', data]),
      fc.constant<Step>(['MergeLot', { intoLotId: 'haifa.L9' }]),
      fc.constant<Step>(['UndoMerge', { intoLotId: 'haifa.L9' }]),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const { events, lot } = run(receive, ...steps);
        if (lot.status === 'unknown') throw new Error('the lot was received');
        expect(folded(lotStock, [stream, events])[lotId]).toMatchObject({ onHand: lot.onHand, available: available(lot) });
      }),
    );
  });
});

describe('genealogy', () => {
  const edges = (...steps: Step[]) =>
    Object.values(folded(genealogyEdge, [stream, run(...steps).events])).map(({ kind, parentId, childId, amount, voidedBy }) => [
      kind,
      parentId,
      childId,
      amount,
      voidedBy !== null,
    ]);
  test('leads from the lot into the work order, and from the work order into its lot', () => {
    expect(
      edges(receive, reserve, consume, [
        'ProduceLot',
        { productionId: 'P1', materialId: 'steel', quantity: kg('5'), workOrderId: 'haifa.W2' },
      ]),
    ).toEqual([
      ['Consumption', lotId, 'haifa.W1', '10', false],
      ['Production', 'haifa.W2', lotId, '5', false],
    ]);
  });
  test('leads from a lot to the lot split from it and to the lot it was merged into', () => {
    expect(edges(receive, ['SplitLot', { childLotId: 'haifa.L2', quantity: kg('25') }], ['MergeLot', { intoLotId: 'haifa.L9' }])).toEqual([
      ['Split', lotId, 'haifa.L2', '25', false],
      ['Merge', lotId, 'haifa.L9', '75', false],
    ]);
  });
  test('is voided by corrections, and reduced by returns', () => {
    const back = (amount?: string): Step => ['ReverseConsumption', { consumptionId: 'C1', ...(amount ? { quantity: kg(amount) } : {}) }];
    expect(edges(receive, reserve, consume, back('4'))).toEqual([['Consumption', lotId, 'haifa.W1', '6', false]]);
    expect(edges(receive, reserve, consume, back('4'), back())).toEqual([['Consumption', lotId, 'haifa.W1', '0', true]]);
    expect(edges(receive, ['SplitLot', { childLotId: 'haifa.L2', quantity: kg('25') }], ['UndoSplit', { childLotId: 'haifa.L2' }])).toEqual(
      [['Split', lotId, 'haifa.L2', '0', true]],
    );
  });
});
