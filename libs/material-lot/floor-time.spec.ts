import { digestOf } from '#platform/commands/digest';
import fc from 'fast-check';
import { compare } from '#manufacturing/quantity';
import { given } from '#platform/testing/given';
import { at, consume, kg, lotId, produced, received, workOrderId } from './lot-pasts';
import { materialLot } from './material-lot';
import type { MaterialLotEvent } from './material-lot.events';
import { leastFrom, onHandAt, withMovement, type Movement } from './movements';

const day = (n: number) => `2025-11-${String(n).padStart(2, '0')}T08:00:00.000Z`;
const now = '2025-11-30T08:00:00.000Z';
const on = (n: number) => ({ now, occurredAt: day(n) });
const made = (n: number, amount = '10', productionId = `P${n}`) =>
  produced({ productionId, quantity: kg(amount), at: day(n) }) as MaterialLotEvent;

describe('what leaves a lot at an earlier time', () => {
  const lot = given(materialLot, made(1), made(20));
  test('is refused if it was not there yet', () => {
    lot.when('ConsumeLot', consume('15'), on(10)).rejects('stock-insufficient');
    lot.when('ScrapLot', { lotId, quantity: kg('15'), reasonCode: 'rust' }, on(10)).rejects('stock-insufficient');
    lot.when('ReturnLot', { lotId, quantity: kg('15'), reason: 'wrong' } as never, on(10)).rejects('stock-insufficient');
    lot.when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('15') }, on(10)).rejects('stock-insufficient');
    lot.when('MergeLot', { lotId, intoLotId: 'haifa.L9' }, on(10)).rejects('stock-insufficient');
  });
  test('is refused before the only receipt', () =>
    given(materialLot, received({ at: day(19) }))
      .when('ConsumeLot', consume('1'), on(18))
      .rejects('stock-insufficient'));
  test('is refused if it left later', () => {
    const later: MaterialLotEvent = {
      type: 'LotConsumed',
      data: { lotId, consumptionId: 'C9', workOrderId, operationId: null, quantity: kg('8'), reservationId: null, at: day(5) },
    };
    given(materialLot, made(1), later, made(20)).when('ConsumeLot', consume('5'), on(3)).rejects('stock-insufficient');
  });
  test('comes back no earlier than it left', () => {
    const left = given(materialLot, made(1), {
      type: 'LotConsumed',
      data: { lotId, consumptionId: 'C9', workOrderId, operationId: null, quantity: kg('8'), reservationId: null, at: day(20) },
    } satisfies MaterialLotEvent);
    const back = { lotId, reversalId: 'V1', consumptionId: 'C9', reason: 'left over' };
    left.when('ReverseConsumption', back, on(10)).rejects('reversal-before-consumption');
    const data = { ...back, workOrderId, quantity: kg('8'), remaining: kg('0'), at: day(21) };
    left.when('ReverseConsumption', back, on(21)).then({ type: 'ConsumptionReversed', data });
  });
  test('was produced before it is taken out again as an error', () => {
    const reverse = { lotId, productionId: 'P20', reason: 'wrong lot' };
    const data = { ...reverse, workOrderId, quantity: kg('10'), at: day(21) };
    given(materialLot, made(1), made(20)).when('ReverseProduction', reverse, on(10)).rejects('reversal-before-production');
    given(materialLot, made(1), made(20)).when('ReverseProduction', reverse, on(21)).then({ type: 'ProductionReversed', data });
  });
  test('is booked if it was there', () => {
    for (const [amount, when] of [
      ['10', 10],
      ['15', 25],
    ] as const)
      expect(
        materialLot.decide.ConsumeLot(consume(amount), [made(1), made(20)].reduce(materialLot.evolve, materialLot.initial), {
          ...on(when),
          actor: 'ann',
          role: 'operator',
          commandId: 'c',
          digestOf,
        }),
      ).toHaveLength(1);
  });
  test('is booked at the latest known time if the command names none and a clock was ahead', () => {
    const ahead = '2026-01-05T08:04:00.000Z';
    const past = [produced({ quantity: kg('10') }), produced({ productionId: 'P2', quantity: kg('10'), at: ahead })];
    const then = (type: keyof typeof materialLot.decide, command: object) =>
      expect(
        materialLot.decide[type]({ lotId, ...command } as never, past.reduce(materialLot.evolve, materialLot.initial), {
          ...{ now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: 'c', digestOf },
        })[0],
      ).toMatchObject({ data: { at: ahead } });
    then('ConsumeLot', consume('15'));
    then('ScrapLot', { quantity: kg('15'), reasonCode: 'rust' });
    then('ReturnLot', { quantity: kg('15'), reason: 'wrong' });
    then('SplitLot', { childLotId: 'haifa.L2', quantity: kg('15') });
    then('MergeLot', { intoLotId: 'haifa.L9' });
    then('IssueLotToTransfer', { transferId: 'haifa.T1', pick: 1, materialId: 'gear', quantity: kg('15') });
    then('ReverseProduction', { productionId: 'P2', reason: 'wrong' });
    then('AdjustStock', { quantity: kg('5'), reason: 'counted' });
    then('ReserveLot', { reservationId: 'R1', workOrderId, quantity: kg('15') });
    then('ObserveStockCount', { quantity: kg('20') });
  });
  test('never makes the stock of any time negative, whatever clocks say', () => {
    const minute = (n: number) => new Date(Date.parse(at) + n * 60_000).toISOString();
    const step = fc.record({
      type: fc.constantFrom('ProduceLot', 'ConsumeLot', 'ScrapLot', 'ReturnLot', 'SplitLot', 'AdjustStock', 'ReverseProduction'),
      amount: fc.integer({ min: 1, max: 20 }).map(String),
      ahead: fc.option(fc.integer({ min: -10, max: 4 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        let state = [made(1)].reduce(materialLot.evolve, materialLot.initial);
        for (const [n, { type, amount, ahead }] of steps.entries()) {
          const occurredAt = minute(n + (ahead ?? 0));
          const command = { lotId, workOrderId, materialId: 'gear', quantity: kg(amount), childLotId: `haifa.S${n}`, reason: 'x' };
          const ids = { productionId: type === 'ProduceLot' ? `P${n}` : `P${n - 1}`, reasonCode: 'x' };
          const context = { now: minute(n), occurredAt, actor: 'ann', role: 'operator', commandId: `c${n}`, digestOf };
          try {
            const events = materialLot.decide[type]({ ...command, ...ids } as never, state, context);
            state = events.reduce(materialLot.evolve, state);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
          }
          if (state.status === 'unknown') throw new Error('it was produced');
          expect(compare(leastFrom(state.movements, day(1)), '0')).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a count', () => {
  const stock = received({ quantity: kg('15000'), at: '2025-11-19T08:00:00.000Z' });
  const used: MaterialLotEvent = {
    type: 'LotConsumed',
    data: {
      lotId,
      consumptionId: 'C1',
      workOrderId,
      operationId: null,
      quantity: kg('2000'),
      reservationId: null,
      at: '2025-11-21T16:19:00.000Z',
    },
  };
  const early = { now, occurredAt: '2025-11-21T03:11:00.000Z' };
  test('is compared with the books of its time', () => {
    given(materialLot, stock, used)
      .when('ObserveStockCount', { lotId, countId: 'Z1', quantity: kg('15000') }, early)
      .then({
        type: 'StockCountObserved',
        data: { lotId, countId: 'Z1', counted: kg('15000'), expected: kg('15000'), at: early.occurredAt },
      });
  });
  test('that is booked keeps later movements', () => {
    const adjusted: MaterialLotEvent = {
      type: 'StockAdjusted',
      data: { lotId, adjustmentId: 'A1', from: kg('15000'), to: kg('13000'), difference: '-2000', reason: 'count', at: early.occurredAt },
    };
    given(materialLot, stock, used)
      .when('AdjustStock', { lotId, adjustmentId: 'A1', quantity: kg('13000'), reason: 'count' }, early)
      .then(adjusted);
    expect([stock, used, adjusted].reduce(materialLot.evolve, materialLot.initial)).toMatchObject({ onHand: '11000' });
  });
  test('cannot be booked if more left later', () =>
    given(materialLot, stock, used)
      .when('AdjustStock', { lotId, adjustmentId: 'A1', quantity: kg('1000'), reason: 'count' }, early)
      .rejects('stock-insufficient'));
});

describe('deliveries', () => {
  const first = received({ quantity: kg('100'), deliveryId: 'D1' });
  const ask = { lotId, materialId: 'steel', quantity: kg('50'), deliveryId: 'D2' };
  test('of one lot add up, each once, and it expires with the earliest part', () => {
    const expiresAt = '2026-03-01T00:00:00.000Z';
    const second: MaterialLotEvent = {
      type: 'LotDelivered',
      data: {
        lotId,
        deliveryId: 'D2',
        materialId: 'steel',
        quantity: kg('50'),
        expiresAt,
        supplierId: null,
        supplierLot: null,
        locationId: null,
        at,
      },
    };
    given(materialLot, first)
      .when('ReceiveLot', { ...ask, expiresAt })
      .then(second);
    given(materialLot, first, second)
      .when('ReceiveLot', { ...ask, expiresAt })
      .changesNothing();
    given(materialLot, first, second)
      .when('ReceiveLot', { ...ask, quantity: kg('51') })
      .rejects('id-taken');
    expect([first, second].reduce(materialLot.evolve, materialLot.initial)).toMatchObject({ onHand: '150', expiresAt });
  });
  test('must be of one material', () =>
    given(materialLot, first)
      .when('ReceiveLot', { ...ask, materialId: 'brass' })
      .rejects('wrong-material'));
  test('need an id after the first', () =>
    given(materialLot, first)
      .when('ReceiveLot', { lotId, materialId: 'steel', quantity: kg('50') })
      .rejects('lot-exists'));
});

test.each(['2.5', '0.5'])('%s pieces are refused everywhere', (amount) => {
  const pieces = (n: string) => ({ amount: n, unit: 'pcs' }) as const;
  const some = received({ quantity: pieces('10') });
  given(materialLot)
    .when('ReceiveLot', { lotId, materialId: 'steel', quantity: pieces(amount) })
    .rejects('fraction-of-a-piece');
  given(materialLot)
    .when('ProduceLot', { lotId, materialId: 'gear', quantity: pieces(amount), workOrderId })
    .rejects('fraction-of-a-piece');
  given(materialLot, some)
    .when('ConsumeLot', { lotId, workOrderId, quantity: pieces(amount) })
    .rejects('fraction-of-a-piece');
  given(materialLot, some)
    .when('ReserveLot', { lotId, reservationId: 'R', workOrderId, quantity: pieces(amount) })
    .rejects('fraction-of-a-piece');
});

test('movements give the same books in any order of arrival', () => {
  const movement = fc.tuple(
    fc.nat({ max: 50 }).map((n) => new Date(Date.UTC(2026, 0, 1, n)).toISOString()),
    fc.integer({ min: -20, max: 20 }).map(String),
  );
  fc.assert(
    fc.property(fc.array(movement, { maxLength: 20 }), fc.nat({ max: 50 }), (list, hour) => {
      const when = new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
      const booked = list.reduce<readonly Movement[]>((all, [time, change]) => withMovement(all, time, change), []);
      expect(booked.map(([time]) => time)).toEqual(list.map(([time]) => time).sort());
      const there = list.filter(([time]) => time <= when).reduce((total, [, change]) => total + Number(change), 0);
      expect(onHandAt(booked, when)).toBe(String(there));
      expect(compare(leastFrom(booked, when), String(there))).toBeLessThanOrEqual(0);
    }),
  );
});
