import type { Event } from '#kernel/event';
import type { ItemBooks, ShippedItem } from '#inter-facility-transfer/inter-facility-transfer.events';
import type { ShipmentBooks } from '#manufacturing/shipment';

/** The transfer at the plant that receives it, and the same transfer at the plant that ships it. */
type OfInbound = Readonly<{ inboundTransferId: string; transferId: string; fromFacilityId: string }>;

/** Another plant has shipped material to this one. */
export type InboundTransferAnnounced = Event<
  'InboundTransferAnnounced',
  OfInbound & {
    items: readonly ShippedItem[];
    customerOrderId?: string;
    carrier?: string;
    /** Expected arrival, ISO 8601 UTC. */
    eta: string;
    shippedAt: string;
  }
>;

/** It arrives at another time than was announced. */
export type InboundTransferDelayed = Event<
  'InboundTransferDelayed',
  OfInbound & { fromEta: string; eta: string; reason: string; reportedAt: string }
>;

/** What was counted of an item when it arrived. */
export type Arrival = Readonly<{
  item: string;
  materialId: string;
  /** Usable, in the unit of the item. */
  received: string;
  /** Not usable, in the unit of the item. */
  damaged: string;
  /** The lot of this plant that takes what is usable; absent for material without a lot. */
  lotId?: string;
}>;

/** Some of it was received. */
export type InboundTransferReceived = Event<
  'InboundTransferReceived',
  OfInbound & {
    receiptId: string;
    /** Nothing more of these items is expected: what is missing is short. */
    complete: boolean;
    arrived: readonly Arrival[];
    /** The items that changed, as they are now. */
    items: readonly ItemBooks[];
    receivedAt: string;
  }
>;

/** A lot could not take what arrived: a person names another one. */
export type InboundLotRefused = Event<
  'InboundLotRefused',
  OfInbound & {
    receiptId: string;
    item: string;
    /** Of the receipt, usable, in the unit of the item. */
    amount: string;
    lotId: string;
    /** What the lot said. */
    reason: string;
    refusedAt: string;
  }
>;

/** Another lot takes what arrived. */
export type InboundLotNamed = Event<
  'InboundLotNamed',
  OfInbound & {
    receiptId: string;
    item: string;
    /** Of the receipt, usable, in the unit of the item. */
    amount: string;
    lotId: string;
    namedAt: string;
  }
>;

/** This plant does not take it: what is in transit goes back. */
export type InboundTransferRefused = Event<
  'InboundTransferRefused',
  OfInbound & {
    refusalId: string;
    /** What was in transit. */
    refused: readonly Readonly<{ item: string; amount: string }>[];
    reason: string;
    refusedAt: string;
  }
>;

/** Some of it was declared lost. */
export type InboundTransferLost = Event<
  'InboundTransferLost',
  OfInbound & {
    lossId: string;
    /** The plant that declared it. */
    declaredBy: string;
    /** What was declared lost; less is booked where some of it has arrived. */
    amounts: readonly Readonly<{ item: string; amount: string }>[];
    items: readonly ItemBooks[];
    reason: string;
    reportedAt: string;
  }
>;

/** Some of it is back at the plant that shipped it. */
export type InboundTransferReturned = Event<
  'InboundTransferReturned',
  OfInbound & { returnId: string; items: readonly ItemBooks[]; reason: string; returnedAt: string }
>;

/** Nothing is in transit any more. Recorded again where figures change afterwards. */
export type InboundTransferClosed = Event<
  'InboundTransferClosed',
  OfInbound &
    ShipmentBooks & {
      /** Each item; the totals beside it add up all items, so they mean something where all have one unit. */
      items: readonly ItemBooks[];
      customerOrderId?: string;
      closedAt: string;
    }
>;

export type InboundTransferEvent =
  | InboundTransferAnnounced
  | InboundTransferDelayed
  | InboundTransferReceived
  | InboundLotRefused
  | InboundLotNamed
  | InboundTransferRefused
  | InboundTransferLost
  | InboundTransferReturned
  | InboundTransferClosed;
