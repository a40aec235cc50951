import { inTransit } from '#manufacturing/shipment';
import { plus, sum } from '#manufacturing/quantity';
import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { interFacilityTransfer as transfer } from './inter-facility-transfer';
import type { InterFacilityTransferEvent, ItemBooks, TransferItem } from './inter-facility-transfer.events';
import { transferView } from './transfer.view';

const at = '2026-01-05T08:00:00.000Z';
const eta = '2026-01-07T08:00:00.000Z';
const transferId = 'lyon.T1_corp_CO-1';
const reason = 'so it is';
const of = { transferId, toFacilityId: 'haifa' };
const pcs = (amount: string) => ({ amount, unit: 'pcs' as const });
const lot = 'lyon.L1';
const item = { materialId: 'flange', quantity: pcs('10'), lotId: lot };
const planned = (...items: TransferItem[]): InterFacilityTransferEvent => ({
  type: 'TransferPlanned',
  data: { ...of, fromFacilityId: 'lyon', items: items.length ? items : [item], customerOrderId: 'corp.CO-1', plannedAt: at },
});
const picked: InterFacilityTransferEvent = { type: 'TransferPicked', data: { ...of, pick: 1, items: [item], booking: true, pickedAt: at } };
const lotsBooked: InterFacilityTransferEvent = { type: 'TransferLotsBooked', data: { ...of, pick: 1, bookedAt: at } };
const shipped: InterFacilityTransferEvent = {
  type: 'TransferShipped',
  data: { ...of, fromFacilityId: 'lyon', items: [item], customerOrderId: 'corp.CO-1', eta, shippedAt: at },
};
const cancelled: InterFacilityTransferEvent = { type: 'TransferCancelled', data: { ...of, reason, cancelledAt: at } };
const onItsWay = [planned(), picked, lotsBooked, shipped];
const books = (parts: Partial<ItemBooks>): ItemBooks => ({
  item: lot,
  materialId: 'flange',
  lotId: lot,
  unit: 'pcs',
  shipped: '10',
  received: '0',
  short: '0',
  damaged: '0',
  lost: '0',
  returned: '0',
  over: '0',
  ...parts,
});
const plan = { transferId, toFacilityId: 'haifa', items: [item], customerOrderId: 'corp.CO-1' };

/** What some commands in a row record. */
function after(past: readonly InterFacilityTransferEvent[], ...commands: readonly (readonly [name: string, data: object])[]) {
  return commands.reduce<InterFacilityTransferEvent[]>(
    (events, [name, data], index) => {
      const state = events.reduce(transfer.evolve, transfer.initial);
      const decide = transfer.decide[name as 'ShipTransfer'] as (...input: unknown[]) => readonly InterFacilityTransferEvent[];
      const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: `c${index}` };
      return [...events, ...decide({ transferId, reason, ...data }, state, context)];
    },
    [...past],
  );
}
const receipt = (receiptId: string, received: string, damaged = '0', complete = false) =>
  ['RecordTransferReceipt', { receiptId, items: [{ item: lot, received, damaged }], complete }] as const;
const last = (events: readonly InterFacilityTransferEvent[], type: string) => events.filter((event) => event.type === type).at(-1)?.data;

describe('a transfer is planned', () => {
  test('once', () => {
    given(transfer).when('PlanTransfer', plan).then(planned());
    given(transfer, planned()).when('PlanTransfer', plan).changesNothing();
    given(transfer, planned())
      .when('PlanTransfer', { ...plan, toFacilityId: 'oslo' })
      .rejects('transfer-exists');
  });
  test.each([
    ['to itself', { toFacilityId: 'lyon' }, 'transfer-to-itself'],
    ['with a lot of another plant', { items: [{ ...item, lotId: 'haifa.L1' }] }, 'wrong-facility'],
    ['with an item twice', { items: [item, item] }, 'item-repeated'],
    ['of nothing', { items: [{ ...item, quantity: pcs('0') }] }, 'quantity-not-positive'],
    ['of half a piece', { items: [{ ...item, quantity: pcs('0.5') }] }, 'fraction-of-a-piece'],
  ])('not %s', (_, change, code) =>
    given(transfer)
      .when('PlanTransfer', { ...plan, ...change })
      .rejects(code),
  );
  test('only to a registered facility', () =>
    given(transfer)
      .when('PlanTransfer', plan, { regarded: { 'facility-haifa': null } })
      .rejects('facility-unknown'));
});

describe('a planned transfer', () => {
  test('is picked, all of it or less, and not more', () => {
    given(transfer, planned()).when('PickTransfer', { transferId }).then(picked);
    given(transfer, planned(), picked).when('PickTransfer', { transferId }).changesNothing();
    const pick = (amount: string, material = 'flange') => ({ transferId, items: [{ materialId: material, quantity: pcs(amount) }] });
    given(transfer, planned())
      .when('PickTransfer', pick('4'))
      .then({
        type: 'TransferPicked',
        data: { ...of, pick: 1, items: [{ materialId: 'flange', quantity: pcs('4') }], booking: false, pickedAt: at },
      });
    given(transfer, planned()).when('PickTransfer', pick('11')).rejects('pick-exceeds-plan');
    given(transfer, planned()).when('PickTransfer', pick('1', 'bolt')).rejects('item-not-planned');
  });
  test('is picked again after a lot could not give it', () => {
    const undone: InterFacilityTransferEvent = { type: 'TransferPickUndone', data: { ...of, pick: 1, reason, undoneAt: at } };
    given(transfer, planned(), picked).when('UndoPick', { transferId, pick: 1, reason }).then(undone);
    given(transfer, planned(), picked, undone)
      .when('PickTransfer', { transferId })
      .then({ type: 'TransferPicked', data: { ...of, pick: 2, items: [item], booking: true, pickedAt: at } });
    given(transfer, planned(), picked, undone).when('RecordLotsBooked', { transferId, pick: 1 }).changesNothing();
  });
  test('is not shipped before its lots are booked', () => {
    given(transfer, planned()).when('ShipTransfer', { transferId, eta }).rejects('transfer-not-picked');
    given(transfer, planned(), picked).when('ShipTransfer', { transferId, eta }).rejects('transfer-being-picked');
    given(transfer, planned(), picked).when('RecordLotsBooked', { transferId, pick: 1 }).then(lotsBooked);
    given(transfer, planned(), picked, lotsBooked).when('ShipTransfer', { transferId, eta }).then(shipped);
  });
  test('is shipped with what its lots hand on, unless they are on hold or expired (I5)', () => {
    const told = (lotTold: object) => ({ regarded: { 'material-lot-lyon.L1': { holds: [], expiresAt: null, ancestors: [], ...lotTold } } });
    const past = [planned(), picked, lotsBooked];
    const expiresAt = '2026-03-01T00:00:00.000Z';
    given(transfer, ...past)
      .when('ShipTransfer', { transferId, eta }, told({ expiresAt, ancestors: ['lyon.L0'] }))
      .then({ ...shipped, data: { ...shipped.data, items: [{ ...item, expiresAt, ancestors: ['lyon.L0', lot] }] } } as typeof shipped);
    given(transfer, ...past)
      .when('ShipTransfer', { transferId, eta }, told({ holds: [{ holdId: 'H1', from: at, until: null }] }))
      .rejects('lot-held');
    const [from, until] = ['2026-01-05T06:00:00.000Z', '2026-01-05T07:00:00.000Z'];
    const since = (occurredAt: string) => ({ ...told({ holds: [{ holdId: 'H1', from, until }] }), occurredAt });
    given(transfer, ...past)
      .when('ShipTransfer', { transferId, eta }, since(from))
      .rejects('lot-held');
    for (const occurredAt of ['2026-01-05T05:59:00.000Z', until])
      given(transfer, ...past)
        .when('ShipTransfer', { transferId, eta }, since(occurredAt))
        .then({ ...shipped, data: { ...shipped.data, items: [{ ...item, ancestors: [lot] }], shippedAt: occurredAt } } as typeof shipped);
    given(transfer, ...past)
      .when('ShipTransfer', { transferId, eta }, told({ expiresAt: at }))
      .rejects('lot-expired');
  });
  test('without lots is shipped as planned', () => {
    const events = after([planned({ materialId: 'flange', quantity: pcs('10') })], ['ShipTransfer', { eta }]);
    expect(events.at(-1)).toMatchObject({ type: 'TransferShipped', data: { items: [{ materialId: 'flange' }] } });
  });
  test('does not arrive before it is shipped', () => {
    const early = { transferId, eta: '2026-01-05T07:00:00.000Z' };
    given(transfer, planned(), picked, lotsBooked).when('ShipTransfer', early).rejects('eta-before-shipping');
    const [name, data] = receipt('R1', '10');
    given(transfer, planned())
      .when(name, { transferId, ...data, items: [...data.items] })
      .rejects('transfer-state');
  });
  test('is cancelled; once shipped it is not', () => {
    given(transfer, planned()).when('CancelTransfer', { transferId, reason }).then(cancelled);
    given(transfer, planned(), picked).when('CancelTransfer', { transferId, reason }).then(cancelled);
    given(transfer, planned(), cancelled).when('CancelTransfer', { transferId, reason }).changesNothing();
    given(transfer, ...onItsWay)
      .when('CancelTransfer', { transferId, reason })
      .rejects('transfer-shipped');
    given(transfer, planned(), cancelled).when('ShipTransfer', { transferId, eta }).rejects('transfer-over');
  });
});

describe('a shipped transfer', () => {
  test('is closed when all has arrived, or is known to be missing', () => {
    const events = after(onItsWay, receipt('R1', '6', '1'), receipt('R2', '2', '0', true));
    expect(last(events, 'TransferReceived')).toMatchObject({ items: [books({ received: '8', damaged: '1', short: '1' })] });
    const totals = { shipped: '10', received: '8', short: '1', damaged: '1', lost: '0', returned: '0', over: '0' };
    expect(last(events, 'TransferClosed')).toMatchObject({ ...totals, customerOrderId: 'corp.CO-1' });
    given(transfer, ...events)
      .when('CancelTransfer', { transferId, reason })
      .rejects('transfer-over');
  });
  test('takes a receipt once', () => expect(after(onItsWay, receipt('R1', '6'), receipt('R1', '6')).length).toBe(onItsWay.length + 1));
  test('flags what was received beyond what was shipped', () => {
    const events = after(onItsWay, receipt('R1', '10'), receipt('R2', '2'));
    expect(last(events, 'TransferOverReceived')).toEqual({ ...of, receiptId: 'R2', item: lot, over: '2', receivedAt: at });
    expect(last(events, 'TransferClosed')).toMatchObject({ received: '12', over: '2' });
  });
  test('is late', () => {
    const later = '2026-01-08T08:00:00.000Z';
    given(transfer, ...onItsWay)
      .when('ReportDelay', { transferId, eta: later, reason })
      .then({ type: 'TransferDelayed', data: { ...of, fromEta: eta, eta: later, reason, reportedAt: at } });
    given(transfer, ...onItsWay)
      .when('ReportDelay', { transferId, eta, reason })
      .changesNothing();
  });
  test('is lost and comes back in parts, at most what is in transit', () => {
    const events = after(
      onItsWay,
      ['ReportLoss', { items: [{ item: lot, amount: '3' }] }],
      ['ReturnTransfer', { items: [{ item: lot, amount: '5' }] }],
    );
    expect(last(events, 'TransferReturned')).toMatchObject({
      back: [{ item: lot, lotId: lot, quantity: pcs('5') }],
      items: [books({ lost: '3', returned: '5' })],
    });
    given(transfer, ...events)
      .when('ReportLoss', { transferId, reason, items: [{ item: lot, amount: '3' }] })
      .rejects('exceeds-in-transit');
    given(transfer, ...events)
      .when('ReturnTransfer', { transferId, reason, items: [{ item: 'bolt', amount: '1' }] })
      .rejects('item-unknown');
    expect(last(after(events, ['ReportLoss', { lossId: 'X2' }]), 'TransferClosed')).toMatchObject({ lost: '5', returned: '5' });
  });
  test('what was lost is found when it arrives after all', () => {
    const events = after(onItsWay, ['ReportLoss', {}], receipt('R1', '4'));
    expect(last(events, 'TransferClosed')).toMatchObject({ received: '4', lost: '6', over: '0' });
  });
  test('adds up after every event (I18)', () => {
    const events = after(
      onItsWay,
      receipt('R1', '3', '1'),
      ['ReportLoss', { items: [{ item: lot, amount: '2' }] }],
      receipt('R2', '1', '0', true),
      receipt('R3', '9'),
    );
    const itemsOf = ({ data }: InterFacilityTransferEvent): readonly object[] => ('items' in data ? data.items : []);
    const all = events.flatMap(itemsOf).filter((each): each is ItemBooks => 'shipped' in each);
    expect(all.length).toBeGreaterThan(4);
    for (const each of all)
      expect(sum([each.received, each.short, each.damaged, each.lost, each.returned, inTransit(each)])).toBe(plus(each.shipped, each.over));
  });
});

test('an unknown transfer is refused', () => {
  given(transfer).when('PickTransfer', { transferId }).rejects('transfer-unknown');
  given(transfer).when('ReportLoss', { transferId, reason }).rejects('transfer-unknown');
});

test('the list shows it at both plants, with what became of each item', () => {
  const rows = (events: readonly InterFacilityTransferEvent[]) => folded(transferView, [`inter-facility-transfer-${transferId}`, events]);
  const both = rows(onItsWay);
  const entry = { transferId, status: 'Shipped', eta, items: [{ item: lot, inTransit: '10' }], discrepancy: false };
  expect(both[`lyon~${transferId}`]).toMatchObject({ facilityId: 'lyon', direction: 'Outbound', ...entry });
  expect(both[`haifa~${transferId}`]).toMatchObject({ facilityId: 'haifa', direction: 'Inbound', ...entry });
  const end = rows(after(onItsWay, ['ReportDelay', { eta: at }], receipt('R1', '9', '0', true)))[`haifa~${transferId}`];
  expect(end).toMatchObject({ status: 'Closed', delays: 1, items: [{ received: '9', short: '1', inTransit: '0' }], discrepancy: true });
  expect(rows([planned(), cancelled])[`lyon~${transferId}`]).toMatchObject({ status: 'Cancelled', reason, closedAt: at });
});
