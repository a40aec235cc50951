import { compare, decimal, isZero, millionths, minus, plus } from '#manufacturing/quantity';
import { CounterMove } from './report.events';

/**
 * The last reading of a counter that changed something. `dropped` is present right after the counter fell: its value before, and what
 * was counted at the fall, so that a glitch can be undone. `dip` is the lower reading that was taken as jitter since.
 */
export type Reading = Readonly<{ raw: string; readAt: string; dropped?: Readonly<{ from: string; counted: string }>; dip?: string }>;

/** How far a counter advanced; undefined for a reading without news. `delta` is never negative (invariant I12). */
export type Advance = Readonly<{ delta: string; move: CounterMove; reset: boolean }>;

/** The decision table of docs/counters.md, first match. */
export function advance(last: Reading | undefined, raw: string, readAt: string, wrapAt?: string): Advance | undefined {
  if (!last) return { delta: '0', move: CounterMove.First, reset: false };
  const known = [last.raw, ...(last.dip === undefined ? [] : [last.dip])];
  if (known.some((value) => compare(raw, value) === 0) || Date.parse(readAt) < Date.parse(last.readAt)) return undefined;
  if (compare(raw, last.raw) > 0) {
    if (last.dropped && compare(raw, last.dropped.from) >= 0) {
      const since = minus(minus(raw, last.dropped.from), last.dropped.counted);
      return { delta: compare(since, '0') > 0 ? since : '0', move: CounterMove.Recovered, reset: false };
    }
    return { delta: minus(raw, last.raw), move: CounterMove.Advanced, reset: false };
  }
  // It counts on below its old value: what looked like a dip was another counter.
  if (last.dip !== undefined && compare(raw, last.dip) > 0 && compare(minus(last.raw, raw), '1') > 0)
    return { delta: minus(raw, last.dip), move: CounterMove.Replaced, reset: true };
  if (!isZero(raw) && compare(minus(last.raw, raw), atLeast('1', part(last.raw, 100n))) <= 0)
    return { delta: '0', move: CounterMove.Jitter, reset: false };
  if (wrapAt && compare(last.raw, wrapAt) < 0) {
    const over = minus(plus(raw, wrapAt), last.raw);
    if (compare(over, part(wrapAt, 2n)) <= 0) return { delta: over, move: CounterMove.Wrapped, reset: true };
  }
  if (compare(raw, atLeast('10', part(last.raw, 10n))) <= 0) return { delta: raw, move: CounterMove.Reset, reset: true };
  return { delta: '0', move: CounterMove.Replaced, reset: true };
}

/** What is kept of a counter after a reading. A dip keeps the highest reading. */
export function readingAfter(
  before: Reading | undefined,
  { raw, readAt, move, delta }: Readonly<{ raw: string; readAt: string; move: CounterMove; delta: string }>,
): Reading {
  if (move === CounterMove.Jitter && before) return { ...before, readAt, dip: raw };
  const fell = move === CounterMove.Reset || move === CounterMove.Replaced;
  return { raw, readAt, ...(fell && before ? { dropped: { from: before.raw, counted: delta } } : {}) };
}

const part = (amount: string, of: bigint): string => decimal(millionths(amount) / of);
const atLeast = (least: string, amount: string): string => (compare(amount, least) < 0 ? least : amount);
