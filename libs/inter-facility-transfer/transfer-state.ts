/** What is known of a transfer, and how its events change it. */
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import { shippedBooks, withItems } from '#manufacturing/shipment';
import type { InterFacilityTransferEvent, ItemBooks, TransferItem } from './inter-facility-transfer.events';

type Known = Readonly<{
  transferId: string;
  toFacilityId: string;
  customerOrderId?: string;
  planned: readonly TransferItem[];
  /** What was picked; as planned until then. */
  items: readonly TransferItem[];
  pick: number;
  eta?: string;
  books: readonly ItemBooks[];
  /** Receipts, losses and returns that are booked, by kind and id. */
  booked: readonly string[];
}>;
export type TransferStatus = 'planned' | 'picking' | 'picked' | 'shipped' | 'closed' | 'cancelled';
export type Transfer = Readonly<{ status: 'unknown' }> | (Known & Readonly<{ status: TransferStatus }>);
export type KnownTransfer = Exclude<Transfer, { status: 'unknown' }>;

/** How an item is known within its transfer. */
export const itemOf = ({ lotId, materialId }: Pick<TransferItem, 'lotId' | 'materialId'>): string => lotId ?? materialId;

export function known(transfer: Transfer): KnownTransfer {
  if (transfer.status === 'unknown') throw new Rejected('transfer-unknown', 'Unknown transfer. Plan it first.');
  return transfer;
}

const WORDS: Readonly<Record<TransferStatus, readonly [code: string, message: string]>> = {
  planned: ['transfer-state', 'The transfer has not been shipped. Ship it first.'],
  picking: ['transfer-being-picked', 'What was picked is still being booked out of its lots. Send it again in a moment.'],
  picked: ['transfer-state', 'The transfer is picked and has not been shipped. Ship it or cancel it.'],
  shipped: ['transfer-shipped', 'The transfer has left the plant. Return it, or report its loss.'],
  closed: ['transfer-over', 'The transfer has arrived. Plan another one.'],
  cancelled: ['transfer-over', 'The transfer was cancelled. Plan another one.'],
};

/** @throws Rejected transfer-unknown, transfer-state, transfer-being-picked, transfer-shipped, transfer-over */
export function inState(transfer: Transfer, ...states: readonly TransferStatus[]): KnownTransfer {
  const found = known(transfer);
  if (states.includes(found.status)) return found;
  const [code, message] = WORDS[found.status];
  throw new Rejected(code, message, { status: found.status });
}

export const of = ({ transferId, toFacilityId }: KnownTransfer) => ({ transferId, toFacilityId });
export const fromFacilityOf = ({ transferId }: KnownTransfer): string => facilityOf(transferId);

/** Both plants name losses. */
export const lossKey = ({ lossId, declaredBy = '' }: Readonly<{ lossId: string; declaredBy?: string }>): string =>
  `loss/${declaredBy}/${lossId}`;

/** Folds one event into a transfer. Never throws. */
export function evolve(transfer: Transfer, { type, data }: InterFacilityTransferEvent): Transfer {
  if (type === 'TransferPlanned') {
    const { transferId, toFacilityId, items, customerOrderId } = data;
    const order = customerOrderId === undefined ? {} : { customerOrderId };
    const begun = { pick: 0, books: [], booked: [] };
    return { status: 'planned', transferId, toFacilityId, ...order, planned: items, items, ...begun };
  }
  if (transfer.status === 'unknown') return transfer;
  switch (type) {
    case 'TransferPicked':
      return { ...transfer, status: data.booking ? 'picking' : 'picked', pick: data.pick, items: data.items };
    case 'TransferLotsBooked':
      return { ...transfer, status: 'picked' };
    case 'TransferPickUndone':
      return { ...transfer, status: 'planned', items: transfer.planned };
    case 'TransferShipped': {
      const books = data.items.map(({ materialId, lotId, quantity }): ItemBooks => {
        const lot = lotId === undefined ? {} : { lotId };
        return { item: lotId ?? materialId, materialId, ...lot, unit: quantity.unit, ...shippedBooks(quantity.amount) };
      });
      return { ...transfer, status: 'shipped', items: data.items, books, eta: data.eta };
    }
    case 'TransferDelayed':
      return { ...transfer, eta: data.eta };
    case 'TransferReceived':
      return { ...transfer, books: withItems(transfer.books, data.items), booked: [...transfer.booked, `receipt/${data.receiptId}`] };
    case 'TransferOverReceived':
      return transfer;
    case 'TransferRefused':
      return { ...transfer, booked: [...transfer.booked, `refusal/${data.refusalId}`] };
    case 'TransferLost':
      return { ...transfer, books: withItems(transfer.books, data.items), booked: [...transfer.booked, lossKey(data)] };
    case 'TransferReturned':
      return { ...transfer, books: withItems(transfer.books, data.items), booked: [...transfer.booked, `return/${data.returnId}`] };
    case 'TransferCancelled':
      return { ...transfer, status: 'cancelled' };
    case 'TransferClosed':
      return { ...transfer, status: 'closed' };
  }
}
