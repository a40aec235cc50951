import { compare, decimal, millionths, minus, plus } from '#manufacturing/quantity';
import { CounterMove } from './work-order.events';

/** The last reading of a counter. */
export type Reading = Readonly<{ raw: string; readAt: string }>;

/** How far a counter advanced; undefined for a reading that tells nothing new. `delta` is never negative (invariant I12). */
export type Advance = Readonly<{ delta: string; move: CounterMove; reset: boolean }>;

/**
 * A counter that went back has either passed its limit or been reset. It is taken for a wrap when the way over the limit is at most
 * half of the range: a reset after fewer pieces than that is likelier than a jump of more. A reading older than the last one, or an
 * equal one, tells nothing new.
 */
export function advance(last: Reading | undefined, raw: string, readAt: string, wrapAt?: string): Advance | undefined {
  if (!last) return { delta: '0', move: CounterMove.First, reset: false };
  if (compare(raw, last.raw) === 0 || Date.parse(readAt) < Date.parse(last.readAt)) return undefined;
  if (compare(raw, last.raw) > 0) return { delta: minus(raw, last.raw), move: CounterMove.Advanced, reset: false };
  if (wrapAt && compare(last.raw, wrapAt) < 0) {
    const over = minus(plus(raw, wrapAt), last.raw);
    if (compare(over, half(wrapAt)) <= 0) return { delta: over, move: CounterMove.Wrapped, reset: true };
  }
  return { delta: raw, move: CounterMove.Reset, reset: true };
}

const half = (amount: string): string => decimal(millionths(amount) / 2n);
