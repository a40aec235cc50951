/**
 * A spreadsheet (xlsx) as rows of texts. Hides: the parts of the archive, shared texts, cells that a row omits. Promises: numbers as they are
 * stored, with 15 digits at most, and marked as numbers; a date is the number of its day (format `excel` of the mapping); a file beyond the bounds of spreadsheet programs
 * is refused. Does not: compute formulas; it takes the values that were stored with them.
 */
import { StringDecoder } from 'node:string_decoder';
import { Archive, DamagedArchive } from './archive';
import { MergedCells, MOST_MERGED } from './merged-cells';
import type { Row } from './rows';
import { XmlFault, XmlScanner, type Heard } from './xml';

export class SheetFault extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'SheetFault';
  }
}

/** What spreadsheet programs allow; how many different texts are kept in memory; and how many cells may be left out, which cost a file nothing. */
const MOST = {
  rows: 1_048_576,
  columns: 16_384,
  characters: 1_048_576,
  texts: 4_000_000,
  textCharacters: 256 * 1024 * 1024,
  omitted: 50_000_000,
};

const tooLarge = (what: string): SheetFault => new SheetFault('sheet-too-large', `The spreadsheet has ${what}. Save it as CSV.`);
const malformed = (what: string): SheetFault =>
  new SheetFault('sheet-malformed', `The spreadsheet is malformed: ${what}. Save it again, or as CSV.`);

/** `formats`: those of the times in the sheet. `merged`: takes the merged cells, which are known when all rows were read. */
type Choice = Readonly<{ delimiter: string; sheet?: string; formats?: readonly string[]; merged?: MergedCells }>;

/** The rows of the sheet of that name, or of the first. @throws SheetFault */
export async function* sheetRows(path: string, choice: Choice): AsyncGenerator<Row> {
  try {
    const archive = await Archive.open(path);
    if (!archive.has('xl/workbook.xml'))
      throw new SheetFault('not-a-spreadsheet', 'This zip archive is not an xlsx spreadsheet. Unpack it, or save it as xlsx or CSV.');
    const sheet = await chosen(archive, choice);
    yield* rowsOf(archive, sheet, await sharedTexts(archive), choice);
  } catch (error) {
    if (error instanceof DamagedArchive || (error as { code?: string }).code?.startsWith('Z_'))
      throw new SheetFault('archive-damaged', `The spreadsheet is damaged: ${(error as Error).message}.`);
    if (error instanceof XmlFault) throw malformed(error.message);
    throw error;
  }
}

/** Feeds a part of the archive to a scanner, chunk by chunk; yields after each. */
async function* scanned(archive: Archive, part: string, heard: Heard): AsyncGenerator<void> {
  const [scanner, decoder] = [new XmlScanner(heard), new StringDecoder('utf8')];
  for await (const chunk of archive.read(part)) {
    scanner.feed(decoder.write(chunk));
    yield;
  }
}

async function scan(archive: Archive, part: string, heard: Heard): Promise<void> {
  for await (const _ of scanned(archive, part, heard));
}

async function chosen(archive: Archive, { sheet: wanted, formats = [] }: Choice): Promise<string> {
  const sheets: { name: string; id: string }[] = [];
  let own = 'excel';
  await scan(archive, 'xl/workbook.xml', {
    open: (name, attribute) => {
      if (name === 'workbookPr' && /^(1|true)$/.test(attribute('date1904') ?? '')) own = 'excel-1904';
      if (name === 'sheet') sheets.push({ name: attribute('name') ?? '', id: attribute('r:id') ?? attribute('id') ?? '' });
    },
  });
  const sheet = wanted === undefined ? sheets[0] : sheets.find(({ name }) => name === wanted);
  const names = sheets.map(({ name }) => JSON.stringify(name)).join(', ');
  if (!sheet) throw new SheetFault('sheet-missing', `The spreadsheet has no sheet ${JSON.stringify(wanted)} (csv.sheet); it has ${names}.`);
  const others = formats.find((format) => format.startsWith('excel') && format !== own);
  if (others)
    throw new SheetFault(
      'days-differ',
      `The spreadsheet counts its days as ${own}, the mapping reads them as ${others}: times would be four years off.`,
    );
  const targets = new Map<string, string>();
  await scan(archive, 'xl/_rels/workbook.xml.rels', {
    open: (name, attribute) => {
      if (name === 'Relationship') targets.set(attribute('Id') ?? '', attribute('Target') ?? '');
    },
  });
  const target = targets.get(sheet.id) ?? '';
  return target.startsWith('/') ? target.slice(1) : `xl/${target}`;
}

async function sharedTexts(archive: Archive): Promise<readonly string[]> {
  const texts: string[] = [];
  if (!archive.has('xl/sharedStrings.xml')) return texts;
  let text = '';
  let characters = 0;
  let [within, aside] = [false, false];
  await scan(archive, 'xl/sharedStrings.xml', {
    open: (name) => {
      if (name === 'si') text = '';
      else if (name === 't') within = true;
      else if (name === 'rPh') aside = true;
    },
    close: (name) => {
      if (name === 'si') {
        if (texts.push(text) > MOST.texts) throw tooLarge(`more than ${MOST.texts} different texts`);
        if ((characters += text.length) > MOST.textCharacters) throw tooLarge(`more than ${MOST.textCharacters} characters of texts`);
      } else if (name === 't') within = false;
      else if (name === 'rPh') aside = false;
    },
    text: (part) => {
      if (within && !aside) text = longer(text, part);
    },
  });
  return texts;
}

async function* rowsOf(archive: Archive, part: string, shared: readonly string[], { delimiter, merged }: Choice): AsyncGenerator<Row> {
  const ready: { line: number; cells: string[]; numbers: Set<number> }[] = [];
  let omitted = 0;
  let [line, before] = [0, 0];
  let [cells, numbers]: [string[], Set<number>] = [[], new Set()];
  let [column, type, value, within] = [-1, 'n', '', false];
  let width = 0;
  const sheet = scanned(archive, part, {
    open: (name, attribute) => {
      if (name === 'row') {
        line = Number(attribute('r') ?? line + 1);
        if (!Number.isInteger(line) || line < 1 || line > MOST.rows)
          throw malformed(`a row has the number ${attribute('r') ?? line}; it must be from 1 to ${MOST.rows}`);
        if (line <= before) throw malformed(`row ${line} stands below row ${before}`);
        before = line;
        [cells, numbers, column] = [[], new Set(), -1];
      } else if (name === 'c') {
        const place = attribute('r');
        column = place ? columnOf(place) : column + 1;
        if (column >= MOST.columns) throw tooLarge(`more than ${MOST.columns} columns (row ${line})`);
        [type, value] = [attribute('t') ?? 'n', ''];
      } else if (name === 'v' || name === 't') within = true;
      else if (name === 'mergeCell' && merged?.add(rangeOf(attribute('ref') ?? '')) === false)
        throw tooLarge(`more than ${MOST_MERGED} merged cells`);
    },
    close: (name) => {
      if (name === 'v' || name === 't') within = false;
      else if (name === 'c') {
        while (cells.length < column) cells.push('');
        cells[column] = shown(type, value, shared);
        if (type === 'n' && value !== '') numbers.add(column);
      } else if (name === 'row') {
        if (cells.every((cell) => cell.trim() === '')) return;
        width ||= cells.length;
        ready.push({ line, cells, numbers });
      }
    },
    text: (piece) => {
      if (within) value = longer(value, piece);
    },
  });
  for await (const _ of sheet)
    for (const { line: at, cells: found, numbers: places } of ready.splice(0)) {
      const more = Math.max(0, width - found.length);
      if ((omitted += more) > MOST.omitted) throw tooLarge(`rows that omit more than ${MOST.omitted} cells of the header`);
      const raw = found.map((cell) => quoted(cell, delimiter)).join(delimiter) + delimiter.repeat(more);
      const whole = more === 0 ? found : [...found, ...Array<string>(more).fill('')];
      yield { line: at, cells: whole, raw, ...(places.size > 0 ? { numbers: places } : {}) };
    }
}

/** @throws SheetFault */
function longer(text: string, part: string): string {
  if (text.length + part.length > MOST.characters) throw tooLarge(`a text of more than ${MOST.characters} characters`);
  return text + part;
}

/** The place of a column, from 0: A is 0, AA is 26. */
function columnOf(place: string): number {
  let column = 0;
  for (const letter of /^[A-Z]{1,3}/.exec(place)?.[0] ?? 'A') column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}

function rangeOf(ref: string): { first: number; last: number; column: number } {
  const [, column = 'A', first, last] = /^([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})$/.exec(ref.replaceAll('$', '')) ?? [];
  return { first: Number(first ?? 0), last: Number(last ?? 0), column: columnOf(column) };
}

/** Spreadsheets write control characters as `_x000D_`. */
const plain = (text: string): string =>
  text.includes('_x') ? text.replace(/_x([0-9A-F]{4})_/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16) || 0xfffd)) : text;

function shown(type: string, value: string, shared: readonly string[]): string {
  if (type === 's') return plain(shared[Number(value)] ?? '');
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
  if (type !== 'n' || value === '') return plain(value);
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  const short = String(Number(number.toPrecision(15)));
  return short.includes('e-') ? number.toFixed(12).replace(/\.?0+$/, '') : short;
}

export const quoted = (cell: string, delimiter: string, quote = '"'): string =>
  quote !== 'none' && (cell.includes(delimiter) || cell.includes(quote) || /[\r\n]/.test(cell))
    ? `${quote}${cell.replaceAll(quote, quote + quote)}${quote}`
    : cell;
