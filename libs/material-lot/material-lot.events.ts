import type { Event } from '#kernel/event';
import type { OrderEnding } from '#manufacturing/capacity';
import type { HoldSpan } from '#manufacturing/holds';
import type { Quantity } from '#manufacturing/quantity';

/** What a new lot inherits from the lot that it was split from. */
type Inheritance = {
  materialId: string;
  /** In the unit of the parent. */
  quantity: Quantity;
  expiresAt: string | null;
  locationId: string | null;
  /** The lots that it comes from by splits and merges, oldest first, the parent last. */
  ancestors: readonly string[];
};

/** A lot was received from a supplier. All quantities of lot events are in the unit of the lot. */
export type LotReceived = Event<
  'LotReceived',
  {
    lotId: string;
    materialId: string;
    quantity: Quantity;
    /** The first instant at which it may no longer be used; null where it does not expire. */
    expiresAt: string | null;
    supplierId: string | null;
    /** The supplier's own lot number. */
    supplierLot: string | null;
    locationId: string | null;
    /** Names the delivery within the lot, where there may be more than one. */
    deliveryId?: string;
    at: string;
  }
>;

/** A further delivery of a lot was received; the lot expires with its earliest part. */
export type LotDelivered = Event<'LotDelivered', LotReceived['data'] & { deliveryId: string }>;

/** A work order put material into the lot; the first time, this created the lot. */
export type LotProduced = Event<
  'LotProduced',
  {
    lotId: string;
    productionId: string;
    materialId: string;
    quantity: Quantity;
    workOrderId: string;
    operationId: string | null;
    /** Of the whole lot from now on: the earliest of its contents. */
    expiresAt: string | null;
    locationId: string | null;
    at: string;
  }
>;

/** A production was booked in error; its material was taken out of the lot again. */
export type ProductionReversed = Event<
  'ProductionReversed',
  { lotId: string; productionId: string; workOrderId: string; quantity: Quantity; reason: string; at: string }
>;

/** Part of the lot was reserved for a work order; no other one can use it. */
export type LotReserved = Event<
  'LotReserved',
  { lotId: string; reservationId: string; workOrderId: string; quantity: Quantity; at: string }
>;

/** What was left of a reservation is free again. */
export type LotUnreserved = Event<
  'LotUnreserved',
  { lotId: string; reservationId: string; workOrderId: string; quantity: Quantity; at: string }
>;

/** A work order consumed material of the lot, from its reservation or from free stock. */
export type LotConsumed = Event<
  'LotConsumed',
  {
    lotId: string;
    consumptionId: string;
    workOrderId: string;
    operationId: string | null;
    quantity: Quantity;
    /** Null where it was taken from free stock. */
    reservationId: string | null;
    at: string;
  }
>;

/** A consumption, or part of it, was booked in error or returned; it is free stock again. */
export type ConsumptionReversed = Event<
  'ConsumptionReversed',
  {
    lotId: string;
    reversalId: string;
    /** The consumption that it corrects. */
    consumptionId: string;
    workOrderId: string;
    quantity: Quantity;
    /** What is left of the consumption; zero where all of it is reversed. */
    remaining: Quantity;
    reason: string;
    at: string;
  }
>;

/** Part of the lot was split off to become a lot of its own. */
export type LotSplit = Event<'LotSplit', { lotId: string; childLotId: string; at: string } & Inheritance>;

/** The new lot of a split could not be created (its id was taken): its part is back. */
export type LotSplitUndone = Event<'LotSplitUndone', { lotId: string; childLotId: string; quantity: Quantity; reason: string; at: string }>;

/** The lot was created by a split of another. */
export type LotCreatedFromSplit = Event<'LotCreatedFromSplit', { lotId: string; parentLotId: string; at: string } & Inheritance>;

/** The whole lot was merged into another one and no longer exists. */
export type LotMerged = Event<
  'LotMerged',
  {
    lotId: string;
    intoLotId: string;
    materialId: string;
    quantity: Quantity;
    expiresAt: string | null;
    /** The lots that it comes from, itself last. */
    ancestors: readonly string[];
    at: string;
  }
>;

/** The other lot refused the merge: this lot is back as it was. */
export type LotMergeUndone = Event<'LotMergeUndone', { lotId: string; intoLotId: string; quantity: Quantity; reason: string; at: string }>;

/** Another lot was merged into this one. */
export type MergedLotAdded = Event<
  'MergedLotAdded',
  {
    lotId: string;
    fromLotId: string;
    quantity: Quantity;
    /** Of the whole lot from now on: the earlier one of both lots. */
    expiresAt: string | null;
    ancestors: readonly string[];
    at: string;
  }
>;

/** Part of the lot was picked for a transfer to another plant. */
export type LotIssuedToTransfer = Event<
  'LotIssuedToTransfer',
  {
    lotId: string;
    transferId: string;
    /** Counts the picks of the transfer. */
    pick: number;
    quantity: Quantity;
    at: string;
  }
>;

/** What a transfer took is back, or part of it: the pick was undone, the transfer cancelled, or it was returned. */
export type LotTakenBackFromTransfer = Event<
  'LotTakenBackFromTransfer',
  {
    lotId: string;
    transferId: string;
    pick: number;
    /** Names the booking within the pick. */
    backId: string;
    quantity: Quantity;
    /** What the transfer still has of the pick. */
    remaining: Quantity;
    reason: string;
    at: string;
  }
>;

/** Material arrived from another plant; the first time, this created the lot. */
export type LotReceivedFromTransfer = Event<
  'LotReceivedFromTransfer',
  {
    lotId: string;
    /** At the plant that shipped it. */
    transferId: string;
    receiptId: string;
    /** The lot of the other plant that it comes from; null where it had none. */
    fromLotId: string | null;
    materialId: string;
    quantity: Quantity;
    /** Of the whole lot from now on: the earliest of its contents. */
    expiresAt: string | null;
    /** The lots that it comes from, also at other plants, oldest first. */
    ancestors: readonly string[];
    at: string;
  }
>;

/** What a lot tells to decisions of other slices: its holds, also those that are released, its expiry, and the lots that it comes from. */
export type LotTold = Readonly<{ holds: readonly HoldSpan[]; expiresAt: string | null; ancestors: readonly string[] }>;

/** The lot was moved to another place of its plant. */
export type LotMoved = Event<'LotMoved', { lotId: string; fromLocationId: string | null; toLocationId: string; at: string }>;

/** The lot was put on hold: it may not be used until the hold is released. */
export type LotHeld = Event<'LotHeld', { lotId: string; holdId: string; reason: string; at: string }>;

/** One hold was released; others may remain. */
export type LotHoldReleased = Event<'LotHoldReleased', { lotId: string; holdId: string; reason: string; at: string }>;

/** Part of the lot was scrapped. */
export type LotScrapped = Event<'LotScrapped', { lotId: string; scrapId: string; quantity: Quantity; reasonCode: string; at: string }>;

/** Part of the lot was returned to its supplier. */
export type LotReturned = Event<'LotReturned', { lotId: string; returnId: string; quantity: Quantity; reason: string; at: string }>;

/** The lot was declared expired before its date. */
export type LotExpired = Event<'LotExpired', { lotId: string; previousExpiresAt: string | null; reason: string; at: string }>;

/** The expiry of the lot was changed. */
export type ExpiryOverridden = Event<
  'ExpiryOverridden',
  {
    lotId: string;
    previousExpiresAt: string | null;
    /** Null where it does not expire from now on. */
    expiresAt: string | null;
    reason: string;
    at: string;
  }
>;

/** The books were corrected to the actual stock. */
export type StockAdjusted = Event<
  'StockAdjusted',
  {
    lotId: string;
    adjustmentId: string;
    from: Quantity;
    to: Quantity;
    /** `to` less `from`; may be negative. */
    difference: string;
    reason: string;
    at: string;
  }
>;

/** The lot was counted or weighed. Always recorded; the books stay until they are adjusted. */
export type StockCountObserved = Event<
  'StockCountObserved',
  {
    lotId: string;
    countId: string;
    /** As reported, in any unit. */
    counted: Quantity;
    /** The amount in the books; null for an unknown lot. */
    expected: Quantity | null;
    at: string;
  }
>;

/** Why a count is implausible. */
export const DiscrepancyKind = {
  LESS_THAN_BOOKED: 'LESS_THAN_BOOKED',
  MORE_THAN_BOOKED: 'MORE_THAN_BOOKED',
  UNIT_INCOMPATIBLE: 'UNIT_INCOMPATIBLE',
  /** Pieces are counted, not measured. */
  FRACTION_OF_PIECE: 'FRACTION_OF_PIECE',
  LOT_UNKNOWN: 'LOT_UNKNOWN',
  LOT_MERGED: 'LOT_MERGED',
  /** The id is that of a count of another amount. This one is recorded under an id of its own. */
  COUNT_ID_REUSED: 'COUNT_ID_REUSED',
} as const;
export type DiscrepancyKind = keyof typeof DiscrepancyKind;

/** Exception: the count differs from the books, or cannot be a count. */
export type StockDiscrepancyObserved = Event<
  'StockDiscrepancyObserved',
  {
    lotId: string;
    countId: string;
    kind: DiscrepancyKind;
    counted: Quantity;
    expected: Quantity | null;
    /** Counted less booked, in the unit of the lot; null where the units differ. */
    difference: string | null;
    at: string;
  }
>;

/** What says how much was there: a count, or an adjustment. */
export const CountedBy = { Count: 'Count', Adjustment: 'Adjustment' } as const;
export type CountedBy = keyof typeof CountedBy;

/** Exception: a movement that became known later changed what the books say for the time of counts and adjustments. They are the truth of their time. */
export type StockDiscrepanciesRevised = Event<
  'StockDiscrepanciesRevised',
  {
    lotId: string;
    /** Earliest first; at most the thousand newest ones. */
    counts: readonly Readonly<{
      by: CountedBy;
      /** The count, or the adjustment. */
      countId: string;
      /** Null where it now agrees with the books. */
      kind: DiscrepancyKind | null;
      counted: Quantity;
      /** By the books of that time, as known now. */
      expected: Quantity;
      /** Counted less booked. */
      difference: string;
      /** Floor time of the count. */
      at: string;
    }>[];
    /** Floor time of the movement. */
    at: string;
  }
>;

/** What forbids the use of a lot. */
export const Block = { Hold: 'Hold', Expiry: 'Expiry' } as const;
export type Block = keyof typeof Block;

/** What a lot was used for. */
export const LotUse = { Consumption: 'Consumption', Split: 'Split', Merge: 'Merge', Transfer: 'Transfer' } as const;
export type LotUse = keyof typeof LotUse;

/** Exception: it became known later that the lot was on hold, or had expired, when it was used. */
export type UseWhileBlockedDetected = Event<
  'UseWhileBlockedDetected',
  {
    lotId: string;
    block: Block;
    /** Null where it had expired. */
    holdId: string | null;
    /** Floor time from which it was blocked. */
    since: string;
    /** Earliest first; at most the thousand newest ones. */
    uses: readonly Readonly<{
      use: LotUse;
      /** The consumption; the other lot of a split or merge; the transfer and its pick. */
      id: string;
      /** Null unless it was consumed. */
      workOrderId: string | null;
      quantity: Quantity;
      /** Floor time. */
      at: string;
    }>[];
    at: string;
  }
>;

/** Exception: material was consumed or produced for an order that had ended by then, or that was cancelled later and so never ran. */
export type BookingOutsideOrderDetected = Event<
  'BookingOutsideOrderDetected',
  {
    lotId: string;
    workOrderId: string;
    booking: 'Consumption' | 'Production';
    /** The consumption or production. */
    bookingId: string;
    ending: OrderEnding;
    /** Floor time at which the order ended. */
    endedAt: string;
    at: string;
  }
>;

export type MaterialLotEvent =
  | LotReceived
  | LotDelivered
  | LotProduced
  | ProductionReversed
  | LotReserved
  | LotUnreserved
  | LotConsumed
  | ConsumptionReversed
  | LotSplit
  | LotSplitUndone
  | LotCreatedFromSplit
  | LotMerged
  | LotMergeUndone
  | MergedLotAdded
  | LotIssuedToTransfer
  | LotTakenBackFromTransfer
  | LotReceivedFromTransfer
  | LotMoved
  | LotHeld
  | LotHoldReleased
  | LotScrapped
  | LotReturned
  | LotExpired
  | ExpiryOverridden
  | StockAdjusted
  | StockCountObserved
  | StockDiscrepancyObserved
  | StockDiscrepanciesRevised
  | UseWhileBlockedDetected
  | BookingOutsideOrderDetected;
