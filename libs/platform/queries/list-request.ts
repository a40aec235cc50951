/**
 * A request for a page of a list, from parameters to SQL. Hides: filters, the order of rows, cursors, casts, nulls. Promises: for any input,
 * values are SQL parameters and columns are declared ones; two pages neither repeat nor skip a row that keeps its place. Does not: run anything.
 */
import { createHash } from 'node:crypto';
import { cellsOf, type CellOf } from '#platform/views/cells';
import { isForAuditors, scopeColumnOf } from '#platform/views/scope';
import { isInstant } from '#platform/commands/fields';
import { PAGE } from '#platform/http/page-size';
import { invalidInput, type FieldFault } from '#platform/problem/problem';

/**
 * `equals`: one of the given values; `named`: the same, for names without commas; `range`: from (inclusive) to (exclusive); `has`: an array that
 * contains one of the given values.
 */
export type FilterKind = 'equals' | 'named' | 'range' | 'has';
/** A moment at which a row is still valid: its column `until` is later or empty, and its other columns have these values. */
export type Lasting = Readonly<{
  until: string;
  only: Readonly<Record<string, string>>;
  /** A column with an amount that must be above zero. */
  some?: string;
}>;
export type Declared = Readonly<{
  row: new () => object;
  table: string;
  filters: Readonly<Record<string, FilterKind>>;
  lasting?: Readonly<Record<string, Lasting>>;
  sorts: readonly string[];
  sortedBy?: string;
}>;

/** One filter parameter of a list. */
export type Question = Readonly<{
  name: string;
  cell: CellOf;
  kind: FilterKind;
  bound?: '>=' | '<' | '>';
  only?: Readonly<Record<string, string>>;
  some?: string;
}>;
export type Asked = Readonly<{ filter?: Readonly<Record<string, unknown>>; sort?: unknown; first?: unknown; after?: unknown }>;
export type Sql = Readonly<{ text: string; values: readonly unknown[] }>;

const CASTS: Readonly<Record<string, string>> = {
  key: 'text',
  id: 'text',
  ids: 'text',
  text: 'text',
  texts: 'text',
  oneOf: 'text',
  instant: 'timestamptz',
  amount: 'numeric',
  whole: 'integer',
  flag: 'boolean',
  position: 'bigint',
};
const MOST_VALUES = 100;
/** Faults after which a request is not looked at further. */
const ENOUGH = 50;

const isText = (value: string) =>
  value.length <= 500 && !value.includes('\0') && (value as string & { isWellFormed(): boolean }).isWellFormed();
const accepted: Readonly<Record<string, readonly [test: (value: string, cell: CellOf) => boolean, expected: string]>> = {
  instant: [isInstant, 'an instant with offset, e.g. 2026-01-05T08:00:00Z'],
  amount: [(value) => /^-?\d{1,12}(\.\d{1,6})?$/.test(value), 'a decimal number'],
  whole: [(value) => /^-?\d{1,9}$/.test(value), 'a whole number'],
  flag: [(value) => value === 'true' || value === 'false', 'true or false'],
  position: [(value) => /^\d{1,18}$/.test(value), 'a position'],
  oneOf: [(value, cell) => Object.values(cell.list ?? {}).includes(value), 'one of'],
};
const accepts = ({ kind }: CellOf) => accepted[kind] ?? ([isText, 'a text'] as const);
const expectedOf = ({ list }: CellOf, expected: string): string => (list ? `${expected} ${Object.values(list).join(', ')}` : expected);
const shown = (value: unknown): string => (typeof value === 'string' && isText(value) ? value.slice(0, 64) : typeof value);

const quoted = (column: string) => `"${column}"`;
const DESCENDING = 'Descending';

/** The parameters of one list, and their SQL. */
export class ListRequests {
  readonly cells: readonly CellOf[];
  readonly key: string;
  /** The column that says which scope a row belongs to. */
  readonly scope: string;
  readonly forAuditors: boolean;
  readonly questions: readonly Question[];
  /** Values of `sort`: a column's name, optionally with `Descending` appended. */
  readonly orders: readonly string[];
  private readonly mark: string;

  constructor(private readonly declared: Declared) {
    const { row, table, sorts } = declared;
    this.cells = cellsOf(row);
    const cell = (name: string) => {
      const found = this.cells.find((candidate) => candidate.name === name);
      if (!found) throw new TypeError(`${row.name} has no cell ${name}`);
      return found;
    };
    const key = this.cells.find(({ kind }) => kind === 'key');
    if (!key) throw new TypeError(`${row.name} has no @Key`);
    this.key = key.name;
    this.scope = scopeColumnOf(row);
    this.forAuditors = isForAuditors(row);
    const filters: Record<string, FilterKind> = { [this.scope]: 'equals', ...declared.filters };
    const questions = Object.entries(filters).flatMap(([name, kind]): Question[] =>
      kind === 'range'
        ? [
            { name: `${name}From`, cell: cell(name), kind, bound: '>=' },
            { name: `${name}To`, cell: cell(name), kind, bound: '<' },
          ]
        : [{ name, cell: cell(name), kind }],
    );
    const lasting = Object.entries(declared.lasting ?? {});
    this.questions = [
      ...questions,
      ...lasting.map(([name, { until, only, some }]): Question => ({ name, cell: cell(until), kind: 'range', bound: '>', only, some })),
    ];
    for (const name of sorts) cell(name);
    this.orders = [...new Set([...sorts, this.key])].flatMap((name) => [name, name + DESCENDING]);
    this.mark = createHash('sha256').update(`${table} ${this.key}`).digest('base64url').slice(0, 6);
  }

  /** The columns in a form that JSON can represent. */
  get select(): string {
    return this.cells.map(({ name, kind }) => (kind === 'position' ? `${quoted(name)}::text AS ${quoted(name)}` : quoted(name))).join(', ');
  }

  get from(): string {
    return `SELECT ${this.select} FROM ${quoted(this.declared.table)}`;
  }

  one(id: string, scope: readonly string[] | null): Sql {
    return {
      text: `${this.from} WHERE ${quoted(this.key)} = $1 AND ($2::text[] IS NULL OR ${quoted(this.scope)} = ANY($2::text[]))`,
      values: [id, scope],
    };
  }

  /** Selects one row more than the page holds, to tell whether there is another page. @throws Problem 400 */
  page({ filter, sort, first, after }: Asked, scope: readonly string[] | null): Sql & { size: number; order: Order } {
    const faults: FieldFault[] = [];
    const order = this.order(sort, faults);
    const size = Number(first ?? PAGE.usual);
    if (!/^\d{1,4}$/.test(String(first ?? PAGE.usual)) || size < 1 || size > PAGE.most)
      faults.push({ field: 'first', message: `first must be a whole number from 1 to ${PAGE.most}` });
    const values: unknown[] = [];
    const where = this.where(filter ?? {}, scope, values, faults);
    if (after !== undefined && after !== null) {
      const place = this.place(after, order);
      if (place) where.push(beyond(order, place, values));
      else
        faults.push({
          field: 'after',
          message: 'after must be the nextCursor of an earlier page of this list, with the same filters and sort',
        });
    }
    if (faults.length > 0) throw invalidInput(faults);
    const columns = `${this.select}, ${quoted(order.column)}::text AS __place`;
    return {
      text: `SELECT ${columns} FROM ${quoted(this.declared.table)}${and(where)} ${this.orderBy(order)} LIMIT ${size + 1}`,
      values,
      size,
      order,
    };
  }

  /** All rows that match the filter, in order. @throws Problem 400 */
  all({ filter, sort }: Asked, scope: readonly string[] | null): Sql {
    const faults: FieldFault[] = [];
    const order = this.order(sort, faults);
    const values: unknown[] = [];
    const where = this.where(filter ?? {}, scope, values, faults);
    if (faults.length > 0) throw invalidInput(faults);
    return { text: `${this.from}${and(where)} ${this.orderBy(order)}`, values };
  }

  /** The rows with these keys, for subscriptions. */
  these(keys: readonly string[]): Sql {
    return { text: `${this.from} WHERE ${quoted(this.key)} = ANY($1::text[])`, values: [keys] };
  }

  /** Rows that changed after a position. */
  since(position: bigint, most: number): Sql {
    return {
      text: `${this.from} WHERE position > $1::bigint ORDER BY ${quoted(this.declared.table)}.position LIMIT ${most}`,
      values: [String(position)],
    };
  }

  /**
   * The key breaks ties, in the same direction, so that one index serves both. Columns are qualified with their table: by its bare name
   * PostgreSQL would sort a position as it is selected, as text, where 999 comes after 1000.
   */
  private orderBy({ column, descending, key }: Order): string {
    const columns = column === key ? [key] : [column, key];
    const inTable = (name: string) => `${quoted(this.declared.table)}.${quoted(name)} ${descending ? 'DESC' : 'ASC'}`;
    return `ORDER BY ${columns.map(inTable).join(', ')}`;
  }

  /** The cursor of a row: its place in this order. A place that is a position is valid in that log only. */
  cursor(order: Order, place: string | null, key: string, log?: string): string {
    const within = order.cast === CASTS.position && log !== undefined ? [log] : [];
    return Buffer.from(JSON.stringify([this.mark, order.name, place, key, ...within])).toString('base64url');
  }

  private order(sort: unknown, faults: FieldFault[]): Order {
    const name = sort ?? this.declared.sortedBy ?? this.orders[0]!;
    if (typeof name !== 'string' || !this.orders.includes(name)) {
      faults.push({ field: 'sort', message: `sort must be one of ${this.orders.join(', ')}` });
      return { name: this.key, column: this.key, descending: false, key: this.key, cast: 'text' };
    }
    const descending = name.endsWith(DESCENDING);
    const column = descending ? name.slice(0, -DESCENDING.length) : name;
    return { name, column, descending, key: this.key, cast: CASTS[this.cells.find((cell) => cell.name === column)!.kind]! };
  }

  private where(
    filter: Readonly<Record<string, unknown>>,
    scope: readonly string[] | null,
    values: unknown[],
    faults: FieldFault[],
  ): string[] {
    const where: string[] = [];
    const parameter = (value: unknown, cast: string) => `$${values.push(value)}::${cast}`;
    if (scope) where.push(`${quoted(this.scope)} = ANY(${parameter(scope, 'text[]')})`);
    for (const [name, given] of Object.entries(filter)) {
      if (given === undefined || given === null) continue;
      if (faults.length >= ENOUGH) break;
      const question = this.questions.find((candidate) => candidate.name === name);
      if (!question) {
        const known = this.questions.map((candidate) => candidate.name).join(', ');
        faults.push({ field: name, message: `Unknown filter \`${name.slice(0, 64)}\`; known: ${known}` });
        continue;
      }
      const { cell, bound, kind, only, some } = question;
      const asked = (Array.isArray(given) ? given : [given]).map((value: unknown) =>
        typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
      );
      const [test, expected] = accepts(cell);
      if (
        asked.length === 0 ||
        asked.length > (bound ? 1 : MOST_VALUES) ||
        !asked.every((value) => typeof value === 'string' && test(value, cell))
      ) {
        const several = bound ? '' : `, or up to ${MOST_VALUES} of them`;
        const was = asked.length === 1 ? `, was ${shown(asked[0])}` : '';
        faults.push({ field: name, message: `${name} must be ${expectedOf(cell, expected)}${several}${was}` });
        continue;
      }
      const cast = CASTS[cell.kind]!;
      if (bound === '>') {
        where.push(`(${quoted(cell.name)} IS NULL OR ${quoted(cell.name)} > ${parameter(asked[0], cast)})`);
        for (const [column, value] of Object.entries(only ?? {})) where.push(`${quoted(column)} = ${parameter(value, 'text')}`);
        if (some !== undefined) where.push(`${quoted(some)} > 0`);
      } else if (bound) where.push(`${quoted(cell.name)} ${bound} ${parameter(asked[0], cast)}`);
      else if (kind === 'has') where.push(`${quoted(cell.name)} && ${parameter(asked, `${cast}[]`)}`);
      else where.push(`${quoted(cell.name)} = ANY(${parameter(asked, `${cast}[]`)})`);
    }
    return where;
  }

  private place(cursor: unknown, order: Order): Place | undefined {
    try {
      if (typeof cursor !== 'string' || cursor.length > 4_096) return undefined;
      const [mark, name, value, key] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
      if (mark !== this.mark || name !== order.name || typeof key !== 'string' || !isText(key)) return undefined;
      if (value === null) return { value, key };
      if (typeof value !== 'string' || !isText(value) || !isPlace(value, order.cast)) return undefined;
      return { value, key };
    } catch {
      return undefined;
    }
  }
}

export type Order = Readonly<{ name: string; column: string; descending: boolean; key: string; cast: string }>;
type Place = Readonly<{ value: string | null; key: string }>;

/** The mark of the log that a cursor belongs to, if any. */
export function logOfCursor(cursor: unknown): string | undefined {
  try {
    const [, , , , log] = JSON.parse(Buffer.from(String(cursor), 'base64url').toString('utf8')) as unknown[];
    return typeof log === 'string' ? log : undefined;
  } catch {
    return undefined;
  }
}

/** The text forms of PostgreSQL, as cursors contain them. */
const PLACES: Readonly<Record<string, RegExp>> = {
  text: /^/,
  timestamptz: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/,
  numeric: /^-?\d{1,40}(\.\d{1,40})?$/,
  integer: /^-?\d{1,9}$/,
  boolean: /^(true|false)$/,
  bigint: /^-?\d{1,18}$/,
};

const isPlace = (value: string, cast: string): boolean =>
  PLACES[cast]!.test(value) && (cast !== 'timestamptz' || isInstant(value.replace(' ', 'T').replace(/[+-]\d\d$/, '$&:00')));

const and = (conditions: readonly string[]): string => (conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '');

/** The condition for rows after a place. PostgreSQL sorts nulls last when ascending and first when descending. */
function beyond({ column, descending, key, cast }: Order, { value, key: keyOf }: Place, values: unknown[]): string {
  const than = descending ? '<' : '>';
  const [c, k] = [quoted(column), quoted(key)];
  const keyAt = `$${values.push(keyOf)}::text`;
  if (column === key) return `${k} ${than} ${keyAt}`;
  if (value === null) return descending ? `((${c} IS NULL AND ${k} < ${keyAt}) OR ${c} IS NOT NULL)` : `(${c} IS NULL AND ${k} > ${keyAt})`;
  const after = `(${c}, ${k}) ${than} ($${values.push(value)}::${cast}, ${keyAt})`;
  return descending ? after : `(${after} OR ${c} IS NULL)`;
}
