/**
 * The rule for over- and under-production, used by work orders and production orders alike.
 * Limits follow from the ordered amount and the agreed percentages; a piece more than the upper limit is over-production.
 */
import { compare, minus, percentOf, plus } from './quantity';

/** Agreed deviation from the ordered amount, in percent, as decimal strings. */
export type Tolerance = Readonly<{ overPercent: string; underPercent: string }>;

/** The tolerance when none was agreed: exactly the ordered amount. */
export const NO_TOLERANCE: Tolerance = { overPercent: '0', underPercent: '0' };

/** Upper limit of the quantity made. */
export const upperLimit = (ordered: string, { overPercent }: Tolerance): string => plus(ordered, percentOf(ordered, overPercent));

/** Lower limit of the quantity that counts as complete. */
export const lowerLimit = (ordered: string, { underPercent }: Tolerance): string => minus(ordered, percentOf(ordered, underPercent));

/** The excess of a total over the upper limit; undefined if there is none. */
export const excess = (total: string, ordered: string, tolerance: Tolerance): string | undefined => {
  const limit = upperLimit(ordered, tolerance);
  return compare(total, limit) > 0 ? minus(total, limit) : undefined;
};

/** The quantity missing to the lower limit; undefined if there is none. */
export const shortfall = (total: string, ordered: string, tolerance: Tolerance): string | undefined => {
  const limit = lowerLimit(ordered, tolerance);
  return compare(total, limit) < 0 ? minus(limit, total) : undefined;
};
