import * as fc from 'fast-check';
import { given } from '#platform/testing/given';
import { compare } from '#manufacturing/quantity';
import { available, type MaterialLot } from './lot';
import { materialLot } from './material-lot';
import type { LotMerged, LotReceived, LotSplit, MaterialLotEvent } from './material-lot.events';

const lotId = 'haifa.L1';
const at = '2026-01-05T08:00:00.000Z';
const workOrderId = 'haifa.W1';
const kg = (amount: string) => ({ amount, unit: 'kg' }) as const;

const received = (changes: Partial<LotReceived['data']> = {}): LotReceived => ({
  type: 'LotReceived',
  data: {
    lotId,
    materialId: 'steel',
    quantity: kg('100'),
    expiresAt: null,
    supplierId: null,
    supplierLot: null,
    locationId: null,
    at,
    ...changes,
  },
});
const reserved = (amount = '30', owner = workOrderId): MaterialLotEvent => ({
  type: 'LotReserved',
  data: { lotId, reservationId: 'R1', workOrderId: owner, quantity: kg(amount), at },
});
const consumed = (amount = '40', reservationId: string | null = null): MaterialLotEvent => ({
  type: 'LotConsumed',
  data: { lotId, consumptionId: 'C1', workOrderId, operationId: null, quantity: kg(amount), reservationId, at },
});
const held: MaterialLotEvent = { type: 'LotHeld', data: { lotId, holdId: 'H1', reason: 'crack', at } };
const released: MaterialLotEvent = { type: 'LotHoldReleased', data: { lotId, holdId: 'H1', reason: 'fine', at } };
const split = (changes: Partial<LotSplit['data']> = {}): LotSplit => ({
  type: 'LotSplit',
  data: {
    lotId,
    childLotId: 'haifa.L2',
    materialId: 'steel',
    quantity: kg('25'),
    expiresAt: null,
    locationId: null,
    ancestors: [lotId],
    at,
    ...changes,
  },
});
const merged = (changes: Partial<LotMerged['data']> = {}): LotMerged => ({
  type: 'LotMerged',
  data: { lotId, intoLotId: 'haifa.L9', materialId: 'steel', quantity: kg('100'), expiresAt: null, ancestors: [lotId], at, ...changes },
});
const produced = (changes: object = {}): MaterialLotEvent => ({
  type: 'LotProduced',
  data: {
    lotId,
    productionId: 'P1',
    materialId: 'gear',
    quantity: kg('5'),
    workOrderId,
    operationId: null,
    expiresAt: null,
    locationId: null,
    at,
    ...changes,
  },
});
const consume = (amount: string, more: object = {}) => ({ lotId, consumptionId: 'C1', workOrderId, quantity: kg(amount), ...more });
const receive = { lotId, materialId: 'steel', quantity: kg('100') };

describe('a lot that nobody knows', () => {
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
  test('is not produced into another plant, nor in no amount', () => {
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
  test('cannot be put into another plant', () => {
    given(materialLot)
      .when('ReceiveLot', { ...receive, locationId: 'lyon.S1' })
      .rejects('wrong-facility');
  });
  test('takes no other command', () => {
    given(materialLot).when('ConsumeLot', consume('1')).rejects('material-lot-unknown');
    given(materialLot)
      .when('ReserveLot', { lotId, reservationId: 'R1', workOrderId, quantity: kg('1') })
      .rejects('material-lot-unknown');
    given(materialLot)
      .when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('1') })
      .rejects('material-lot-unknown');
    given(materialLot).when('HoldLot', { lotId, holdId: 'H1', reason: 'x' }).rejects('material-lot-unknown');
  });
  test('is counted all the same, and flagged', () => {
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
  test('takes more of the same material from production, each production once', () => {
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
  test('keeps the earliest expiry of what went into it', () => {
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
  test('gives a production booked in error back, while it is there', () => {
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
  test('names a consumption after its command where nobody else does', () => {
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
  test('is for work orders of its own plant', () => {
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
  test('gives a reservation to its owner only (I7)', () => {
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
  test('is free again when the owner gives up what is left', () => {
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
  test('gets back what was consumed in error or left over, and no more', () => {
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
    given(materialLot, received(), observed(grams)).when('ObserveStockCount', count(grams)).changesNothing();
  });
});

describe('a lot on hold (I5)', () => {
  test('is used for nothing until every hold is released', () => {
    const past = [received(), reserved(), held];
    given(materialLot, ...past)
      .when('ConsumeLot', consume('1'))
      .rejects('lot-held');
    given(materialLot, ...past)
      .when('ConsumeLot', consume('1', { reservationId: 'R1' }))
      .rejects('lot-held');
    given(materialLot, ...past)
      .when('ReserveLot', { lotId, reservationId: 'R2', workOrderId, quantity: kg('1') })
      .rejects('lot-held');
    given(materialLot, ...past)
      .when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('1') })
      .rejects('lot-held');
    given(materialLot, ...past)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L9' })
      .rejects('lot-held');
    given(materialLot, ...past, released)
      .when('ConsumeLot', consume('40'))
      .then(consumed());
    given(materialLot, ...past, { type: 'LotHeld', data: { lotId, holdId: 'H2', reason: 'x', at } }, released)
      .when('ConsumeLot', consume('1'))
      .rejects('lot-held');
  });
  test('is held and released once by each hold', () => {
    given(materialLot, received()).when('HoldLot', { lotId, holdId: 'H1', reason: 'crack' }).then(held);
    given(materialLot, received(), held).when('HoldLot', { lotId, holdId: 'H1', reason: 'crack' }).changesNothing();
    given(materialLot, received(), held, released).when('HoldLot', { lotId, holdId: 'H1', reason: 'crack' }).rejects('hold-released');
    given(materialLot, received(), held).when('ReleaseHold', { lotId, holdId: 'H1', reason: 'fine' }).then(released);
    given(materialLot, received(), held, released).when('ReleaseHold', { lotId, holdId: 'H1', reason: 'fine' }).changesNothing();
    given(materialLot, received()).when('ReleaseHold', { lotId, holdId: 'H1', reason: 'fine' }).rejects('no-such-hold');
  });
  test('takes an id that every object inherits for an id like any other', () => {
    const holdId = 'constructor';
    const place: MaterialLotEvent = { type: 'LotHeld', data: { lotId, holdId, reason: 'crack', at } };
    given(materialLot, received()).when('HoldLot', { lotId, holdId, reason: 'crack' }).then(place);
    given(materialLot, received()).when('ReleaseHold', { lotId, holdId, reason: 'fine' }).rejects('no-such-hold');
    given(materialLot, received()).when('UnreserveLot', { lotId, reservationId: 'toString', workOrderId }).rejects('no-such-reservation');
    given(materialLot, received())
      .when('ReverseConsumption', { lotId, consumptionId: 'valueOf', reversalId: 'V1', reason: 'x' })
      .rejects('no-such-consumption');
    given(materialLot, received()).when('ReverseProduction', { lotId, productionId: 'valueOf', reason: 'x' }).rejects('no-such-production');
    given(materialLot, received())
      .when('ConsumeLot', consume('40', { consumptionId: 'toString' }))
      .then({
        type: 'LotConsumed',
        data: { lotId, consumptionId: 'toString', workOrderId, operationId: null, quantity: kg('40'), reservationId: null, at },
      });
  });
  test('can be moved away and scrapped', () => {
    given(materialLot, received(), held)
      .when('MoveLot', { lotId, locationId: 'haifa.Q' })
      .then({ type: 'LotMoved', data: { lotId, fromLocationId: null, toLocationId: 'haifa.Q', at } });
    given(materialLot, received(), held)
      .when('ScrapLot', { lotId, scrapId: 'X', quantity: kg('100'), reasonCode: 'crack' })
      .then({ type: 'LotScrapped', data: { lotId, scrapId: 'X', quantity: kg('100'), reasonCode: 'crack', at } });
  });
});

describe('a lot that expires (I5)', () => {
  const perishable = received({ expiresAt: '2026-01-06T00:00:00.000Z' });
  test('is used before that instant by floor time, not at it', () => {
    given(materialLot, perishable)
      .when('ConsumeLot', consume('40'), { occurredAt: '2026-01-05T23:59:59.999Z', now: '2026-01-09T00:00:00.000Z' })
      .then({
        type: 'LotConsumed',
        data: {
          lotId,
          consumptionId: 'C1',
          workOrderId,
          operationId: null,
          quantity: kg('40'),
          reservationId: null,
          at: '2026-01-05T23:59:59.999Z',
        },
      });
    given(materialLot, perishable).when('ConsumeLot', consume('40'), { occurredAt: '2026-01-06T02:00:00+02:00' }).rejects('lot-expired');
    given(materialLot, perishable)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L9' }, { occurredAt: '2026-01-07T00:00:00Z' })
      .rejects('lot-expired');
  });
  test('can be given another date, with a reason', () => {
    const override = { lotId, expiresAt: '2026-02-01T00:00:00Z', reason: 'retested' };
    const overridden: MaterialLotEvent = {
      type: 'ExpiryOverridden',
      data: { lotId, previousExpiresAt: '2026-01-06T00:00:00.000Z', expiresAt: '2026-02-01T00:00:00.000Z', reason: 'retested', at },
    };
    given(materialLot, perishable).when('OverrideExpiry', override).then(overridden);
    given(materialLot, perishable, overridden).when('OverrideExpiry', override).changesNothing();
    given(materialLot, perishable, overridden)
      .when('ConsumeLot', consume('40'), { occurredAt: '2026-01-08T00:00:00.000Z' })
      .then({
        type: 'LotConsumed',
        data: {
          lotId,
          consumptionId: 'C1',
          workOrderId,
          operationId: null,
          quantity: kg('40'),
          reservationId: null,
          at: '2026-01-08T00:00:00.000Z',
        },
      });
  });
  test('can be declared expired before its date', () => {
    const expired: MaterialLotEvent = { type: 'LotExpired', data: { lotId, previousExpiresAt: null, reason: 'smells', at } };
    given(materialLot, received()).when('ExpireLot', { lotId, reason: 'smells' }).then(expired);
    given(materialLot, received(), expired).when('ExpireLot', { lotId, reason: 'smells' }).changesNothing();
    given(materialLot, received(), expired).when('ConsumeLot', consume('1')).rejects('lot-expired');
  });
});

describe('a split', () => {
  const ask = { lotId, childLotId: 'haifa.L2', quantity: kg('25') };
  test('takes a part out of the lot, with all that the new lot needs', () => {
    given(materialLot, received()).when('SplitLot', ask).then(split());
    given(materialLot, received(), split()).when('SplitLot', ask).changesNothing();
    given(materialLot, received(), split())
      .when('SplitLot', { ...ask, quantity: kg('26') })
      .rejects('id-taken');
    given(materialLot, received(), split()).when('ConsumeLot', consume('75.1')).rejects('stock-insufficient');
  });
  test('stays in the plant, within what is free, and makes no circle', () => {
    given(materialLot, received())
      .when('SplitLot', { ...ask, childLotId: 'lyon.L2' })
      .rejects('wrong-facility');
    given(materialLot, received(), reserved())
      .when('SplitLot', { ...ask, quantity: kg('71') })
      .rejects('stock-insufficient');
    given(materialLot, received())
      .when('SplitLot', { ...ask, childLotId: lotId })
      .rejects('lot-cycle');
  });
  const create = { lotId: 'haifa.L2', parentLotId: lotId, materialId: 'steel', quantity: kg('25'), ancestors: [lotId] };
  const created: MaterialLotEvent = { type: 'LotCreatedFromSplit', data: { ...create, expiresAt: null, locationId: null, at } };
  test('lets the new lot come to be once', () => {
    given(materialLot).when('CreateLotFromSplit', create).then(created);
    given(materialLot, created).when('CreateLotFromSplit', create).changesNothing();
    given(materialLot, received({ lotId: 'haifa.L2' }))
      .when('CreateLotFromSplit', create)
      .rejects('lot-exists');
  });
  test('is taken back once when the new lot could not come to be', () => {
    const undone: MaterialLotEvent = {
      type: 'LotSplitUndone',
      data: { lotId, childLotId: 'haifa.L2', quantity: kg('25'), reason: 'lot-exists', at },
    };
    const undo = { lotId, childLotId: 'haifa.L2', reason: 'lot-exists' };
    given(materialLot, received(), split()).when('UndoSplit', undo).then(undone);
    given(materialLot, received(), split(), undone).when('UndoSplit', undo).changesNothing();
    given(materialLot, received(), split(), undone).when('ConsumeLot', consume('100')).then(consumed('100'));
    given(materialLot, received(), split(), merged({ quantity: kg('75') }))
      .when('UndoSplit', undo)
      .then(undone);
  });
});

describe('a merge', () => {
  test('takes all of the lot, which then is no more', () => {
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).then(merged());
    given(materialLot, received(), merged()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).changesNothing();
    given(materialLot, received(), merged()).when('MergeLot', { lotId, intoLotId: 'haifa.L8' }).rejects('lot-merged');
    given(materialLot, received(), merged()).when('ConsumeLot', consume('1')).rejects('lot-merged');
  });
  test('into the same lot happens once, even where a split that came back left something to merge', () => {
    const undone: MaterialLotEvent = {
      type: 'LotSplitUndone',
      data: { lotId, childLotId: 'haifa.L2', quantity: kg('25'), reason: 'x', at },
    };
    const past = [received(), split(), merged({ quantity: kg('75') }), undone];
    given(materialLot, ...past)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L9' })
      .rejects('lot-merged');
    given(materialLot, ...past)
      .when('MergeLot', { lotId, intoLotId: 'haifa.L8' })
      .then(merged({ intoLotId: 'haifa.L8', quantity: kg('25') }));
  });
  test('needs a lot that is free, not empty, and no ancestor of itself', () => {
    given(materialLot, received(), reserved()).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).rejects('lot-reserved');
    given(materialLot, received(), consumed('100')).when('MergeLot', { lotId, intoLotId: 'haifa.L9' }).rejects('stock-insufficient');
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: lotId }).rejects('lot-cycle');
    given(materialLot, received()).when('MergeLot', { lotId, intoLotId: 'lyon.L9' }).rejects('wrong-facility');
    const child: MaterialLotEvent = {
      type: 'LotCreatedFromSplit',
      data: {
        lotId,
        parentLotId: 'haifa.P',
        materialId: 'steel',
        quantity: kg('5'),
        expiresAt: null,
        locationId: null,
        ancestors: ['haifa.G', 'haifa.P'],
        at,
      },
    };
    for (const intoLotId of ['haifa.P', 'haifa.G']) given(materialLot, child).when('MergeLot', { lotId, intoLotId }).rejects('lot-cycle');
  });
  const add = {
    lotId,
    fromLotId: 'haifa.L5',
    materialId: 'steel',
    quantity: { amount: '500', unit: 'g' as const },
    ancestors: ['haifa.L5'],
  };
  const added = (expiresAt: string | null = null): MaterialLotEvent => ({
    type: 'MergedLotAdded',
    data: { lotId, fromLotId: 'haifa.L5', quantity: kg('0.5'), expiresAt, ancestors: ['haifa.L5'], at },
  });
  test('adds to the other lot once, which expires with the earlier', () => {
    given(materialLot, received()).when('AddMergedLot', add).then(added());
    given(materialLot, received(), added()).when('AddMergedLot', add).changesNothing();
    given(materialLot, received())
      .when('AddMergedLot', { ...add, expiresAt: '2026-02-01T00:00:00.000Z' })
      .then(added('2026-02-01T00:00:00.000Z'));
    given(materialLot, received(), added()).when('MergeLot', { lotId, intoLotId: 'haifa.L5' }).rejects('lot-cycle');
  });
  test('is refused by a lot of another material, on hold, expired, merged, unknown, or that it comes from', () => {
    given(materialLot, received({ materialId: 'brass' }))
      .when('AddMergedLot', add)
      .rejects('wrong-material');
    given(materialLot, received(), held).when('AddMergedLot', add).rejects('lot-held');
    given(materialLot, received({ expiresAt: at }))
      .when('AddMergedLot', add)
      .rejects('lot-expired');
    given(materialLot, received(), merged()).when('AddMergedLot', add).rejects('lot-merged');
    given(materialLot).when('AddMergedLot', add).rejects('material-lot-unknown');
    given(materialLot, received())
      .when('AddMergedLot', { ...add, ancestors: [lotId, 'haifa.L5'] })
      .rejects('lot-cycle');
    given(materialLot, received({ quantity: { amount: '3', unit: 'pcs' } }))
      .when('AddMergedLot', add)
      .rejects('unit-incompatible');
  });
  test('is taken back once when the other lot refused', () => {
    const undone: MaterialLotEvent = {
      type: 'LotMergeUndone',
      data: { lotId, intoLotId: 'haifa.L9', quantity: kg('100'), reason: 'lot-held', at },
    };
    const undo = { lotId, intoLotId: 'haifa.L9', reason: 'lot-held' };
    given(materialLot, received(), merged()).when('UndoMerge', undo).then(undone);
    given(materialLot, received(), merged(), undone).when('UndoMerge', undo).changesNothing();
    given(materialLot, received(), merged(), undone).when('ConsumeLot', consume('40')).then(consumed());
  });
});

describe('whatever is asked of a lot', () => {
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
  test('nothing is negative, the same command again changes nothing, and a count is never refused', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let lot: MaterialLot = materialLot.initial;
        const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: 'c' };
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
