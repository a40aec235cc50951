import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { inTransit, totalsOf } from '#manufacturing/shipment';
import { isZero } from '#manufacturing/quantity';
import { type History, unrecorded } from '#platform/testing/histories';
import { type Act, type Ending, explained, interleave, type Scene, silenced } from '#platform/testing/interleavings';
import { whenInboundTransferReceivedConfirmIt as confirm } from './when-inbound-transfer-received-confirm-it';
import { whenTransferShippedAnnounceIt as announce } from './when-transfer-shipped-announce-it';

const transferId = 'lyon.T1';
const inboundTransferId = 'haifa.lyon_T1';
const at = (day: number, hour = '08') => `2026-01-0${day}T${hour}:00:00.000Z`;
const reason = 'so it is';
const sender = (type: string, data: object = {}): Act => ({ send: { type, data: { transferId, reason, ...data } } });
const receiver = (type: string, data: object = {}): Act => ({ send: { type, data: { inboundTransferId, reason, ...data } } });
const part = (amount: string) => ({ items: [{ item: 'flange', amount }] });

const plan = sender('PlanTransfer', { toFacilityId: 'haifa', items: [{ materialId: 'flange', quantity: { amount: '10', unit: 'pcs' } }] });
const ship = sender('ShipTransfer', { eta: at(7), carrier: 'Rail' });
const receive = (receiptId: string, received: string, complete = false) =>
  receiver('ReceiveInboundTransfer', { receiptId, items: [{ item: 'flange', received }], complete });
const giveBack = sender('ReturnTransfer', { returnId: 'B1' });
const lose = (amount: string) => sender('ReportLoss', { lossId: 'X1', ...part(amount) });
const declare = (amount: string) => receiver('DeclareInboundLoss', { lossId: 'X1', ...part(amount) });
const refuse = receiver('RefuseInboundTransfer');

/** When all messages have come through, both plants have the same books, and both know whether it is over. */
function faultsOf({ state }: Ending): string[] {
  const [there, here] = [state(interFacilityTransfer, transferId), state(inboundTransfer, inboundTransferId)];
  if (there.status === 'unknown' || there.books.length === 0) return [];
  if (here.status === 'unknown') return ['it was not announced'];
  const [a, b] = [totalsOf(there.books), totalsOf(here.books)];
  const left = isZero(inTransit(a));
  return [
    ...(JSON.stringify(a) === JSON.stringify(b) ? [] : [`lyon has ${JSON.stringify(a)}, haifa ${JSON.stringify(b)}`]),
    ...((there.status === 'closed') === left ? [] : [`${inTransit(a)} are in transit, and lyon has it as ${there.status}`]),
    ...((here.status === 'closed') === left ? [] : [`${inTransit(b)} are in transit, and haifa has it as ${here.status}`]),
    ...(there.eta === here.eta || left ? [] : [`lyon expects it at ${there.eta}, haifa at ${here.eta}`]),
  ];
}

const scene = (
  parties: Scene['parties'],
  past: readonly Act[] = [plan, ship],
  processes: readonly unknown[] = [announce, confirm],
): Scene => ({
  deciders: [interFacilityTransfer, inboundTransfer],
  processes: processes as Process<unknown, Event, unknown>[],
  now: at(5),
  past,
  parties,
  faultsOf,
});

const scenes: Record<string, Scene> = {
  'it is shipped and received whole': scene({ lyon: [ship], haifa: [receiver('ReceiveInboundTransfer')] }, [plan]),
  'it is received in parts by two people': scene({ ann: [receive('R1', '4')], bob: [receive('R2', '6')], eve: [receive('R2', '6')] }),
  'two people receive all of it': scene({ ann: [receive('R1', '10')], bob: [receive('R2', '10')] }),
  'it is late, and short in the end': scene({
    lyon: [sender('ReportDelay', { eta: at(8) })],
    haifa: [receive('R1', '7'), receive('R2', '1', true)],
  }),
  'it is late, and some is there': scene({ lyon: [sender('ReportDelay', { eta: at(8) })], haifa: [receive('R1', '7')] }),
  'some is lost, the rest arrives': scene({ lyon: [lose('4')], haifa: [receive('R1', '6')] }),
  'what is lost arrives meanwhile': scene({ lyon: [lose('5')], haifa: [receive('R1', '8'), receive('R2', '2')] }),
  'both plants declare a loss': scene({ lyon: [lose('4')], haifa: [declare('9'), receive('R1', '3')] }),
  'it is refused, and comes back': scene({ lyon: [giveBack], haifa: [receive('R1', '3'), refuse] }),
  'it is refused, and is lost on the way back': scene({ lyon: [lose('10')], haifa: [refuse] }),
  'it comes back while it is received': scene({
    lyon: [sender('ReturnTransfer', { returnId: 'B1', ...part('6') })],
    haifa: [receive('R1', '10')],
  }),
  'it is cancelled when it is shipped': scene({ lyon: [ship], planner: [sender('CancelTransfer')], haifa: [receive('R1', '10')] }, [plan]),
};

const met: History[] = [];
test.each(Object.entries(scenes))('%s: both plants come to the same books', (_, tried) => {
  const found = interleave(tried);
  met.push(...found.histories);
  expect(explained(found)).toBe('');
  expect(found.endings).toBeGreaterThan(0);
});

test.each([
  ['RecordTransferReceipt', 'it is received in parts by two people', 'lyon has'],
  ['RecordInboundLoss', 'some is lost, the rest arrives', 'lyon has'],
  ['RecordTransferLoss', 'both plants declare a loss', 'lyon has'],
  ['RecordInboundReturn', 'it is refused, and comes back', 'are in transit'],
  ['RecordInboundDelay', 'it is late, and some is there', 'lyon expects it'],
  ['AnnounceInboundTransfer', 'it is shipped and received whole', 'it was not announced'],
])('a process that does not send %s is detected', (silent, name, fault) => {
  const { parties, past } = scenes[name]!;
  const found = interleave(scene(parties, past, [silenced(announce, silent), silenced(confirm, silent)]));
  expect(explained(found)).toContain(fault);
});

test('the recorded histories show every kind of step', () => {
  for (const { name } of [announce, confirm]) expect(unrecorded(name, met)).toEqual([]);
});
