import { SortedLines } from './sorted-lines';

/** The span of floor time of a row on a machine, in milliseconds since 1970. */
export type Claim = Readonly<{ line: number; order: string; from: number; to: number }>;
/** Two rows that overlap on a machine; the second one began first and ends last. */
export type Overlap = Readonly<{ machine: string; line: number; order: string; otherLine: number; otherOrder: string }>;

/** Finds rows that overlap on a machine, across all orders. Each row is a line of text, sorted by machine, start and line. */
export class Overlaps {
  constructor(private readonly claims = new SortedLines()) {}

  add(machine: string, { line, order, from, to }: Claim): void {
    if (from < to) this.claims.add([machine, sortable(from), sortable(line), sortable(to), order].join(MARK));
  }

  /** Each row that begins while the machine is occupied, by machine and start. */
  *found(): Generator<Overlap> {
    let holder: { machine: string; line: number; order: string; to: number } | undefined;
    for (const text of this.claims.sorted()) {
      const [machine, begins, place, ends, order] = text.split(MARK) as [string, string, string, string, string];
      const [from, line, to] = [begins, place, ends].map(numberOf) as [number, number, number];
      if (holder?.machine !== machine) holder = undefined;
      if (holder && from < holder.to) yield { machine, line, order, otherLine: holder.line, otherOrder: holder.order };
      if (!holder || to > holder.to) holder = { machine, line, order, to };
    }
  }
}

/** Sorts before all characters of ids. */
const MARK = '\u001f';
/** Instants before 1970 are negative. */
const SHIFT = 10 ** 15;
const sortable = (number: number): string => String(number + SHIFT).padStart(16, '0');
const numberOf = (text: string): number => Number(text) - SHIFT;
