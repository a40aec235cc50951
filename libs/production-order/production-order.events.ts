import type { Event, Upcasts } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** Where a production order stands. */
export const OrderState = {
  Open: 'Open',
  InProgress: 'InProgress',
  Held: 'Held',
  Completed: 'Completed',
  Closed: 'Closed',
  Cancelled: 'Cancelled',
} as const;
export type OrderState = keyof typeof OrderState;

/** Where a leg, the work order that makes a part of the demand, stands. */
export const LegState = { Linked: 'Linked', Started: 'Started', Ended: 'Ended' } as const;
export type LegState = keyof typeof LegState;

/** How a leg ended: as planned, stopped before, broken off, or withdrawn before it started. */
export const LegEnding = { Completed: 'Completed', Stopped: 'Stopped', Aborted: 'Aborted', Cancelled: 'Cancelled' } as const;
export type LegEnding = keyof typeof LegEnding;

/** What the customer or the plan asks for. */
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

/** Pieces made, in the unit of the order. */
export type Made = Readonly<{ good: string; scrap: string; rework: string }>;

type OfOrder = Readonly<{ productionOrderId: string }>;
type OfLeg = OfOrder & Readonly<{ workOrderId: string }>;

/** A demand came in. */
export type ProductionOrderCreated = Event<'ProductionOrderCreated', OfOrder & Demand & { createdAt: string }>;

/** The demand was changed; what was asked before stays visible. */
export type ProductionOrderAmended = Event<
  'ProductionOrderAmended',
  OfOrder & {
    from: Demand;
    to: Demand;
    reason: string;
    /** What no work order is to make yet. */
    unallocated: string;
    amendedAt: string;
  }
>;

/** No further work orders are to be linked for the time being. */
export type ProductionOrderHeld = Event<'ProductionOrderHeld', OfOrder & { reason: string; heldAt: string }>;

/** The order goes on. */
export type ProductionOrderResumed = Event<'ProductionOrderResumed', OfOrder & { resumedAt: string }>;

/** The order was withdrawn; what had been made until then is named. */
export type ProductionOrderCancelled = Event<'ProductionOrderCancelled', OfOrder & { reason: string; made: Made; cancelledAt: string }>;

/** A work order of the same facility is to make a part of the demand. */
export type WorkOrderLinked = Event<
  'WorkOrderLinked',
  OfLeg & {
    quantity: string;
    /** What no work order is to make yet. */
    unallocated: string;
    linkedAt: string;
  }
>;

/** A work order that had not started no longer works for this order. */
export type WorkOrderUnlinked = Event<'WorkOrderUnlinked', OfLeg & { reason: string; unallocated: string; unlinkedAt: string }>;

/** A work order that works for this order was made larger or smaller. */
export type LegResized = Event<'LegResized', OfLeg & { from: string; to: string; unallocated: string }>;

/** Work began on a leg. */
export type LegStarted = Event<'LegStarted', OfLeg & { startedAt: string }>;

/** A leg is over, with what it made. */
export type LegEnded = Event<
  'LegEnded',
  OfLeg & {
    ending: LegEnding;
    made: Made;
    /** What no work order is to make any more: what the leg fell short of is free again. */
    unallocated: string;
    endedAt: string;
  }
>;

/** The figures of a leg that was over were corrected. */
export type LegCorrected = Event<'LegCorrected', OfLeg & { from: Made; to: Made; unallocated: string }>;

/** All legs are over and the demand is met. */
export type ProductionOrderCompleted = Event<'ProductionOrderCompleted', OfOrder & { made: Made; completedAt: string }>;

/** The books of the order were closed. */
export type ProductionOrderClosed = Event<
  'ProductionOrderClosed',
  OfOrder & {
    made: Made;
    /** What is missing to the lower limit of the tolerance, where the order is closed short. */
    short?: string;
    reason?: string;
    closedAt: string;
  }
>;

/** A completed or closed order goes on. */
export type ProductionOrderReopened = Event<'ProductionOrderReopened', OfOrder & { reason: string; reopenedAt: string }>;

/** The work orders are to make more than the tolerance of the demand allows. */
export type OverAllocationDetected = Event<'OverAllocationDetected', OfLeg & { allocated: string; limit: string; excess: string }>;

/** The work orders have made more than the tolerance of the demand allows. */
export type DemandExceededDetected = Event<'DemandExceededDetected', OfLeg & { good: string; limit: string; excess: string }>;

/** A correction leaves a completed order short. */
export type CompletionShortDetected = Event<'CompletionShortDetected', OfLeg & { good: string; short: string }>;

/** A work order names a production order that does not know it, or that another facility owns. */
export type OrphanLegDetected = Event<'OrphanLegDetected', OfLeg & { told: string }>;

/** A work order began or came for an order that is over. */
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
