import { compare, decimal, isZero, millionths, minus, plus } from '#manufacturing/quantity';
import { CounterMove, type TakenBack } from './report.events';

/**
 * The last reading of a counter that changed something. `dropped` is present right after the counter fell: its value before, and what
 * was counted at the fall, so that a glitch can be undone. `dip` is the lower reading that was taken as jitter since. `fall` is the last reset or
 * replacement: the last reading before it, when that was read, and the first one after it.
 */
export type Reading = Readonly<{
  raw: string;
  readAt: string;
  dropped?: Readonly<{ from: string; counted: string }>;
  rose?: Rise;
  dip?: string;
  fall?: Readonly<{ from: string; since: string; at: string }>;
}>;
/** Right after the counter rose: from where, what was counted for which operation, and when both was read, so that a spike can be undone. */
type Rise = Readonly<{ from: string; counted: string; operationId?: string; since: string; readAt: string }>;

/** How far a counter advanced; undefined for a reading without news. `delta` is never negative (invariant I12). */
export type Advance = Readonly<{ delta: string; move: CounterMove; reset: boolean; takesBack?: TakenBack }>;

/** A counter that was reset may show its old value again after a while. */
const SPIKE_LASTS_MS = 60 * 60_000;

/** The decision table of docs/counters.md, first match. */
export function advance(last: Reading | undefined, raw: string, readAt: string, wrapAt?: string): Advance | undefined {
  if (!last) return { delta: '0', move: CounterMove.First, reset: false };
  if (isBeforeFall(last, raw, readAt)) return { delta: minus(raw, last.fall!.from), move: CounterMove.BeforeReset, reset: false };
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
  if (!isZero(raw) && compare(minus(last.raw, raw), dipOf(last.raw)) <= 0) return { delta: '0', move: CounterMove.Jitter, reset: false };
  if (wrapAt && compare(last.raw, wrapAt) < 0) {
    const over = minus(plus(raw, wrapAt), last.raw);
    if (compare(over, part(wrapAt, 2n)) <= 0) return { delta: over, move: CounterMove.Wrapped, reset: true };
  }
  const spike = fellBack(last, raw, readAt);
  if (spike) return spike;
  if (compare(raw, atLeast('10', part(last.raw, 10n))) <= 0) return { delta: raw, move: CounterMove.Reset, reset: true };
  return { delta: '0', move: CounterMove.Replaced, reset: true };
}

/** Told late: the counter had gone on before it fell. */
const isBeforeFall = ({ fall }: Reading, raw: string, readAt: string): boolean =>
  fall !== undefined &&
  Date.parse(readAt) > Date.parse(fall.since) &&
  Date.parse(readAt) < Date.parse(fall.at) &&
  compare(raw, fall.from) > 0;

/** What a reading is compared with. */
export const previousOf = (last: Reading, move: CounterMove): string =>
  (move === CounterMove.BeforeReset ? last.fall?.from : undefined) ?? last.raw;

/** Back to where it was before it rose, but for a hundredth of the rise: that was a spike, and what it counted is taken back. */
function fellBack({ raw: top, rose }: Reading, raw: string, readAt: string): Advance | undefined {
  if (!rose || compare(raw, '10') <= 0 || Date.parse(readAt) - Date.parse(rose.since) > SPIKE_LASTS_MS) return undefined;
  const since = minus(raw, rose.from);
  if (compare(plus(since, dipOf(rose.from)), '0') < 0 || compare(since, part(minus(top, rose.from), 100n)) > 0) return undefined;
  const takesBack = { raw: top, readAt: rose.readAt, good: rose.counted };
  return { delta: compare(since, '0') > 0 ? since : '0', move: CounterMove.FellBack, reset: false, takesBack };
}

/** A counter may serve several operations: what was counted is taken back from the same one only. */
export const ofOperation = (last: Reading | undefined, operationId: string): Reading | undefined =>
  last?.rose && last.rose.operationId !== operationId ? { ...last, rose: undefined } : last;

type Read = Readonly<{ raw: string; readAt: string; move: CounterMove; delta: string; operationId?: string }>;

/** What is kept of a counter after a reading. A dip keeps the highest reading. */
export function readingAfter(before: Reading | undefined, { raw, readAt, move, delta, operationId }: Read): Reading {
  if (move === CounterMove.BeforeReset && before?.fall) {
    const { fall, dropped } = before;
    return { ...before, fall: { ...fall, from: raw, since: readAt }, ...(dropped ? { dropped: { ...dropped, from: raw } } : {}) };
  }
  if (move === CounterMove.Jitter && before) return { ...before, readAt, dip: raw };
  const fell = move === CounterMove.Reset || move === CounterMove.Replaced;
  if (fell && before) {
    const { raw: from, readAt: since } = before;
    return { raw, readAt, dropped: { from, counted: delta }, fall: { from, since, at: readAt } };
  }
  // The last fall stays in mind, but for one that was a glitch.
  const fall = before?.fall && move !== CounterMove.Recovered ? { fall: before.fall } : {};
  if (move === CounterMove.FellBack && before?.rose && compare(raw, before.rose.from) < 0)
    return { raw: before.rose.from, readAt, dip: raw, ...fall };
  if ((move === CounterMove.Advanced || move === CounterMove.Recovered) && before) {
    const { dropped } = before;
    const from = move === CounterMove.Recovered && dropped ? plus(dropped.from, dropped.counted) : before.raw;
    return {
      raw,
      readAt,
      rose: { from, counted: delta, ...(operationId === undefined ? {} : { operationId }), since: before.readAt, readAt },
      ...fall,
    };
  }
  return { raw, readAt, ...fall };
}

/** How far below a reading the next one counts as a dip. */
const dipOf = (raw: string): string => atLeast('1', part(raw, 100n));
const part = (amount: string, of: bigint): string => decimal(millionths(amount) / of);
const atLeast = (least: string, amount: string): string => (compare(amount, least) < 0 ? least : amount);
