import type { Event } from '#kernel/event';
import type { Missing } from '#manufacturing/references';
import type { Unit } from '#manufacturing/quantity';
import type { JobState, OfOrder } from './job-states.events';
import type { CounterMove, Told } from './report.events';

/** What is implausible about the times of a floor report. */
export const TimeProblem = { EndBeforeStart: 'EndBeforeStart', InTheFuture: 'InTheFuture', BeforeRelease: 'BeforeRelease' } as const;
export type TimeProblem = keyof typeof TimeProblem;

/** The field in which a floor report differs from the order. */
export const MismatchField = { Product: 'Product', Quantity: 'Quantity', Unit: 'Unit', Facility: 'Facility' } as const;
export type MismatchField = keyof typeof MismatchField;

/** Fields of every exception on a floor report. */
type OnReport = OfOrder & Readonly<{ reportId: string }>;

/** An operation made more than the tolerance allows. */
export type OverproductionDetected = Event<
  'OverproductionDetected',
  OnReport & { operationId: string; good: string; limit: string; excess: string; unit: Unit }
>;

/** Reports of one order overlap in time on one machine. */
export type OverlapDetected = Event<'OverlapDetected', OnReport & { equipmentId: string; overlaps: readonly string[] }>;

/** A report claims a machine that other orders had at that time, beyond its capacity. */
export type MachineOccupiedDetected = Event<'MachineOccupiedDetected', OnReport & { equipmentId: string; others: readonly string[] }>;

/** A report names a machine, a person, a material or a reason code that the plant does not know, or has retired; or an unknown plant. */
export type UnknownReferenceDetected = Event<'UnknownReferenceDetected', OnReport & { kind: Missing['kind']; id: string; retired?: true }>;

/** A report repeats an earlier one under another id; both are counted. */
export type RepeatedReportDetected = Event<'RepeatedReportDetected', OnReport & { repeats: string }>;

/** A report has an id that is used, with other content; it is kept here and not counted. */
export type ConflictingReportDetected = Event<'ConflictingReportDetected', OfOrder & Told & { sourceRow?: string }>;

/** A report arrived for an order that is over. */
export type ReportOnClosedOrderDetected = Event<'ReportOnClosedOrderDetected', OnReport & { status: JobState }>;

/** A report arrived for an order that was not running. */
export type ReportBeforeStartDetected = Event<'ReportBeforeStartDetected', OnReport & { status: JobState }>;

/** All quantities of a production report are zero. */
export type ZeroQuantityDetected = Event<'ZeroQuantityDetected', OnReport>;

/** The times of a report are implausible. */
export type ImplausibleTimeDetected = Event<'ImplausibleTimeDetected', OnReport & { problem: TimeProblem; from: string; to: string }>;

/** An operation used more pieces than the one upstream passed on. */
export type UpstreamShortfallDetected = Event<
  'UpstreamShortfallDetected',
  OnReport & { operationId: string; upstreamOperationId: string; used: string; passedOn: string; unit: Unit }
>;

/** A counter fell and was taken for reset, replaced, back from a spike or, once it had risen again, from a glitch: a person should check that. */
export type CounterDiscontinuityDetected = Event<
  'CounterDiscontinuityDetected',
  OnReport & { counterId: string; move: CounterMove; previous: string; raw: string }
>;

/** Good and scrap of an operation together exceed the order with its tolerance. */
export type ScrapBeyondOrderDetected = Event<
  'ScrapBeyondOrderDetected',
  OnReport & { operationId: string; good: string; scrap: string; limit: string; unit: Unit }
>;

/** A report has a fraction of a piece. */
export type FractionOfPieceDetected = Event<'FractionOfPieceDetected', OnReport & { amount: string }>;

/** The operation of a report is not planned in the order. */
export type UnplannedOperationDetected = Event<'UnplannedOperationDetected', OnReport & { operationId: string; name: string }>;

/** A report differs from what is known of the order. */
export type OrderMismatchDetected = Event<'OrderMismatchDetected', OnReport & { field: MismatchField; known: string; told: string }>;

/** One exception for each rule that a report can break. When it is raised: report-rules.ts; its sentence: report-exception.view.ts. */
export type ReportExceptionEvent =
  | OverproductionDetected
  | OverlapDetected
  | MachineOccupiedDetected
  | UnknownReferenceDetected
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
  'UnknownReferenceDetected',
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
