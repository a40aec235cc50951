/** Cells of the rows of tables as texts, amounts, codes and days. */
import { FACILITY_ID } from '#manufacturing/facility';
import { decimal, millionths, plus } from '#manufacturing/quantity';
import { numberHint, readTime } from '../import/time-formats';
import { isCellError, PLAIN, shown, signedAmount, slug, Unreadable } from '../import/texts';
import type { TableName, TablesMapping } from './mapping';

/** `isNumber`: whether a cell is stored as a number, which has no marks of a language. */
export type Cells = Readonly<{ line: number; of: (column: string) => string | undefined; isNumber: (column: string) => boolean }>;
export type Exception = Readonly<{ table: TableName; line: number; code: string; message: string }>;

export type Rows = <T>(table: TableName, read: (row: Cells) => T) => { value: T; line: number }[];
export type CellReader = ReturnType<typeof readerOf>;

export function readerOf({ decimalMark, thousandsMark, dates }: TablesMapping) {
  const marks = { decimalMark, ...(thousandsMark ? { thousandsMark } : {}) };
  const text = (row: Cells, column: string): string => {
    const found = row.of(column)?.trim();
    if (!found) throw new Unreadable('cell-empty', `${column} is empty.`);
    if (isCellError(found)) throw new Unreadable('cell-error', `${column} holds the error ${found} of a spreadsheet. Correct the cell.`);
    return found;
  };
  return {
    text,
    amount: (row: Cells, column: string): string => {
      const { amount, negative } = signedAmount(text(row, column), column, row.isNumber(column) ? PLAIN : marks);
      if (negative) throw new Unreadable('quantity-negative', `${column} must not be negative, was ${shown(text(row, column))}.`);
      return amount;
    },
    code: (row: Cells, column: string): string => {
      const found = text(row, column);
      return /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(found) ? found : slug(found);
    },
    /** A day, YYYY-MM-DD. */
    day: (row: Cells, column: string): string => {
      for (const format of dates.formats) {
        const told = readTime([text(row, column)], format);
        if (told) return told.wall.toFormat('yyyy-MM-dd');
      }
      const found = text(row, column);
      throw new Unreadable(
        'time-malformed',
        `${column} must be a date as ${dates.formats.join(' or ')}, was ${shown(found)}.${numberHint([found], dates.formats)}`,
      );
    },
  };
}

/** Plants and ports as facilities: lower-case letters and digits. */
export class Places {
  private readonly names = new Map<string, string>();

  /** @throws Unreadable where two texts would become one facility, or a text none */
  idOf(text: string, column: string): string {
    const id = text.toLowerCase().replace(/[^a-z0-9]/g, '');
    if (!FACILITY_ID.test(id))
      throw new Unreadable('id-malformed', `${column} must have letters and digits and begin with a letter, was ${shown(text)}.`);
    const known = this.names.get(id);
    if (known !== undefined && known !== text)
      throw new Unreadable('id-shared', `${shown(text)} and ${shown(known)} would both be facility ${id}.`);
    this.names.set(id, text);
    return id;
  }

  nameOf = (id: string): string => this.names.get(id) ?? id;
}

/** A fraction of two amounts, to six digits. */
export const ratio = (a: string, b: string): string => (millionths(b) === 0n ? '0' : decimal((millionths(a) * 1_000_000n) / millionths(b)));
export const total = (amounts: readonly string[]): string => amounts.reduce((sum, each) => plus(sum, each), '0');
