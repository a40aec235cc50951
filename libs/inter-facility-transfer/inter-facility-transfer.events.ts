import type { Event } from '#kernel/event';
import type { Quantity, Unit } from '#manufacturing/quantity';
import type { ShipmentBooks } from '#manufacturing/shipment';

/** What is moved: material, from a lot where it is traced by lots. Within a transfer an item is known by its lot, or else its material. */
export type TransferItem = Readonly<{ materialId: string; quantity: Quantity; lotId?: string }>;

/** An item as it left: with what its lot hands on. */
export type ShippedItem = TransferItem &
  Readonly<{
    /** Of the lot: the first instant at which it may no longer be used. */
    expiresAt?: string;
    /** The lots that it comes from, oldest first, its own lot last. */
    ancestors?: readonly string[];
  }>;

/** What became of an item: the parts add up to what was shipped (I18). */
export type ItemBooks = Readonly<{ item: string; materialId: string; lotId?: string; unit: Unit }> & ShipmentBooks;

type OfTransfer = Readonly<{ transferId: string; toFacilityId: string }>;

/** Material is to be moved to another plant. */
export type TransferPlanned = Event<
  'TransferPlanned',
  OfTransfer & { fromFacilityId: string; items: readonly TransferItem[]; customerOrderId?: string; plannedAt: string }
>;

/** Material was picked, and is taken out of its lots. */
export type TransferPicked = Event<
  'TransferPicked',
  OfTransfer & {
    /** Counts the picks of the transfer. */
    pick: number;
    items: readonly TransferItem[];
    /** True where lots have to be booked before it can be shipped. */
    booking: boolean;
    pickedAt: string;
  }
>;

/** What was picked has left its lots. */
export type TransferLotsBooked = Event<'TransferLotsBooked', OfTransfer & { pick: number; bookedAt: string }>;

/** A lot could not give what was picked: the pick is undone. */
export type TransferPickUndone = Event<'TransferPickUndone', OfTransfer & { pick: number; reason: string; undoneAt: string }>;

/** It has left the plant: from now on it cannot be cancelled. */
export type TransferShipped = Event<
  'TransferShipped',
  OfTransfer & {
    fromFacilityId: string;
    items: readonly ShippedItem[];
    customerOrderId?: string;
    carrier?: string;
    /** Expected arrival, ISO 8601 UTC. */
    eta: string;
    shippedAt: string;
  }
>;

/** It arrives at another time than was expected. */
export type TransferDelayed = Event<'TransferDelayed', OfTransfer & { fromEta: string; eta: string; reason: string; reportedAt: string }>;

/** The other plant received some of it. */
export type TransferReceived = Event<
  'TransferReceived',
  OfTransfer & {
    receiptId: string;
    arrived: readonly Readonly<{ item: string; received: string; damaged: string }>[];
    /** The items that changed, as they are now. */
    items: readonly ItemBooks[];
    receivedAt: string;
  }
>;

/** Exception: more was received than was shipped. */
export type TransferOverReceived = Event<
  'TransferOverReceived',
  OfTransfer & { receiptId: string; item: string; over: string; receivedAt: string }
>;

/** Some of it was lost on the way. */
export type TransferLost = Event<
  'TransferLost',
  OfTransfer & {
    lossId: string;
    /** The plant that declared it, where it is the one that receives. */
    declaredBy?: string;
    /** What was declared lost; less is booked where some of it has arrived. */
    amounts?: readonly Readonly<{ item: string; amount: string }>[];
    items: readonly ItemBooks[];
    reason: string;
    reportedAt: string;
  }
>;

/** The other plant does not take it: it comes back, or is lost. */
export type TransferRefused = Event<'TransferRefused', OfTransfer & { refusalId: string; reason: string; refusedAt: string }>;

/** Some of it came back. */
export type TransferReturned = Event<
  'TransferReturned',
  OfTransfer & {
    returnId: string;
    back: readonly Readonly<{ item: string; lotId?: string; quantity: Quantity }>[];
    items: readonly ItemBooks[];
    reason: string;
    returnedAt: string;
  }
>;

/** It was cancelled before it left. */
export type TransferCancelled = Event<'TransferCancelled', OfTransfer & { reason: string; cancelledAt: string }>;

/** Nothing is in transit any more. Recorded again where figures change afterwards. */
export type TransferClosed = Event<
  'TransferClosed',
  OfTransfer &
    ShipmentBooks & {
      /** Each item; the totals beside it add up all items, so they mean something where all have one unit. */
      items: readonly ItemBooks[];
      customerOrderId?: string;
      closedAt: string;
    }
>;

export type InterFacilityTransferEvent =
  | TransferPlanned
  | TransferPicked
  | TransferLotsBooked
  | TransferPickUndone
  | TransferShipped
  | TransferDelayed
  | TransferReceived
  | TransferOverReceived
  | TransferLost
  | TransferRefused
  | TransferReturned
  | TransferCancelled
  | TransferClosed;
