import type { Context, Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { inUtc } from '#kernel/instant';
import { Rejected } from '#kernel/rejected';
import type { ItemBooks, ShippedItem } from '#inter-facility-transfer/inter-facility-transfer.events';
import { facilityOf } from '#manufacturing/facility';
import { compare, isPositive, plus } from '#manufacturing/quantity';
import {
  arrivable,
  arrived,
  bookOf,
  cameBack,
  inTransit,
  isClosed,
  lost,
  partsInTransit,
  rejectFraction,
  rejectRepeated,
  totalsOf,
  withItems,
} from '#manufacturing/shipment';
import { atReceiver } from '#manufacturing/transfer-ids';
import { ofPlants } from '#manufacturing/references';
import type * as commands from './inbound-transfer.commands';
import type { Arrival, InboundTransferEvent } from './inbound-transfer.events';
import { arrivalKey, evolve, type InboundTransfer, known, type KnownInbound, of } from './inbound-state';

type Events = readonly InboundTransferEvent[];
type Part = Readonly<{ item: string; amount: string }>;

const rules: Decider<typeof commands, InboundTransfer, InboundTransferEvent> = {
  category: 'inbound-transfer',
  initial: { status: 'unknown' },
  id: ({ inboundTransferId }) => inboundTransferId,
  evolve,
  decide: {
    AnnounceInboundTransfer: announce,
    RecordInboundDelay: ({ eta, reason }, state, { occurredAt }) => {
      const transfer = known(state);
      const expected = inUtc(eta);
      if (transfer.status === 'closed' || transfer.eta === expected) return [];
      const data = { ...of(transfer), fromEta: transfer.eta, eta: expected, reason, reportedAt: occurredAt };
      return [{ type: 'InboundTransferDelayed', data }];
    },
    RecordInboundLoss: ({ lossId, items, reason }, state, { occurredAt }) => {
      const transfer = known(state);
      if (transfer.booked.includes(`loss/${transfer.fromFacilityId}/${lossId}`)) return [];
      rejectRepeated(items.map(({ item }) => item));
      return lose(transfer, { lossId, declaredBy: transfer.fromFacilityId, reason }, items, occurredAt);
    },
    RecordInboundReturn: ({ returnId, items, reason }, state, { occurredAt }) => {
      const transfer = known(state);
      if (transfer.booked.includes(`return/${returnId}`)) return [];
      rejectRepeated(items.map(({ item }) => item));
      const changed = items.map(({ item, amount }): ItemBooks => {
        const before = bookOf(transfer.books, item);
        return { ...before, ...cameBack(before, amount) };
      });
      const data = { ...of(transfer), returnId, items: changed, reason, returnedAt: occurredAt };
      return closing(transfer, changed, { type: 'InboundTransferReturned', data }, occurredAt);
    },
    ReceiveInboundTransfer: receive,
    RecordInboundLotRefused: ({ receiptId, item, lotId, reason }, state, { occurredAt }) => {
      const transfer = known(state);
      const arrival = entryOf(transfer.lots, arrivalKey(receiptId, item));
      if (!arrival || arrival.refused || arrival.lotId !== lotId) return [];
      const data = { ...of(transfer), receiptId, item, amount: arrival.amount, lotId, reason, refusedAt: occurredAt };
      return [{ type: 'InboundLotRefused', data }];
    },
    NameInboundLot: ({ receiptId, item, lotId }, state, { occurredAt }) => {
      const transfer = known(state);
      const arrival = entryOf(transfer.lots, arrivalKey(receiptId, item));
      if (!arrival) throw new Rejected('no-such-receipt', `Receipt ${receiptId} has nothing of ${item} for a lot.`, { receiptId, item });
      if (!arrival.refused) {
        if (arrival.lotId === lotId) return [];
        throw new Rejected('lot-not-refused', `${arrival.lotId} has taken it. Split that lot, or merge it into another one.`, {
          lotId: arrival.lotId,
        });
      }
      rejectOtherPlant(transfer, lotId);
      return [{ type: 'InboundLotNamed', data: { ...of(transfer), receiptId, item, amount: arrival.amount, lotId, namedAt: occurredAt } }];
    },
    RefuseInboundTransfer: ({ reason }, state, { occurredAt, commandId: refusalId }) => {
      const transfer = known(state);
      if (transfer.status === 'refused' || transfer.booked.includes(`refusal/${refusalId}`)) return [];
      if (transfer.status === 'closed')
        throw new Rejected('inbound-transfer-over', 'Nothing of the transfer is in transit. Plan a transfer back instead.', {});
      const refused = partsInTransit(transfer.books, undefined).map(({ item, amount }) => ({ item, amount }));
      return [{ type: 'InboundTransferRefused', data: { ...of(transfer), refusalId, refused, reason, refusedAt: occurredAt } }];
    },
    DeclareInboundLoss: ({ lossId, items, reason }, state, { occurredAt, commandId }) => {
      const transfer = known(state);
      const declared = { lossId: lossId ?? commandId, declaredBy: facilityOf(transfer.inboundTransferId), reason };
      if (transfer.booked.includes(`loss/${declared.declaredBy}/${declared.lossId}`)) return [];
      if (transfer.status === 'closed')
        throw new Rejected('inbound-transfer-over', 'Nothing of the transfer is in transit: nothing of it can be lost.', {});
      return lose(transfer, declared, partsInTransit(transfer.books, items), occurredAt);
    },
  },
};

/**
 * What another plant has shipped to this one, as this plant sees it: what is expected, and what has become of it. The two plants tell each
 * other by messages that may take hours; each keeps its own books, and both come to the same (manufacturing/shipment.ts).
 */
export const inboundTransfer: typeof rules = ofPlants(rules);

function announce(command: commands.AnnounceInboundTransfer, state: InboundTransfer): Events {
  const { inboundTransferId, transferId, fromFacilityId, customerOrderId, carrier } = command;
  const items = command.items.map(({ materialId, quantity: { amount, unit }, lotId, expiresAt, ancestors }): ShippedItem => ({
    materialId,
    quantity: { amount, unit },
    ...(lotId === undefined ? {} : { lotId }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(ancestors === undefined ? {} : { ancestors }),
  }));
  if (state.status !== 'unknown') {
    if (state.transferId === transferId && JSON.stringify(state.items) === JSON.stringify(items)) return [];
    throw new Rejected('inbound-transfer-exists', `${inboundTransferId} was already announced as ${state.transferId}, with other items.`, {
      transferId: state.transferId,
    });
  }
  if (facilityOf(transferId) !== fromFacilityId || atReceiver(transferId, facilityOf(inboundTransferId)) !== inboundTransferId)
    throw new Rejected('wrong-facility', `${inboundTransferId} is not the id of ${transferId} of ${fromFacilityId} at this plant.`, {
      transferId,
      fromFacilityId,
    });
  rejectRepeated(items.map(({ lotId, materialId }) => lotId ?? materialId));
  const order = customerOrderId === undefined ? {} : { customerOrderId };
  const named = carrier === undefined ? {} : { carrier };
  const of = { inboundTransferId, transferId, fromFacilityId, items, ...order, ...named };
  return [{ type: 'InboundTransferAnnounced', data: { ...of, eta: inUtc(command.eta), shippedAt: inUtc(command.shippedAt) } }];
}

function receive(command: commands.ReceiveInboundTransfer, state: InboundTransfer, { occurredAt, commandId }: Context): Events {
  const transfer = known(state);
  const { receiptId = commandId, items: counted, complete = false } = command;
  if (transfer.booked.includes(`receipt/${receiptId}`)) return [];
  if (transfer.status === 'refused')
    throw new Rejected('inbound-transfer-refused', 'The transfer was refused: it goes back. Plan another one.', {});
  const said = counted ?? partsInTransit(transfer.books, undefined).map(({ item, amount }) => ({ item, received: amount }));
  if (said.length === 0)
    throw new Rejected('over-receipt', 'All of the transfer has been received, or is known to be missing. Name what has turned up.', {});
  rejectRepeated(said.map(({ item }) => item));
  const lines = said.map((line) => arrivalOf(transfer, line));
  if (!complete && !lines.some(({ received, damaged }) => isPositive(plus(received, damaged))))
    throw new Rejected('quantity-not-positive', 'Something must have arrived, or the receipt must be `complete`.', {});
  const changed = lines.map(({ item, received, damaged }): ItemBooks => {
    const before = bookOf(transfer.books, item);
    return { ...before, ...arrived(before, received, damaged, complete) };
  });
  const data = { ...of(transfer), receiptId, complete, arrived: lines, items: changed, receivedAt: occurredAt };
  return closing(transfer, changed, { type: 'InboundTransferReceived', data }, occurredAt);
}

/** @throws Rejected item-unknown, fraction-of-a-piece, over-receipt, wrong-facility */
function arrivalOf(transfer: KnownInbound, line: Readonly<{ item: string; received: string; damaged?: string; lotId?: string }>): Arrival {
  const { item, received, damaged = '0' } = line;
  const books = bookOf(transfer.books, item);
  const { materialId, unit } = books;
  for (const amount of [received, damaged]) rejectFraction({ amount, unit });
  const total = plus(received, damaged);
  if (compare(total, arrivable(books)) > 0)
    throw new Rejected(
      'over-receipt',
      `Of ${item} at most ${arrivable(books)} ${unit} can still arrive, not ${total}. Count again; receive a surplus as a delivery.`,
      { item, inTransit: inTransit(books), arrivable: arrivable(books), amount: total },
    );
  const facilityId = facilityOf(transfer.inboundTransferId);
  const lotId = line.lotId ?? (books.lotId === undefined ? undefined : atReceiver(books.lotId, facilityId));
  if (lotId !== undefined) rejectOtherPlant(transfer, lotId);
  return { item, materialId, received, damaged, ...(lotId === undefined ? {} : { lotId }) };
}

/** @throws Rejected wrong-facility */
function rejectOtherPlant({ inboundTransferId }: KnownInbound, lotId: string): void {
  const facilityId = facilityOf(inboundTransferId);
  if (facilityOf(lotId) !== facilityId)
    throw new Rejected('wrong-facility', `\`lotId\` must be a lot of ${facilityId}, was ${lotId}.`, { lotId });
}

type Loss = Readonly<{ lossId: string; declaredBy: string; reason: string }>;
function lose(transfer: KnownInbound, loss: Loss, parts: readonly Part[], reportedAt: string): Events {
  const amounts = parts.map(({ item, amount }) => ({ item, amount }));
  const items = amounts.map(({ item, amount }): ItemBooks => {
    const before = bookOf(transfer.books, item);
    return { ...before, ...lost(before, amount) };
  });
  const data = { ...of(transfer), ...loss, amounts, items, reportedAt };
  return closing(transfer, items, { type: 'InboundTransferLost', data }, reportedAt);
}

/** The event, and the end of the transfer where nothing is in transit after it. */
function closing(transfer: KnownInbound, changed: readonly ItemBooks[], event: InboundTransferEvent, closedAt: string): Events {
  const items = withItems(transfer.books, changed);
  if (!isClosed(items)) return [event];
  const order = transfer.customerOrderId === undefined ? {} : { customerOrderId: transfer.customerOrderId };
  return [event, { type: 'InboundTransferClosed', data: { ...of(transfer), ...totalsOf(items), items, ...order, closedAt } }];
}
