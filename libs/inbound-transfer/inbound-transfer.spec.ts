import type { ItemBooks } from '#inter-facility-transfer/inter-facility-transfer.events';
import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { inboundTransfer as inbound } from './inbound-transfer';
import type { InboundTransferEvent } from './inbound-transfer.events';
import { inboundTransferView } from './inbound-transfer.view';

const at = '2026-01-05T08:00:00.000Z';
const eta = '2026-01-07T08:00:00.000Z';
const inboundTransferId = 'haifa.lyon_T1';
const of = { inboundTransferId, transferId: 'lyon.T1', fromFacilityId: 'lyon' };
const reason = 'so it is';
const item = 'lyon.L1';
const shipped = { materialId: 'flange', quantity: { amount: '10', unit: 'pcs' as const }, lotId: item };
const announced: InboundTransferEvent = { type: 'InboundTransferAnnounced', data: { ...of, items: [shipped], eta, shippedAt: at } };
const announce = { ...of, items: [shipped], eta, shippedAt: at };
const books = (parts: Partial<ItemBooks>): ItemBooks => ({
  item,
  materialId: 'flange',
  lotId: item,
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

/** What some commands in a row record. */
function after(...commands: readonly (readonly [name: string, data: object])[]): InboundTransferEvent[] {
  return commands.reduce<InboundTransferEvent[]>(
    (events, [name, data], index) => {
      const state = events.reduce(inbound.evolve, inbound.initial);
      const decide = inbound.decide[name as 'RefuseInboundTransfer'] as (...input: unknown[]) => readonly InboundTransferEvent[];
      const context = { now: at, occurredAt: at, actor: 'ann', role: 'operator', commandId: `c${index}` };
      return [...events, ...decide({ inboundTransferId, reason, ...data }, state, context)];
    },
    [announced],
  );
}
const count = (received: string, damaged?: string) => ({ items: [{ item, received, ...(damaged ? { damaged } : {}) }] });
const receive = (receiptId: string, received: string, more: object = {}, damaged?: string) =>
  ['ReceiveInboundTransfer', { receiptId, ...count(received, damaged), ...more }] as const;
const last = (events: readonly InboundTransferEvent[], type: string) => events.filter((event) => event.type === type).at(-1)?.data;
const refusal = ['RefuseInboundTransfer', {}] as const;

describe('a transfer is announced', () => {
  test('once', () => {
    given(inbound).when('AnnounceInboundTransfer', announce).then(announced);
    given(inbound, announced).when('AnnounceInboundTransfer', announce).changesNothing();
    given(inbound, announced)
      .when('AnnounceInboundTransfer', { ...announce, items: [{ ...shipped, lotId: 'lyon.L2' }] })
      .rejects('inbound-transfer-exists');
  });
  test('under the id that follows from the other plant’s', () =>
    given(inbound)
      .when('AnnounceInboundTransfer', { ...announce, transferId: 'lyon.T2' })
      .rejects('wrong-facility'));
  test('and before that nothing can be received', () =>
    given(inbound).when('ReceiveInboundTransfer', { inboundTransferId }).rejects('inbound-transfer-unknown'));
});

describe('what arrives', () => {
  test('is received whole, into a lot that is named after the other plant’s', () => {
    const events = after(['ReceiveInboundTransfer', { receiptId: 'R1' }]);
    expect(last(events, 'InboundTransferReceived')).toEqual({
      ...of,
      receiptId: 'R1',
      complete: false,
      arrived: [{ item, materialId: 'flange', received: '10', damaged: '0', lotId: 'haifa.lyon_L1' }],
      items: [books({ received: '10' })],
      receivedAt: at,
    });
    expect(last(events, 'InboundTransferClosed')).toMatchObject({ shipped: '10', received: '10', closedAt: at });
  });
  test('is received in parts, damaged and short', () => {
    const events = after(receive('R1', '4', {}, '1'), receive('R2', '3', { complete: true }));
    expect(last(events, 'InboundTransferClosed')).toMatchObject({ received: '7', damaged: '1', short: '2', lost: '0' });
  });
  test('is booked once under its id', () => expect(after(receive('R1', '4'), receive('R1', '4'))).toHaveLength(2));
  test('is not received twice under two ids, nor beyond what was shipped', () => {
    const all = after(receive('R1', '10'));
    given(inbound, ...all)
      .when('ReceiveInboundTransfer', { inboundTransferId, receiptId: 'R2' })
      .rejects('over-receipt');
    given(inbound, announced)
      .when('ReceiveInboundTransfer', { inboundTransferId, ...count('10', '1') })
      .rejects('over-receipt');
  });
  test('may be what was short or lost before, and no more', () => {
    const short = after(receive('R1', '8', { complete: true }));
    expect(last(after(receive('R1', '8', { complete: true }), receive('R2', '2')), 'InboundTransferClosed')).toMatchObject({
      received: '10',
      short: '0',
    });
    given(inbound, ...short)
      .when('ReceiveInboundTransfer', { inboundTransferId, ...count('3') })
      .rejects('over-receipt');
  });
  test.each([
    ['an item that was not shipped', { items: [{ item: 'lyon.L9', received: '1' }] }, 'item-unknown'],
    ['an item twice', { items: [...count('1').items, ...count('1').items] }, 'item-repeated'],
    ['half a piece', count('0.5'), 'fraction-of-a-piece'],
    ['nothing', count('0'), 'quantity-not-positive'],
    ['into a lot of another plant', { items: [{ item, received: '1', lotId: 'oslo.L1' }] }, 'wrong-facility'],
  ])('is not received as %s', (_, data, code) =>
    given(inbound, announced)
      .when('ReceiveInboundTransfer', { inboundTransferId, ...data })
      .rejects(code),
  );
});

describe('a lot that cannot take what arrived', () => {
  const lotRefused = ['RecordInboundLotRefused', { receiptId: 'R1', item, lotId: 'haifa.lyon_L1' }] as const;
  const name = (lotId: string) => ({ inboundTransferId, receiptId: 'R1', item, lotId });
  test('is flagged once, and another one is named', () => {
    const past = after(receive('R1', '4'), lotRefused, lotRefused);
    expect(past.filter(({ type }) => type === 'InboundLotRefused').map(({ data }) => data)).toMatchObject([
      { amount: '4', lotId: 'haifa.lyon_L1', reason },
    ]);
    const named: InboundTransferEvent = {
      type: 'InboundLotNamed',
      data: { ...of, receiptId: 'R1', item, amount: '4', lotId: 'haifa.L9', namedAt: at },
    };
    given(inbound, ...past)
      .when('NameInboundLot', name('haifa.L9'))
      .then(named);
    given(inbound, ...past, named)
      .when('NameInboundLot', name('haifa.L9'))
      .changesNothing();
  });
  test('is named only where there is one, and only in this plant', () => {
    given(inbound, ...after(receive('R1', '4')))
      .when('NameInboundLot', name('haifa.L9'))
      .rejects('lot-not-refused');
    given(inbound, announced).when('NameInboundLot', name('haifa.L9')).rejects('no-such-receipt');
    given(inbound, ...after(receive('R1', '4'), lotRefused))
      .when('NameInboundLot', name('lyon.L9'))
      .rejects('wrong-facility');
  });
});

describe('what is refused', () => {
  test('goes back: it is not received any more, and comes to an end when the other plant has it', () => {
    const events = after(receive('R1', '4'), refusal);
    expect(last(events, 'InboundTransferRefused')).toMatchObject({ refusalId: 'c1', refused: [{ item, amount: '6' }] });
    given(inbound, ...events)
      .when('ReceiveInboundTransfer', { inboundTransferId })
      .rejects('inbound-transfer-refused');
    given(inbound, ...events)
      .when('RefuseInboundTransfer', { inboundTransferId, reason })
      .changesNothing();
    const back = ['RecordInboundReturn', { returnId: 'B1', items: [{ item, amount: '6' }] }] as const;
    expect(last(after(receive('R1', '4'), refusal, back), 'InboundTransferClosed')).toMatchObject({ received: '4', returned: '6' });
  });
  test('must be in transit', () =>
    given(inbound, ...after(receive('R1', '10')))
      .when('RefuseInboundTransfer', { inboundTransferId, reason })
      .rejects('inbound-transfer-over'));
});

describe('what is lost', () => {
  const told = (lossId: string, amount: string) => ['RecordInboundLoss', { lossId, items: [{ item, amount }] }] as const;
  test('is declared by either plant, under ids that do not meet', () => {
    const own = ['DeclareInboundLoss', { lossId: 'X1', items: [{ item, amount: '2' }] }] as const;
    const events = after(own, told('X1', '3'), own, told('X1', '3'));
    expect(events.filter(({ type }) => type === 'InboundTransferLost').map(({ data }) => data)).toMatchObject([
      { declaredBy: 'haifa', items: [books({ lost: '2' })] },
      { declaredBy: 'lyon', items: [books({ lost: '5' })] },
    ]);
  });
  test('is not what has arrived meanwhile', () =>
    expect(last(after(receive('R1', '8'), told('X1', '5')), 'InboundTransferClosed')).toMatchObject({ received: '8', lost: '2' }));
  test('is at most what is in transit where this plant declares it', () => {
    const declare = (amount: string) => ({ inboundTransferId, reason, items: [{ item, amount }] });
    given(inbound, announced).when('DeclareInboundLoss', declare('11')).rejects('exceeds-in-transit');
    given(inbound, ...after(receive('R1', '10')))
      .when('DeclareInboundLoss', declare('1'))
      .rejects('inbound-transfer-over');
    expect(last(after(['DeclareInboundLoss', {}]), 'InboundTransferClosed')).toMatchObject({ lost: '10' });
  });
});

test('another expected arrival is recorded until the transfer is over', () => {
  const delay = { inboundTransferId, eta: '2026-01-08T08:00:00.000Z', reason };
  given(inbound, announced)
    .when('RecordInboundDelay', delay)
    .then({ type: 'InboundTransferDelayed', data: { ...of, fromEta: eta, eta: delay.eta, reason, reportedAt: at } });
  given(inbound, ...after(receive('R1', '10')))
    .when('RecordInboundDelay', delay)
    .changesNothing();
});

test('the list shows what is expected, what has arrived and what is missing', () => {
  const row = (events: readonly InboundTransferEvent[]) =>
    folded(inboundTransferView, [`inbound-transfer-${inboundTransferId}`, events])[inboundTransferId];
  expect(row([announced])).toMatchObject({ facilityId: 'haifa', status: 'Announced', items: [{ inTransit: '10' }], discrepancy: false });
  expect(row(after(receive('R1', '4')))).toMatchObject({ status: 'PartlyReceived', receivedAt: at, items: [{ received: '4' }] });
  expect(row(after(refusal))).toMatchObject({ status: 'Refused', reason });
  const lotRefused = ['RecordInboundLotRefused', { receiptId: 'R1', item, lotId: 'haifa.lyon_L1' }] as const;
  expect(row(after(receive('R1', '4'), lotRefused))).toMatchObject({ lotsRefused: [`R1/${item}`] });
  expect(row(after(receive('R1', '4'), lotRefused, ['NameInboundLot', { receiptId: 'R1', item, lotId: 'haifa.L9' }]))).toMatchObject({
    lotsRefused: [],
  });
  const end = row(after(receive('R1', '4', { complete: true })));
  expect(end).toMatchObject({ status: 'Closed', closedAt: at, discrepancy: true, items: [{ short: '6', inTransit: '0' }] });
});
