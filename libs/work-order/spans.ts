type Span<T> = Readonly<{ from: number; to: number; of: T }>;

/**
 * Spans of time, to find those that overlap with another. They are kept by length: of those that are at most 2^n long, only the ones that begin
 * less than 2^n before a span can overlap with it.
 */
export class Spans<T> {
  private readonly byLength = new Map<number, Span<T>[]>();

  add(of: T, from: number, to: number): void {
    const key = lengthOf(from, to);
    const spans = this.byLength.get(key);
    if (!spans) this.byLength.set(key, [{ from, to, of }]);
    else if (spans.at(-1)!.from <= from) spans.push({ from, to, of });
    else spans.splice(firstAfter(spans, from), 0, { from, to, of });
  }

  /** Takes away the one that was added last with this beginning and length. */
  removeLast(from: number, to: number): void {
    const key = lengthOf(from, to);
    const spans = this.byLength.get(key)!;
    spans.splice(firstAfter(spans, from) - 1, 1);
    if (spans.length === 0) this.byLength.delete(key);
  }

  /** Those that overlap, and do not just touch; within a length, those that begin last come first. */
  *overlapping(from: number, to: number): Generator<T> {
    for (const length of [...this.byLength.keys()].sort((a, b) => a - b)) {
      const spans = this.byLength.get(length)!;
      const earliest = length < 0 ? from : from - 2 ** length;
      for (let at = firstAfter(spans, to) - 1; at >= 0 && spans[at]!.from > earliest; at -= 1) {
        const span = spans[at]!;
        if (span.from < to && from < span.to) yield span.of;
      }
    }
  }
}

/** The smallest n with a length of at most 2^n; -1 for a span without length. */
const lengthOf = (from: number, to: number): number => (to > from ? Math.ceil(Math.log2(to - from)) : -1);

/** Index of the first span that begins after that moment. */
function firstAfter(spans: readonly Span<unknown>[], moment: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (spans[middle]!.from <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
