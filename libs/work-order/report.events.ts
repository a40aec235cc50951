import type { Event } from '#kernel/event';
import { minus, type Unit } from '#manufacturing/quantity';
import type { OfOrder } from './job-states.events';

/** Kind of a floor report: production, setup, or breakdown. */
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
  FellBack: 'FellBack',
  BeforeReset: 'BeforeReset',
} as const;
export type CounterMove = keyof typeof CounterMove;

/** Pieces sent to scrap or to material review, with the reason. */
export type Scrap = Readonly<{ quantity: string; reasonCode: string }>;

/** The content of a report: who made what, where, from when to when. */
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
  /** True when the operation is the last one of the plan: its good pieces are the order's output. */
  output: boolean;
  /** True when the order was already over: its totals change afterwards. */
  late?: true;
}>;

/** Good pieces, scrap and rework were reported, together. */
export type ProductionReported = Event<'ProductionReported', OfOrder & Told & Placed>;

/** A floor report was observed; the rules that it breaks are recorded beside it. */
export type ProductionObserved = Event<
  'ProductionObserved',
  OfOrder &
    Told &
    Placed & {
      /** Name of the operation as the floor reported it. */
      operationName?: string;
      /** The line or message that it was read from. */
      source?: string;
      /** Its location: file and line, or topic. */
      sourceRow?: string;
    }
>;

/** A wrong report was reversed; `replacedBy` has the right quantities. */
export type ProductionReportReversed = Event<'ProductionReportReversed', OfOrder & Told & Placed & { replacedBy: string; reason: string }>;

/** The right quantities for a report that was reversed. */
export type ProductionReportCorrected = Event<'ProductionReportCorrected', OfOrder & Told & Placed & { replaces: string; reason: string }>;

/** A reading that was a spike, and the good pieces that it had counted for the same operation. */
export type TakenBack = Readonly<{ raw: string; readAt: string; good: string }>;

/** A machine's counter was read; its advance counts as good pieces. */
export type CounterRead = Event<
  'CounterRead',
  OfOrder &
    Placed & {
      counterId: string;
      operationId: string;
      equipmentId: string;
      /** The reading. */
      raw: string;
      /** The reading that it is compared with: the one before, by floor time. */
      previous?: string;
      /** Pieces since the previous reading, or since the one before a spike; never negative. */
      delta: string;
      /** Present where the previous reading turned out to be a spike: what it had counted counts no longer. */
      takesBack?: TakenBack;
      move: CounterMove;
      /** True when the counter restarted: it wrapped at its limit, was reset or was replaced. */
      reset: boolean;
      unit: Unit;
      readAt: string;
    }
>;

/** By how much a reading changes the good pieces of its operation: less than 0 where it takes back more than it counts. */
export const countedBy = ({ delta, takesBack }: CounterRead['data']): string => (takesBack ? minus(delta, takesBack.good) : delta);

/** Every event of a report or counter. */
export type ReportEvent = ProductionReported | ProductionObserved | ProductionReportReversed | ProductionReportCorrected | CounterRead;
