/** When the numbers of a period were last changed after it was over. Does not: know which facts these are; the caller gives them. */

/** A fact counts from a moment on, and was learned at another. */
type Fact = Readonly<{ from: number; learned: number }>;

/** The latest moment, after the end of the period, at which a fact was learned that began before that end; null where there is none. */
export function restatedAt(to: number, facts: Iterable<Fact>, others: readonly (number | null)[] = []): number | null {
  let latest = -Infinity;
  for (const { from, learned } of facts) if (from < to && learned > to && learned > latest) latest = learned;
  for (const other of others) if (other !== null && other > latest) latest = other;
  return latest === -Infinity ? null : latest;
}

/** The latest of several, where there is one. */
export const latestOf = (moments: readonly (number | null)[]): number | null => restatedAt(0, [], moments);
