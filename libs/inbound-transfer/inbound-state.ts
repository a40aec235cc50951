/** What a plant knows of a transfer to it, and how its events change that. */
import { Rejected } from '#kernel/rejected';
import type { ItemBooks, ShippedItem } from '#inter-facility-transfer/inter-facility-transfer.events';
import { shippedBooks, withItems } from '#manufacturing/shipment';
import type { InboundTransferEvent } from './inbound-transfer.events';

type Known = Readonly<{
  inboundTransferId: string;
  transferId: string;
  fromFacilityId: string;
  customerOrderId?: string;
  items: readonly ShippedItem[];
  eta: string;
  books: readonly ItemBooks[];
  /** What goes into lots, by receipt and item. */
  lots: Readonly<Record<string, Readonly<{ amount: string; lotId: string; refused: boolean }>>>;
  /** Receipts, losses, returns and the refusal that are booked, by kind and id. */
  booked: readonly string[];
}>;
export type InboundTransfer = Readonly<{ status: 'unknown' }> | (Known & Readonly<{ status: 'announced' | 'refused' | 'closed' }>);
export type KnownInbound = Exclude<InboundTransfer, { status: 'unknown' }>;

/** @throws Rejected inbound-transfer-unknown */
export function known(transfer: InboundTransfer): KnownInbound {
  if (transfer.status === 'unknown')
    throw new Rejected(
      'inbound-transfer-unknown',
      'Unknown inbound transfer. It is announced once the other plant has shipped it: check the id, or send it again in a moment.',
    );
  return transfer;
}

export const of = ({ inboundTransferId, transferId, fromFacilityId }: KnownInbound) => ({ inboundTransferId, transferId, fromFacilityId });

export const arrivalKey = (receiptId: string, item: string): string => `${receiptId}/${item}`;

/** Folds one event into an inbound transfer. Never throws. */
export function evolve(transfer: InboundTransfer, { type, data }: InboundTransferEvent): InboundTransfer {
  if (type === 'InboundTransferAnnounced') {
    const { inboundTransferId, transferId, fromFacilityId, customerOrderId, items, eta } = data;
    const order = customerOrderId === undefined ? {} : { customerOrderId };
    const books = items.map(({ materialId, lotId, quantity }): ItemBooks => {
      const lot = lotId === undefined ? {} : { lotId };
      return { item: lotId ?? materialId, materialId, ...lot, unit: quantity.unit, ...shippedBooks(quantity.amount) };
    });
    return { status: 'announced', inboundTransferId, transferId, fromFacilityId, ...order, items, eta, books, lots: {}, booked: [] };
  }
  if (transfer.status === 'unknown') return transfer;
  const booking = (key: string, items: readonly ItemBooks[]) => ({
    ...transfer,
    books: withItems(transfer.books, items),
    booked: [...transfer.booked, key],
  });
  switch (type) {
    case 'InboundTransferDelayed':
      return { ...transfer, eta: data.eta };
    case 'InboundTransferReceived':
      return {
        ...transfer,
        ...booking(`receipt/${data.receiptId}`, data.items),
        lots: data.arrived.reduce(
          (lots, { item, received, lotId }) =>
            lotId === undefined ? lots : { ...lots, [arrivalKey(data.receiptId, item)]: { amount: received, lotId, refused: false } },
          transfer.lots,
        ),
      };
    case 'InboundLotRefused':
    case 'InboundLotNamed': {
      const { receiptId, item, amount, lotId } = data;
      const named = { amount, lotId, refused: type === 'InboundLotRefused' };
      return { ...transfer, lots: { ...transfer.lots, [arrivalKey(receiptId, item)]: named } };
    }
    case 'InboundTransferRefused':
      return { ...transfer, status: 'refused', booked: [...transfer.booked, `refusal/${data.refusalId}`] };
    case 'InboundTransferLost':
      return booking(`loss/${data.declaredBy}/${data.lossId}`, data.items);
    case 'InboundTransferReturned':
      return booking(`return/${data.returnId}`, data.items);
    case 'InboundTransferClosed':
      return { ...transfer, status: 'closed' };
  }
}
