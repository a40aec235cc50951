import type { Event } from '#kernel/event';
import type { Bucket } from '#facility-capacity/facility-capacity.events';
import type { Unit } from '#manufacturing/quantity';
import type { MasterOperation } from '#work-master/work-master.events';

/** Status of a customer order. Cancelling: what can be undone is being undone, what runs waits for its end. */
export const CustomerOrderState = {
  Open: 'Open',
  Held: 'Held',
  Cancelling: 'Cancelling',
  Completed: 'Completed',
  Cancelled: 'Cancelled',
} as const;
export type CustomerOrderState = keyof typeof CustomerOrderState;

/** What the customer wants where the plants cannot make everything in time. */
export const PartialPolicy = { Accept: 'Accept', Ask: 'Ask', AllOrNothing: 'AllOrNothing' } as const;
export type PartialPolicy = keyof typeof PartialPolicy;

/** AtOnce: the order is planned by itself. Batch: a planner plans it together with others; only what changes later is planned by itself. */
export const PlanningMode = { AtOnce: 'AtOnce', Batch: 'Batch' } as const;
export type PlanningMode = keyof typeof PlanningMode;

/** What becomes of work that runs when its order is cancelled. */
export const RunningPolicy = { Ask: 'Ask', Finish: 'Finish', Stop: 'Stop' } as const;
export type RunningPolicy = keyof typeof RunningPolicy;

/** The steps of a leg, in the order in which they are done; they are undone in the opposite order. */
export const LegStep = { Reserve: 'Reserve', Order: 'Order', Release: 'Release', Confirm: 'Confirm', Ship: 'Ship' } as const;
export type LegStep = keyof typeof LegStep;

/** Status of a leg. Undone: nothing of it is left. */
export const LegStatus = {
  Planned: 'Planned',
  Released: 'Released',
  Started: 'Started',
  Ended: 'Ended',
  Delivered: 'Delivered',
  Undone: 'Undone',
} as const;
export type LegStatus = keyof typeof LegStatus;

/** What a customer wants. */
export type CustomerDemand = Readonly<{
  customer: string;
  product: string;
  /** Ordered amount. */
  quantity: string;
  unit: Unit;
  /** When it is due, ISO 8601 UTC. */
  due: string;
  /** 1 is the most urgent, 9 the least. */
  priority: number;
  /** The facility to which all is shipped; absent where each plant keeps what it makes. */
  shipTo?: string;
  partial: PartialPolicy;
  /** Largest number of legs of a plan. */
  maxLegs?: number;
  /** AtOnce when absent. */
  planning?: PlanningMode;
}>;

/** A part of the order that one plant makes. Its id at the plant follows from order, number and plant (manufacturing/order-ids.ts). */
export type PlannedLeg = Readonly<{
  /** Counted through all plans of the order. */
  leg: number;
  facilityId: string;
  capacityId: string;
  quantity: string;
  buckets: readonly Bucket[];
  start?: string;
  end?: string;
}>;

/** Quantities made, in the unit of the order. */
export type LegMade = Readonly<{ good: string; scrap: string; rework: string }>;
/** What became of what was shipped, in the unit of the order. */
export type LegDelivery = Readonly<{ received: string; short: string; damaged: string; lost: string; returned: string }>;

type OfOrder = Readonly<{ customerOrderId: string }>;
type OfLeg = OfOrder & Readonly<{ leg: number; facilityId: string }>;
/** Legs and rest add up to what is ordered (I1); a surplus is what was made beyond it. */
type Balance = Readonly<{ unallocated: string; surplus: string }>;

/** A customer ordered. */
export type CustomerOrderPlaced = Event<'CustomerOrderPlaced', OfOrder & CustomerDemand & { placedAt: string }>;

/** The order was changed; the earlier demand stays visible. */
export type CustomerOrderAmended = Event<
  'CustomerOrderAmended',
  OfOrder & Balance & { from: CustomerDemand; to: CustomerDemand; reason: string; amendedAt: string }
>;

/** Nothing more is reserved or released until it is resumed; what runs goes on. */
export type CustomerOrderHeld = Event<'CustomerOrderHeld', OfOrder & { reason: string; heldAt: string }>;

/** The order was resumed. */
export type CustomerOrderResumed = Event<'CustomerOrderResumed', OfOrder & { resumedAt: string }>;

/** The customer does not want it any more: from now on there are no new legs. */
export type CustomerOrderCancellationRequested = Event<
  'CustomerOrderCancellationRequested',
  OfOrder & { running: RunningPolicy; reason: string; requestedAt: string }
>;

/** A plan was chosen: these legs are made. */
export type PlanChosen = Event<
  'PlanChosen',
  OfOrder &
    Balance & {
      planId: string;
      legs: readonly PlannedLeg[];
      /** Of the work master; empty where there is none. */
      operations: readonly MasterOperation[];
    }
>;

/** A step of a leg was done. */
export type CustomerLegStepDone = Event<'CustomerLegStepDone', OfLeg & { step: LegStep; attempt: number }>;

/** A step of a leg, or its undo, was refused. */
export type CustomerLegStepRefused = Event<
  'CustomerLegStepRefused',
  OfLeg & {
    step: LegStep;
    undo: boolean;
    attempt: number;
    code: string;
    message: string;
    /** When it is tried again; absent where it is not. */
    againAt?: string;
  }
>;

/** A step of a leg was undone. */
export type CustomerLegStepUndone = Event<'CustomerLegStepUndone', OfLeg & { step: LegStep }>;

/** All steps of a leg are undone: its quantity is free for another plan. */
export type CustomerLegUndone = Event<'CustomerLegUndone', OfLeg & Balance & { why: string }>;

/** The quantity of a leg was reduced. */
export type CustomerLegReduced = Event<'CustomerLegReduced', OfLeg & Balance & { from: string; to: string }>;

/** The first operation of a leg started: from now on it cannot be undone. */
export type CustomerLegStarted = Event<'CustomerLegStarted', OfLeg & { startedAt: string }>;

/** Work on a leg is over, or its figures were corrected. */
export type CustomerLegEnded = Event<
  'CustomerLegEnded',
  OfLeg &
    Balance & {
      made: LegMade;
      endedAt: string;
      /** The leg had been taken back; what its plant made anyway counts by the decision of a person. */
      takenBack?: true;
    }
>;

/** What a leg shipped has arrived, or will not. */
export type CustomerLegDelivered = Event<'CustomerLegDelivered', OfLeg & Balance & { delivery: LegDelivery; deliveredAt: string }>;

/** The undo of a step keeps being refused: a person has to act. */
export type CompensationBlocked = Event<
  'CompensationBlocked',
  OfLeg & { step: LegStep; attempts: number; code: string; message: string; blockedAt: string }
>;

/** A blocked undo is to be tried again. */
export type CompensationRetried = Event<'CompensationRetried', OfLeg & { step: LegStep; reason: string }>;

/** A blocked undo was done by hand. */
export type CompensationSettled = Event<'CompensationSettled', OfLeg & { step: LegStep; reason: string }>;

/** The order waits for a decision of a person. */
export type CustomerOrderDecisionAwaited = Event<
  'CustomerOrderDecisionAwaited',
  OfOrder & { decisionId: string; question: string; options: readonly string[]; dueAt: string }
>;

/** A person decided on the order. */
export type CustomerOrderDecided = Event<'CustomerOrderDecided', OfOrder & { decisionId: string; option: string }>;

/** All is made, and delivered where it is shipped. */
export type CustomerOrderCompleted = Event<
  'CustomerOrderCompleted',
  OfOrder & {
    produced: string;
    scrapped: string;
    delivered: string;
    /** Quantity missing to what was ordered, where that was accepted. */
    short?: string;
    completedAt: string;
  }
>;

/** The order is cancelled: what was undone is free, what was made is in stock. */
export type CustomerOrderCancelled = Event<
  'CustomerOrderCancelled',
  OfOrder & { reason: string; produced: string; scrapped: string; stocked: string; returned: string; cancelledAt: string }
>;

/** What was made or has arrived was corrected after the order was over: its figures at the end, as they are known now. */
export type CustomerOrderResultCorrected = Event<
  'CustomerOrderResultCorrected',
  OfOrder & {
    produced: string;
    scrapped: string;
    /** Of a completed order: what has arrived where it is shipped to. */
    delivered?: string;
    /** Of a completed order: quantity missing to what was ordered. */
    short?: string;
    /** Of a cancelled order: what was made and is in stock. */
    stocked?: string;
    /** Of a cancelled order: what came back. */
    returned?: string;
    correctedAt: string;
  }
>;

export type CustomerOrderEvent =
  | CustomerOrderPlaced
  | CustomerOrderAmended
  | CustomerOrderHeld
  | CustomerOrderResumed
  | CustomerOrderCancellationRequested
  | PlanChosen
  | CustomerLegStepDone
  | CustomerLegStepRefused
  | CustomerLegStepUndone
  | CustomerLegUndone
  | CustomerLegReduced
  | CustomerLegStarted
  | CustomerLegEnded
  | CustomerLegDelivered
  | CompensationBlocked
  | CompensationRetried
  | CompensationSettled
  | CustomerOrderDecisionAwaited
  | CustomerOrderDecided
  | CustomerOrderCompleted
  | CustomerOrderCancelled
  | CustomerOrderResultCorrected;
