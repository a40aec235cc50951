import type { Event, Upcasts } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';
import type { Ending, HoldCause, Interruption, JobState, OfOrder, Readiness, ResumptionDecision } from './job-states.events';
import type { ReportEvent } from './report.events';
import type { ReportExceptionEvent } from './report-exception.events';

/** One operation of an order, as planned. */
export type PlannedOperation = Readonly<{
  /** Code within the order, e.g. 10. */
  operationId: string;
  name: string;
  /** Place in the routing; a smaller one is upstream. */
  sequence: number;
  /** The pool that can do it. */
  equipmentClass?: string;
  /** The machine that it is planned for. */
  equipmentId?: string;
  /** Ideal run time of one unit, in seconds, as a decimal string. */
  idealCycleSeconds?: string;
  /** True where pieces may be passed on before the operation upstream reports them. */
  overlapAllowed: boolean;
}>;

/** The terms of an order. */
export type Terms = Readonly<{
  product: string;
  /** Ordered amount. */
  quantity: string;
  unit: Unit;
  overPercent: string;
  underPercent: string;
  operations: readonly PlannedOperation[];
  plannedStart?: string;
  plannedEnd?: string;
  directiveId?: string;
  /** A running order keeps the version it started with. */
  directiveVersion?: string;
  /** How long a hold for equipment may last before a supervisor is asked, in minutes. */
  resumeWithinMinutes: number;
}>;

/** An operation that is under way on a machine. */
export type RunningOperation = Readonly<{ operationId: string; equipmentId: string }>;

/** Quantities of a whole order: good of its last operation, scrap and rework of all. */
export type Totals = Readonly<{ good: string; scrap: string; rework: string; unit: Unit }>;

/** A work order was released to the facility, with its operations. */
export type WorkOrderReleased = Event<
  'WorkOrderReleased',
  OfOrder &
    Terms & {
      releasedAt: string;
      /** Quantities that were observed before the release; absent if there were none. */
      soFar?: { totals: Totals; operations: readonly { operationId: string; good: string; scrap: string }[] };
      /** True for the first work order of the plant: references to work orders are checked from now on. */
      firstOfKind?: true;
    }
>;

/** The floor reported on a work order that was not released. */
export type WorkOrderObserved = Event<
  'WorkOrderObserved',
  OfOrder & {
    product?: string;
    /** Ordered amount as the floor knows it. */
    quantity?: string;
    unit: Unit;
    observedAt: string;
  }
>;

/** The terms of an order were changed; the earlier ones stay visible. */
export type WorkOrderAmended = Event<'WorkOrderAmended', OfOrder & { from: Terms; to: Terms; reason?: string; amendedAt: string }>;

/** The order was attached to a production order, with its quantities so far. */
export type WorkOrderAttached = Event<
  'WorkOrderAttached',
  {
    workOrderId: string;
    productionOrderId: string;
    status: JobState;
    /** How it ended, if it is over. */
    ending?: Ending;
    /** Ordered amount, if known. */
    quantity?: string;
    totals: Totals;
    plannedEnd?: string;
    /** Floor times of its start and its end so far. Absent in older events, too. */
    startedAt?: string;
    endedAt?: string;
  }
>;

/** The order was detached from its production order. */
export type WorkOrderDetached = Event<'WorkOrderDetached', { workOrderId: string; productionOrderId: string }>;

/** The order may start. */
export type WorkOrderStartAllowed = Event<
  'WorkOrderStartAllowed',
  OfOrder & {
    readiness: Readiness;
    /** What is missing. */
    blockers: readonly string[];
    operationIds: readonly string[];
  }
>;

/** The permission to start was revoked. */
export type WorkOrderStartRevoked = Event<'WorkOrderStartRevoked', OfOrder & { operationIds: readonly string[] }>;

/** The order became ready, was loaded, or has to wait again. */
export type WorkOrderStaged = Event<
  'WorkOrderStaged',
  OfOrder & { from: Readiness; to: Readiness; blockers: readonly string[]; operationIds: readonly string[] }
>;

/** An operation was dispatched to a machine. */
export type OperationDispatched = Event<'OperationDispatched', OfOrder & { operationId: string; equipmentId: string; person?: string }>;

/** Work on the order began. */
export type WorkOrderStarted = Event<
  'WorkOrderStarted',
  OfOrder & {
    operationId: string;
    equipmentId: string;
    directiveId?: string;
    directiveVersion?: string;
    operationIds: readonly string[];
    startedAt: string;
  }
>;

/** An operation began on a machine. */
export type OperationStarted = Event<
  'OperationStarted',
  OfOrder & {
    operationId: string;
    equipmentId: string;
    person?: string;
    /** Share of a cumulative capacity that it takes; 1 where absent. */
    load?: number;
    /** What the jobs of one batch have in common. */
    batchKey?: string;
    /** How long a hold for equipment may last before a supervisor is asked, in minutes. */
    resumeWithinMinutes: number;
    startedAt: string;
  }
>;

/** An operation was completed. */
export type OperationCompleted = Event<
  'OperationCompleted',
  OfOrder & {
    operationId: string;
    equipmentId: string;
    good: string;
    scrap: string;
    /** Absent in older events. */
    completedAt?: string;
  }
>;

/** An operation stopped because its order ended. */
export type OperationStopped = Event<'OperationStopped', OfOrder & { operationId: string; equipmentId: string }>;

/** The order was held for an internal cause. */
export type WorkOrderHeld = Event<
  'WorkOrderHeld',
  OfOrder & {
    cause: HoldCause;
    /** The machine that caused it, if one did. */
    equipmentId?: string;
    reason: string;
    running: readonly RunningOperation[];
    operationIds: readonly string[];
    heldAt: string;
  }
>;

/** The order was suspended for an external cause: starved or blocked. */
export type WorkOrderSuspended = Event<
  'WorkOrderSuspended',
  OfOrder & { cause: HoldCause; reason: string; running: readonly RunningOperation[]; operationIds: readonly string[]; suspendedAt: string }
>;

/** An interrupted order is held for a further machine. */
export type EquipmentHoldPlaced = Event<'EquipmentHoldPlaced', OfOrder & { equipmentId: string; reason: string; placedAt: string }>;

/** The order is no longer held for a machine. */
export type EquipmentHoldLifted = Event<
  'EquipmentHoldLifted',
  OfOrder & {
    equipmentId: string;
    /** True where a supervisor was asked about this machine only: the question is withdrawn. */
    questionWithdrawn?: true;
    liftedAt: string;
  }
>;

/** Work was resumed. */
export type WorkOrderResumed = Event<
  'WorkOrderResumed',
  OfOrder & { from: Interruption; running: readonly RunningOperation[]; operationIds: readonly string[]; resumedAt: string }
>;

/** A supervisor was asked to decide on a held order. */
export type SupervisorDecisionRequested = Event<
  'SupervisorDecisionRequested',
  OfOrder & { equipmentId?: string; question: string; requestedAt: string }
>;

/** A supervisor decided on a held order. */
export type SupervisorDecisionMade = Event<'SupervisorDecisionMade', OfOrder & { decision: ResumptionDecision; reason: string }>;

/** Work on the order is over. */
export type WorkOrderEnded = Event<
  'WorkOrderEnded',
  OfOrder & {
    ending: Ending;
    totals: Totals;
    /** Quantity missing to the lower limit of the tolerance, if any. */
    short?: string;
    reason?: string;
    operationIds: readonly string[];
    endedAt: string;
  }
>;

/** The order was aborted. */
export type WorkOrderAborted = Event<
  'WorkOrderAborted',
  OfOrder & { totals: Totals; reason: string; operationIds: readonly string[]; abortedAt: string }
>;

/** The order was closed; from now on it accepts corrections only. */
export type WorkOrderClosed = Event<'WorkOrderClosed', OfOrder & { totals: Totals; closedAt: string }>;

/** The order was cancelled before it started. */
export type WorkOrderCancelled = Event<
  'WorkOrderCancelled',
  OfOrder & { reason: string; operationIds: readonly string[]; cancelledAt: string }
>;

export type WorkOrderEvent =
  | WorkOrderReleased
  | WorkOrderObserved
  | WorkOrderAmended
  | WorkOrderAttached
  | WorkOrderDetached
  | WorkOrderStartAllowed
  | WorkOrderStartRevoked
  | WorkOrderStaged
  | OperationDispatched
  | WorkOrderStarted
  | OperationStarted
  | OperationCompleted
  | OperationStopped
  | WorkOrderHeld
  | WorkOrderSuspended
  | EquipmentHoldPlaced
  | EquipmentHoldLifted
  | WorkOrderResumed
  | SupervisorDecisionRequested
  | SupervisorDecisionMade
  | WorkOrderEnded
  | WorkOrderAborted
  | WorkOrderClosed
  | WorkOrderCancelled
  | ReportEvent
  | ReportExceptionEvent;

export const upcasts: Upcasts = {};
