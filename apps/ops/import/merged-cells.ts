/**
 * Merged cells of a sheet, which have their value in the first row only. Promises: the value for each row below, in the order of the rows. Does not:
 * know which columns count.
 */

/** What a cell below the first of merged ones stands for. */
export type Above = Readonly<{ text: string; isNumber: boolean }>;
type Range = Readonly<{ first: number; last: number; column: number }>;

/** Spreadsheet programs become slow long before. */
export const MOST_MERGED = 200_000;

export class MergedCells {
  private readonly ranges: Range[] = [];

  /** False if there are too many. */
  add(range: Range): boolean {
    if (range.last > range.first) this.ranges.push(range);
    return this.ranges.length <= MOST_MERGED;
  }

  /** Give it all rows in order: the values that merged cells of the rows above have for this one, by place. */
  below(): (line: number, valueOf: (place: number) => Above) => ReadonlyMap<number, Above> | undefined {
    const waiting = [...this.ranges].sort((a, b) => b.first - a.first);
    let open: (Range & { above: Above })[] = [];
    return (line, valueOf) => {
      open = open.filter(({ last }) => last >= line);
      const found = open.length > 0 ? new Map(open.map(({ column, above }) => [column, above])) : undefined;
      for (let next = waiting.at(-1); next && next.first <= line; next = waiting.at(-1)) {
        waiting.pop();
        // One whose first row has no text at all has no value.
        if (next.first === line) open.push({ ...next, above: valueOf(next.column) });
      }
      return found;
    };
  }
}
