import { digestOf } from '#platform/commands/digest';
import { folded } from '#platform/testing/folded';
import { kg, lotId, workOrderId } from './lot-pasts';
import { lotDiscrepancy } from './lot-discrepancy.view';
import { lotStock } from './lot-stock.view';
import { materialLot } from './material-lot';
import type { MaterialLotEvent } from './material-lot.events';

const now = '2025-11-30T08:00:00.000Z';
const clock = (time: string) => `2025-11-21T${time}:00.000Z`;
type Step = readonly [type: keyof typeof materialLot.decide, command: object, time: string, actor?: string];
/** The events of commands that arrive in this order, whenever they happened. */
const arriving = (...steps: Step[]): MaterialLotEvent[] =>
  steps.reduce<MaterialLotEvent[]>((events, [type, command, time, actor = 'ann'], n) => {
    const context = { now, occurredAt: clock(time), actor, role: 'operator', commandId: `c${n}`, digestOf };
    const state = events.reduce(materialLot.evolve, materialLot.initial);
    return [...events, ...materialLot.decide[type]({ lotId, ...command } as never, state, context)];
  }, []);
const receive: Step = ['ReceiveLot', { materialId: 'steel', quantity: kg('15000') }, '00:00'];
const count = (amount: string, time: string, countId: string | undefined = `Z${time.slice(0, 2)}`): Step => [
  'ObserveStockCount',
  { countId, quantity: kg(amount) },
  time,
];
const use = (amount: string, time: string): Step => ['ConsumeLot', { workOrderId, quantity: kg(amount) }, time];
const adjust = (amount: string, time: string): Step => ['AdjustStock', { quantity: kg(amount), reason: 'count' }, time];
const stream = `material-lot-${lotId}`;
const stock = (...steps: Step[]) => folded(lotStock, [stream, arriving(...steps)])[lotId];
const findings = (...steps: Step[]) =>
  Object.values(folded(lotDiscrepancy, [stream, arriving(...steps)])).map(
    ({ countedBy, countId, kind, expected, difference, settledBy }) => [
      ...[countedBy, countId, kind, expected, difference],
      settledBy !== null,
    ],
  );

describe('a count against facts that become known later', () => {
  test('is compared with all that is known of its time', () => {
    expect(findings(receive, count('14500', '03:11'))).toEqual([['Count', 'Z03', 'LESS_THAN_BOOKED', '15000', '-500', false]]);
    expect(findings(receive, count('14500', '03:11'), use('500', '02:00'))).toMatchObject([
      ['Count', 'Z03', 'LESS_THAN_BOOKED', '14500', '0', true],
    ]);
    expect(findings(receive, count('15000', '03:11'), use('500', '02:00'))).toEqual([
      ['Count', 'Z03', 'MORE_THAN_BOOKED', '14500', '500', false],
    ]);
    expect(findings(receive, count('15000', '03:11'), use('500', '04:00'))).toEqual([]);
  });
  test('is told in the answer to the command that it concerns', () => {
    expect(arriving(receive, count('15000', '03:11'), use('500', '02:00')).slice(3)).toEqual([
      {
        type: 'StockDiscrepanciesRevised',
        data: {
          lotId,
          counts: [
            {
              ...{ by: 'Count', countId: 'Z03', kind: 'MORE_THAN_BOOKED', difference: '500' },
              ...{ counted: kg('15000'), expected: kg('14500'), at: clock('03:11') },
            },
          ],
          at: clock('02:00'),
        },
      },
    ]);
  });
  test('that was adjusted to says what is off again', () => {
    const steps = [receive, count('13000', '03:11'), adjust('13000', '03:11')];
    expect(findings(...steps)).toEqual([['Count', 'Z03', 'LESS_THAN_BOOKED', '13000', '0', true]]);
    expect(stock(...steps)).toMatchObject({ onHand: '13000', discrepancy: null });
    expect(findings(...steps, use('500', '02:00'))).toEqual([['Count', 'Z03', 'MORE_THAN_BOOKED', '12500', '500', false]]);
    expect(stock(...steps, use('500', '02:00'))).toMatchObject({ onHand: '12500', discrepancy: '500' });
    expect(stock(...steps, use('500', '02:00'), adjust('13000', '03:11'))).toMatchObject({ onHand: '13000', discrepancy: null });
  });
  test('an adjustment without a count is one', () => {
    const steps = [receive, adjust('13000', '03:11'), use('500', '02:00')];
    expect(findings(...steps)).toEqual([['Adjustment', 'c1', 'MORE_THAN_BOOKED', '12500', '500', false]]);
    expect(stock(...steps)).toMatchObject({ discrepancy: '500' });
  });
  test('of a lot that was unknown is compared once the lot is known', () => {
    expect(findings(count('14000', '03:11'))).toEqual([['Count', 'Z03', 'LOT_UNKNOWN', null, null, false]]);
    expect(findings(count('14000', '03:11'), receive)).toEqual([['Count', 'Z03', 'LESS_THAN_BOOKED', '15000', '-1000', false]]);
    expect(findings(count('15000', '03:11'), receive)).toMatchObject([['Count', 'Z03', 'LOT_UNKNOWN', '15000', '0', true]]);
  });
  test('does not settle a later one', () => {
    const differs = [receive, count('14000', '05:00')];
    expect(stock(...differs)).toMatchObject({ discrepancy: '-1000' });
    expect(stock(...differs, count('15000', '03:11'))).toMatchObject({ discrepancy: '-1000', countedAt: clock('05:00') });
    expect(stock(...differs, adjust('14900', '03:11'))).toMatchObject({ discrepancy: '-900' });
    expect(stock(...differs, adjust('14000', '06:00'))).toMatchObject({ discrepancy: null });
  });
});

describe('a count that is sent again', () => {
  const none = (amount: string, time: string, actor?: string): Step => ['ObserveStockCount', { quantity: kg(amount) }, time, actor];
  const counts = (...steps: Step[]) => arriving(...steps).filter(({ type }) => type === 'StockCountObserved').length;
  test('is the same if amount, time and person are, also without an id', () => {
    expect(counts(receive, none('98', '03:11'), none('98', '03:11'))).toBe(1);
    expect(counts(receive, none('98', '03:11'), none('98', '03:12'), none('97', '03:11'), none('98', '03:11', 'bob'))).toBe(4);
    expect(counts(none('98', '03:11'), receive, none('98', '03:11'))).toBe(1);
  });
  test('is known however old it is, also of an unknown lot', () => {
    const many = Array.from({ length: 65 }, (_, n) => count('1', '03:11', `Z${n + 1}`));
    expect(counts(...many, count('1', '03:11', 'Z1'))).toBe(65);
  });
  test('without a time is known by the time that it is recorded with', () => {
    const state = arriving(receive, use('1', '03:11')).reduce(materialLot.evolve, materialLot.initial);
    const sent = (occurredAt: string, server: string) =>
      materialLot.decide.ObserveStockCount({ lotId, quantity: kg('98') } as never, state, {
        ...{ now: server, occurredAt, actor: 'ann', role: 'operator', commandId: 'c', digestOf },
      })[0];
    // The clock of the terminal that consumed was ahead of the server's.
    expect(sent(clock('03:10'), clock('03:10'))).toEqual(sent(clock('03:11'), now));
  });
  test('under the id of another amount is recorded, and flagged', () => {
    const events = arriving(receive, count('15000', '03:11', 'Z1'), count('14000', '04:00', 'Z1'), count('14000', '05:00', 'Z1'));
    expect(events.filter(({ type }) => type === 'StockCountObserved')).toHaveLength(2);
    const kinds = events.flatMap(({ type, data }) => (type === 'StockDiscrepancyObserved' ? [data.kind] : []));
    expect(kinds).toEqual(['LESS_THAN_BOOKED', 'COUNT_ID_REUSED']);
  });
});
