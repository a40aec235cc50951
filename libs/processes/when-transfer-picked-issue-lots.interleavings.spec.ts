import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { minus, sum } from '#manufacturing/quantity';
import { totalsOf } from '#manufacturing/shipment';
import type { MaterialLot } from '#material-lot/lot';
import { materialLot } from '#material-lot/material-lot';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene, silenced } from '#platform/testing/interleavings';
import { whenInboundTransferReceivedBookLots as book } from './when-inbound-transfer-received-book-lots';
import { whenInboundTransferReceivedConfirmIt as confirm } from './when-inbound-transfer-received-confirm-it';
import { whenTransferPickedIssueLots as issue } from './when-transfer-picked-issue-lots';
import { whenTransferShippedAnnounceIt as announce } from './when-transfer-shipped-announce-it';

const transferId = 'lyon.T1';
const inboundTransferId = 'haifa.lyon_T1';
const LYON = ['lyon.L1', 'lyon.L2'];
const HAIFA = ['haifa.lyon_L1', 'haifa.lyon_L2', 'haifa.L9'];
const at = (day: number) => `2026-01-0${day}T08:00:00.000Z`;
const reason = 'so it is';
const send = (type: string, data: object): Act => ({ send: { type, data: { reason, ...data } } });
const lot = (type: string, lotId: string, data: object = {}) => send(type, { lotId, ...data });
const sender = (type: string, data: object = {}) => send(type, { transferId, ...data });
const receiver = (type: string, data: object = {}) => send(type, { inboundTransferId, ...data });
const kg = (amount: string) => ({ amount, unit: 'kg' });
const material = (materialId: string, amount: string) => ({ materialId, quantity: kg(amount) });

const stock = LYON.map((lotId) => lot('ReceiveLot', lotId, material('steel', '10')));
const plan = sender('PlanTransfer', { toFacilityId: 'haifa', items: LYON.map((lotId) => ({ ...material('steel', '6'), lotId })) });
const pick = sender('PickTransfer');
const ship = sender('ShipTransfer', { eta: at(7) });
const receive = receiver('ReceiveInboundTransfer', { receiptId: 'R1' });
const consume = (amount: string) => lot('ConsumeLot', 'lyon.L2', { workOrderId: 'lyon.W1', quantity: kg(amount) });
const cancel = sender('CancelTransfer');
const giveBack = (amount: string) => sender('ReturnTransfer', { returnId: 'B1', items: [{ item: 'lyon.L1', amount }] });

/** What has left the lots of one plant is on its way, or in the lots of the other one. */
function faultsOf({ state }: Ending): string[] {
  const transfer = state(interFacilityTransfer, transferId);
  const inbound = state(inboundTransfer, inboundTransferId);
  const lots = (ids: readonly string[]) => ids.map((id): MaterialLot => state(materialLot, id));
  const takenFrom = lots(LYON).flatMap((each) => (each.status === 'unknown' ? [] : Object.values(each.issues).map(({ left }) => left)));
  const there = lots(HAIFA).flatMap((each) => (each.status === 'unknown' || each.materialId !== 'steel' ? [] : [each.onHand]));
  if (transfer.status === 'unknown') return [];
  if (transfer.status === 'picking') return ['the lots are not booked'];
  const { shipped, returned } = totalsOf(transfer.books);
  const left = { planned: '0', cancelled: '0', picked: sum(transfer.items.map(({ quantity }) => quantity.amount)) };
  const wanted = transfer.status in left ? left[transfer.status as 'picked'] : minus(shipped, returned);
  const waits = inbound.status === 'unknown' ? [] : Object.values(inbound.lots).filter(({ refused }) => refused);
  const arrived = inbound.status === 'unknown' ? '0' : minus(totalsOf(inbound.books).received, sum(waits.map(({ amount }) => amount)));
  return [
    ...(sum(takenFrom) === wanted ? [] : [`${transfer.status}: ${sum(takenFrom)} kg have left the lots, not ${wanted}`]),
    ...(sum(there) === arrived ? [] : [`${arrived} kg have arrived, and the lots there hold ${sum(there)}`]),
  ];
}

const scene = (
  parties: Scene['parties'],
  past: readonly Act[],
  processes: readonly unknown[] = [issue, announce, confirm, book],
): Scene => ({
  deciders: [materialLot, interFacilityTransfer, inboundTransfer],
  processes: processes as Process<unknown, Event, unknown>[],
  now: at(5),
  past: [...stock, plan, ...past],
  parties,
  faultsOf,
});

const scenes: Record<string, Scene> = {
  'two lots are picked, shipped and received': scene({ lyon: [pick, ship], haifa: [receive] }, []),
  'a lot is put on hold when it is picked': scene({ lyon: [pick, ship], quality: [lot('HoldLot', 'lyon.L2', { holdId: 'H1' })] }, []),
  'an order takes what is picked': scene({ lyon: [pick, pick], floor: [consume('5')] }, []),
  'it is cancelled while it is picked': scene({ lyon: [pick], planner: [cancel] }, []),
  'it is picked again after a hold': scene({ lyon: [pick, pick], quality: [lot('ReleaseHold', 'lyon.L1', { holdId: 'H1' })] }, [
    lot('HoldLot', 'lyon.L1', { holdId: 'H1' }),
  ]),
  'the rest of a lot is merged away, and the pick is cancelled': scene(
    { floor: [lot('MergeLot', 'lyon.L1', { intoLotId: 'lyon.L2' })], planner: [cancel] },
    [pick],
  ),
  'some comes back while some is received': scene(
    {
      lyon: [giveBack('4')],
      haifa: [receiver('ReceiveInboundTransfer', { receiptId: 'R1', items: [{ item: 'lyon.L1', received: '2' }] }), receive],
    },
    [pick, ship],
  ),
  'the lot there is another material': scene(
    { haifa: [receive], person: [receiver('NameInboundLot', { receiptId: 'R1', item: 'lyon.L1', lotId: 'haifa.L9' })] },
    [lot('ReceiveLot', 'haifa.lyon_L1', material('brass', '1')), pick, ship],
  ),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: no material appears or disappears', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test.each([
  ['TakeBackFromTransfer', 'it is cancelled while it is picked', 'have left the lots'],
  ['UndoPick', 'a lot is put on hold when it is picked', 'the lots are not booked'],
  ['ReceiveLotFromTransfer', 'two lots are picked, shipped and received', 'the lots there hold'],
])('a process that does not send %s is detected', (silent, name, fault) => {
  const { parties, past } = scenes[name]!;
  const all = [silenced(issue, silent), silenced(announce, silent), silenced(confirm, silent), silenced(book, silent)];
  expect(explained(interleave(scene(parties, past!.slice(stock.length + 1), all)))).toContain(fault);
});

test('the recorded histories show every kind of step', () => {
  for (const { name } of [issue, book]) expect(unrecorded(name, met)).toEqual([]);
});
