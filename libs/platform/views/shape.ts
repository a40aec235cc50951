/**
 * The shape of a view's table, read from its TypeORM entity. Hides: column types and their text forms in PostgreSQL.
 * Promises: a row that was written and read back is the same text, so that memory and table never disagree.
 * Does not: support relations, embedded columns or keys of more than one column: a read model is one flat table.
 */
import { getMetadataArgsStorage, type ColumnType } from 'typeorm';
import type { Event } from '#kernel/event';
import type { View } from '#kernel/view';
import { scopeColumnOf } from './scope';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyView = View<any, any>;

/** Column values as text, in the order of the shape's columns; null is an empty column. */
export type Tuple = readonly (string | null)[];

type Kind = 'text' | 'bigint' | 'number' | 'boolean' | 'instant' | 'json' | 'array';
type JavaScriptType = 'string' | 'number' | 'bigint' | 'boolean' | 'date' | 'other';

export type Column = Readonly<{
  name: string;
  /** Type in PostgreSQL, e.g. `numeric` or `text[]`. */
  type: string;
  kind: Kind;
  as: JavaScriptType;
  nullable: boolean;
  comment?: string;
  encode: (value: unknown) => string | null;
  decode: (text: string | null) => unknown;
}>;

export type Shape = Readonly<{
  columns: readonly Column[];
  /** Index of the key column. */
  key: number;
  positionAt: number;
  recordedAtAt: number;
  comment?: string;
  indexes: readonly Readonly<{ columns: readonly string[]; unique: boolean; where?: string; using?: string }>[];
  constraints: readonly Readonly<{ name: string; sql: string }>[];
}>;

const TYPES: Record<string, readonly [type: string, kind: Kind]> = {
  text: ['text', 'text'],
  varchar: ['varchar', 'text'],
  'character varying': ['varchar', 'text'],
  char: ['char', 'text'],
  citext: ['text', 'text'],
  uuid: ['uuid', 'text'],
  enum: ['text', 'text'],
  date: ['date', 'text'],
  time: ['time', 'text'],
  interval: ['interval', 'text'],
  numeric: ['numeric', 'text'],
  decimal: ['numeric', 'text'],
  bigint: ['bigint', 'bigint'],
  int8: ['bigint', 'bigint'],
  int: ['integer', 'number'],
  integer: ['integer', 'number'],
  int4: ['integer', 'number'],
  smallint: ['smallint', 'number'],
  int2: ['smallint', 'number'],
  float: ['double precision', 'number'],
  float8: ['double precision', 'number'],
  'double precision': ['double precision', 'number'],
  real: ['real', 'number'],
  bool: ['boolean', 'boolean'],
  boolean: ['boolean', 'boolean'],
  timestamptz: ['timestamptz', 'instant'],
  'timestamp with time zone': ['timestamptz', 'instant'],
  json: ['jsonb', 'json'],
  jsonb: ['jsonb', 'json'],
};

const javaScriptTypes = new Map<unknown, JavaScriptType>([
  [String, 'string'],
  [Number, 'number'],
  [BigInt, 'bigint'],
  [Boolean, 'boolean'],
  [Date, 'date'],
]);
const guessed = new Map<unknown, string>([
  [String, 'text'],
  [Number, 'integer'],
  [Boolean, 'boolean'],
  [BigInt, 'bigint'],
  [Date, 'timestamptz'],
]);

const UTC_MILLISECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Text that PostgreSQL can store and returns unchanged: no NUL, no unpaired surrogates. */
const storable = (text: string): string => {
  if (text.includes('\0')) throw new TypeError('text contains a NUL character, which PostgreSQL cannot store');
  return (text as string & { toWellFormed(): string }).toWellFormed();
};

const encoders: Record<Kind, (value: unknown) => string> = {
  text: (value) => storable(String(value)),
  bigint: (value) => String(BigInt(value as string)),
  number: (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError(`${String(value)} is not a finite number`);
    return String(value);
  },
  boolean: (value) => (value ? 't' : 'f'),
  instant: (value) => (typeof value === 'string' && UTC_MILLISECONDS.test(value) ? value : new Date(value as string).toISOString()),
  json: (value) => storable(JSON.stringify(value)),
  array: (value) => storable(JSON.stringify(value)),
};

const decoder = (kind: Kind, as: JavaScriptType): ((text: string) => unknown) => {
  if (kind === 'json' || kind === 'array') return (text) => JSON.parse(text);
  if (kind === 'boolean') return (text) => text === 't' || text === 'true';
  if (as === 'bigint') return (text) => BigInt(text);
  if (as === 'date') return (text) => new Date(text);
  // An integer or floating-point column, never a position: those are declared bigint.
  if (kind === 'number') return (text) => Number(text);
  return (text) => text;
};

const shapes = new Map<unknown, Shape>();

/** The shape of a view's rows. Throws if the entity cannot be a read model. */
export function shapeOf(view: AnyView): Shape {
  const known = shapes.get(view.row);
  if (known) return known;
  const fail = (why: string): never => {
    throw new TypeError(`view ${view.name}: ${why}`);
  };
  if (!/^[a-z][a-z0-9-]{0,47}$/.test(view.name)) fail('its name must be kebab-case and at most 48 characters long');
  const storage = getMetadataArgsStorage();
  const lineage: (() => unknown)[] = [];
  for (let c = view.row as unknown as () => unknown; c?.prototype; c = Object.getPrototypeOf(c)) lineage.unshift(c);
  const entity = storage.tables.find((table) => table.target === view.row) ?? fail(`${view.row.name} has no @Entity`);
  if (entity.name !== viewSql(view.name)) fail(`its entity must be named after it: @Entity('${viewSql(view.name)}')`);
  if (storage.embeddeds.some((embedded) => lineage.includes(embedded.target as never)))
    fail('embedded columns are not supported: name each column');

  const args = lineage.flatMap((target) => storage.columns.filter((column) => column.target === target));
  const columns = args.map(({ target, propertyName, options }): Column => {
    const declared = Reflect.getMetadata('design:type', (target as () => void).prototype, propertyName) as unknown;
    const name = (typeof options.type === 'string' ? options.type : guessed.get(options.type)) as ColumnType | undefined;
    const [base, scalar] = TYPES[name as string] ?? fail(`column ${propertyName}: type ${String(options.type)} is not supported`);
    const size = options.length ? `(${options.length})` : options.precision ? `(${options.precision},${options.scale ?? 0})` : '';
    const kind = options.array ? 'array' : scalar;
    const as = kind === 'bigint' && declared !== String ? 'bigint' : (javaScriptTypes.get(declared) ?? 'other');
    const decode = decoder(kind, as);
    const fallback: unknown = typeof options.default === 'function' ? undefined : options.default;
    return {
      name: options.name ?? propertyName,
      type: `${base}${size}${options.array ? '[]' : ''}`,
      kind,
      as,
      nullable: options.nullable === true,
      comment: options.comment,
      encode: (given) => {
        const value = given ?? fallback;
        if (value !== undefined && value !== null) return encoders[kind](value);
        if (options.nullable) return null;
        throw new TypeError(`column ${propertyName} is empty but not nullable`);
      },
      decode: (text) => (text === null ? null : decode(text)),
    };
  });
  args.forEach((column, at) => {
    if (column.propertyName !== columns[at]!.name) fail(`column ${column.propertyName}: a column must have the name of its property`);
  });
  const named = (name: string) => columns.findIndex((column) => column.name === name);
  const keys = args.flatMap((column, at) => (column.options.primary ? [at] : []));
  if (keys.length !== 1 || columns[keys[0]!]!.kind !== 'text') fail('it needs one @PrimaryColumn, of type text');
  for (const name of ['position', 'recordedAt']) if (named(name) < 0) fail(`column ${name} is missing (see Provenance)`);
  const scope = scopeColumnOf(view.row);
  if (named(scope) < 0) fail(`column ${scope} is missing (see Provenance)`);

  const of = <T extends { target: unknown }>(list: T[]): T[] => list.filter((item) => lineage.includes(item.target as never));
  const listed = (columns: unknown): string[] =>
    Array.isArray(columns) ? (columns as string[]) : fail('an index or a unique constraint must name its columns in a list');
  const shape: Shape = {
    columns,
    key: keys[0]!,
    positionAt: named('position'),
    recordedAtAt: named('recordedAt'),
    comment: entity.comment,
    indexes: of(storage.indices).map((index) => ({
      columns: listed(index.columns),
      unique: index.unique === true,
      where: index.where,
      using: index.type,
    })),
    constraints: [
      ...of(storage.uniques).map((unique) => ({ name: 'unique', sql: `UNIQUE (${listed(unique.columns).map(quoted).join(', ')})` })),
      ...of(storage.checks).map((check) => ({ name: 'check', sql: `CHECK (${check.expression})` })),
      ...of(storage.exclusions).map((exclusion) => ({ name: 'exclude', sql: `EXCLUDE ${exclusion.expression}` })),
    ],
  };
  shapes.set(view.row, shape);
  return shape;
}

/** The SQL view that readers use: the view's name in snake_case. */
export const viewSql = (name: string): string => name.replaceAll('-', '_');

/** The table of one version and generation; the first generation of a version is named by the version only. */
export const tableSql = (name: string, version: number, generation = 1): string =>
  `${viewSql(name)}_v${version}${generation > 1 ? `_g${generation}` : ''}`;

/** A stream's or partition's name as one line that PostgreSQL can store, whatever name a client of the store chose. */
export const nameAsText = (name: string): string => (/^"|[\0\n]/.test(name) ? JSON.stringify(name) : name);
export const nameOfText = (text: string): string => (text.startsWith('"') ? (JSON.parse(text) as string) : text);

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A row as the fold sees it. */
export function decodeRow<Row extends object>(shape: Shape, row: new () => Row, tuple: Tuple): Row {
  const decoded = Object.create(row.prototype as object) as Record<string, unknown>;
  const { columns } = shape;
  for (let i = 0; i < columns.length; i++) decoded[columns[i]!.name] = columns[i]!.decode(tuple[i]!);
  return decoded as Row;
}

/** A row as text, with the position and time of the event that last wrote it. Throws if a value does not fit its column. */
export function encodeRow(shape: Shape, row: object, position: bigint, recordedAt: string): Tuple {
  const { columns, positionAt, recordedAtAt } = shape;
  const tuple = new Array<string | null>(columns.length);
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]!;
    tuple[i] =
      i === positionAt
        ? position.toString()
        : i === recordedAtAt
          ? recordedAt
          : column.encode((row as Record<string, unknown>)[column.name]);
  }
  return tuple;
}

/** The select list that returns each column in the text form of `encodeRow`. */
export const selectList = (shape: Shape, alias = ''): string =>
  shape.columns
    .map(({ name, kind }) => {
      const column = `${alias}${quoted(name)}`;
      if (kind === 'instant') return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
      return kind === 'array' ? `array_to_json(${column})::text` : `${column}::text`;
    })
    .join(', ');

const arrayLiteral = (json: string): string =>
  `{${(JSON.parse(json) as unknown[]).map((item) => (item === null ? 'NULL' : `"${String(item).replace(/["\\]/g, '\\$&')}"`)).join(',')}}`;

/** The text that PostgreSQL reads into the column. */
export const toSql = (column: Column, text: string | null): string | null =>
  text !== null && column.kind === 'array' ? arrayLiteral(text) : text;

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Kinds whose text never contains a special character of COPY. */
const PLAIN: ReadonlySet<Kind> = new Set<Kind>(['bigint', 'number', 'boolean', 'instant']);

/** One line of COPY's text format. */
export function copyLine(shape: Shape, tuple: Tuple): string {
  const { columns } = shape;
  let line = '';
  for (let i = 0; i < tuple.length; i++) {
    const text = toSql(columns[i]!, tuple[i]!);
    if (i > 0) line += '\t';
    if (text === null) line += '\\N';
    else if (PLAIN.has(columns[i]!.kind) || !/[\\\n\r\t]/.test(text)) line += text;
    else line += text.replace(/[\\\n\r\t]/g, (c) => ESCAPES[c]!);
  }
  return `${line}\n`;
}

/** True if the view reads events of this type. */
export const reads = (view: AnyView): ((type: string) => boolean) => {
  if (view.events === '*') return () => true;
  const types = new Set<string>(view.events as readonly Event['type'][]);
  return (type) => types.has(type);
};
