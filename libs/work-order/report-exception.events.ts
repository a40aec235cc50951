import type { Event } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';
import type { JobState, OfOrder } from './job-states.events';
import type { CounterMove, Told } from './report.events';

/** What is implausible about the times of a floor report. */
export const TimeProblem = { EndBeforeStart: 'EndBeforeStart', InTheFuture: 'InTheFuture', BeforeRelease: 'BeforeRelease' } as const;
export type TimeProblem = keyof typeof TimeProblem;

/** What a floor report says otherwise than the order. */
export const MismatchField = { Product: 'Product', Quantity: 'Quantity', Unit: 'Unit', Facility: 'Facility' } as const;
export type MismatchField = keyof typeof MismatchField;

/** What an exception on a floor report refers to. */
type OnReport = OfOrder & Readonly<{ reportId: string }>;

/** More was made at an operation than the tolerance allows. */
export type OverproductionDetected = Event<
  'OverproductionDetected',
  OnReport & { operationId: string; good: string; limit: string; excess: string; unit: Unit }
>;

/** Two reports claim one machine at one time. */
export type OverlapDetected = Event<'OverlapDetected', OnReport & { equipmentId: string; overlaps: readonly string[] }>;

/** A report claims a machine that other orders had at that time, beyond its capacity. */
export type MachineOccupiedDetected = Event<'MachineOccupiedDetected', OnReport & { equipmentId: string; others: readonly string[] }>;

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

/** Every rule that a report can break. What each one says of a report: report-exception.view.ts; when it is broken: report-rules.ts. */
export type ReportExceptionEvent =
  | OverproductionDetected
  | OverlapDetected
  | MachineOccupiedDetected
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

export const reportExceptionTypes = [
  'OverproductionDetected',
  'OverlapDetected',
  'MachineOccupiedDetected',
  'CounterDiscontinuityDetected',
  'ScrapBeyondOrderDetected',
  'FractionOfPieceDetected',
  'RepeatedReportDetected',
  'ConflictingReportDetected',
  'ReportOnClosedOrderDetected',
  'ReportBeforeStartDetected',
  'ZeroQuantityDetected',
  'ImplausibleTimeDetected',
  'UpstreamShortfallDetected',
  'UnplannedOperationDetected',
  'OrderMismatchDetected',
] as const satisfies readonly ReportExceptionEvent['type'][];
