/**
 * The one rule for over- and under-production. Work orders and production orders both ask it, so that no two layers disagree.
 * Limits follow from the ordered amount and the agreed percentages; a piece more than the upper limit is over-production.
 */
import { compare, minus, percentOf, plus } from './quantity';

/** Agreed deviation from the ordered amount, in percent, as decimal strings. */
export type Tolerance = Readonly<{ overPercent: string; underPercent: string }>;

/** What applies where nothing was agreed: exactly the ordered amount. */
export const NO_TOLERANCE: Tolerance = { overPercent: '0', underPercent: '0' };

/** The most that may be made. */
export const upperLimit = (ordered: string, { overPercent }: Tolerance): string => plus(ordered, percentOf(ordered, overPercent));

/** The least that counts as complete. */
export const lowerLimit = (ordered: string, { underPercent }: Tolerance): string => minus(ordered, percentOf(ordered, underPercent));

/** How much a total lies above the upper limit; undefined while it does not. */
export const excess = (total: string, ordered: string, tolerance: Tolerance): string | undefined => {
  const limit = upperLimit(ordered, tolerance);
  return compare(total, limit) > 0 ? minus(total, limit) : undefined;
};

/** How much is missing to the lower limit; undefined when nothing is. */
export const shortfall = (total: string, ordered: string, tolerance: Tolerance): string | undefined => {
  const limit = lowerLimit(ordered, tolerance);
  return compare(total, limit) < 0 ? minus(limit, total) : undefined;
};
