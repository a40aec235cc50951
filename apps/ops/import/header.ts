/**
 * The header of a table. Hides: titles above it, spaces around names. Promises: it is the first row with all columns of the mapping, or the table
 * is refused with what is missing. Does not: read cells.
 */
import { FileFault } from './file-fault';
import { columnsOf, type Mapping } from './mapping';

/** Rows that may stand above the header. */
const MOST_ABOVE = 50;

const squeezed = (text: string): string => text.replace(/\s+/g, ' ').trim();

export class Header {
  private readonly wanted: readonly string[];
  private readonly above: (readonly string[])[] = [];
  private found?: readonly string[];

  constructor(private readonly mapping: Mapping) {
    this.wanted = columnsOf(mapping);
  }

  /** Takes the rows in order; true if the header is above this one. @throws FileFault */
  isAbove(cells: readonly string[]): boolean {
    if (this.found) return true;
    const names = this.named(cells);
    if (this.wanted.every((column) => names.includes(column))) this.found = this.checked(names);
    else if (this.above.push(cells) > MOST_ABOVE) throw this.fault();
    return false;
  }

  /** Names of the columns. @throws FileFault if no row has been the header */
  get columns(): readonly string[] {
    if (!this.found) throw this.fault();
    return this.found;
  }

  /** Names as the mapping writes them, where they differ in spaces only. */
  private named(cells: readonly string[]): readonly string[] {
    return cells.map((cell) =>
      this.wanted.includes(cell) ? cell : (this.wanted.find((column) => squeezed(column) === squeezed(cell)) ?? cell),
    );
  }

  private checked(names: readonly string[]): readonly string[] {
    const twice = this.wanted.filter((column) => names.indexOf(column) !== names.lastIndexOf(column));
    if (twice.length > 0)
      throw new FileFault('columns-doubled', `Duplicate columns: ${twice.map((column) => JSON.stringify(column)).join(', ')}.`);
    return names;
  }

  private fault(): FileFault {
    const [first] = this.above;
    if (!first) return new FileFault('file-empty', 'The file is empty. It must begin with a line of column names.');
    const { delimiter } = this.mapping.csv;
    const single = this.above.find((cells) => cells.length === 1 && this.wanted.some((column) => cells[0]!.includes(column)));
    const other = single && [';', ',', '\t', '|'].find((mark) => mark !== delimiter && single[0]!.includes(mark));
    if (other)
      return new FileFault(
        'wrong-delimiter',
        `The delimiter of the file is ${JSON.stringify(other)}, that of the mapping ${JSON.stringify(delimiter)}. Correct csv.delimiter.`,
      );
    // Of several rows, the one that is most like a header.
    const missingIn = (cells: readonly string[]) => this.wanted.filter((column) => !this.named(cells).includes(column));
    const best = this.above.reduce((a, b) => (missingIn(b).length < missingIn(a).length ? b : a));
    const quoted = (columns: readonly string[]) => columns.map((column) => JSON.stringify(column.slice(0, 60))).join(', ');
    return new FileFault('columns-missing', `Missing columns: ${quoted(missingIn(best))}; present: ${quoted(best.slice(0, 40))}.`);
  }
}
