import { compare, convert, minus, type Quantity } from '#manufacturing/quantity';
import type { CountedBy, DiscrepancyKind, StockAdjusted } from './material-lot.events';

/** What was found in a lot by counting or weighing: the truth of its time. */
export type Count = Readonly<{
  by: CountedBy;
  countId: string;
  counted: Quantity;
  /** Floor time, ISO 8601 UTC. */
  at: string;
}>;
export type Counts = Readonly<Record<string, Count>>;

/** Names a count among all counts and adjustments of the lot. */
export const countKey = (by: CountedBy, id: string): string => `${by}/${id}`;

/** Whether two amounts are the same, whatever their units. */
export const isSame = (one: Quantity, other: Quantity): boolean => {
  const amount = convert(one, other.unit);
  return amount !== undefined && compare(amount, other.amount) === 0;
};

/** The counts with an adjustment. One that books what was counted at that time says nothing more than the count. */
export function withAdjustment(counts: Counts, { adjustmentId: countId, to, at }: StockAdjusted['data']): Counts {
  if (Object.values(counts).some((count) => count.at === at && isSame(count.counted, to))) return counts;
  return { ...counts, [countKey('Adjustment', countId)]: { by: 'Adjustment', countId, counted: to, at } };
}

/** Counted less booked, and what to call it; undefined where the units have nothing in common. */
export function comparedTo(
  booked: Quantity,
  counted: Quantity,
  isMerged: boolean,
): Readonly<{ difference: string; kind: DiscrepancyKind | null }> | undefined {
  const amount = convert(counted, booked.unit);
  if (amount === undefined) return undefined;
  const difference = minus(amount, booked.amount);
  const order = compare(difference, '0');
  if (order === 0) return { difference, kind: null };
  if (order < 0) return { difference, kind: 'LESS_THAN_BOOKED' };
  return { difference, kind: isMerged ? 'LOT_MERGED' : 'MORE_THAN_BOOKED' };
}
