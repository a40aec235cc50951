import { digestOf } from '#platform/commands/digest';
import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import { compare } from '#manufacturing/quantity';
import { available, type MaterialLot } from './lot';
import { materialLot } from './material-lot';
import type { MaterialLotEvent } from './material-lot.events';
import { lotId, at, workOrderId, kg, received, reserved, consumed, produced, consume, receive } from './lot-pasts';

describe('an unknown lot', () => {
  test('is received', () => {
    given(materialLot).when('ReceiveLot', receive).then(received());
    given(materialLot)
      .when('ReceiveLot', {
        ...receive,
        expiresAt: '2026-02-01T02:00:00+02:00',
        supplierId: 'acme',
        supplierLot: '4/7',
        locationId: 'haifa.S1',
      })
      .then(received({ expiresAt: '2026-02-01T00:00:00.000Z', supplierId: 'acme', supplierLot: '4/7', locationId: 'haifa.S1' }));
  });
  test('is produced', () => {
    given(materialLot)
      .when('ProduceLot', { lotId, productionId: 'P1', materialId: 'gear', quantity: kg('5'), workOrderId })
      .then(produced());
    given(materialLot)
      .when('ProduceLot', { lotId, materialId: 'gear', quantity: kg('5'), workOrderId: 'lyon.W1' })
      .rejects('wrong-facility');
  });
  test('is not produced into another plant, nor with an amount of zero', () => {
    const produce = { lotId, materialId: 'gear', quantity: kg('5'), workOrderId };
    given(materialLot)
      .when('ProduceLot', { ...produce, locationId: 'lyon.S1' })
      .rejects('wrong-facility');
    given(materialLot)
      .when('ProduceLot', { ...produce, quantity: kg('0') })
      .rejects('quantity-not-positive');
  });
  test('needs a positive decimal amount', () => {
    for (const amount of ['0', '0.000', '-1'])
      given(materialLot)
        .when('ReceiveLot', { ...receive, quantity: kg(amount) })
        .rejects('quantity-not-positive');
    for (const amount of ['NaN', '1e400', '1.1234567', '1,5', '', '1234567890123'])
      given(materialLot)
        .when('ReceiveLot', { ...receive, quantity: kg(amount) })
        .rejects('quantity-malformed');
  });
  test('cannot be stored in another plant', () => {
    given(materialLot)
      .when('ReceiveLot', { ...receive, locationId: 'lyon.S1' })
      .rejects('wrong-facility');
  });
  test('refuses every other command', () => {
    given(materialLot).when('ConsumeLot', consume('1')).rejects('material-lot-unknown');
    given(materialLot)
      .when('ReserveLot', { lotId, reservationId: 'R1', workOrderId, quantity: kg('1') })
      .rejects('material-lot-unknown');
    given(materialLot)
      .when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('1') })
      .rejects('material-lot-unknown');
    given(materialLot).when('HoldLot', { lotId, holdId: 'H1', reason: 'x' }).rejects('material-lot-unknown');
  });
  test('can be counted, which is flagged', () => {
    given(materialLot)
      .when('ObserveStockCount', { lotId, countId: 'N1', quantity: kg('3') })
      .then(
        { type: 'StockCountObserved', data: { lotId, countId: 'N1', counted: kg('3'), expected: null, at } },
        {
          type: 'StockDiscrepancyObserved',
          data: { lotId, countId: 'N1', kind: 'LOT_UNKNOWN', counted: kg('3'), expected: null, difference: null, at },
        },
      );
  });
});

describe('a lot in stock', () => {
  test('is received once', () => {
    given(materialLot, received()).when('ReceiveLot', receive).changesNothing();
    given(materialLot, received())
      .when('ReceiveLot', { ...receive, quantity: kg('99') })
      .rejects('lot-exists');
  });
  test('gets more of the same material from production, each production once', () => {
    const more = { lotId, productionId: 'P2', materialId: 'gear', quantity: { amount: '500', unit: 'g' as const }, workOrderId };
    given(materialLot, produced())
      .when('ProduceLot', more)
      .then(produced({ productionId: 'P2', quantity: kg('0.5') }));
    given(materialLot, produced(), produced({ productionId: 'P2', quantity: kg('0.5') }))
      .when('ProduceLot', more)
      .changesNothing();
    given(materialLot, produced())
      .when('ProduceLot', { ...more, productionId: 'P1' })
      .rejects('id-taken');
    given(materialLot, received()).when('ProduceLot', more).rejects('wrong-material');
  });
  test('keeps the earliest expiry of its contents', () => {
    given(materialLot, produced({ expiresAt: '2026-03-01T00:00:00.000Z' }))
      .when('ProduceLot', {
        lotId,
        productionId: 'P2',
        materialId: 'gear',
        quantity: kg('1'),
        workOrderId,
        expiresAt: '2026-04-01T00:00:00Z',
      })
      .then(produced({ productionId: 'P2', quantity: kg('1'), expiresAt: '2026-03-01T00:00:00.000Z' }));
  });
  test('reverses a production booked in error while the material is there', () => {
    const reverse = { lotId, productionId: 'P1', reason: 'wrong lot' };
    const reversed: MaterialLotEvent = {
      type: 'ProductionReversed',
      data: { lotId, productionId: 'P1', workOrderId, quantity: kg('5'), reason: 'wrong lot', at },
    };
    given(materialLot, produced()).when('ReverseProduction', reverse).then(reversed);
    given(materialLot, produced(), reversed).when('ReverseProduction', reverse).changesNothing();
    given(materialLot, produced(), consumed('1')).when('ReverseProduction', reverse).rejects('stock-insufficient');
    given(materialLot, received()).when('ReverseProduction', reverse).rejects('no-such-production');
  });
  test('is consumed from free stock, exactly', () => {
    given(materialLot, received()).when('ConsumeLot', consume('40')).then(consumed());
    given(materialLot, received())
      .when('ConsumeLot', { ...consume('1'), quantity: { amount: '40000', unit: 'g' } })
      .then(consumed());
    given(materialLot, received(), consumed()).when('ConsumeLot', consume('40')).changesNothing();
    given(materialLot, received(), consumed()).when('ConsumeLot', consume('41')).rejects('id-taken');
  });
  test('names a consumption after its command if no id is sent', () => {
    const { consumptionId: _, ...command } = consume('40');
    const commandId = '00000000-0000-4000-8000-000000000009';
    given(materialLot, received())
      .when('ConsumeLot', command, { commandId })
      .then({
        type: 'LotConsumed',
        data: { lotId, consumptionId: commandId, workOrderId, operationId: null, quantity: kg('40'), reservationId: null, at },
      });
  });
  test('is never consumed beyond what is free (I6)', () => {
    given(materialLot, received()).when('ConsumeLot', consume('100')).then(consumed('100'));
    given(materialLot, received()).when('ConsumeLot', consume('100.000001')).rejects('stock-insufficient');
    given(materialLot, received(), reserved()).when('ConsumeLot', consume('70.000001')).rejects('stock-insufficient');
  });
  test('refuses units that do not fit', () => {
    given(materialLot, received())
      .when('ConsumeLot', { ...consume('1'), quantity: { amount: '1', unit: 'pcs' } })
      .rejects('unit-incompatible');
    given(materialLot, received())
      .when('ConsumeLot', { ...consume('1'), quantity: { amount: '0.5', unit: 'mg' } })
      .rejects('quantity-too-precise');
    given(materialLot, received()).when('ConsumeLot', consume('0')).rejects('quantity-not-positive');
  });
  test('serves work orders of its own plant only', () => {
    given(materialLot, received())
      .when('ConsumeLot', consume('1', { workOrderId: 'lyon.W1' }))
      .rejects('wrong-facility');
    given(materialLot, received())
      .when('ReserveLot', { lotId, reservationId: 'R1', workOrderId: 'lyon.W1', quantity: kg('1') })
      .rejects('wrong-facility');
  });
  test('is reserved as far as it is free', () => {
    const reserve = (amount: string) => ({ lotId, reservationId: 'R1', workOrderId, quantity: kg(amount) });
    given(materialLot, received()).when('ReserveLot', reserve('30')).then(reserved());
    given(materialLot, received(), reserved()).when('ReserveLot', reserve('30')).changesNothing();
    given(materialLot, received(), reserved()).when('ReserveLot', reserve('31')).rejects('id-taken');
    given(materialLot, received(), consumed()).when('ReserveLot', reserve('61')).rejects('stock-insufficient');
  });
  test('lets only the owner consume a reservation (I7)', () => {
    const past = [received(), reserved()];
    given(materialLot, ...past)
      .when('ConsumeLot', consume('30', { reservationId: 'R1' }))
      .then(consumed('30', 'R1'));
    given(materialLot, ...past)
      .when('ConsumeLot', consume('30', { reservationId: 'R1', workOrderId: 'haifa.W2' }))
      .rejects('reservation-of-another');
    given(materialLot, ...past)
      .when('ConsumeLot', consume('31', { reservationId: 'R1' }))
      .rejects('reservation-exceeded');
    given(materialLot, ...past)
      .when('ConsumeLot', consume('1', { reservationId: 'R7' }))
      .rejects('no-such-reservation');
    given(materialLot, ...past)
      .when('UnreserveLot', { lotId, reservationId: 'R1', workOrderId: 'haifa.W2' })
      .rejects('reservation-of-another');
  });
  test('is free again when the owner releases the rest', () => {
    const unreserve = { lotId, reservationId: 'R1', workOrderId };
    const past = [received(), reserved(), consumed('10', 'R1')];
    const unreserved: MaterialLotEvent = { type: 'LotUnreserved', data: { ...unreserve, quantity: kg('20'), at } };
    given(materialLot, ...past)
      .when('UnreserveLot', unreserve)
      .then(unreserved);
    given(materialLot, ...past, unreserved)
      .when('UnreserveLot', unreserve)
      .changesNothing();
    given(materialLot, received()).when('UnreserveLot', unreserve).rejects('no-such-reservation');
  });
  test('gets back what was consumed in error or left over, not more', () => {
    const reverse = { lotId, reversalId: 'V1', consumptionId: 'C1', reason: 'left over' };
    const reversed = (amount: string, remaining: string): MaterialLotEvent => ({
      type: 'ConsumptionReversed',
      data: { ...reverse, workOrderId, quantity: kg(amount), remaining: kg(remaining), at },
    });
    given(materialLot, received(), consumed()).when('ReverseConsumption', reverse).then(reversed('40', '0'));
    given(materialLot, received(), consumed())
      .when('ReverseConsumption', { ...reverse, quantity: kg('15') })
      .then(reversed('15', '25'));
    given(materialLot, received(), consumed(), reversed('15', '25'))
      .when('ReverseConsumption', { ...reverse, quantity: kg('15') })
      .changesNothing();
    given(materialLot, received(), consumed(), reversed('15', '25'))
      .when('ReverseConsumption', { ...reverse, reversalId: 'V2', quantity: kg('26') })
      .rejects('reversal-exceeds-consumption');
    given(materialLot, received(), consumed(), reversed('40', '0'))
      .when('ReverseConsumption', { ...reverse, reversalId: 'V2' })
      .changesNothing();
    given(materialLot, received()).when('ReverseConsumption', reverse).rejects('no-such-consumption');
  });
  test('is moved, scrapped, returned and adjusted', () => {
    given(materialLot, received())
      .when('MoveLot', { lotId, locationId: 'haifa.S2' })
      .then({ type: 'LotMoved', data: { lotId, fromLocationId: null, toLocationId: 'haifa.S2', at } });
    given(materialLot, received({ locationId: 'haifa.S2' }))
      .when('MoveLot', { lotId, locationId: 'haifa.S2' })
      .changesNothing();
    given(materialLot, received()).when('MoveLot', { lotId, locationId: 'lyon.S2' }).rejects('wrong-facility');

    const scrapped: MaterialLotEvent = { type: 'LotScrapped', data: { lotId, scrapId: 'X1', quantity: kg('2'), reasonCode: 'rust', at } };
    given(materialLot, received())
      .when('ScrapLot', { lotId, scrapId: 'X1', quantity: kg('2'), reasonCode: 'rust' })
      .then(scrapped);
    given(materialLot, received(), scrapped)
      .when('ScrapLot', { lotId, scrapId: 'X1', quantity: kg('2'), reasonCode: 'rust' })
      .changesNothing();
    given(materialLot, received(), scrapped)
      .when('ScrapLot', { lotId, scrapId: 'X1', quantity: kg('3'), reasonCode: 'rust' })
      .rejects('id-taken');
    given(materialLot, received(), reserved())
      .when('ScrapLot', { lotId, scrapId: 'X1', quantity: kg('71'), reasonCode: 'rust' })
      .rejects('stock-insufficient');

    const back = { lotId, returnId: 'B1', quantity: kg('5'), reason: 'wrong grade' };
    given(materialLot, received())
      .when('ReturnLot', back)
      .then({ type: 'LotReturned', data: { ...back, at } });
    given(materialLot, received())
      .when('ReturnLot', { ...back, quantity: kg('101') })
      .rejects('stock-insufficient');

    const adjust = { lotId, adjustmentId: 'A1', quantity: kg('98.5'), reason: 'counted' };
    given(materialLot, received())
      .when('AdjustStock', adjust)
      .then({
        type: 'StockAdjusted',
        data: { lotId, adjustmentId: 'A1', from: kg('100'), to: kg('98.5'), difference: '-1.5', reason: 'counted', at },
      });
    given(materialLot, received())
      .when('AdjustStock', { ...adjust, quantity: kg('100') })
      .changesNothing();
    given(materialLot, received(), reserved())
      .when('AdjustStock', { ...adjust, quantity: kg('29') })
      .rejects('reserved-exceeds-stock');
  });
  test('is counted, and a difference is flagged while the books stay', () => {
    const count = (quantity: { amount: string; unit: 'kg' | 'g' | 'pcs' }) => ({ lotId, countId: 'N1', quantity });
    const observed = (counted: { amount: string; unit: 'kg' | 'g' | 'pcs' }): MaterialLotEvent => ({
      type: 'StockCountObserved',
      data: { lotId, countId: 'N1', counted, expected: kg('100'), at },
    });
    const odd = (
      kind: 'LESS_THAN_BOOKED' | 'MORE_THAN_BOOKED' | 'UNIT_INCOMPATIBLE',
      counted: { amount: string; unit: 'kg' | 'g' | 'pcs' },
      difference: string | null,
    ): MaterialLotEvent => ({
      type: 'StockDiscrepancyObserved',
      data: { lotId, countId: 'N1', kind, counted, expected: kg('100'), difference, at },
    });
    const grams = { amount: '100000', unit: 'g' as const };
    const pieces = { amount: '3', unit: 'pcs' as const };
    given(materialLot, received()).when('ObserveStockCount', count(grams)).then(observed(grams));
    given(materialLot, received())
      .when('ObserveStockCount', count(kg('98')))
      .then(observed(kg('98')), odd('LESS_THAN_BOOKED', kg('98'), '-2'));
    given(materialLot, received())
      .when('ObserveStockCount', count(kg('101')))
      .then(observed(kg('101')), odd('MORE_THAN_BOOKED', kg('101'), '1'));
    given(materialLot, received())
      .when('ObserveStockCount', count(pieces))
      .then(observed(pieces), odd('UNIT_INCOMPATIBLE', pieces, null));
    const kinds = (amount: string, ...past: MaterialLotEvent[]) =>
      materialLot.decide
        .ObserveStockCount(count({ amount, unit: 'pcs' }), past.reduce(materialLot.evolve, materialLot.initial), {
          now: at,
          occurredAt: at,
          actor: 'ann',
          role: 'operator',
          commandId: 'c',
          digestOf,
        })
        .flatMap(({ type, data }) => (type === 'StockDiscrepancyObserved' ? [data.kind] : []));
    const piecesBooked = received({ quantity: { amount: '3', unit: 'pcs' } });
    expect(kinds('3', piecesBooked)).toEqual([]);
    expect(kinds('2.5', piecesBooked)).toEqual(['LESS_THAN_BOOKED', 'FRACTION_OF_PIECE']);
    expect(kinds('0.25')).toEqual(['LOT_UNKNOWN', 'FRACTION_OF_PIECE']);
    given(materialLot, received(), observed(grams)).when('ObserveStockCount', count(grams)).changesNothing();
  });
});

describe('any sequence of lot commands', () => {
  const id = fc.constantFrom('1', '2', '3');
  const order = fc.constantFrom('haifa.W1', 'haifa.W2');
  const quantity = fc.oneof(
    fc.record({ amount: fc.integer({ min: 0, max: 120 }).map(String), unit: fc.constant('kg' as const) }),
    fc.record({ amount: fc.integer({ min: 0, max: 120_000 }).map(String), unit: fc.constantFrom('g' as const, 'pcs' as const) }),
  );
  const other = fc.constantFrom('haifa.L1', 'haifa.L2', 'haifa.L3');
  const of = (type: string, fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record({ lotId: fc.constant(lotId), reason: fc.constant('x'), ...fields }).map((data) => ({ type, data }));
  const step = fc.oneof(
    of('ReceiveLot', { materialId: fc.constant('steel'), quantity }),
    of('ProduceLot', { productionId: id, materialId: fc.constant('steel'), quantity, workOrderId: order }),
    of('ReverseProduction', { productionId: id }),
    of('ReserveLot', { reservationId: id, workOrderId: order, quantity }),
    of('UnreserveLot', { reservationId: id, workOrderId: order }),
    of('ConsumeLot', { consumptionId: id, workOrderId: order, quantity, reservationId: fc.option(id, { nil: undefined }) }),
    of('ReverseConsumption', { reversalId: id, consumptionId: id, quantity: fc.option(quantity, { nil: undefined }) }),
    of('SplitLot', { childLotId: other, quantity }),
    of('UndoSplit', { childLotId: other }),
    of('MergeLot', { intoLotId: other }),
    of('UndoMerge', { intoLotId: other }),
    of('AddMergedLot', {
      fromLotId: other,
      materialId: fc.constant('steel'),
      quantity,
      ancestors: fc.array(other, { minLength: 1, maxLength: 2 }),
    }),
    of('HoldLot', { holdId: id }),
    of('ReleaseHold', { holdId: id }),
    of('ScrapLot', { scrapId: id, quantity, reasonCode: fc.constant('x') }),
    of('ReturnLot', { returnId: id, quantity }),
    of('ExpireLot', {}),
    of('OverrideExpiry', {}),
    of('AdjustStock', { adjustmentId: id, quantity }),
    of('ObserveStockCount', { countId: id, quantity }),
  );
  test('nothing becomes negative, a repeated command changes nothing, and a count is never refused', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let lot: MaterialLot = materialLot.initial;
        const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: 'c', digestOf };
        for (const { type, data } of steps) {
          const decide = materialLot.decide[type as 'MoveLot'] as (...input: unknown[]) => readonly MaterialLotEvent[];
          try {
            lot = decide(data, lot, context).reduce(materialLot.evolve, lot);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
            expect(type).not.toBe('ObserveStockCount');
            continue;
          }
          if (lot.status !== 'unknown') {
            expect(compare(available(lot), '0')).toBeGreaterThanOrEqual(0);
            expect(Object.values(lot.reservations).every(({ left }) => compare(left, '0') >= 0)).toBe(true);
          }
          try {
            expect(decide(data, lot, context)).toEqual([]);
          } catch (error) {
            expect(error).toMatchObject({ name: 'Rejected' });
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
