import type { Event, Upcasts } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** Status of a production order. */
export const OrderState = {
  Open: 'Open',
  InProgress: 'InProgress',
  Held: 'Held',
  Completed: 'Completed',
  Closed: 'Closed',
  Cancelled: 'Cancelled',
} as const;
export type OrderState = keyof typeof OrderState;

/** Status of a leg, the work order that makes part of the demand. */
export const LegState = { Linked: 'Linked', Started: 'Started', Ended: 'Ended' } as const;
export type LegState = keyof typeof LegState;

/** How a leg ended: as planned, stopped early, aborted, or cancelled before it started. */
export const LegEnding = { Completed: 'Completed', Stopped: 'Stopped', Aborted: 'Aborted', Cancelled: 'Cancelled' } as const;
export type LegEnding = keyof typeof LegEnding;

/** The demand of a customer or plan. */
export type Demand = Readonly<{
  product: string;
  /** Revision of the product's definition. */
  revision?: string;
  /** Ordered amount. */
  quantity: string;
  unit: Unit;
  /** When it is due, ISO 8601 with offset. */
  due: string;
  /** 1 is the most urgent, 9 the least. */
  priority: number;
  overPercent: string;
  underPercent: string;
  /** The customer's own reference. */
  customerRef?: string;
}>;

/** Quantities made, in the unit of the order. */
export type Made = Readonly<{ good: string; scrap: string; rework: string }>;

type OfOrder = Readonly<{ productionOrderId: string }>;
type OfLeg = OfOrder & Readonly<{ workOrderId: string }>;

/** A production order was created from a demand. */
export type ProductionOrderCreated = Event<'ProductionOrderCreated', OfOrder & Demand & { createdAt: string }>;

/** The demand was changed; the earlier one stays visible. */
export type ProductionOrderAmended = Event<
  'ProductionOrderAmended',
  OfOrder & {
    from: Demand;
    to: Demand;
    reason: string;
    /** Quantity not yet allocated to work orders. */
    unallocated: string;
    amendedAt: string;
  }
>;

/** The order was held: no work orders can be linked until it is resumed. */
export type ProductionOrderHeld = Event<'ProductionOrderHeld', OfOrder & { reason: string; heldAt: string }>;

/** The order was resumed. */
export type ProductionOrderResumed = Event<'ProductionOrderResumed', OfOrder & { resumedAt: string }>;

/** The order was cancelled, with the quantities made until then. */
export type ProductionOrderCancelled = Event<'ProductionOrderCancelled', OfOrder & { reason: string; made: Made; cancelledAt: string }>;

/** A work order of the same facility was linked to make part of the demand. */
export type WorkOrderLinked = Event<
  'WorkOrderLinked',
  OfLeg & {
    quantity: string;
    /** Quantity not yet allocated to work orders. */
    unallocated: string;
    linkedAt: string;
  }
>;

/** A work order that had not started was unlinked. */
export type WorkOrderUnlinked = Event<'WorkOrderUnlinked', OfLeg & { reason: string; unallocated: string; unlinkedAt: string }>;

/** The quantity of a linked work order changed. */
export type LegResized = Event<'LegResized', OfLeg & { from: string; to: string; unallocated: string }>;

/** A leg started. */
export type LegStarted = Event<'LegStarted', OfLeg & { startedAt: string }>;

/** A leg ended, with its quantities. */
export type LegEnded = Event<
  'LegEnded',
  OfLeg & {
    ending: LegEnding;
    made: Made;
    /** Quantity not allocated to work orders, including what the leg fell short of. */
    unallocated: string;
    endedAt: string;
  }
>;

/** The quantities of a leg that was over were corrected. */
export type LegCorrected = Event<'LegCorrected', OfLeg & { from: Made; to: Made; unallocated: string }>;

/** The order was completed: all legs are over and the demand is met. */
export type ProductionOrderCompleted = Event<'ProductionOrderCompleted', OfOrder & { made: Made; completedAt: string }>;

/** The order was closed. */
export type ProductionOrderClosed = Event<
  'ProductionOrderClosed',
  OfOrder & {
    made: Made;
    /** Quantity missing to the lower limit of the tolerance, if the order was closed short. */
    short?: string;
    reason?: string;
    closedAt: string;
  }
>;

/** A completed or closed order was reopened. */
export type ProductionOrderReopened = Event<'ProductionOrderReopened', OfOrder & { reason: string; reopenedAt: string }>;

/** The planned quantities of the work orders exceed the tolerance of the demand. */
export type OverAllocationDetected = Event<'OverAllocationDetected', OfLeg & { allocated: string; limit: string; excess: string }>;

/** The quantities made exceed the tolerance of the demand. */
export type DemandExceededDetected = Event<'DemandExceededDetected', OfLeg & { good: string; limit: string; excess: string }>;

/** A correction leaves a completed order short. */
export type CompletionShortDetected = Event<'CompletionShortDetected', OfLeg & { good: string; short: string }>;

/** A work order names an unknown production order, or one of another facility. */
export type OrphanLegDetected = Event<'OrphanLegDetected', OfLeg & { told: string }>;

/** A work order was released or started for an order that is over. */
export type LegOnClosedOrderDetected = Event<'LegOnClosedOrderDetected', OfLeg & { status: OrderState }>;

export type ProductionOrderEvent =
  | ProductionOrderCreated
  | ProductionOrderAmended
  | ProductionOrderHeld
  | ProductionOrderResumed
  | ProductionOrderCancelled
  | WorkOrderLinked
  | WorkOrderUnlinked
  | LegResized
  | LegStarted
  | LegEnded
  | LegCorrected
  | ProductionOrderCompleted
  | ProductionOrderClosed
  | ProductionOrderReopened
  | OverAllocationDetected
  | DemandExceededDetected
  | CompletionShortDetected
  | OrphanLegDetected
  | LegOnClosedOrderDetected;

export const upcasts: Upcasts = {};
