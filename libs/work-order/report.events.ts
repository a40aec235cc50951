import type { Event } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';
import type { OfOrder } from './job-states.events';

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

/** Pieces sent to scrap or to material review, with the reason. */
export type Scrap = Readonly<{ quantity: string; reasonCode: string }>;

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

/** What was reported, by whichever way. */
export type ReportEvent = ProductionReported | ProductionObserved | ProductionReportReversed | ProductionReportCorrected | CounterRead;
