import { given } from '#platform/testing/given';
import { folded } from '#platform/testing/folded';
import { genealogyEdge } from './genealogy-edge.view';
import { lotException } from './lot-exception.view';
import { consume, kg, lotId, received, workOrderId } from './lot-pasts';
import { materialLot } from './material-lot';
import type { LotConsumed, MaterialLotEvent, UseWhileBlockedDetected } from './material-lot.events';

const hour = (h: number) => `2026-01-05T${String(h).padStart(2, '0')}:00:00.000Z`;
const now = hour(14);
const at = (h: number) => ({ now, occurredAt: hour(h) });
const stock = received({ at: hour(6) });
const held = (h = 10): MaterialLotEvent => ({ type: 'LotHeld', data: { lotId, holdId: 'H1', reason: 'crack', at: hour(h) } });
const released: MaterialLotEvent = { type: 'LotHoldReleased', data: { lotId, holdId: 'H1', reason: 'fine', at: hour(12) } };
const consumed = (h: number, consumptionId = 'C1'): LotConsumed => ({
  type: 'LotConsumed',
  data: { lotId, consumptionId, workOrderId, operationId: null, quantity: kg('40'), reservationId: null, at: hour(h) },
});
const hold = { lotId, holdId: 'H1', reason: 'crack' };

describe('a hold of a lot, by floor time (I5)', () => {
  test('forbids what was done while it stood, also after its release', () => {
    const lot = given(materialLot, stock, held(), released);
    for (const h of [10, 11]) lot.when('ConsumeLot', consume('40'), at(h)).rejects('lot-held');
    lot.when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('1') }, at(11)).rejects('lot-held');
    lot.when('MergeLot', { lotId, intoLotId: 'haifa.L9' }, at(11)).rejects('lot-held');
    lot.when('ReserveLot', { lotId, reservationId: 'R1', workOrderId, quantity: kg('1') }, at(11)).rejects('lot-held');
    const issue = { lotId, transferId: 'haifa.T1', pick: 1, materialId: 'steel', quantity: kg('1') };
    lot.when('IssueLotToTransfer', issue, at(11)).rejects('lot-held');
    lot.when('ConsumeLot', consume('40'), at(12)).then(consumed(12));
  });
  test('does not forbid a consumption before it', () => {
    given(materialLot, stock, held()).when('ConsumeLot', consume('40'), at(9)).then(consumed(9));
    given(materialLot, stock, held()).when('ConsumeLot', consume('101'), at(9)).rejects('stock-insufficient');
  });
  test('keeps what would become another lot, also if that was before it', () => {
    const lot = given(materialLot, stock, held());
    lot.when('SplitLot', { lotId, childLotId: 'haifa.L2', quantity: kg('1') }, at(9)).rejects('lot-held');
    lot.when('MergeLot', { lotId, intoLotId: 'haifa.L9' }, at(9)).rejects('lot-held');
  });
  test('counts from now on for a command without a time, whatever the clock of its sender', () => {
    const ahead = { now: hour(9), occurredAt: hour(9) };
    given(materialLot, stock, held()).when('ConsumeLot', consume('40'), ahead).rejects('lot-held');
    given(materialLot, stock, held(8), { ...released, data: { ...released.data, at: hour(10) } } as MaterialLotEvent)
      .when('ConsumeLot', consume('40'), ahead)
      .then(consumed(10));
  });
});

describe('what was used before it was known to be blocked', () => {
  const use = (h: number, id = 'C1') => ({ use: 'Consumption', id, workOrderId, quantity: kg('40'), at: hour(h) }) as const;
  const found = (more: Partial<UseWhileBlockedDetected['data']> = {}): UseWhileBlockedDetected => ({
    type: 'UseWhileBlockedDetected',
    data: { lotId, block: 'Hold', holdId: 'H1', since: hour(10), uses: [use(11)], at: hour(10), ...more },
  });
  test('is named when a hold from that time is placed', () => {
    given(materialLot, stock, consumed(9), consumed(11, 'C2'))
      .when('HoldLot', hold, at(10))
      .then(held(), found({ uses: [use(11, 'C2')] }));
    given(materialLot, stock, consumed(9)).when('HoldLot', hold, at(10)).then(held());
  });
  test('is not what is back by then', () => {
    const reversal = { reversalId: 'V1', consumptionId: 'C1', workOrderId, quantity: kg('40'), remaining: kg('0'), reason: 'x' };
    const back: MaterialLotEvent = { type: 'ConsumptionReversed', data: { lotId, ...reversal, at: hour(12) } };
    given(materialLot, stock, consumed(11), back).when('HoldLot', hold, at(10)).then(held());
  });
  test('is also what became another lot, unless the hold reaches it there', () => {
    const issued: MaterialLotEvent = {
      type: 'LotIssuedToTransfer',
      data: { lotId, transferId: 'haifa.T1', pick: 1, quantity: kg('5'), at: hour(12) },
    };
    const split: MaterialLotEvent = {
      type: 'LotSplit',
      data: {
        ...{ lotId, childLotId: 'haifa.L2', quantity: kg('25'), at: hour(11) },
        ...{ materialId: 'steel', expiresAt: null, locationId: null, ancestors: [lotId] },
      },
    };
    const part = { use: 'Split', id: 'haifa.L2', workOrderId: null, quantity: kg('25'), at: hour(11) } as const;
    const shipped = { use: 'Transfer', id: 'haifa.T1/1', workOrderId: null, quantity: kg('5'), at: hour(12) } as const;
    const lot = given(materialLot, stock, issued, split);
    lot.when('HoldLot', hold, at(10)).then(held(), found({ uses: [part] }));
    const passedOn = { ...hold, holdId: 'lyon.L1:H1' };
    lot.when('HoldLot', passedOn, at(10)).then({ type: 'LotHeld', data: { ...passedOn, at: hour(10) } });
    lot
      .when('ExpireLot', { lotId, reason: 'smells' }, at(10))
      .then(
        { type: 'LotExpired', data: { lotId, previousExpiresAt: null, reason: 'smells', at: hour(10) } },
        found({ block: 'Expiry', holdId: null, uses: [part, shipped] }),
      );
  });
  test('is named when an earlier expiry becomes known, once', () => {
    const expired: MaterialLotEvent = { type: 'LotExpired', data: { lotId, previousExpiresAt: null, reason: 'smells', at: hour(10) } };
    const expiry = { block: 'Expiry', holdId: null } as const;
    given(materialLot, stock, consumed(11)).when('ExpireLot', { lotId, reason: 'smells' }, at(10)).then(expired, found(expiry));
    const overridden: MaterialLotEvent = {
      type: 'ExpiryOverridden',
      data: { lotId, previousExpiresAt: hour(10), expiresAt: hour(8), reason: 'retested', at: now },
    };
    given(materialLot, stock, consumed(9, 'C0'), consumed(11), expired)
      .when('OverrideExpiry', { lotId, expiresAt: hour(8), reason: 'retested' }, { now, occurredAt: now })
      .then(overridden, found({ ...expiry, since: hour(8), uses: [use(9, 'C0')], at: now }));
  });
  test('is listed, and flagged in the genealogy', () => {
    const events = [stock, consumed(11), held(), found()];
    const stream = `material-lot-${lotId}`;
    expect(Object.values(folded(lotException, [stream, events]))).toMatchObject([
      { lotId, kind: 'UseWhileBlockedDetected', use: 'Consumption', useId: 'C1', workOrderId, occurredAt: hour(11) },
    ]);
    expect(Object.values(folded(genealogyEdge, [stream, events]))).toMatchObject([{ childId: workOrderId, flags: ['UseWhileBlocked'] }]);
  });
});

test('a hold does not end before it began', () => {
  const release = { lotId, holdId: 'H1', reason: 'fine' };
  const lot = given(materialLot, stock, held());
  lot.when('ReleaseHold', release, { now: hour(20), occurredAt: hour(0) }).rejects('earlier-than-known-state');
});

describe('an order that is over', () => {
  const order = (how: string, h: number) => ({
    regarded: { [`work-order-${workOrderId}`]: { over: true, ended: { how, at: hour(h) }, runsOn: [] } },
  });
  const produce = { lotId, productionId: 'P1', materialId: 'steel', quantity: kg('5'), workOrderId };
  const outside = (ending: 'Ended' | 'Cancelled', endedAt: string, h: number): MaterialLotEvent => ({
    type: 'BookingOutsideOrderDetected',
    data: { lotId, workOrderId, booking: 'Consumption', bookingId: 'C1', ending, endedAt, at: hour(h) },
  });
  test('consumes and produces nothing once it was cancelled', () => {
    const lot = given(materialLot, stock);
    lot.when('ConsumeLot', consume('40'), { ...at(10), ...order('Cancelled', 10) }).rejects('work-order-cancelled');
    lot.when('ProduceLot', produce, { ...at(11), ...order('Cancelled', 10) }).rejects('work-order-cancelled');
    given(materialLot)
      .when('ProduceLot', produce, { ...at(11), ...order('Cancelled', 10) })
      .rejects('work-order-cancelled');
  });
  test('is flagged where it consumed before it was cancelled: it never ran', () =>
    given(materialLot, stock)
      .when('ConsumeLot', consume('40'), { ...at(9), ...order('Cancelled', 10) })
      .then(consumed(9), outside('Cancelled', hour(10), 9)));
  test('gets its late bookings, and those after its end are flagged', () => {
    const lot = given(materialLot, stock);
    for (const ending of ['Ended', 'Aborted'])
      lot.when('ConsumeLot', consume('40'), { ...at(10), ...order(ending, 10) }).then(consumed(10));
    // Two clocks may differ a little.
    const soon = new Date(Date.parse(hour(10)) + 60_000).toISOString();
    lot
      .when('ConsumeLot', consume('40'), { now: hour(12), occurredAt: soon, ...order('Ended', 10) })
      .then({ ...consumed(10), data: { ...consumed(10).data, at: soon } } as MaterialLotEvent);
    lot.when('ConsumeLot', consume('40'), { ...at(11), ...order('Ended', 10) }).then(consumed(11), outside('Ended', hour(10), 11));
    const flagged = [stock, consumed(11), outside('Ended', hour(10), 11)];
    expect(Object.values(folded(genealogyEdge, [`material-lot-${lotId}`, flagged]))).toMatchObject([{ flags: ['BookingOutsideOrder'] }]);
  });
});
