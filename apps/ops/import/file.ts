/**
 * A production log as a stream of rows. Hides: CSV, spreadsheets, compression and character encodings. Promises: a file that is not such a table
 * is refused as a whole, before anything is recorded; memory stays flat whatever the size; each row has the line it begins on; rows without any
 * text are left out. Does not: know what cells mean.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse, type CsvError, type Options } from 'csv-parse';
import { columnsOf, type Mapping } from './mapping';
import type { Row } from './rows';
import { SheetFault, sheetRows } from './sheet';

/** A fault of the file as a whole. Nothing of it is recorded. */
export class FileFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'FileFault';
  }
}

/** How a table is written. */
export type Form = Pick<Mapping, 'csv'>;
export type Survey = Readonly<{ header: readonly string[]; rows: number; bytes: bigint; digest: string }>;

/** No row of a table is this long; a longer one means that a quote was not closed. */
const LONGEST_ROW = 1_048_576;

/** Reads a whole file once: computes its digest and checks that it is a table with the columns of the mapping. @throws FileFault */
export async function surveyFile(path: string, mapping: Mapping): Promise<Survey> {
  let header: readonly string[] | undefined;
  let rows = 0;
  try {
    const identity = createHash('sha256');
    let bytes = 0n;
    for await (const { cells } of records(path, mapping, (chunk) => {
      identity.update(chunk);
      bytes += BigInt(chunk.length);
    })) {
      if (header) rows += 1;
      else header = checkedHeader(cells, mapping);
    }
    if (!header) throw new FileFault('file-empty', 'The file is empty. It must begin with a line of column names.');
    return { header, rows, bytes, digest: identity.digest('hex') };
  } catch (error) {
    throw faultOf(error, mapping);
  }
}

/** All rows of a table, the header first. @throws FileFault */
export async function* tableRows(path: string, form: Form): AsyncGenerator<Row> {
  try {
    yield* records(path, form);
  } catch (error) {
    throw faultOf(error, form);
  }
}

/** The rows below the header. @throws FileFault */
export async function* readRows(path: string, mapping: Mapping): AsyncGenerator<Row> {
  let columns: number | undefined;
  try {
    for await (const { line, cells, raw } of records(path, mapping)) {
      if (columns === undefined) columns = cells.length;
      // Separators beyond the last column are ignored.
      else yield { line, cells: cells.slice(columns).some(hasText) ? cells : cells.slice(0, columns), raw };
    }
  } catch (error) {
    throw faultOf(error, mapping);
  }
}

const hasText = (cell: string): boolean => cell.trim() !== '';

type OnBytes = (chunk: Buffer) => void;

/** The rows that hold any text, the header first. */
async function* records(path: string, mapping: Form, onBytes?: OnBytes): AsyncGenerator<Row> {
  const begins = await firstBytes(path);
  const isSheet = begins.readUInt32BE(0) === 0x504b0304;
  if (isSheet && onBytes) for await (const chunk of bytesOf(path)) onBytes(chunk);
  const rows = isSheet ? sheetRows(path, mapping.csv) : textRows(path, mapping, begins, onBytes);
  for await (const row of rows) if (row.cells.some(hasText)) yield row;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    return (await file.read(Buffer.alloc(4), 0, 4, 0)).buffer;
  } finally {
    await file.close();
  }
}

async function* bytesOf(path: string, onBytes?: OnBytes): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>) {
    onBytes?.(chunk);
    yield chunk;
  }
}

async function* textRows(path: string, mapping: Form, begins: Buffer, onBytes?: OnBytes): AsyncGenerator<Row> {
  const { delimiter, quote, comment } = mapping.csv;
  const packed = begins.readUInt16BE(0) === 0x1f8b;
  const bytes = bytesOf(path, onBytes);
  // Errors are thrown to the reader of the last part.
  const source = packed ? (pipeline(bytes, createGunzip(), () => undefined) as unknown as AsyncIterable<Buffer>) : bytes;
  const parts = decoded(source, mapping.csv.encoding, packed ? undefined : begins);
  const first = await parts.next();
  if (first.done) return;
  const options: Options = {
    delimiter,
    quote: quote === 'none' ? false : quote,
    bom: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
    record_delimiter: ['\r\n', '\n', ...(endsLinesWithReturn(first.value, quote) ? ['\r'] : [])],
    ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
  };
  const parser = parse(options);
  const text = Readable.from(chained(first.value, parts));
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  const between = comment === undefined ? /^[\r\n]+/ : new RegExp(`^(?:[\\r\\n]|${escaped(comment)}[^\\r\\n]*[\\r\\n])+`);
  let lines = 1;
  try {
    for await (const { record, raw } of parser as AsyncIterable<{ record: string[]; raw: string }>) {
      const row = raw.replace(between, '');
      lines += breaksIn(raw.slice(0, raw.length - row.length));
      yield { line: lines, cells: record, raw: row.replace(/[\r\n]+$/, '') };
      lines += breaksIn(row);
    }
  } finally {
    text.destroy();
    parser.destroy();
  }
}

async function* chained(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const breaksIn = (text: string): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** Whether the first line ends with a carriage return alone, as of old Macs. */
function endsLinesWithReturn(text: string, quote: string): boolean {
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === quote) quoted = !quoted;
    else if (!quoted && character === '\n') return false;
    else if (!quoted && character === '\r') return at + 1 < text.length && text[at + 1] !== '\n';
  }
  return false;
}

/** The encoding of the file's byte order mark if it has one, else `said`. */
function encodingOf(begins: Buffer | undefined, said: string): string {
  const mark = begins?.readUInt16BE(0);
  return mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : said;
}

async function* decoded(source: AsyncIterable<Buffer>, said: string, begins: Buffer | undefined): AsyncGenerator<string> {
  const encoding = encodingOf(begins, said);
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let offset = 0;
  const decode = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new FileFault(
        'not-text',
        `The file is not valid ${encoding} (near byte ${offset}). Set its encoding in the mapping (csv.encoding).`,
      );
    }
  };
  for await (const chunk of source) {
    const text = decode(chunk);
    if (text.includes('\0')) throw new FileFault('not-text', `The file contains binary data (near byte ${offset}). Use a CSV file.`);
    offset += chunk.length;
    if (text) yield text;
  }
  const rest = decode();
  if (rest) yield rest;
}

function checkedHeader(cells: readonly string[], mapping: Mapping): readonly string[] {
  const wanted = columnsOf(mapping);
  const missing = wanted.filter((column) => !cells.includes(column));
  const twice = wanted.filter((column) => cells.indexOf(column) !== cells.lastIndexOf(column));
  const other = [';', ',', '\t', '|'].find((mark) => mark !== mapping.csv.delimiter && cells.length === 1 && cells[0]!.includes(mark));
  if (other)
    throw new FileFault(
      'wrong-delimiter',
      `The delimiter of the file is ${JSON.stringify(other)}, that of the mapping ${JSON.stringify(mapping.csv.delimiter)}. Correct csv.delimiter.`,
    );
  if (missing.length > 0) {
    const there = cells
      .slice(0, 40)
      .map((cell) => JSON.stringify(cell.slice(0, 60)))
      .join(', ');
    throw new FileFault(
      'columns-missing',
      `Missing columns: ${missing.map((column) => JSON.stringify(column)).join(', ')}; present: ${there}.`,
    );
  }
  if (twice.length > 0)
    throw new FileFault('columns-doubled', `Duplicate columns: ${twice.map((column) => JSON.stringify(column)).join(', ')}.`);
  return cells;
}

const SYSTEM_FAULTS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  ENOENT: ['file-not-found', 'The file does not exist.'],
  EISDIR: ['file-not-found', 'The path is a directory, not a file.'],
  EACCES: ['file-not-readable', 'No permission to read the file.'],
  Z_DATA_ERROR: ['archive-damaged', 'The compressed file is damaged.'],
  Z_BUF_ERROR: ['archive-damaged', 'The compressed file ends too early. Copy it again.'],
};

function faultOf(error: unknown, mapping: Form): Error {
  if (error instanceof FileFault) return error;
  if (error instanceof SheetFault) return new FileFault(error.code, error.message);
  const { code = '', message } = error as Omit<CsvError, 'code'> & { code?: string };
  const known = SYSTEM_FAULTS[code];
  if (known) return new FileFault(...known);
  const sign = JSON.stringify(mapping.csv.quote);
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE')
    return new FileFault(
      'csv-malformed',
      `A text in ${sign} is not closed: ${message}. If ${sign} is an ordinary character in this file, set csv.quote to none in the mapping.`,
    );
  if (code.startsWith('CSV_') || code.includes('QUOTE'))
    return new FileFault('csv-malformed', `The file is not well-formed CSV: ${message}.`);
  return error as Error;
}
