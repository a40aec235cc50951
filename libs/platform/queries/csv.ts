/**
 * Rows as CSV (RFC 4180, UTF-8). Hides: quoting. Promises: a spreadsheet treats no text as a formula; memory does not grow with the number of
 * rows. Does not: choose columns.
 */
import { Transform, type Readable } from 'node:stream';
import { applyDecorators, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiQuery } from '@nestjs/swagger';
import { invalidInput } from '#platform/problem/problem';

/** Text that a spreadsheet would execute gets an apostrophe in front; numbers keep their sign. */
const FORMULA = /^[\s\u0000]*[=+\-@＝＋－＠|%]|^[\t\r\n]/;
/** If a spreadsheet treats semicolons or tabs as separators even within quotes, a cell may start in the middle of a text. */
const INNER_FORMULA = /([;\t]\s*)(?=[=+\-@＝＋－＠|%])/g;
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const plain = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean | bigint);
  const whole = FORMULA.test(plain) && !NUMBER.test(plain) ? `'${plain}` : plain;
  const safe = whole.replace(INNER_FORMULA, `$1'`);
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const csvLine = (values: readonly unknown[]): string => `${values.map(csvCell).join(',')}\r\n`;

/** Some spreadsheets recognise UTF-8 only by this mark at the beginning. */
const BYTE_ORDER_MARK = '\ufeff';

/** What a caller may choose. A new option is read, written and described in this file only. */
export type CsvOptions = Readonly<{ byteOrderMark?: boolean }>;

/** A parameter with value true or false. @throws Problem 400 */
function flagOf(field: string, value: unknown): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidInput([{ field, message: `${field} must be true or false` }]);
}

/** The options among the parameters of a request, and the others. @throws Problem 400 */
export function csvOptionsIn({ byteOrderMark, ...others }: Readonly<Record<string, unknown>>): {
  options: CsvOptions;
  others: Record<string, unknown>;
} {
  return { options: { byteOrderMark: flagOf('byteOrderMark', byteOrderMark) }, others };
}

/** Objects in, CSV text out, with a header line. */
export function csvOf(columns: readonly string[], { byteOrderMark = false }: CsvOptions = {}): Transform {
  let begun = false;
  const begin = () => {
    if (begun) return '';
    begun = true;
    return (byteOrderMark ? BYTE_ORDER_MARK : '') + csvLine(columns);
  };
  return new Transform({
    writableObjectMode: true,
    transform: (row: Record<string, unknown>, _encoding, done) => done(null, begin() + csvLine(columns.map((column) => row[column]))),
    flush: (done) => done(null, begin()),
  });
}

export const csvFile = (lines: Readable, name: string): StreamableFile =>
  new StreamableFile(lines, { type: 'text/csv; charset=utf-8', disposition: `attachment; filename="${name}.csv"` });

/** A CSV answer in OpenAPI. */
export const ApiCsv = () =>
  applyDecorators(
    ApiQuery({
      name: 'byteOrderMark',
      required: false,
      type: Boolean,
      description: 'True: the file begins with a byte order mark, so that Excel recognises UTF-8.',
    }),
    ApiOkResponse({ description: 'A header line, then one line per row.', content: { 'text/csv': { schema: { type: 'string' } } } }),
  );
