/**
 * How the columns of a production log become facts: a YAML or JSON file, read and checked. Hides: YAML and the form of the file.
 * Promises: a mapping that is complete and can be carried out, or every fault of it at once. Does not: read production logs.
 */
import { createHash } from 'node:crypto';
import { DateTime, IANAZone } from 'luxon';
import { parseDocument } from 'yaml';
import { FACILITY_ID } from '#manufacturing/facility';
import { UNITS, type Unit } from '#manufacturing/quantity';

/** A text of a row becomes an id by the first rule whose expression it matches. */
export type IdRule = Readonly<{ match: RegExp; id: string }>;
export type IdColumn = Readonly<{ column: string; rules: readonly IdRule[]; otherwise: 'as-is' | 'slug' | 'reject' }>;
export type TimeColumn = Readonly<{ column: string; format: string }>;
/** What to do with a local time that a clock change made happen twice, or left out. */
export type Ambiguous = 'earlier' | 'later' | 'reject';
export type ReportKind = 'Production' | 'Setup' | 'Breakdown';
export type DurationUnit = 'h' | 'min' | 's';

export type Mapping = Readonly<{
  /** Names the mapping in the log. */
  name: string;
  /** SHA-256 (hex) of the mapping's content, whatever its layout. */
  digest: string;
  facility: string;
  csv: Readonly<{ delimiter: string; quote: string; encoding: string }>;
  unit: Unit;
  decimalMark: '.' | ',';
  time: Readonly<{
    zone: string;
    end: TimeColumn;
    /** Where the row tells its start; else its duration, else start and end are one. */
    start?: TimeColumn;
    duration?: Readonly<{ column: string; unit: DurationUnit }>;
    ambiguous: Ambiguous;
    nonexistent: Ambiguous;
  }>;
  order: IdColumn;
  machine: IdColumn & Readonly<{ /** Ids of machines that may do several things at once. */ shared: readonly string[] }>;
  operation: IdColumn;
  product?: IdColumn;
  person?: IdColumn;
  ordered?: string;
  kind: Readonly<{ column: string; values: Readonly<Record<string, ReportKind>> }>;
  good: string;
  scrap?: Readonly<{ column: string; reasonCode: string }>;
  /** Rows whose column holds one of these texts report pieces that were worked again, not new ones. */
  rework?: Readonly<{ column: string; when: readonly string[] }>;
}>;

/** Every fault of a mapping, one line each. */
export class MappingFaults extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`The mapping cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'MappingFaults';
  }
}

/** The columns that a file must have. */
export function columnsOf(mapping: Mapping): readonly string[] {
  const { time, order, machine, operation, product, person, ordered, kind, good, scrap, rework } = mapping;
  const columns = [
    time.end.column,
    time.start?.column,
    time.duration?.column,
    order.column,
    machine.column,
    operation.column,
    product?.column,
    person?.column,
    ordered,
    kind.column,
    good,
    scrap?.column,
    rework?.column,
  ];
  return [...new Set(columns.filter((column) => column !== undefined))];
}

type Node = Record<string, unknown>;

/** Looks at a node, names what is wrong with it, and goes on: all faults are told at once. */
class Reader {
  constructor(
    private readonly node: Node,
    private readonly path: string,
    readonly faults: string[],
    known: readonly string[],
  ) {
    for (const key of Object.keys(node)) if (!known.includes(key)) this.fault(key, `is not known here; known are ${known.join(', ')}`);
  }

  at = (key: string) => (this.path ? `${this.path}.${key}` : key);
  fault = (key: string, text: string) => void this.faults.push(`${this.at(key)} ${text}.`);
  has = (key: string) => this.node[key] !== undefined && this.node[key] !== null;

  text(key: string, fallback?: string): string {
    const value = this.node[key];
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'string' && value.length > 0) return value;
    this.fault(key, value === undefined ? 'is missing' : 'must be a text');
    return '';
  }

  oneOf<T extends string>(key: string, options: readonly T[], fallback?: T): T {
    if (!this.has(key) && fallback !== undefined) return fallback;
    const value = this.text(key);
    if (value && !options.includes(value as T)) this.fault(key, `must be one of ${options.join(', ')}, not ${JSON.stringify(value)}`);
    return value as T;
  }

  texts(key: string): string[] {
    const value = this.node[key];
    const list = Array.isArray(value) ? value : [value];
    if (list.length > 0 && list.every((item) => typeof item === 'string')) return list as string[];
    this.fault(key, 'must be a text or a list of texts (put numbers and yes/no into quotes)');
    return [];
  }

  in(key: string, known: readonly string[]): Reader | undefined {
    const value = this.node[key];
    if (isNode(value)) return new Reader(value, this.at(key), this.faults, known);
    this.fault(key, value === undefined ? 'is missing' : `must hold ${known.join(', ')}`);
    return undefined;
  }

  list(key: string): unknown[] {
    const value = this.node[key] ?? [];
    if (Array.isArray(value)) return value;
    this.fault(key, 'must be a list');
    return [];
  }

  entries(key: string): [string, unknown][] {
    const value = this.node[key];
    if (isNode(value) && Object.keys(value).length > 0) return Object.entries(value);
    this.fault(key, value === undefined ? 'is missing' : 'must say what each text means');
    return [];
  }
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

const OTHERWISE = ['as-is', 'slug', 'reject'] as const;
const KINDS = ['Production', 'Setup', 'Breakdown'] as const;
const RULES = ['earlier', 'later', 'reject'] as const;

function idColumn(from: Reader, key: string, more: readonly string[] = []): IdColumn {
  const node = from.in(key, ['column', 'rules', 'otherwise', ...more]);
  if (!node) return { column: '', rules: [], otherwise: 'reject' };
  const rules = node.list('rules').flatMap((value, index): IdRule[] => {
    const name = `rules[${index}]`;
    if (!isNode(value) || typeof value.match !== 'string' || typeof value.id !== 'string' || Object.keys(value).length !== 2) {
      node.fault(name, 'must hold match (an expression) and id (what it becomes, with $1 for its first group)');
      return [];
    }
    try {
      return [{ match: new RegExp(value.match, 'u'), id: value.id }];
    } catch (error) {
      node.fault(`${name}.match`, `is no expression: ${(error as Error).message}`);
      return [];
    }
  });
  return { column: node.text('column'), rules, otherwise: node.oneOf('otherwise', OTHERWISE, rules.length ? 'reject' : 'as-is') };
}

function timeColumn(from: Reader, key: string): TimeColumn {
  const node = from.in(key, ['column', 'format']);
  if (!node) return { column: '', format: '' };
  const column = node.text('column');
  const format = node.text('format');
  if (format && format !== 'ISO') {
    const moment = DateTime.fromISO('2012-10-30T23:42:31+00:00', { setZone: true });
    const read = DateTime.fromFormat(moment.toFormat(format, { locale: 'en' }), format, { zone: 'utc', locale: 'en' });
    if (!read.isValid || read.toFormat('yyyy-MM-dd HH') !== moment.toFormat('yyyy-MM-dd HH'))
      node.fault('format', `does not tell day and hour; write it as in dd.MM.yyyy HH:mm (Luxon's tokens), or ISO`);
  }
  return { column, format };
}

/** Reads a mapping. @throws MappingFaults with every fault. */
export function parseMapping(text: string): Mapping {
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) throw new MappingFaults(document.errors.map(({ message }) => message.split('\n', 1)[0]!));
  const content: unknown = document.toJS({ maxAliasCount: 20 });
  if (!isNode(content)) throw new MappingFaults(['It must be a YAML or JSON object; see docs/import.md.']);

  const faults: string[] = [];
  const top = new Reader(content, '', faults, [
    'name',
    'facility',
    'csv',
    'unit',
    'decimalMark',
    'time',
    'order',
    'machine',
    'operation',
    'product',
    'person',
    'ordered',
    'kind',
    'good',
    'scrap',
    'rework',
  ]);
  const name = top.text('name');
  if (name && !/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) top.fault('name', 'must be 1 to 64 lower-case letters, digits or -');
  const facility = top.text('facility');
  if (facility && !FACILITY_ID.test(facility)) top.fault('facility', 'must be lower-case letters and digits, e.g. haifa');

  const file = top.has('csv') ? top.in('csv', ['delimiter', 'quote', 'encoding']) : undefined;
  const csv = {
    delimiter: file?.text('delimiter', ',') ?? ',',
    quote: file?.text('quote', '"') ?? '"',
    encoding: file?.text('encoding', 'utf-8') ?? 'utf-8',
  };
  if (csv.delimiter.length !== 1) file?.fault('delimiter', 'must be one character');
  if (csv.quote.length !== 1) file?.fault('quote', 'must be one character');
  try {
    new TextDecoder(csv.encoding);
  } catch {
    file?.fault('encoding', `is not known: ${csv.encoding}; usual are utf-8, windows-1252, windows-1255, utf-16le`);
  }

  const clock = top.in('time', ['zone', 'end', 'start', 'duration', 'ambiguous', 'nonexistent']);
  const zone = clock?.text('zone') ?? '';
  if (zone && !IANAZone.isValidZone(zone)) clock?.fault('zone', `is no IANA time zone such as Asia/Jerusalem: ${zone}`);
  if (clock?.has('start') && clock.has('duration')) clock.fault('duration', 'and time.start exclude one another');
  const lasting = clock?.has('duration') ? clock.in('duration', ['column', 'unit']) : undefined;

  const kindOf = top.in('kind', ['column', 'values']);
  const values: Record<string, ReportKind> = Object.create(null) as Record<string, ReportKind>;
  for (const [told, meant] of kindOf?.entries('values') ?? []) {
    if (KINDS.includes(meant as ReportKind)) values[told] = meant as ReportKind;
    else kindOf?.fault(`values.${told}`, `must be one of ${KINDS.join(', ')}`);
  }
  const scrap = top.has('scrap') ? top.in('scrap', ['column', 'reasonCode']) : undefined;
  const rework = top.has('rework') ? top.in('rework', ['column', 'when']) : undefined;
  const machine = idColumn(top, 'machine', ['shared']);
  const several = isNode(content.machine) ? content.machine.shared : undefined;
  if (several !== undefined && !(Array.isArray(several) && several.every((id) => typeof id === 'string')))
    top.fault('machine.shared', 'must be a list of machine ids');

  const mapping: Mapping = {
    name,
    digest: createHash('sha256')
      .update(JSON.stringify(sorted(content)))
      .digest('hex'),
    facility,
    csv,
    unit: top.oneOf('unit', UNITS),
    decimalMark: top.oneOf('decimalMark', ['.', ','] as const, '.'),
    time: {
      zone,
      end: clock ? timeColumn(clock, 'end') : { column: '', format: '' },
      ...(clock?.has('start') ? { start: timeColumn(clock, 'start') } : {}),
      ...(lasting ? { duration: { column: lasting.text('column'), unit: lasting.oneOf('unit', ['h', 'min', 's'] as const) } } : {}),
      ambiguous: clock?.oneOf('ambiguous', RULES, 'earlier') ?? 'earlier',
      nonexistent: clock?.oneOf('nonexistent', RULES, 'later') ?? 'later',
    },
    order: idColumn(top, 'order'),
    machine: { ...machine, shared: Array.isArray(several) ? (several as string[]) : [] },
    operation: idColumn(top, 'operation'),
    ...(top.has('product') ? { product: idColumn(top, 'product') } : {}),
    ...(top.has('person') ? { person: idColumn(top, 'person') } : {}),
    ...(top.has('ordered') ? { ordered: top.text('ordered') } : {}),
    kind: { column: kindOf?.text('column') ?? '', values },
    good: top.text('good'),
    ...(scrap ? { scrap: { column: scrap.text('column'), reasonCode: scrap.text('reasonCode') } } : {}),
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
