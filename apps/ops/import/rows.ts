/**
 * One row of a production log as a fact. Hides: time zones, number formats and ids. Promises: a row either becomes the fields of
 * `ObserveProduction`, exactly, or is rejected with a code and a sentence. Does not: compare rows or know what an order allows.
 */
import { createHash } from 'node:crypto';
import { DateTime } from 'luxon';
import { QUALIFIED_ID } from '#kernel/identity';
import { FACILITY_ID, facilityOf } from '#manufacturing/facility';
import { AMOUNT, decimal, millionths, type Unit } from '#manufacturing/quantity';
import type { Ambiguous, IdColumn, Mapping, ReportKind, TimeColumn } from './mapping';

/** The fields of `ObserveProduction` that a row gives. */
export type Observation = Readonly<{
  workOrderId: string;
  reportId: string;
  kind: ReportKind;
  operationId: string;
  operationName: string;
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

export type Flag = Readonly<{ code: string; message: string }>;
export type ReadRow =
  Readonly<{ observation: Observation; flags: readonly Flag[] }> | Readonly<{ rejected: Readonly<{ code: string; message: string }> }>;

/** A row as it stands in the file; `line` is where it begins, from 1. */
export type Row = Readonly<{ line: number; cells: readonly string[]; raw: string }>;

class Unreadable extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
const shown = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** Letters and digits joined by `-`; what is too long or has none of them keeps a digest of the text, so that no two texts become one. */
export function slug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const lost = /[^\p{ASCII}]/u.test(text.normalize('NFKD').replace(/\p{M}/gu, ''));
  if (plain && plain.length <= 64 && !lost) return plain;
  return `${plain.slice(0, 53)}${plain ? '-' : ''}${createHash('sha256').update(text).digest('hex').slice(0, 10)}`;
}

/** A decimal number of a file as an exact amount. @throws Unreadable */
function amountOf(text: string, column: string, mark: '.' | ','): string {
  const plain = text.trim().replace(mark, '.');
  const [, minus, whole, part = ''] = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(mark === ',' && text.includes('.') ? '' : plain) ?? [];
  if (whole === undefined) throw new Unreadable('quantity-malformed', `${column} is no decimal number: ${shown(text)}.`);
  const digits = part.replace(/0+$/, '');
  const amount = `${whole.replace(/^0+(?=\d)/, '')}${digits ? `.${digits}` : ''}`;
  if (minus === '-' && /[1-9]/.test(amount)) throw new Unreadable('quantity-negative', `${column} is negative: ${shown(text)}.`);
  if (!AMOUNT.test(amount))
    throw new Unreadable('quantity-too-precise', `${column} has more than 12 digits before or 6 after the point: ${shown(text)}.`);
  return amount;
}

function idOf({ column, rules, otherwise }: IdColumn, text: string): string {
  const told = text.trim();
  if (!told) throw new Unreadable('cell-empty', `${column} is empty.`);
  for (const { match, id } of rules) {
    const found = match.exec(told);
    if (found) return id.replace(/\$(\d)/g, (_, group: string) => found[Number(group)] ?? '');
  }
  if (otherwise === 'reject') throw new Unreadable('id-unknown', `${column} matches no rule of the mapping: ${shown(text)}.`);
  return otherwise === 'slug' ? slug(told) : told;
}

function qualified(facility: string, source: IdColumn, text: string): string {
  const local = idOf(source, text);
  const id = FACILITY_ID.test(facilityOf(local)) && local.includes('.') ? local : `${facility}.${local}`;
  if (!QUALIFIED_ID.test(id)) throw new Unreadable('id-malformed', `${source.column} gives no id: ${shown(text)}.`);
  if (facilityOf(id) !== facility) throw new Unreadable('wrong-facility', `${source.column} names another facility: ${shown(text)}.`);
  return id;
}

function codeOf(source: IdColumn, text: string): string {
  const code = idOf(source, text);
  if (!CODE.test(code))
    throw new Unreadable('id-malformed', `${source.column} gives no code of 1 to 64 letters, digits, . _ : or -: ${shown(text)}.`);
  return code;
}

const fields = ({ year, month, day, hour, minute, second, millisecond }: DateTime) => ({
  year,
  month,
  day,
  hour,
  minute,
  second,
  millisecond,
});

/** Reads what a clock on the wall shows, or the offset that a text brings itself. */
const WALL = { zone: 'utc', setZone: true } as const;
const parsers = new Map<string, ReturnType<typeof DateTime.buildFormatParser>>();
function parserOf(format: string): ReturnType<typeof DateTime.buildFormatParser> {
  const known = parsers.get(format) ?? DateTime.buildFormatParser(format, { locale: 'en' });
  parsers.set(format, known);
  return known;
}

/** A local time as an instant; says where a clock change made it doubtful. @throws Unreadable */
export function instantOf(
  text: string,
  { column, format }: TimeColumn,
  zone: string,
  ambiguous: Ambiguous,
  nonexistent: Ambiguous,
): { at: DateTime; flag?: Flag } {
  const told = text.trim();
  const wall =
    format === 'ISO' ? DateTime.fromISO(told, WALL) : DateTime.fromFormatParser(told, parserOf(format), { ...WALL, locale: 'en' });
  if (!wall.isValid) throw new Unreadable('time-malformed', `${column} is not as ${format} says: ${shown(text)}.`);
  // A text that carries its own offset is an instant already.
  const offsetTold = format === 'ISO' ? /(Z|[+-]\d\d(:?\d\d)?)$/i.test(told.slice(10)) : /Z/.test(format.replace(/'[^']*'/g, ''));
  if (offsetTold) return { at: wall.setZone(zone) };
  const local = DateTime.fromObject(fields(wall), { zone });
  if (JSON.stringify(fields(local)) !== JSON.stringify(fields(wall))) {
    if (nonexistent === 'reject')
      throw new Unreadable('time-nonexistent', `${column} was skipped by a clock change in ${zone}: ${shown(text)}.`);
    // Read by the offset that held before the change it is moved on by what was skipped, by the offset after it is moved back.
    const beside = wall.plus({ days: nonexistent === 'later' ? -1 : 1 });
    const at = DateTime.fromMillis(wall.toMillis() - DateTime.fromObject(fields(beside), { zone }).offset * 60_000, { zone });
    return {
      at,
      flag: {
        code: 'time-nonexistent',
        message: `${column} ${shown(text)} was skipped by a clock change in ${zone}; taken as ${iso(at)}.`,
      },
    };
  }
  const both = local.getPossibleOffsets();
  if (both.length === 1) return { at: local };
  if (ambiguous === 'reject') throw new Unreadable('time-ambiguous', `${column} happened twice in ${zone}: ${shown(text)}.`);
  const ordered = both.sort((a, b) => a.toMillis() - b.toMillis());
  const at = ambiguous === 'earlier' ? ordered[0]! : ordered.at(-1)!;
  return { at, flag: { code: 'time-ambiguous', message: `${column} ${shown(text)} happened twice in ${zone}; taken as ${iso(at)}.` } };
}

const iso = (at: DateTime): string => at.toISO({ suppressMilliseconds: true })!;

const MILLISECONDS = { h: 3_600_000n, min: 60_000n, s: 1_000n } as const;

/** Text without control characters, which a command may not hold: they are shown as escapes; what is too long is cut. */
export function legible(text: string, length: number): string {
  const escaped = (character: string) => (character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const plain = text.replace(/[\u0000-\u001f\u007f\\]/g, escaped).replace(/\p{Cs}/gu, '\ufffd');
  return plain.length <= length ? plain : `${plain.slice(0, length - 1).replace(/\p{Cs}/gu, '')}…`;
}

/** Reads rows of a file with these columns. `digest` is the file's SHA-256 (hex). */
export function rowReader(
  mapping: Mapping,
  header: readonly string[],
  file: Readonly<{ name: string; digest: string }>,
): (row: Row) => ReadRow {
  const places = new Map(header.map((column, index) => [column, index]));
  const { time, scrap, rework } = mapping;

  const read = ({ line, cells, raw }: Row): ReadRow => {
    const cell = (column: string): string => cells[places.get(column)!]!;
    if (cells.length !== header.length)
      throw new Unreadable('cells-miscounted', `The row has ${cells.length} cells, the header ${header.length}.`);
    const told = cell(mapping.kind.column).trim();
    const kind = mapping.kind.values[told];
    if (!kind) throw new Unreadable('report-type-unknown', `${mapping.kind.column} is not in the mapping: ${shown(told)}.`);

    const flags: Flag[] = [];
    const instant = (source: TimeColumn) => {
      const { at, flag } = instantOf(cell(source.column), source, time.zone, time.ambiguous, time.nonexistent);
      if (flag) flags.push(flag);
      return at;
    };
    const end = instant(time.end);
    let start = end;
    if (time.start) start = instant(time.start);
    if (time.duration) {
      const lasting =
        millionths(amountOf(cell(time.duration.column), time.duration.column, mapping.decimalMark)) * MILLISECONDS[time.duration.unit];
      if (lasting > 3_660n * 86_400_000n * 1_000_000n)
        throw new Unreadable('duration-implausible', `${time.duration.column} is longer than ten years.`);
      start = end.minus({ milliseconds: Number(lasting / 1_000_000n) });
    }

    const made = amountOf(cell(mapping.good), mapping.good, mapping.decimalMark);
    const again = rework ? rework.when.includes(cell(rework.column).trim()) : false;
    const scrapped = scrap ? amountOf(cell(scrap.column), scrap.column, mapping.decimalMark) : '0';
    const observation: Observation = {
      workOrderId: qualified(mapping.facility, mapping.order, cell(mapping.order.column)),
      reportId: `${file.digest.slice(0, 16)}.${line}`,
      kind,
      operationId: codeOf(mapping.operation, cell(mapping.operation.column)),
      operationName: legible(cell(mapping.operation.column).trim(), 120),
      equipmentId: qualified(mapping.facility, mapping.machine, cell(mapping.machine.column)),
      ...(mapping.person ? { person: codeOf(mapping.person, cell(mapping.person.column)) } : {}),
      good: again ? '0' : made,
      scrap: scrap && millionths(scrapped) > 0n ? [{ quantity: scrapped, reasonCode: scrap.reasonCode }] : [],
      rework: again ? made : '0',
      unit: mapping.unit,
      from: iso(start),
      to: iso(end),
      ...(mapping.product ? { product: codeOf(mapping.product, cell(mapping.product.column)) } : {}),
      ...(mapping.ordered
        ? { ordered: { amount: amountOf(cell(mapping.ordered), mapping.ordered, mapping.decimalMark), unit: mapping.unit } }
        : {}),
      source: legible(raw, 2_000),
      sourceRow: `${legible(file.name, 150)}:${line}`,
    };
    return { observation, flags };
  };

  return (row) => {
    try {
      return read(row);
    } catch (error) {
      if (error instanceof Unreadable) return { rejected: { code: error.code, message: legible(error.message, 500) } };
      throw error;
    }
  };
}

/** Minutes between two instants, exact, as a decimal string. */
export const minutesBetween = (from: string, to: string): string =>
  decimal((BigInt(Date.parse(to) - Date.parse(from)) * 1_000_000n) / 60_000n);
