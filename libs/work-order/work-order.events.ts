import type { Event, Upcasts } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** Job order states of OPC 10031-4 v2, plus Observed (seen on the floor, never released) and Cancelled (withdrawn before it started). */
export const JobState = {
  Observed: 'Observed',
  NotAllowedToStart: 'NotAllowedToStart',
  AllowedToStart: 'AllowedToStart',
  Running: 'Running',
  Interrupted: 'Interrupted',
  Ended: 'Ended',
  Aborted: 'Aborted',
  Cancelled: 'Cancelled',
} as const;
export type JobState = keyof typeof JobState;

/** Sub-states of AllowedToStart: waiting for a precondition, ready, or loaded into the machine. */
export const Readiness = { Waiting: 'Waiting', Ready: 'Ready', Loaded: 'Loaded' } as const;
export type Readiness = keyof typeof Readiness;

/** Sub-states of Interrupted: Held for a cause inside the machine, Suspended for one outside (starved, blocked). */
export const Interruption = { Held: 'Held', Suspended: 'Suspended' } as const;
export type Interruption = keyof typeof Interruption;

/** What an interruption comes from. */
export const HoldCause = {
  Equipment: 'Equipment',
  Quality: 'Quality',
  Material: 'Material',
  Personnel: 'Personnel',
  Tooling: 'Tooling',
  Other: 'Other',
} as const;
export type HoldCause = keyof typeof HoldCause;

/** How an order ended: as planned, or stopped before. */
export const Ending = { Completed: 'Completed', Stopped: 'Stopped' } as const;
export type Ending = keyof typeof Ending;

/** What a floor report is about: pieces made, setting up, or standing still broken. */
export const ReportKind = { Production: 'Production', Setup: 'Setup', Breakdown: 'Breakdown' } as const;
export type ReportKind = keyof typeof ReportKind;

/** How a counter moved (docs/counters.md). */
export const CounterMove = {
  First: 'First',
  Advanced: 'Advanced',
  Jitter: 'Jitter',
  Wrapped: 'Wrapped',
  Reset: 'Reset',
  Replaced: 'Replaced',
  Recovered: 'Recovered',
} as const;
export type CounterMove = keyof typeof CounterMove;

/** What a supervisor decides about a held order. */
export const ResumptionDecision = { Resume: 'Resume', Stop: 'Stop', Abort: 'Abort' } as const;
export type ResumptionDecision = keyof typeof ResumptionDecision;

/** What is implausible about the times of a floor report. */
export const TimeProblem = { EndBeforeStart: 'EndBeforeStart', InTheFuture: 'InTheFuture', BeforeRelease: 'BeforeRelease' } as const;
export type TimeProblem = keyof typeof TimeProblem;

/** What a floor report says otherwise than the order. */
export const MismatchField = { Product: 'Product', Quantity: 'Quantity', Unit: 'Unit', Facility: 'Facility' } as const;
export type MismatchField = keyof typeof MismatchField;

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

/** What an order asks for. */
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

/** Pieces sent to scrap or to material review, with the reason. */
export type Scrap = Readonly<{ quantity: string; reasonCode: string }>;

/** An operation that is under way on a machine. */
export type RunningOperation = Readonly<{ operationId: string; equipmentId: string }>;

/** Quantities of a whole order: good of its last operation, scrap and rework of all. */
export type Totals = Readonly<{ good: string; scrap: string; rework: string; unit: Unit }>;

/** What the events of one order share. */
type OfOrder = Readonly<{ workOrderId: string; productionOrderId?: string }>;

/** A report as it is told: who made what, where, from when to when. */
export type Told = Readonly<{
  reportId: string;
  kind: ReportKind;
  operationId: string;
  equipmentId: string;
  person?: string;
  good: string;
  scrap: readonly Scrap[];
  rework: string;
  unit: Unit;
  /** Floor time, ISO 8601 with offset. */
  from: string;
  to: string;
}>;

/** Where a reported quantity belongs in the order. */
export type Placed = Readonly<{
  /** The operation that the good pieces are passed on to; none after the last. */
  nextOperationId?: string;
  /** True when the operation is the order's last by plan: its good pieces are the order's. */
  output: boolean;
  /** True when the order was over already: its figures change after the fact. */
  late?: true;
}>;

/** A work order came to the facility, with its operations. */
export type WorkOrderReleased = Event<
  'WorkOrderReleased',
  OfOrder &
    Terms & {
      releasedAt: string;
      /** What the floor had reported before anybody released it; absent where nothing. */
      soFar?: { totals: Totals; operations: readonly { operationId: string; good: string; scrap: string }[] };
    }
>;

/** The floor reported on a work order that nobody had released. */
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
export type WorkOrderAmended = Event<'WorkOrderAmended', OfOrder & { from: Terms; to: Terms; amendedAt: string }>;

/** The order works for a production order from now on; what it has made so far is named. */
export type WorkOrderAttached = Event<
  'WorkOrderAttached',
  {
    workOrderId: string;
    productionOrderId: string;
    status: JobState;
    /** How it ended, where it has. */
    ending?: Ending;
    /** Ordered amount, where it is known. */
    quantity?: string;
    totals: Totals;
    plannedEnd?: string;
  }
>;

/** The order no longer works for a production order. */
export type WorkOrderDetached = Event<'WorkOrderDetached', { workOrderId: string; productionOrderId: string }>;

/** The order may start. */
export type WorkOrderStartAllowed = Event<
  'WorkOrderStartAllowed',
  OfOrder & {
    readiness: Readiness;
    /** What is missing, in words. */
    blockers: readonly string[];
    operationIds: readonly string[];
  }
>;

/** The permission to start was taken back. */
export type WorkOrderStartRevoked = Event<'WorkOrderStartRevoked', OfOrder & { operationIds: readonly string[] }>;

/** The order became ready, was loaded, or has to wait again. */
export type WorkOrderStaged = Event<
  'WorkOrderStaged',
  OfOrder & { from: Readiness; to: Readiness; blockers: readonly string[]; operationIds: readonly string[] }
>;

/** An operation was given to a machine. */
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
    /** How long a hold for equipment may last before a supervisor is asked, in minutes. */
    resumeWithinMinutes: number;
    startedAt: string;
  }
>;

/** An operation made its last piece. */
export type OperationCompleted = Event<
  'OperationCompleted',
  OfOrder & { operationId: string; equipmentId: string; good: string; scrap: string }
>;

/** An operation left its machine because its order ended. */
export type OperationStopped = Event<'OperationStopped', OfOrder & { operationId: string; equipmentId: string }>;

/** Good pieces, scrap and rework were reported, together. */
export type ProductionReported = Event<'ProductionReported', OfOrder & Told & Placed>;

/** The floor reported, as it is; rules that it breaks are recorded beside it. */
export type ProductionObserved = Event<
  'ProductionObserved',
  OfOrder &
    Told &
    Placed & {
      /** The operation in the floor's words. */
      operationName?: string;
      /** The line or message that it was read from. */
      source?: string;
      /** Where that is: file and line, or topic. */
      sourceRow?: string;
    }
>;

/** A report was taken back because it was wrong; `replacedBy` holds the right figures. */
export type ProductionReportReversed = Event<'ProductionReportReversed', OfOrder & Told & Placed & { replacedBy: string; reason: string }>;

/** The right figures for a report that was taken back. */
export type ProductionReportCorrected = Event<'ProductionReportCorrected', OfOrder & Told & Placed & { replaces: string; reason: string }>;

/** A machine's counter was read; what it advanced counts as good pieces. */
export type CounterRead = Event<
  'CounterRead',
  OfOrder &
    Placed & {
      counterId: string;
      operationId: string;
      equipmentId: string;
      /** The reading as it stood. */
      raw: string;
      previous?: string;
      /** Pieces since the reading before; never negative. */
      delta: string;
      move: CounterMove;
      /** True when the counter started again: it passed its limit, was set back or was replaced. */
      reset: boolean;
      unit: Unit;
      readAt: string;
    }
>;

/** The order stands still for a cause inside the machine. */
export type WorkOrderHeld = Event<
  'WorkOrderHeld',
  OfOrder & {
    cause: HoldCause;
    /** The machine that caused it, where one did. */
    equipmentId?: string;
    reason: string;
    running: readonly RunningOperation[];
    operationIds: readonly string[];
    heldAt: string;
  }
>;

/** The order stands still for a cause outside the machine: starved or blocked. */
export type WorkOrderSuspended = Event<
  'WorkOrderSuspended',
  OfOrder & { cause: HoldCause; reason: string; running: readonly RunningOperation[]; operationIds: readonly string[]; suspendedAt: string }
>;

/** A further machine keeps an order from going on that stands still already. */
export type EquipmentHoldPlaced = Event<'EquipmentHoldPlaced', OfOrder & { equipmentId: string; reason: string; placedAt: string }>;

/** A machine no longer keeps the order from going on. */
export type EquipmentHoldLifted = Event<
  'EquipmentHoldLifted',
  OfOrder & {
    equipmentId: string;
    /** True where a supervisor was asked about this machine only: there is nothing left to decide. */
    questionWithdrawn?: true;
    liftedAt: string;
  }
>;

/** Work went on. */
export type WorkOrderResumed = Event<
  'WorkOrderResumed',
  OfOrder & { from: Interruption; running: readonly RunningOperation[]; operationIds: readonly string[]; resumedAt: string }
>;

/** A held order waits for a supervisor's word. */
export type SupervisorDecisionRequested = Event<
  'SupervisorDecisionRequested',
  OfOrder & { equipmentId?: string; question: string; requestedAt: string }
>;

/** A supervisor decided what becomes of a held order. */
export type SupervisorDecisionMade = Event<'SupervisorDecisionMade', OfOrder & { decision: ResumptionDecision; reason: string }>;

/** Work on the order is over. */
export type WorkOrderEnded = Event<
  'WorkOrderEnded',
  OfOrder & {
    ending: Ending;
    totals: Totals;
    /** What is missing to the lower limit of the tolerance, where something is. */
    short?: string;
    reason?: string;
    operationIds: readonly string[];
    endedAt: string;
  }
>;

/** Work on the order was broken off. */
export type WorkOrderAborted = Event<
  'WorkOrderAborted',
  OfOrder & { totals: Totals; reason: string; operationIds: readonly string[]; abortedAt: string }
>;

/** The books of the order were closed; from now on it takes corrections only. */
export type WorkOrderClosed = Event<'WorkOrderClosed', OfOrder & { totals: Totals; closedAt: string }>;

/** The order was withdrawn before it started. */
export type WorkOrderCancelled = Event<
  'WorkOrderCancelled',
  OfOrder & { reason: string; operationIds: readonly string[]; cancelledAt: string }
>;

/** What an exception on a floor report refers to. */
type OnReport = OfOrder & Readonly<{ reportId: string }>;

/** More was made at an operation than the tolerance allows. */
export type OverproductionDetected = Event<
  'OverproductionDetected',
  OnReport & { operationId: string; good: string; limit: string; excess: string; unit: Unit }
>;

/** Two reports claim one machine at one time. */
export type OverlapDetected = Event<'OverlapDetected', OnReport & { equipmentId: string; overlaps: readonly string[] }>;

/** A report says the same as an earlier one, under another id; both are counted. */
export type RepeatedReportDetected = Event<'RepeatedReportDetected', OnReport & { repeats: string }>;

/** A report came under an id that is taken, with other content; it is kept here and not counted. */
export type ConflictingReportDetected = Event<'ConflictingReportDetected', OfOrder & Told & { sourceRow?: string }>;

/** A report came for an order that is over. */
export type ReportOnClosedOrderDetected = Event<'ReportOnClosedOrderDetected', OnReport & { status: JobState }>;

/** A report came for an order that was not running. */
export type ReportBeforeStartDetected = Event<'ReportBeforeStartDetected', OnReport & { status: JobState }>;

/** A production report names no pieces at all. */
export type ZeroQuantityDetected = Event<'ZeroQuantityDetected', OnReport>;

/** The times of a report cannot be. */
export type ImplausibleTimeDetected = Event<'ImplausibleTimeDetected', OnReport & { problem: TimeProblem; from: string; to: string }>;

/** An operation used more pieces than the one upstream passed on. */
export type UpstreamShortfallDetected = Event<
  'UpstreamShortfallDetected',
  OnReport & { operationId: string; upstreamOperationId: string; used: string; passedOn: string; unit: Unit }
>;

/** A counter fell and was taken for set back, replaced or, once it was back, for a glitch: somebody should look whether that is right. */
export type CounterDiscontinuityDetected = Event<
  'CounterDiscontinuityDetected',
  OnReport & { counterId: string; move: CounterMove; previous: string; raw: string }
>;

/** Good and scrap together are more than the order may use at an operation. */
export type ScrapBeyondOrderDetected = Event<
  'ScrapBeyondOrderDetected',
  OnReport & { operationId: string; good: string; scrap: string; limit: string; unit: Unit }
>;

/** A report names a part of a piece. */
export type FractionOfPieceDetected = Event<'FractionOfPieceDetected', OnReport & { amount: string }>;

/** A report names an operation that the order does not have. */
export type UnplannedOperationDetected = Event<'UnplannedOperationDetected', OnReport & { operationId: string; name: string }>;

/** A report says something about the order that differs from what is known. */
export type OrderMismatchDetected = Event<'OrderMismatchDetected', OnReport & { field: MismatchField; known: string; told: string }>;

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
  | ProductionReported
  | ProductionObserved
  | ProductionReportReversed
  | ProductionReportCorrected
  | CounterRead
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
  | OverproductionDetected
  | OverlapDetected
  | CounterDiscontinuityDetected
  | ScrapBeyondOrderDetected
  | FractionOfPieceDetected
  | RepeatedReportDetected
  | ConflictingReportDetected
  | ReportOnClosedOrderDetected
  | ReportBeforeStartDetected
  | ZeroQuantityDetected
  | ImplausibleTimeDetected
  | UpstreamShortfallDetected
  | UnplannedOperationDetected
  | OrderMismatchDetected;

export const upcasts: Upcasts = {};
