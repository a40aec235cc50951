/**
 * Reads of a view, declared in a few lines. Hides: paging, filters, sorting, scope, freshness, CSV, and the decorators of REST and GraphQL.
 * Promises: both offer the same list; only the caller's facilities are seen, in every row and count; an id outside them looks like one that
 * does not exist; each answer says which position it reflects. Does not: join views: such queries are written by hand (reads.ts).
 *
 *   export const equipmentNow = listOf(EquipmentNow, {
 *     path: 'equipment',                       // GET /equipment, GET /equipment.csv, GET /equipment/:id
 *     one: 'equipment', many: 'equipmentNow',  // query { equipment(id:) equipmentNow(filter:, sort:, first:, after:, waitFor:) }
 *     roles: ['operator', 'supervisor'],
 *     filters: { state: 'equals', since: 'range', tags: 'has' },
 *     sorts: ['name', 'since'],                // each with an index; the key settles ties. The first is the usual order.
 *     moved: 'equipmentMoved',                 // subscription { equipmentMoved(ids:, <scope>:) { id row { … } position } }
 *     about: 'Machines as the shop floor sees them now.',
 *   });
 *
 * and in the module `controllers: [equipmentNow.controller], providers: [equipmentNow.resolver]`. The row class is declared with the cells
 * of cells.ts and its @Entity bears the view's name. A `revision` cell (of the stream's last event) makes the ETag that If-Match takes.
 */
import { Controller, Get, Headers, Inject, Param, Query as Parameters, Res, StreamableFile, type Type } from '@nestjs/common';
import {
  Args,
  Field,
  ID,
  InputType,
  Int,
  ObjectType,
  Query,
  registerEnumType,
  Resolver,
  Subscription,
  type ReturnTypeFunc,
} from '@nestjs/graphql';
import {
  ApiBearerAuth,
  ApiExcludeEndpoint,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProperty,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { getMetadataArgsStorage } from 'typeorm';
import { Allow, type Role } from '#platform/security/access';
import { caller } from '#platform/security/auth';
import { cellsOf } from '#platform/views/cells';
import { csvOf } from './csv';
import { PAGE } from '#platform/http/graphql-limits';
import { ListRequests, type Asked, type FilterKind, type Question } from './list-request';
import { Moves, type Move } from './row-changes';
import { notFound, Problem, refuseUnknown } from '#platform/problem/problem';
import { Reads, scopeOf, type Freshness } from './reads';

export type ListOptions<Row> = Readonly<{
  /** Path of the list in REST, without slash in front. */
  path: string;
  /** GraphQL name of the query by id; none where rows are not looked at alone. */
  one?: string;
  /** GraphQL name of the list. */
  many: string;
  roles: readonly Role[];
  filters?: Partial<Record<keyof Row & string, FilterKind>>;
  sorts?: readonly (keyof Row & string)[];
  /** GraphQL name of the subscription that tells rows as they change, e.g. `equipmentMoved`. */
  moved?: string;
  /** The usual order: a name of `sorts`, perhaps with `Descending`. */
  sortedBy?: string;
  /** One sentence for the API descriptions. */
  about: string;
}>;

export type List<Row extends object> = Readonly<{
  row: new () => Row;
  view: string;
  requests: ListRequests;
  options: ListOptions<Row>;
  controller: Type<object>;
  resolver: Type<object>;
}>;

type Page<Row> = Freshness & Readonly<{ items: Row[]; nextCursor: string | null }>;
type Words = Readonly<Record<string, unknown>>;

/** The view that a row class belongs to: its @Entity bears the name in snake_case. */
function tableOf(row: new () => object): string {
  const name = getMetadataArgsStorage().tables.find(({ target }) => target === row)?.name;
  if (!name) throw new TypeError(`${row.name} needs @Entity('<name_of_its_view>')`);
  return name;
}

/** Declares the reads of a view. */
export function listOf<Row extends object>(row: new () => Row, options: ListOptions<Row>): List<Row> {
  const table = tableOf(row);
  const requests = new ListRequests({
    row,
    table,
    filters: (options.filters ?? {}) as Record<string, FilterKind>,
    sorts: options.sorts ?? [],
    sortedBy: options.sortedBy,
  });
  const view = table.replaceAll('_', '-');
  const reader = new Reader<Row>(view, requests);
  return { row, view, requests, options, controller: controllerOf(row, reader, options), resolver: resolverOf(row, reader, options) };
}

class Reader<Row extends object> {
  constructor(
    readonly view: string,
    readonly requests: ListRequests,
  ) {}

  async page(reads: Reads, asked: Asked, waitFor: unknown): Promise<Page<Row>> {
    const { text, values, size, order } = this.requests.page(asked, scopeOf(caller()));
    const fresh = await reads.fresh([this.view], tokenIn(waitFor));
    const found = await reads.rows<Row & { __place: string | null }>(text, values);
    const items = found.slice(0, size);
    const last = found.length > size ? items.at(-1) : undefined;
    return {
      items,
      nextCursor: last ? this.requests.cursor(order, last.__place, (last as Record<string, unknown>)[this.requests.key] as string) : null,
      ...fresh,
    };
  }

  async one(reads: Reads, id: unknown, waitFor: unknown): Promise<{ row: Row | undefined; fresh: Freshness }> {
    const fresh = await reads.fresh([this.view], tokenIn(waitFor));
    // An id of any other form cannot exist.
    if (typeof id !== 'string' || id.length > 200 || id.includes('\0')) return { row: undefined, fresh };
    const { text, values } = this.requests.one(id, scopeOf(caller()));
    const [row] = await reads.rows<Row>(text, values);
    if (!row && fresh.behind) {
      throw new Problem(503, 'view-behind', 'The view has not reached that token yet, so it cannot tell.', {
        retryAfterSeconds: 1,
        whatToDo: 'Ask again.',
        facts: { position: fresh.position },
      });
    }
    return { row, fresh };
  }

  async csv(reads: Reads, asked: Asked, waitFor: unknown, reply: FastifyReply): Promise<StreamableFile> {
    const { text, values } = this.requests.all(asked, scopeOf(caller()));
    const fresh = await reads.fresh([this.view], tokenIn(waitFor));
    const rows = await reads.stream(text, values);
    const lines = csvOf(this.requests.cells.map(({ name }) => name));
    rows.on('error', (error) => lines.destroy(error));
    lines.on('close', () => rows.destroy());
    say(reply, fresh);
    return new StreamableFile(rows.pipe(lines), {
      type: 'text/csv; charset=utf-8',
      disposition: `attachment; filename="${this.view}.csv"`,
    });
  }
}

function tokenIn(waitFor: unknown): string | undefined {
  if (waitFor === undefined || waitFor === null) return undefined;
  // What is no text is refused where texts that are no token are.
  return typeof waitFor === 'string' ? waitFor : '';
}

const say = (reply: FastifyReply, { position, behind }: Freshness) =>
  void reply.header('x-position', position).header('x-behind', String(behind));

/** Kinds whose values never hold a comma, so that several stand in one parameter. */
const LISTED = new Set(['key', 'id', 'ids', 'oneOf', 'whole', 'position', 'flag']);

function askedBy(words: Words, questions: readonly Question[]): Asked {
  const { sort, first, after, waitFor: _, ...rest } = words;
  const split = (name: string, value: unknown): unknown => {
    const question = questions.find((candidate) => candidate.name === name);
    return typeof value === 'string' && question && !question.bound && LISTED.has(question.cell.kind)
      ? value.split(',')
      : Array.isArray(value)
        ? []
        : value;
  };
  return { filter: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, split(name, value)])), sort, first, after };
}

const decorate = (prototype: object, key: string, ...decorators: MethodDecorator[]): void => {
  for (const one of decorators) one(prototype, key, Object.getOwnPropertyDescriptor(prototype, key)!);
};

/** A class whose methods are to be decorated; Nest finds no types of parameters, so no pipe looks at them: list-request.ts does. */
function blank(
  name: string,
  methods: Readonly<Record<string, (this: { reads: Reads; moves: Moves }, ...given: never[]) => unknown>>,
): Type<object> {
  class Blank {
    constructor(
      @Inject(Reads) readonly reads: Reads,
      @Inject(Moves) readonly moves: Moves,
    ) {}
  }
  Object.defineProperty(Blank, 'name', { value: name });
  for (const [key, method] of Object.entries(methods)) {
    Object.defineProperty(Blank.prototype, key, { value: { [key]: method }[key], configurable: true, writable: true });
    Reflect.defineMetadata('design:paramtypes', Array(6).fill(Object), Blank.prototype, key);
    Reflect.defineMetadata('design:returntype', Promise, Blank.prototype, key);
  }
  return Blank;
}

function controllerOf<Row extends object>(
  row: new () => Row,
  reader: Reader<Row>,
  { path, one, many, roles, about }: ListOptions<Row>,
): Type<object> {
  const { questions, orders } = reader.requests;
  const csvKey = `${many}Csv`;
  const oneKey = `${one}ById`;
  const controller = blank(`${path}-list`, {
    async [many](words: Words, accept: string | undefined, reply: FastifyReply) {
      const asked = askedBy(words, questions);
      if (/\btext\/csv\b/.test(accept ?? '')) return reader.csv(this.reads, asked, words.waitFor, reply);
      const page = await reader.page(this.reads, asked, words.waitFor);
      for (const item of page.items) delete (item as Record<string, unknown>).__place;
      return page;
    },
    [csvKey](words: Words, reply: FastifyReply) {
      return reader.csv(this.reads, askedBy(words, questions), words.waitFor, reply);
    },
    async [oneKey](id: string, words: Words, reply: FastifyReply) {
      refuseUnknown(words, 'waitFor');
      const { row: found, fresh } = await reader.one(this.reads, id, words.waitFor);
      say(reply, fresh);
      if (!found) throw notFound();
      const { revision } = found as { revision?: unknown };
      if (revision !== undefined && revision !== null) reply.header('etag', `"${revision as string}"`);
      return found;
    },
  });
  const { prototype } = controller as { prototype: object };
  Parameters()(prototype, many, 0);
  Headers('accept')(prototype, many, 1);
  Res({ passthrough: true })(prototype, many, 2);
  const waitFor = ApiQuery({
    name: 'waitFor',
    required: false,
    type: String,
    description: 'Token of a receipt: the answer reflects that command, or says that it is behind.',
  });
  decorate(
    prototype,
    many,
    Get(path),
    Allow(...roles),
    ApiOperation({ operationId: many, summary: about }),
    ...questions.map(parameterOf),
    ApiQuery({ name: 'sort', required: false, enum: orders }),
    ApiQuery({ name: 'first', required: false, schema: { type: 'integer', minimum: 1, maximum: PAGE.most, default: PAGE.usual } }),
    ApiQuery({ name: 'after', required: false, type: String, description: 'The nextCursor of the page before.' }),
    waitFor,
    ApiOkResponse({ type: pageOf(row), description: 'With `Accept: text/csv`: all rows as CSV.' }),
  );
  Parameters()(prototype, csvKey, 0);
  Res({ passthrough: true })(prototype, csvKey, 1);
  decorate(prototype, csvKey, Get(`${path}.csv`), Allow(...roles), ApiExcludeEndpoint());
  if (one) {
    Param('id')(prototype, oneKey, 0);
    Parameters()(prototype, oneKey, 1);
    Res({ passthrough: true })(prototype, oneKey, 2);
    decorate(
      prototype,
      oneKey,
      Get(`${path}/:id`),
      Allow(...roles),
      ApiOperation({ operationId: oneKey, summary: about }),
      ApiParam({ name: 'id', type: String }),
      waitFor,
      ApiOkResponse({ type: row }),
      ApiNotFoundResponse({ description: 'There is no such thing, or it is outside your facilities.' }),
    );
  }
  Controller()(controller);
  ApiTags(path.split('/')[0]!)(controller);
  ApiBearerAuth()(controller);
  return controller;
}

const SCHEMAS: Readonly<Record<string, object>> = {
  whole: { type: 'integer' },
  flag: { type: 'boolean' },
  instant: { type: 'string', format: 'date-time' },
};

function parameterOf({ name, cell, bound }: Question): MethodDecorator {
  const several = !bound && LISTED.has(cell.kind);
  const item = cell.list ? { type: 'string', enum: Object.values(cell.list) } : (SCHEMAS[cell.kind] ?? { type: 'string' });
  return ApiQuery({
    name,
    required: false,
    ...(several ? { explode: false, style: 'form', schema: { type: 'array', items: item } } : { schema: item }),
    ...(bound ? { description: bound === '<' ? 'Exclusive.' : 'Inclusive.' } : {}),
  } as never);
}

const pages = new Map<unknown, Type<Page<object>>>();

/** The answer of a list: one class for GraphQL and OpenAPI. */
function pageOf<Row extends object>(row: new () => Row): Type<Page<object>> {
  const known = pages.get(row);
  if (known) return known;
  class RowPage {}
  const { prototype } = RowPage;
  Object.defineProperty(RowPage, 'name', { value: `${row.name}Page` });
  Field(() => [row])(prototype, 'items');
  ApiProperty({ type: [row] })(prototype, 'items');
  Field(() => String, { nullable: true, description: 'Give it as `after` for the next page; null on the last one.' })(
    prototype,
    'nextCursor',
  );
  ApiProperty({ type: String, nullable: true, description: 'Give it as `after` for the next page; null on the last one.' })(
    prototype,
    'nextCursor',
  );
  Field(() => String, { description: 'Position of the log that the answer reflects at least.' })(prototype, 'position');
  ApiProperty({ type: String, description: 'Position of the log that the answer reflects at least.' })(prototype, 'position');
  Field(() => Boolean, { description: 'True where `waitFor` was not reached in time.' })(prototype, 'behind');
  ApiProperty({ type: Boolean, description: 'True where `waitFor` was not reached in time.' })(prototype, 'behind');
  ObjectType(`${row.name}Page`)(RowPage);
  pages.set(row, RowPage as Type<Page<object>>);
  return RowPage as Type<Page<object>>;
}

/** The GraphQL input that asks a list; fields of closed lists are enums. */
export function filterOf<Row extends object>(row: new () => Row, questions: readonly Question[]): Type<object> {
  class Filter {}
  Object.defineProperty(Filter, 'name', { value: `${row.name}Filter` });
  const scalar: Readonly<Record<string, ReturnTypeFunc>> = {
    key: () => ID,
    id: () => ID,
    ids: () => ID,
    whole: () => Int,
    flag: () => Boolean,
  };
  for (const { name, cell, bound } of questions) {
    const type: ReturnTypeFunc = cell.list ? () => cell.list as object : (scalar[cell.kind] ?? (() => String));
    Field(bound ? type : () => [(type as () => never)()], {
      nullable: true,
      ...(bound ? { description: bound === '<' ? 'Exclusive.' : 'Inclusive.' } : {}),
    })(Filter.prototype, name);
  }
  InputType(`${row.name}Filter`)(Filter);
  return Filter;
}

function resolverOf<Row extends object>(
  row: new () => Row,
  reader: Reader<Row>,
  { one, many, moved, roles, about }: ListOptions<Row>,
): Type<object> {
  const { questions, orders } = reader.requests;
  const filter = filterOf(row, questions);
  const sort = Object.fromEntries(orders.map((order) => [order, order]));
  registerEnumType(sort, { name: `${row.name}Sort` });
  const resolver = blank(`${row.name}Resolver`, {
    [many](
      asked: Words | undefined,
      order: string | undefined,
      first: number | undefined,
      after: string | undefined,
      waitFor: string | undefined,
    ) {
      return reader.page(this.reads, { filter: asked, sort: order, first, after }, waitFor);
    },
    ...(one
      ? {
          async [one](id: string, waitFor: string | undefined) {
            return (await reader.one(this.reads, id, waitFor)).row ?? null;
          },
        }
      : {}),
    ...(moved
      ? {
          [moved](ids: string[] | undefined, scope: string | undefined) {
            return this.moves.watch(reader.view, reader.requests, caller(), { ids, scope });
          },
        }
      : {}),
  });
  const { prototype } = resolver as { prototype: object };
  const waitFor = {
    type: () => String,
    nullable: true,
    description: 'Token of a receipt: the answer reflects that command, or says that it is behind.',
  };
  Args('filter', { type: () => filter, nullable: true })(prototype, many, 0);
  Args('sort', { type: () => sort, nullable: true })(prototype, many, 1);
  Args('first', { type: () => Int, nullable: true, defaultValue: PAGE.usual, description: `At most ${PAGE.most}.` })(prototype, many, 2);
  Args('after', { type: () => String, nullable: true, description: 'The nextCursor of the page before.' })(prototype, many, 3);
  Args('waitFor', waitFor)(prototype, many, 4);
  decorate(
    prototype,
    many,
    Query(() => pageOf(row), { name: many, description: about }),
    Allow(...roles),
  );
  if (one) {
    Args('id', { type: () => ID })(prototype, one, 0);
    Args('waitFor', waitFor)(prototype, one, 1);
    decorate(
      prototype,
      one,
      Query(() => row, { name: one, nullable: true, description: `${about} By id; null where there is none in your facilities.` }),
      Allow(...roles),
    );
  }
  if (moved) {
    Args('ids', { type: () => [ID], nullable: true, description: 'Only these; all in scope when absent.' })(prototype, moved, 0);
    Args(reader.requests.scope, { type: () => ID, nullable: true })(prototype, moved, 1);
    const move = moveOf(row);
    const description = `${about} Each row as it is after it changed.`;
    decorate(
      prototype,
      moved,
      Subscription(() => move, { name: moved, description, resolve: (told: Move<Row>) => told }),
      Allow(...roles),
    );
  }
  Resolver()(resolver);
  return resolver;
}

function moveOf<Row extends object>(row: new () => Row): Type<Move<Row>> {
  class RowMove {}
  Object.defineProperty(RowMove, 'name', { value: `${row.name}Move` });
  Field(() => ID)(RowMove.prototype, 'id');
  Field(() => row, { nullable: true, description: 'Null where it is no longer there.' })(RowMove.prototype, 'row');
  Field(() => String, { description: 'Position of the log that this reflects at least.' })(RowMove.prototype, 'position');
  ObjectType(`${row.name}Move`)(RowMove);
  return RowMove as Type<Move<Row>>;
}

/** The names of a row's columns, for queries written by hand that return it. */
export const columnsOf = (row: new () => object): readonly string[] => cellsOf(row).map(({ name }) => name);
