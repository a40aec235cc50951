/**
 * A production log as a stream of rows. Hides: CSV and character encodings. Promises: a file that is no such table is refused whole, before
 * anything is recorded; memory stays flat whatever the size; the rows come with the line they begin on. Does not: know what cells mean.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { parse, type CsvError, type Options } from 'csv-parse';
import { columnsOf, type Mapping } from './mapping';
import type { Row } from './rows';

/** What is wrong with the file as a whole. Nothing of it is recorded. */
export class FileFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'FileFault';
  }
}

export type Survey = Readonly<{ header: readonly string[]; rows: number; bytes: bigint; digest: string }>;

/** A row of a table is far below this; beyond it a quote was not closed. */
const LONGEST_ROW = 1_048_576;

/** Reads a whole file once, to know its identity and that it is a table with the columns of the mapping. @throws FileFault */
export async function surveyFile(path: string, mapping: Mapping): Promise<Survey> {
  const identity = createHash('sha256');
  let bytes = 0n;
  let header: readonly string[] | undefined;
  let rows = 0;
  for await (const { cells } of records(path, mapping, (chunk) => {
    identity.update(chunk);
    bytes += BigInt(chunk.length);
  })) {
    if (header) rows += 1;
    else header = checkedHeader(cells, mapping);
  }
  if (!header) throw new FileFault('file-empty', 'The file is empty; it should begin with a line that names its columns.');
  return { header, rows, bytes, digest: identity.digest('hex') };
}

/** The rows below the header. @throws FileFault */
export async function* readRows(path: string, mapping: Mapping): AsyncGenerator<Row> {
  let first = true;
  for await (const row of records(path, mapping)) {
    if (!first) yield row;
    first = false;
  }
}

async function* records(path: string, mapping: Mapping, onBytes?: (chunk: Buffer) => void): AsyncGenerator<Row> {
  const { delimiter, quote, encoding } = mapping.csv;
  const options: Options = {
    delimiter,
    quote,
    bom: true,
    info: true,
    raw: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
    record_delimiter: ['\r\n', '\n'],
  };
  const parser = parse(options);
  const text = Readable.from(decoded(path, encoding, onBytes));
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  try {
    for await (const { record, raw, info } of parser as AsyncIterable<{ record: string[]; raw: string; info: { lines: number } }>) {
      const row = raw.replace(/^[\r\n]+|[\r\n]+$/g, '');
      const breaks = row.split('\n').length - 1;
      yield { line: info.lines - breaks, cells: record, raw: row };
    }
  } catch (error) {
    throw faultOf(error, mapping);
  } finally {
    text.destroy();
    parser.destroy();
  }
}

async function* decoded(path: string, encoding: string, onBytes?: (chunk: Buffer) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let offset = 0;
  const decode = (chunk?: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new FileFault(
        'not-text',
        `The file is not ${encoding} text (near byte ${offset}); say its encoding in the mapping (csv.encoding).`,
      );
    }
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>) {
    onBytes?.(chunk);
    const text = decode(chunk);
    if (text.includes('\0')) throw new FileFault('not-text', `The file holds binary data (near byte ${offset}); it is no table.`);
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
      `The columns are separated by ${JSON.stringify(other)}, not by ${JSON.stringify(mapping.csv.delimiter)} as the mapping says (csv.delimiter).`,
    );
  if (missing.length > 0) {
    const there = cells
      .slice(0, 40)
      .map((cell) => JSON.stringify(cell.slice(0, 60)))
      .join(', ');
    throw new FileFault(
      'columns-missing',
      `The file lacks ${missing.map((column) => JSON.stringify(column)).join(', ')}. Its columns are ${there}.`,
    );
  }
  if (twice.length > 0)
    throw new FileFault(
      'columns-doubled',
      `The file has more than one column ${twice.map((column) => JSON.stringify(column)).join(', ')}.`,
    );
  return cells;
}

function faultOf(error: unknown, mapping: Mapping): Error {
  if (error instanceof FileFault) return error;
  const { code, message } = error as Omit<CsvError, 'code'> & { code?: string };
  if (code === 'ENOENT') return new FileFault('file-not-found', 'There is no such file.');
  if (code === 'EISDIR') return new FileFault('file-not-found', 'This is a directory, not a file.');
  if (code === 'EACCES') return new FileFault('file-not-readable', 'The file may not be read.');
  const sign = JSON.stringify(mapping.csv.quote);
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE')
    return new FileFault('csv-malformed', `A text in ${sign} is opened and not closed: ${message}.`);
  if (code?.startsWith('CSV_') || code?.includes('QUOTE'))
    return new FileFault('csv-malformed', `The file is no well-formed CSV: ${message}.`);
  return error as Error;
}
