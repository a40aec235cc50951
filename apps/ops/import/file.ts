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
import { FileFault } from './file-fault';
import { Header } from './header';
import type { Mapping } from './mapping';
import { MergedCells } from './merged-cells';
import type { Row } from './rows';
import { SheetFault, sheetRows } from './sheet';

export { FileFault } from './file-fault';

/** How a table is written. */
export type Form = Pick<Mapping, 'csv'> & Partial<Pick<Mapping, 'time'>>;
export type Survey = Readonly<{ header: readonly string[]; rows: number; bytes: bigint; digest: string; merged: MergedCells }>;

/** No row of a table is this long; a longer one means that a quote was not closed. */
const LONGEST_ROW = 1_048_576;

/** Reads a whole file once: computes its digest and checks that it is a table with the columns of the mapping. @throws FileFault */
export async function surveyFile(path: string, mapping: Mapping): Promise<Survey> {
  const header = new Header(mapping);
  const merged = new MergedCells();
  let rows = 0;
  try {
    const identity = createHash('sha256');
    let bytes = 0n;
    const onBytes = (chunk: Buffer) => {
      identity.update(chunk);
      bytes += BigInt(chunk.length);
    };
    for await (const { cells } of records(path, mapping, onBytes, merged)) {
      if (header.isAbove(cells)) rows += 1;
    }
    return { header: header.columns, rows, bytes, digest: identity.digest('hex'), merged };
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

/** The rows below the header; those of a spreadsheet with the values of merged cells, if it was surveyed. @throws FileFault */
export async function* readRows(path: string, mapping: Mapping, survey?: Survey): AsyncGenerator<Row> {
  const header = new Header(mapping);
  const mergedAt = survey?.merged.below();
  try {
    for await (const row of records(path, mapping)) {
      const { cells } = row;
      if (!header.isAbove(cells)) continue;
      const width = header.columns.length;
      // Separators beyond the last column are ignored.
      const isNumber = (place: number) => row.numbers?.has(place) ?? false;
      const merged = mergedAt?.(row.line, (place) => ({ text: cells[place] ?? '', isNumber: isNumber(place) }));
      yield { ...row, ...(merged ? { merged } : {}), cells: cells.slice(width).some(hasText) ? cells : cells.slice(0, width) };
    }
  } catch (error) {
    throw faultOf(error, mapping);
  }
}

/** Spaces and control characters are no text, such as the end mark of DOS. */
const hasText = (cell: string): boolean => /[^\s\u0000-\u001f]/.test(cell);

type OnBytes = (chunk: Buffer) => void;

/** The rows that hold any text, the header first. */
async function* records(path: string, mapping: Form, onBytes?: OnBytes, merged?: MergedCells): AsyncGenerator<Row> {
  const begins = await firstBytes(path);
  if (begins.readUInt32BE(0) === 0xd0cf11e0)
    throw new FileFault('not-text', 'This is a spreadsheet of the old form (xls). Save it as xlsx or CSV.');
  const isSheet = begins.readUInt32BE(0) === 0x504b0304;
  if (isSheet && onBytes) for await (const chunk of bytesOf(path)) onBytes(chunk);
  const choice = { ...mapping.csv, formats: formatsOf(mapping), ...(merged ? { merged } : {}) };
  const rows = isSheet ? sheetRows(path, choice) : textRows(path, mapping, begins, onBytes);
  for await (const row of rows) if (row.cells.some(hasText)) yield row;
}

const formatsOf = ({ time }: Form): readonly string[] => [...(time?.start?.formats ?? []), ...(time?.end?.formats ?? [])];

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
  const source = packed ? unpacked(pipeline(bytes, createGunzip(), () => undefined) as unknown as AsyncIterable<Buffer>) : bytes;
  const options: Options = {
    delimiter,
    quote: quote === 'none' ? false : quote,
    bom: true,
    raw: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW,
    record_delimiter: ['\r\n', '\n', '\r'],
    ...(comment === undefined ? {} : { comment, comment_no_infix: true }),
  };
  const parser = parse(options);
  const text = Readable.from(decoded(source, mapping.csv.encoding));
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

async function* unpacked(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of source) {
    const begins = isFirst ? chunk.toString('hex', 0, 4) : '';
    if (begins.startsWith('1f8b')) throw new FileFault('not-text', 'The file is compressed twice. Unpack it once.');
    if (begins === '504b0304')
      throw new FileFault(
        'not-text',
        'The compressed file holds a spreadsheet or another zip archive. Unpack it, and import what is in it.',
      );
    isFirst = false;
    yield chunk;
  }
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const breaksIn = (text: string): number => text.match(/\r\n|\n|\r/g)?.length ?? 0;

/** The encoding of the byte order mark if there is one, else `said`. */
function encodingOf(begins: Buffer, said: string): string {
  const mark = begins.toString('hex', 0, 3);
  return mark.startsWith('fffe') ? 'utf-16le' : mark.startsWith('feff') ? 'utf-16be' : mark === 'efbbbf' ? 'utf-8' : said;
}

/** In UTF-16, every second byte of plain text is zero. */
function looksLike(bytes: Buffer): string | undefined {
  const [even, odd] = [0, 1].map((from) => bytes.subarray(0, 200).filter((byte, at) => at % 2 === from && byte === 0).length) as [
    number,
    number,
  ];
  const half = Math.min(200, bytes.length) / 2;
  return odd > 0.6 * half && even === 0 ? 'utf-16le' : even > 0.6 * half && odd === 0 ? 'utf-16be' : undefined;
}

/** The first byte that is not in the encoding, from the beginning of the chunk. */
function wrongByteOf(chunk: Buffer | undefined, encoding: string): number {
  const isText = (length: number) => {
    try {
      new TextDecoder(encoding, { fatal: true }).decode(chunk?.subarray(0, length), { stream: true });
      return true;
    } catch {
      return false;
    }
  };
  let [good, wrong] = [0, chunk?.length ?? 0];
  while (wrong - good > 1) {
    const middle = (good + wrong) >>> 1;
    if (isText(middle)) good = middle;
    else wrong = middle;
  }
  return good;
}

async function* decoded(source: AsyncIterable<Buffer>, said: string): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let offset = 0;
  const decode = (chunk?: Buffer): string => {
    decoder ??= new TextDecoder(encodingOf(chunk ?? Buffer.alloc(0), said), { fatal: true, ignoreBOM: true });
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new FileFault(
        'not-text',
        `The file is not valid ${decoder.encoding} (byte ${offset + wrongByteOf(chunk, decoder.encoding)}). Set its encoding in the mapping (csv.encoding), or save it in one encoding.`,
      );
    }
  };
  for await (const chunk of source) {
    const text = decode(chunk);
    if (text.includes('\0')) {
      const other = offset === 0 ? looksLike(chunk) : undefined;
      if (other) throw new FileFault('not-text', `The file looks like ${other} without a byte order mark. Set csv.encoding to ${other}.`);
      throw new FileFault(
        'not-text',
        `The file contains a NUL character (near byte ${offset + chunk.indexOf(0)}): it is damaged, or not a CSV file.`,
      );
    }
    offset += chunk.length;
    if (text) yield text;
  }
  const rest = decode();
  if (rest) yield rest;
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
