/**
 * One row of a production log as a fact. Hides: number formats, ids, which rows count. Promises: a row becomes exactly the fields of
 * `ObserveProduction` or `ReverseObservation`, or is left out by the mapping, or is rejected with a code and a sentence. Does not: know what an
 * order allows.
 */
import { QUALIFIED_ID } from '#kernel/identity';
import { FACILITY_ID, facilityOf } from '#manufacturing/facility';
import { decimal, millionths, type Unit } from '#manufacturing/quantity';
import { KnownRows } from './known-rows';
import {
  addedColumnsOf,
  idColumnsOf,
  type DurationUnit,
  type IdColumn,
  type IdSource,
  type Mapping,
  type Match,
  type ReportKind,
} from './mapping';
import type { Above } from './merged-cells';
import {
  isCellError,
  legible,
  PLAIN,
  plainAmount,
  sentence,
  shown,
  signedAmount,
  slug,
  Slugs,
  Unreadable,
  type Flag,
  type Marks,
} from './texts';
import { inFirstFormat } from './time-formats';
import { intervalOf, iso } from './times';

export { legible, sentence, slug } from './texts';

/** The fields of `ObserveProduction` from a row. */
export type Observation = Readonly<{
  workOrderId: string;
  reportId: string;
  /** The id of a row that was recorded while ids were made from its texts. */
  formerReportId?: string;
  kind: ReportKind;
  operationId: string;
  operationName?: string;
  equipmentId: string;
  person?: string;
  good: string;
  scrap: readonly Readonly<{ quantity: string; reasonCode: string }>[];
  rework: string;
  unit: Unit;
  from: string;
  to: string;
  product?: string;
  ordered?: Readonly<{ amount: string; unit: Unit }>;
  source: string;
  sourceRow: string;
}>;

/** `reversal`: the amounts are those to take back. */
export type Readable = Readonly<{ observation: Observation; reversal: boolean; flags: readonly Flag[] }>;
export type ReadRow = Readable | Readonly<{ rejected: Readonly<{ code: string; message: string }> }> | Readonly<{ leftOut: true }>;

/** A row of the file. */
export type Row = Readonly<{
  /** Where it begins, from 1. */
  line: number;
  cells: readonly string[];
  raw: string;
  /** Places of cells that are stored as numbers, not as texts. */
  numbers?: ReadonlySet<number>;
  /** Values of the cells above with which empty ones are merged. */
  merged?: ReadonlyMap<number, Above>;
}>;

/** What an empty cell is merged with. */
const aboveOf = ({ cells, merged }: Row, place: number): Above | undefined =>
  merged && (cells[place] ?? '').trim() === '' ? merged.get(place) : undefined;
/** How the amount in a cell is written: a number of a spreadsheet has no marks of a language. */
export const marksOf = (row: Row, place: number, mapping: Marks): Marks =>
  (aboveOf(row, place)?.isNumber ?? row.numbers?.has(place)) ? PLAIN : mapping;

const CODE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const SOURCE_LENGTH = 2_000;
const LONGEST_MS = 3_660 * 86_400_000;

const MILLISECONDS: Readonly<Record<DurationUnit, bigint>> = {
  d: 86_400_000n,
  h: 3_600_000n,
  min: 60_000n,
  s: 1_000n,
  'h:mm': 3_600_000n,
  'm:ss': 60_000n,
};

/**
 * `linesOf`: prefix of report ids made from line numbers, for an import that began before they were made from the row's texts. `byTexts`: for one
 * that began before they were made from its values.
 */
export type RowsOf = Readonly<{ name: string; linesOf?: string; byTexts?: true }>;

/** Cells by the name of their column; `marks` are those of the amount in it. */
type Cells = ((column: string) => string) & Readonly<{ marks: (column: string) => Marks; above: (column: string) => Above | undefined }>;
type Ids = Pick<Observation, 'reportId' | 'formerReportId'>;

/** Reads rows of a file with these columns. Give it all rows in order, because equal ones are counted. */
export function rowReader(mapping: Mapping, header: readonly string[], file: RowsOf): (row: Row) => ReadRow {
  const places = new Map(header.map((column, index) => [column, index]));
  const { time, rework, rows, kind: kinds } = mapping;
  const used = [...places].filter(([column]) => columnsNeeded(mapping).includes(column)).map(([, place]) => place);
  const slugs = new Slugs();
  const [byTexts, byValues] = [new KnownRows(), new KnownRows()];
  const added = addedColumnsOf(mapping);
  const addedAt = new Set(added.map((column) => places.get(column)!));

  const idOf = (source: IdSource, text: string, flags: Flag[]): string => {
    if ('always' in source) return source.always;
    const told = text.trim();
    if (!told && source.empty !== undefined) return source.empty;
    if (!told) throw new Unreadable('cell-empty', `${source.column} is empty.`);
    for (const { match, id } of source.rules) {
      const found = match.exec(told);
      if (found) return id.replace(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? '');
    }
    if (source.otherwise !== 'reject' && isCellError(told))
      throw new Unreadable(
        'cell-error',
        `${source.column} holds the error ${told} of a spreadsheet. Correct the cell, or give it an id with a rule.`,
      );
    if (source.otherwise === 'reject')
      throw new Unreadable('id-unknown', `${source.column} matches no rule of the mapping: ${shown(text)}.`);
    if (source.otherwise === 'as-is') return told;
    const id = slug(told);
    const other = slugs.before(source.column, id, told);
    if (other !== undefined)
      flags.push({ code: 'id-shared', message: `${shown(told)} and ${shown(other)} of ${source.column} both became ${id}.` });
    return id;
  };
  const cellOf = (source: IdSource, cell: Cells): string => ('column' in source ? cell(source.column) : '');
  const named = (source: IdSource): string => ('column' in source ? source.column : `always: ${source.always}`);

  const qualified = (facility: string, source: IdSource, cell: Cells, flags: Flag[]): string => {
    const text = cellOf(source, cell);
    const local = idOf(source, text, flags);
    const id = FACILITY_ID.test(facilityOf(local)) && local.includes('.') ? local : `${facility}.${local}`;
    if (!QUALIFIED_ID.test(id))
      throw new Unreadable(
        'id-malformed',
        `${named(source)} must give an id of 1 to 64 letters, digits, - or _, was ${shown(text)}. To make an id of any text, set otherwise: slug.`,
      );
    if (facilityOf(id) !== facility)
      throw new Unreadable('wrong-facility', `${named(source)} must belong to the facility ${facility}, was ${shown(text)}.`);
    return id;
  };
  const codeOf = (source: IdSource, cell: Cells, flags: Flag[]): string => {
    const text = cellOf(source, cell);
    const code = idOf(source, text, flags);
    if (!CODE.test(code))
      throw new Unreadable('id-malformed', `${named(source)} must give a code of 1 to 64 letters, digits, . _ : or -, was ${shown(text)}.`);
    return code;
  };
  /** A code that is optional in a row. */
  const perhaps = (key: 'person' | 'product', cell: Cells, flags: Flag[]): Readonly<Record<string, string>> => {
    const source = mapping[key];
    if (!source || ('column' in source && source.empty === undefined && cell(source.column).trim() === '')) return {};
    return { [key]: codeOf(source, cell, flags) };
  };

  const homeOf = (column: IdColumn | undefined, cell: Cells, flags: Flag[]): string => {
    if (!column) return mapping.facility;
    const facility = idOf(column, cell(column.column), flags);
    if (!FACILITY_ID.test(facility))
      throw new Unreadable(
        'id-malformed',
        `${column.column} must give a facility (lower-case letters and digits), was ${shown(cell(column.column))}.`,
      );
    return facility;
  };

  const duration = (cell: Cells): number | undefined => {
    if (!time.duration) return undefined;
    const { column, unit } = time.duration;
    const text = cell(column).trim();
    const [, first, second, third = '0'] = unit.includes(':') ? (/^(\d{1,5}):([0-5]?\d)(?::([0-5]?\d))?$/.exec(text) ?? []) : [];
    if (unit.includes(':') && (first === undefined || (unit === 'm:ss' && third !== '0')))
      throw new Unreadable('duration-malformed', `${column} must be a duration of the form ${unit}, was ${shown(text)}.`);
    const ms =
      first === undefined
        ? Number((unsigned(cell, column) * MILLISECONDS[unit]) / 1_000_000n)
        : (Number(first) + Number(second) / 60 + Number(third) / 3_600) * Number(MILLISECONDS[unit]);
    if (ms > LONGEST_MS) throw new Unreadable('duration-implausible', `${column} must not be longer than ten years, was ${shown(text)}.`);
    return Math.round(ms);
  };
  const unsigned = (cell: Cells, column: string): bigint => {
    const text = cell(column);
    const { amount, negative } = signedAmount(text, column, cell.marks(column));
    if (negative) throw new Unreadable('quantity-negative', `${column} must not be negative, was ${shown(text)}.`);
    return millionths(amount);
  };

  const kindIn = (cell: Cells): ReportKind => {
    if ('always' in kinds) return kinds.always;
    const told = cell(kinds.column).trim();
    const kind = kinds.values[told];
    if (!kind) throw new Unreadable('report-type-unknown', `${kinds.column} is not in the mapping (kind.values): ${shown(told)}.`);
    return kind;
  };

  const read = ({ line, cells, raw }: Row, cell: Cells, ids: Ids): Readable => {
    if (cells.length > header.length || used.some((place) => place >= cells.length))
      throw new Unreadable('cells-miscounted', `The row must have ${header.length} cells like the header, has ${cells.length}.`);
    const kind = kindIn(cell);
    const flags: Flag[] = [];
    const { from, to, flags: doubts } = intervalOf(time, cell, () => duration(cell));
    flags.push(...doubts);
    const counted = added.filter((column) => cell.above(column));
    if (counted.length > 0)
      flags.push({ code: 'cell-merged', message: `${counted.join(' and ')} is merged with a row above, where it counts; taken as 0.` });

    const made = signedAmount(cell(mapping.good), mapping.good, cell.marks(mapping.good));
    const scrapped = mapping.scrap
      .map(({ column, reason }) => ({ column, reason, ...signedAmount(cell(column).trim() || '0', column, cell.marks(column)) }))
      .filter(({ amount }) => millionths(amount) > 0n);
    const signs = new Set([made, ...scrapped].filter(({ amount }) => millionths(amount) > 0n).map(({ negative }) => negative));
    const reversal = signs.has(true);
    if (reversal && mapping.negative === 'reject')
      throw new Unreadable(
        'quantity-negative',
        `${made.negative ? mapping.good : scrapped.find(({ negative }) => negative)!.column} must not be negative. To import such rows as reversals, set negative: reversal in the mapping.`,
      );
    if (signs.size > 1)
      throw new Unreadable('quantity-mixed', 'The row has amounts above and below zero: it is neither a report nor its reversal.');
    const again = rework ? rework.when.includes(cell(rework.column).trim()) : false;
    const facility = homeOf(mapping.facilityColumn, cell, flags);
    const operation = cellOf(mapping.operation, cell).trim();
    const asked = mapping.ordered && cell(mapping.ordered).trim();
    const source = legible(raw, SOURCE_LENGTH);
    if (source.endsWith('…') && !raw.endsWith('…'))
      flags.push({
        code: 'source-cut',
        message: `The row is longer than ${SOURCE_LENGTH} characters; what is beyond is only in the file.`,
      });
    const observation: Observation = {
      workOrderId: qualified(facility, mapping.order, cell, flags),
      ...ids,
      kind,
      operationId: codeOf(mapping.operation, cell, flags),
      ...(operation ? { operationName: legible(operation, 120) } : {}),
      equipmentId: qualified(facility, mapping.machine, cell, flags),
      ...perhaps('person', cell, flags),
      good: again ? '0' : made.amount,
      scrap: scrapped.map(({ amount, reason }) => ({ quantity: amount, reasonCode: codeOf(reason, cell, flags) })),
      rework: again ? made.amount : '0',
      unit: mapping.unit,
      from: iso(from),
      to: iso(to),
      ...perhaps('product', cell, flags),
      ...(asked ? { ordered: { amount: decimal(unsigned(cell, mapping.ordered!)), unit: mapping.unit } } : {}),
      source,
      sourceRow: `${legible(file.name, 150)}:${line}`,
    };
    return { observation, reversal, flags };
  };

  const severalFormats = [time.start, time.end].filter((source) => source !== undefined).filter(({ formats }) => formats.length > 1);
  /** Times in their first format: a file that was saved again with other dates keeps its rows. */
  const rewrittenIn = (cell: (column: string) => string): ReadonlyMap<string, string> => {
    const rewritten = new Map<string, string>();
    for (const { columns, formats } of severalFormats)
      inFirstFormat(columns.map(cell), formats)?.forEach((text, n) => rewritten.set(columns[n]!, text));
    return rewritten;
  };
  const names = idColumnsOf(mapping);
  const key = (rows.key.length ? rows.key : header)
    .map((column, n) => ({ column, place: rows.key.length ? places.get(column)! : n, isName: names.includes(column) }))
    .sort((a, b) => (a.column === b.column ? a.place - b.place : a.column < b.column ? -1 : 1));
  /** Values by the names of their columns, whatever the order of the columns and the form of amounts. */
  const valuesOf = (row: Row, cell: Cells): readonly string[] => {
    const rewritten = rewrittenIn(cell);
    return key.flatMap(({ column, place, isName }) => {
      const text = (rewritten.get(column) ?? shownAt(row, place)).trim();
      return text === '' ? [] : [`${column}\u001e${isName ? text : plainAmount(text, marksOf(row, place, mapping))}`];
    });
  };
  const textsOf = (row: Row): readonly string[] => {
    const cell = (column: string) => row.cells[places.get(column)!] ?? '';
    const rewritten = rewrittenIn(cell);
    return (rows.key.length ? rows.key : header).map((column) => rewritten.get(column) ?? cell(column));
  };
  const idsOf = (row: Row, cell: Cells): Ids => {
    if (file.linesOf !== undefined) return { reportId: `${file.linesOf}.${row.line}` };
    const formerReportId = byTexts.idOf(textsOf(row));
    return file.byTexts ? { reportId: formerReportId } : { reportId: byValues.idOf(valuesOf(row, cell)), formerReportId };
  };
  /** A text with that of merged cells above; amounts that add up count above. */
  const shownAt = (row: Row, place: number): string => {
    const above = aboveOf(row, place);
    return above === undefined ? (row.cells[place] ?? '') : addedAt.has(place) ? '0' : above.text;
  };

  return (row) => {
    const cell: Cells = Object.assign((column: string) => shownAt(row, places.get(column)!), {
      above: (column: string) => aboveOf(row, places.get(column)!),
      marks: (column: string) => marksOf(row, places.get(column)!, mapping),
    });
    const fits = ({ column, match }: Match) => match.test(cell(column).trim());
    if (!rows.only.every(fits) || rows.skip.some(fits)) return { leftOut: true };
    const ids = idsOf(row, cell);
    try {
      return read(row, cell, ids);
    } catch (error) {
      if (error instanceof Unreadable) return { rejected: { code: error.code, message: sentence(error.message, 500) } };
      throw error;
    }
  };
}

/** The columns that every row must have; those of scrap, persons and products may be missing at its end. */
function columnsNeeded({ time, order, machine, operation, kind, good }: Mapping): readonly string[] {
  const ids = [order, machine, operation].flatMap((source) => ('column' in source && source.empty === undefined ? [source.column] : []));
  return [...(time.end?.columns ?? time.start?.columns ?? []), ...ids, ...('column' in kind ? [kind.column] : []), good];
}

/** Minutes between two instants, exact, as a decimal string. */
export const minutesBetween = (from: string, to: string): string =>
  decimal((BigInt(Date.parse(to) - Date.parse(from)) * 1_000_000n) / 60_000n);
