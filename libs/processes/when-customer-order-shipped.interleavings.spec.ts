import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { customerOrder } from '#customer-order/customer-order';
import { decision } from '#decision/decision';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import { decisionIdOf, legIdOf, transferIdOf } from '#manufacturing/order-ids';
import { plus, sum } from '#manufacturing/quantity';
import { inTransit, type ShipmentBooks, totalsOf } from '#manufacturing/shipment';
import { atReceiver } from '#manufacturing/transfer-ids';
import { type Act, type Ending, explained, interleave, type Scene } from '#platform/testing/interleavings';
import { productionOrder } from '#production-order/production-order';
import { workOrder } from '#work-order/work-order';
import { capacity, plan } from './fulfilment/others-under-test';
import { whenCustomerOrderPlacedFulfilIt as fulfil } from './when-customer-order-placed-fulfil-it';
import { whenInboundTransferReceivedConfirmIt as confirm } from './when-inbound-transfer-received-confirm-it';
import { whenTransferShippedAnnounceIt as announce } from './when-transfer-shipped-announce-it';

const ORDER = 'corp.CO-1';
const day = (date: string, time = '08:00') => `2026-01-${date}T${time}:00.000Z`;
const reason = 'so it is';
const send = (type: string, data: object): Act => ({ send: { type, data: { reason, ...data } } });
const place = (amount: string) =>
  send('PlaceCustomerOrder', {
    customerOrderId: ORDER,
    customer: 'acme',
    product: 'flange',
    quantity: { amount, unit: 'pcs' },
    due: day('20'),
    shipTo: 'oslo',
  });
const make = (n: number, plant: string, good: string): Act[] => {
  const [workOrderId, equipmentId] = [legIdOf(ORDER, n, plant), `${plant}.M1`];
  const [from, to] = [day('05', '07:45'), day('05')];
  return [
    send('StartWorkOrder', { workOrderId, equipmentId }),
    send('ReportProduction', { workOrderId, equipmentId, reportId: 'r1', operationId: '10', good, from, to }),
    send('StopWorkOrder', { workOrderId }),
  ];
};
const transferOf = (n: number, plant: string, attempt = 1) => transferIdOf(ORDER, n, plant, attempt);
const inboundOf = (n: number, plant: string, attempt?: number) => atReceiver(transferOf(n, plant, attempt), 'oslo')!;
const ship = (n: number, plant: string, attempt?: number) =>
  send('ShipTransfer', { transferId: transferOf(n, plant, attempt), eta: day('07') });
const receive = (n: number, plant: string, received?: string, damaged?: string) =>
  send('ReceiveInboundTransfer', {
    inboundTransferId: inboundOf(n, plant),
    receiptId: 'R1',
    ...(received ? { items: [{ item: 'flange', received, ...(damaged ? { damaged } : {}) }] } : {}),
    complete: true,
  });
const refuse = (n: number, plant: string) => send('RefuseInboundTransfer', { inboundTransferId: inboundOf(n, plant) });
const giveBack = (n: number, plant: string) => send('ReturnTransfer', { transferId: transferOf(n, plant), returnId: 'B1' });
const receiveAgain = (n: number, plant: string) => send('ReceiveInboundTransfer', { inboundTransferId: inboundOf(n, plant, 2) });
const stay = (n: number, plant: string) => send('CancelTransfer', { transferId: transferOf(n, plant) });
const decide = (option: string, n = 1) => send('MakeDecision', { decisionId: decisionIdOf(ORDER, `D${n}`), option });
const cancel = send('CancelCustomerOrder', { customerOrderId: ORDER });

function wrongIn(leg: number, books: ShipmentBooks): string[] {
  const { shipped, received, short, damaged, lost, returned } = books;
  const parts = sum([received, short, damaged, lost, returned, inTransit(books)]);
  return parts === shipped ? [] : [`of leg ${leg} ${shipped} were shipped, and its parts are ${parts} (I18)`];
}

/** The order ends with what has arrived, waits for what is on its way, or makes what is missing again. */
function faultsOf({ state }: Ending): string[] {
  const order = state(customerOrder, ORDER);
  if (order.status === 'Unknown') return ['there is no order'];
  const faults = order.legs.flatMap(({ leg, facilityId, delivery }) => {
    const all = [1, 2].map((attempt) => state(interFacilityTransfer, transferOf(leg, facilityId, attempt)));
    const closed = all.filter(({ status }) => status === 'closed');
    const received = sum(closed.map((each) => ('books' in each ? totalsOf(each.books).received : '0')));
    return [
      ...all.flatMap((each) => ('books' in each ? wrongIn(leg, totalsOf(each.books)) : [])),
      ...(closed.length > 0 && delivery?.received !== received ? [`the order does not know that leg ${leg} has arrived`] : []),
    ];
  });
  const arrived = order.legs.reduce((total, { delivery }) => plus(total, delivery?.received ?? '0'), '0');
  if (order.status === 'Completed' && arrived !== order.demand.quantity) faults.push(`it is complete, and ${arrived} have arrived`);
  if (order.status === 'Open' && arrived === order.demand.quantity) faults.push('all has arrived, and it is not complete');
  return faults;
}

const made = [place('8'), ...make(1, 'lyon', '6'), ...make(2, 'haifa', '2')];
const scene = (
  parties: Scene['parties'],
  past: readonly Act[] = made,
  processes: readonly unknown[] = [fulfil, announce, confirm],
): Scene => ({
  deciders: [customerOrder, productionOrder, workOrder, plan, capacity, decision, interFacilityTransfer, inboundTransfer],
  processes: processes as Process<unknown, Event, unknown>[],
  now: day('05'),
  past,
  parties,
  faultsOf,
});

/** Each with the statuses of the order at its endings. Open: something is on its way, was not announced yet when it was counted, or is made again. */
const scenes: Record<string, readonly [reaches: string, scene: Scene]> = {
  'both plants ship, and all arrives': [
    'Completed Open',
    scene({ lyon: [ship(1, 'lyon')], haifa: [ship(2, 'haifa')], oslo: [receive(1, 'lyon'), receive(2, 'haifa')] }),
  ],
  'some is damaged': ['Open', scene({ haifa: [ship(2, 'haifa')], oslo: [receive(1, 'lyon', '5', '1')] }, [...made, ship(1, 'lyon')])],
  'it is refused, and comes back': [
    'Open',
    scene({ lyon: [giveBack(1, 'lyon')], oslo: [receive(2, 'haifa'), refuse(1, 'lyon')] }, [...made, ship(1, 'lyon'), ship(2, 'haifa')]),
  ],
  'it comes back, and a person has it shipped again': [
    'Completed Open',
    scene({ person: [decide('ShipAgain')], lyon: [giveBack(1, 'lyon'), ship(1, 'lyon', 2)], oslo: [receiveAgain(1, 'lyon')] }, [
      place('4'),
      ...make(1, 'lyon', '4'),
      ship(1, 'lyon'),
      refuse(1, 'lyon'),
    ]),
  ],
  'it comes back, and a person has it made again': [
    'Open',
    scene({ person: [decide('MakeAgain')], lyon: [giveBack(1, 'lyon')], oslo: [refuse(1, 'lyon')] }, [
      place('4'),
      ...make(1, 'lyon', '4'),
      ship(1, 'lyon'),
    ]),
  ],
  'its transfer is cancelled, and a person has it planned again': [
    'Completed Open',
    scene({ person: [decide('TryAgain')], lyon: [stay(1, 'lyon'), ship(1, 'lyon', 2)], oslo: [receiveAgain(1, 'lyon')] }, [
      place('4'),
      ...make(1, 'lyon', '4'),
    ]),
  ],
  'the customer cancels when it is shipped': [
    'Cancelled Cancelling',
    scene({ customer: [cancel], lyon: [ship(1, 'lyon')], oslo: [receive(1, 'lyon')] }),
  ],
};

test.each(Object.entries(scenes))('%s: the order follows', (_, [reaches, tried]) => {
  const seen = new Set<string>();
  const found = interleave({ ...tried, faultsOf: (end) => (seen.add(end.state(customerOrder, ORDER).status), tried.faultsOf(end)) });
  expect(explained(found)).toBe('');
  expect([...seen].sort().join(' ')).toBe(reaches);
});

test('an order that does not hear of the end of a transfer is detected', () => {
  const deaf = { ...fulfil, events: fulfil.events.filter((type) => type !== 'TransferClosed') };
  const [, { parties, past }] = scenes['both plants ship, and all arrives']!;
  expect(explained(interleave(scene(parties, past, [deaf, announce, confirm])))).toContain('does not know that leg');
});
