/**
 * Rows as CSV (RFC 4180, UTF-8). Hides: quoting. Promises: a spreadsheet takes no text for a formula; memory does not grow with the number
 * of rows. Does not: choose columns.
 */
import { Transform } from 'node:stream';

/** Text that a spreadsheet would run gets an apostrophe in front; numbers keep their sign. */
const FORMULA = /^[\s\u0000]*[=+\-@＝＋－＠|%]|^[\t\r\n]/;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean | bigint);
  const safe = FORMULA.test(plain) && !NUMBER.test(plain) ? `'${plain}` : plain;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (values: readonly unknown[]): string => `${values.map(csvCell).join(',')}\r\n`;

/** Objects in, CSV text out, with a line of headings. */
export function csvOf(columns: readonly string[]): Transform {
  let begun = false;
  const begin = () => {
    if (begun) return '';
    begun = true;
    return csvLine(columns);
  };
  return new Transform({
    writableObjectMode: true,
    transform: (row: Record<string, unknown>, _encoding, done) => done(null, begin() + csvLine(columns.map((column) => row[column]))),
    flush: (done) => done(null, begin()),
  });
}
