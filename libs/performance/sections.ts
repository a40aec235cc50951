/** How a period is divided. Promises: every moment belongs to exactly one section. Does not: know machines. */
import { shiftsIn, type Calendar } from '#manufacturing/shifts';
import type { Period } from './time-elements';

/** A part of the period that is reported on its own. */
export type Section = Period &
  Readonly<{
    shift: string | null;
    day: string | null;
    /** What belongs to it: reports count by their end, failures by their beginning. */
    spans: readonly Period[];
    /** Planned operation time. */
    planned: readonly Period[];
  }>;

/** The whole period as planned operation time. */
export const overall = (period: Period): Section => ({ ...period, shift: null, day: null, spans: [period], planned: [period] });

/** The shifts of a calendar, as far as they lie in the period, and the time outside of them, of which nothing is planned. */
export function inShifts(calendar: Calendar, period: Period): Section[] {
  const shifts = shiftsIn(calendar, period).map(({ shift, day, breaks, ...times }): Section => {
    const span = { from: Math.max(times.from, period.from), to: Math.min(times.to, period.to) };
    return { ...span, shift, day, spans: [span], planned: without(span, breaks) };
  });
  const outside = without(period, shifts);
  return [...shifts, { ...period, shift: null, day: null, spans: outside, planned: [] }];
}

/** What is left of a period without others. */
export function without({ from, to }: Period, others: readonly Period[]): Period[] {
  const left: Period[] = [];
  let at = from;
  for (const other of [...others].sort((a, b) => a.from - b.from)) {
    if (other.from > at) left.push({ from: at, to: Math.min(other.from, to) });
    at = Math.max(at, other.to);
  }
  if (at < to) left.push({ from: at, to });
  return left.filter((part) => part.to > part.from);
}
