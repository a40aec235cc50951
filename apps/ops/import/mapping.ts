/**
 * How the columns of a production log become facts: a YAML or JSON file, read and checked. Hides: YAML and the form of the file.
 * Promises: a complete and valid mapping, or every fault of it at once. Does not: read production logs.
 */
import { createHash } from 'node:crypto';
import { IANAZone } from 'luxon';
import { parseDocument } from 'yaml';
import { FACILITY_ID } from '#manufacturing/facility';
import { UNITS, type Unit } from '#manufacturing/quantity';
import { isNode, MappingFaults, type Node, Reader } from './mapping-reader';
import { formatFault } from './time-formats';

export { MappingFaults } from './mapping-reader';

/** A text of a row becomes an id by the first rule whose expression matches it. */
export type IdRule = Readonly<{ match: RegExp; id: string }>;
export type IdColumn = Readonly<{
  column: string;
  rules: readonly IdRule[];
  otherwise: 'as-is' | 'slug' | 'reject';
  /** The id where the cell is empty; without it such a row is rejected. */
  empty?: string;
}>;
/** One id for all rows. */
export type Always = Readonly<{ always: string }>;
export type IdSource = IdColumn | Always;
/** A time in one or several columns, read by the first format that fits. */
export type TimeColumn = Readonly<{ columns: readonly string[]; formats: readonly string[] }>;
/** How to read a local time that a clock change repeats or skips. */
export type Ambiguous = 'earlier' | 'later' | 'reject';
export type ReportKind = 'Production' | 'Setup' | 'Breakdown';
const DURATION_UNITS = ['d', 'h', 'min', 's', 'h:mm', 'm:ss'] as const;
export type DurationUnit = (typeof DURATION_UNITS)[number];
export type Match = Readonly<{ column: string; match: RegExp }>;
export type Scrap = Readonly<{ column: string; reason: IdSource }>;

export type Mapping = Readonly<{
  /** Names the mapping in the log. */
  name: string;
  /** SHA-256 (hex) of the mapping's content, independent of its layout. */
  digest: string;
  /** The facility of the import itself, and of all rows unless a column names theirs. */
  facility: string;
  facilityColumn?: IdColumn;
  csv: Readonly<{ delimiter: string; quote: string; encoding: string; comment?: string; sheet?: string }>;
  /** Which rows count, and the columns that identify a row across files (all if none is named). */
  rows: Readonly<{ key: readonly string[]; only: readonly Match[]; skip: readonly Match[] }>;
  unit: Unit;
  decimalMark: '.' | ',';
  thousandsMark?: string;
  /** What a row with a negative quantity is: rejected, or the reversal of an earlier row. */
  negative: 'reject' | 'reversal';
  time: Readonly<{
    zone: string;
    /** If one of both is missing it follows from the duration; without a duration, start and end are the same. */
    end?: TimeColumn;
    start?: TimeColumn;
    duration?: Readonly<{ column: string; unit: DurationUnit }>;
    /** The time of rows that have none; without it such a row is rejected. */
    otherwise?: string;
    ambiguous: Ambiguous;
    nonexistent: Ambiguous;
  }>;
  order: IdSource;
  machine: IdSource & Readonly<{ /** Ids of machines that may do several things at once. */ shared: readonly string[] }>;
  operation: IdSource;
  product?: IdSource;
  person?: IdSource;
  ordered?: string;
  kind: Readonly<{ column: string; values: Readonly<Record<string, ReportKind>> }> | Readonly<{ always: ReportKind }>;
  good: string;
  scrap: readonly Scrap[];
  /** Rows with one of these texts in the column report reworked pieces, not new ones. */
  rework?: Readonly<{ column: string; when: readonly string[] }>;
}>;

const columnOf = (source: IdSource | undefined): string | undefined => (source && 'column' in source ? source.column : undefined);

/** The columns of names. */
export function idColumnsOf({ facilityColumn, order, machine, operation, product, person, scrap }: Mapping): readonly string[] {
  const sources = [facilityColumn, order, machine, operation, product, person, ...scrap.map(({ reason }) => reason)];
  return sources.map(columnOf).filter((column) => column !== undefined);
}

/** The columns that a file must have. */
export function columnsOf(mapping: Mapping): readonly string[] {
  const { time, ordered, kind, good, scrap, rework, rows } = mapping;
  const columns = [
    ...(time.end?.columns ?? []),
    ...(time.start?.columns ?? []),
    time.duration?.column,
    ...idColumnsOf(mapping),
    ordered,
    'column' in kind ? kind.column : undefined,
    good,
    ...scrap.map(({ column }) => column),
    rework?.column,
    ...rows.key,
    ...[...rows.only, ...rows.skip].map(({ column }) => column),
  ];
  return [...new Set(columns.filter((column) => column !== undefined))];
}

/** The columns of amounts that add up over rows. */
export const addedColumnsOf = ({ good, scrap, time }: Mapping): readonly string[] =>
  [good, ...scrap.map(({ column }) => column), time.duration?.column].filter((column) => column !== undefined);
/** The columns of amounts. */
export const amountColumnsOf = (mapping: Mapping): readonly string[] => [
  ...addedColumnsOf(mapping),
  ...(mapping.ordered === undefined ? [] : [mapping.ordered]),
];

const OTHERWISE = ['as-is', 'slug', 'reject'] as const;
const KINDS = ['Production', 'Setup', 'Breakdown'] as const;
const RULES = ['earlier', 'later', 'reject'] as const;
const UNSPECIFIED: Always = { always: 'unspecified' };

/** An id column, or `{ always }`, one id for all rows; `unless` if the key is absent. */
function idSource(from: Reader, key: string, { more = [], unless }: { more?: readonly string[]; unless?: Always } = {}): IdSource {
  if (unless && !from.has(key)) return unless;
  const node = from.in(key, ['column', 'rules', 'otherwise', 'empty', 'always', ...more]);
  if (!node) return { column: '', rules: [], otherwise: 'reject' };
  if (node.has('always')) {
    for (const beside of ['column', 'rules', 'otherwise', 'empty'])
      if (node.has(beside)) node.fault(beside, 'cannot be combined with always');
    return { always: node.text('always') };
  }
  const rules = node.list('rules').flatMap((value, index): IdRule[] => {
    const name = `rules[${index}]`;
    if (!isNode(value) || typeof value.match !== 'string' || typeof value.id !== 'string' || Object.keys(value).length !== 2) {
      node.fault(name, 'must have match (a regular expression) and id (its replacement, with $1 for the first group)');
      return [];
    }
    const match = new Reader(value, node.at(name), node.faults, ['match', 'id']).expression('match');
    return match ? [{ match, id: value.id }] : [];
  });
  const empty = node.perhaps('empty');
  return {
    column: node.text('column'),
    rules,
    otherwise: node.oneOf('otherwise', OTHERWISE, rules.length ? 'reject' : 'as-is'),
    ...(empty === undefined ? {} : { empty }),
  };
}

function timeColumn(from: Reader, key: string): TimeColumn {
  const node = from.in(key, ['column', 'columns', 'format']);
  if (!node) return { columns: [], formats: [] };
  if (node.has('column') && node.has('columns')) node.fault('columns', 'cannot be combined with column');
  const columns = node.has('columns') ? node.texts('columns') : [node.text('column')];
  const formats = node.has('format') ? node.texts('format') : [node.text('format')];
  for (const format of formats) {
    const fault = format ? formatFault(format) : undefined;
    if (fault) node.fault('format', fault);
  }
  return { columns, formats };
}

/** How the files are written. */
export function csvSettingsOf(top: Reader): Mapping['csv'] {
  const file = top.has('csv') ? top.in('csv', ['delimiter', 'quote', 'encoding', 'comment', 'sheet']) : undefined;
  const csv = {
    delimiter: file?.text('delimiter', ',') ?? ',',
    quote: file?.text('quote', '"') ?? '"',
    encoding: file?.text('encoding', 'utf-8') ?? 'utf-8',
  };
  if (csv.delimiter.length !== 1) file?.fault('delimiter', 'must be one character');
  if (csv.quote.length !== 1 && csv.quote !== 'none') file?.fault('quote', 'must be one character, or none');
  try {
    new TextDecoder(csv.encoding);
  } catch {
    file?.fault('encoding', `must be an encoding such as utf-8, windows-1252, windows-1255 or utf-16le, was ${csv.encoding}`);
  }
  const [comment, sheet] = [file?.perhaps('comment'), file?.perhaps('sheet')];
  return { ...csv, ...(comment ? { comment } : {}), ...(sheet ? { sheet } : {}) };
}

function rowsOf(top: Reader): Mapping['rows'] {
  const node = top.has('rows') ? top.in('rows', ['key', 'only', 'skip']) : undefined;
  const matches = (key: string): Match[] =>
    (node?.has(key) ? node.each(key, ['column', 'match']) : []).flatMap((item) => {
      const [column, match] = [item.text('column'), item.expression('match')];
      return match ? [{ column, match }] : [];
    });
  return { key: node?.has('key') ? node.texts('key') : [], only: matches('only'), skip: matches('skip') };
}

function timeOf(top: Reader): Mapping['time'] {
  const clock = top.in('time', ['zone', 'end', 'start', 'duration', 'otherwise', 'ambiguous', 'nonexistent']);
  const zone = clock?.text('zone') ?? '';
  if (zone && !IANAZone.isValidZone(zone)) clock?.fault('zone', `must be an IANA time zone such as Asia/Jerusalem, was ${zone}`);
  const has = (key: string) => clock?.has(key) ?? false;
  if (has('end') && has('start') && has('duration'))
    clock?.fault('duration', 'follows from time.start and time.end: leave one of the three out');
  if (clock && !has('end') && !has('start') && !has('otherwise'))
    clock.fault('end', 'is missing; name time.end, time.start or time.otherwise');
  const lasting = has('duration') ? clock?.in('duration', ['column', 'unit']) : undefined;
  const otherwise = clock?.perhaps('otherwise');
  if (otherwise && !/^\d{4}-\d\d-\d\d(T|$)/.test(otherwise)) clock?.fault('otherwise', 'must be a time such as 2012-01-30T06:00');
  return {
    zone,
    ...(clock && has('end') ? { end: timeColumn(clock, 'end') } : {}),
    ...(clock && has('start') ? { start: timeColumn(clock, 'start') } : {}),
    ...(lasting ? { duration: { column: lasting.text('column'), unit: lasting.oneOf('unit', DURATION_UNITS) } } : {}),
    ...(otherwise ? { otherwise } : {}),
    ambiguous: clock?.oneOf('ambiguous', RULES, 'earlier') ?? 'earlier',
    nonexistent: clock?.oneOf('nonexistent', RULES, 'later') ?? 'later',
  };
}

function kindOf(top: Reader): Mapping['kind'] {
  if (!top.has('kind')) return { always: 'Production' };
  if (top.plain('kind') !== undefined) return { always: top.oneOf('kind', KINDS) };
  const node = top.in('kind', ['column', 'values']);
  const values: Record<string, ReportKind> = Object.create(null) as Record<string, ReportKind>;
  for (const [told, meant] of node?.entries('values') ?? []) {
    if (KINDS.includes(meant as ReportKind)) values[told] = meant as ReportKind;
    else node?.fault(`values.${told}`, `must be one of ${KINDS.join(', ')}`);
  }
  return { column: node?.text('column') ?? '', values };
}

function facilityOf(top: Reader): Pick<Mapping, 'facility' | 'facilityColumn'> {
  const several = top.plain('facility') === undefined && top.has('facility');
  const node = several ? top.in('facility', ['home', 'column', 'rules', 'otherwise', 'empty']) : undefined;
  const facility = several ? (node?.text('home') ?? '') : top.text('facility');
  if (facility && !FACILITY_ID.test(facility))
    top.fault(several ? 'facility.home' : 'facility', 'must be lower-case letters and digits, e.g. haifa');
  return { facility, ...(several ? { facilityColumn: idSource(top, 'facility', { more: ['home'] }) as IdColumn } : {}) };
}

const TOP = [
  'name',
  'facility',
  'csv',
  'rows',
  'unit',
  'decimalMark',
  'thousandsMark',
  'negative',
  'time',
  'order',
  'machine',
  'operation',
].concat(['product', 'person', 'ordered', 'kind', 'good', 'scrap', 'rework']);

/** The content of a mapping, unchecked. @throws MappingFaults */
export function contentOf(text: string): Node {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) throw new MappingFaults(document.errors.map(({ message }) => message.split('\n', 1)[0]!));
  const content: unknown = document.toJS({ maxAliasCount: 20 });
  if (!isNode(content)) throw new MappingFaults(['It must be a YAML or JSON object; see docs/import.md.']);
  return content;
}

/** Reads a mapping. @throws MappingFaults with every fault. */
export function parseMapping(text: string): Mapping {
  const content = contentOf(text);
  const faults: string[] = [];
  const top = new Reader(content, '', faults, TOP);
  const name = top.text('name');
  if (name && !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) top.fault('name', 'must be 1 to 64 lower-case letters, digits or -');
  const decimalMark = top.oneOf('decimalMark', ['.', ','] as const, '.');
  const thousandsMark = top.perhaps('thousandsMark');
  if (thousandsMark !== undefined && (!['.', ',', ' ', "'"].includes(thousandsMark) || thousandsMark === decimalMark))
    top.fault('thousandsMark', "must be one of . , ' or a space, and not the decimalMark");
  const scrap = top.has('scrap') ? top.each('scrap', ['column', 'reasonCode', 'reason']) : [];
  const rework = top.has('rework') ? top.in('rework', ['column', 'when']) : undefined;
  const several = isNode(content.machine) ? content.machine.shared : undefined;
  if (several !== undefined && !(Array.isArray(several) && several.every((id) => typeof id === 'string')))
    top.fault('machine.shared', 'must be a list of machine ids');

  const mapping: Mapping = {
    name,
    digest: createHash('sha256')
      .update(JSON.stringify(sorted(content)))
      .digest('hex'),
    ...facilityOf(top),
    csv: csvSettingsOf(top),
    rows: rowsOf(top),
    unit: top.oneOf('unit', UNITS),
    decimalMark,
    ...(thousandsMark === undefined ? {} : { thousandsMark }),
    negative: top.oneOf('negative', ['reject', 'reversal'] as const, 'reject'),
    time: timeOf(top),
    order: idSource(top, 'order'),
    machine: {
      ...idSource(top, 'machine', { more: ['shared'], unless: UNSPECIFIED }),
      shared: [UNSPECIFIED.always, ...(Array.isArray(several) ? (several as string[]) : [])],
    },
    operation: idSource(top, 'operation', { unless: UNSPECIFIED }),
    ...(top.has('product') ? { product: idSource(top, 'product') } : {}),
    ...(top.has('person') ? { person: idSource(top, 'person') } : {}),
    ...(top.has('ordered') ? { ordered: top.text('ordered') } : {}),
    kind: kindOf(top),
    good: top.text('good'),
    scrap: scrap.map((node) => ({
      column: node.text('column'),
      reason: node.has('reason') ? idSource(node, 'reason') : { always: node.text('reasonCode') },
    })),
    ...(rework ? { rework: { column: rework.text('column'), when: rework.texts('when') } } : {}),
  };
  if (faults.length > 0) throw new MappingFaults(faults);
  return mapping;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isNode(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
