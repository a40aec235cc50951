import { given } from '#platform/testing/given';
import { materialLot } from './material-lot';
import type { MaterialLotEvent } from './material-lot.events';
import { lotId, at, workOrderId, kg, received, reserved, consumed, held, released, consume } from './lot-pasts';

describe('a lot on hold (I5)', () => {
  test('cannot be used until every hold is released', () => {
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
  test('treats the name of an inherited property as an ordinary id', () => {
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
  test('is reached by a hold of the lot that it comes from also where it was merged, and by no other hold', () => {
    const merged: MaterialLotEvent = {
      type: 'LotMerged',
      data: { lotId, intoLotId: 'haifa.L9', materialId: 'steel', quantity: kg('100'), expiresAt: null, ancestors: [lotId], at },
    };
    const [holdId, reason] = ['lyon.L1:H1', 'crack'];
    given(materialLot, received(), merged).when('HoldLot', { lotId, holdId: 'H1', reason }).rejects('lot-merged');
    const passedOn: MaterialLotEvent = { type: 'LotHeld', data: { lotId, holdId, reason, at } };
    given(materialLot, received(), merged).when('HoldLot', { lotId, holdId, reason }).then(passedOn);
    given(materialLot, received(), merged, passedOn)
      .when('ReleaseHold', { lotId, holdId, reason })
      .then({ type: 'LotHoldReleased', data: { lotId, holdId, reason, at } });
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
  test('can be used before that instant of floor time, not at it', () => {
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
  test('can get another expiry, with a reason', () => {
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
