/**
 * What REST and GraphQL ask of one list. Hides: the order of waiting, reading and reporting how current the answer is. Promises: the same
 * behaviour for both. Does not: know their parameters (list-rest.ts, list-graphql.ts).
 */
import type { Transform } from 'node:stream';
import type { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { scopeIn } from '#kernel/identity';
import { Problem } from '#platform/problem/problem';
import type { Role } from '#platform/security/access';
import { caller } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { csvFile, csvOf, type CsvOptions } from './csv';
import { logOfCursor, type Asked, type FilterKind, type Lasting, type ListRequests } from './list-request';
import { parquetFile, parquetOf } from './parquet';
import { scopeOf, type Freshness, type Reads } from './reads';

export type ListOptions<Row> = Readonly<{
  /** Path of the list in REST, without a leading slash. */
  path: string;
  /** GraphQL name of the query by id; absent if single rows cannot be queried. */
  one?: string;
  /** GraphQL name of the list. */
  many: string;
  roles: readonly Role[];
  filters?: Partial<Record<keyof Row & string, FilterKind>>;
  /** Filters by a moment at which a row is still valid, by the name that clients use. */
  lasting?: Readonly<Record<string, Lasting>>;
  sorts?: readonly (keyof Row & string)[];
  /** GraphQL name of the subscription to rows as they change, e.g. `equipmentMoved`. */
  moved?: string;
  /** The default order: a name of `sorts`, optionally with `Descending` appended. */
  sortedBy?: string;
  /** One sentence for the API descriptions. */
  about: string;
}>;

export type Page<Row> = Freshness & Readonly<{ items: Row[]; nextCursor: string | null }>;

export class Reader<Row extends object> {
  constructor(
    readonly view: string,
    readonly requests: ListRequests,
  ) {}

  async page(reads: Reads, asked: Asked, waitFor: unknown): Promise<Page<Row>> {
    const { text, values, size, order } = this.requests.page(asked, this.scopes(asked));
    await reads.ensureOwn('The cursor in after', logOfCursor(asked.after));
    const fresh = await reads.fresh([this.view], tokenIn(waitFor));
    const found = await reads.rows<Row & { __place?: string | null }>(text, values);
    const items = found.slice(0, size);
    const last = found.length > size ? items.at(-1) : undefined;
    const nextCursor = last
      ? this.requests.cursor(order, last.__place ?? null, (last as Record<string, unknown>)[this.requests.key] as string, await reads.log())
      : null;
    for (const item of items) delete item.__place;
    return { items, nextCursor, ...fresh };
  }

  /** The row as it is now, including everything recorded before the question. */
  async one(reads: Reads, id: unknown, waitFor: unknown): Promise<{ row: Row | undefined; fresh: Freshness }> {
    const key = typeof id === 'string' && id.length <= 200 && !id.includes('\0') ? id : undefined;
    const fresh = await reads.current([this.view], tokenIn(waitFor), key);
    // An id of any other form cannot exist.
    if (key === undefined) return { row: undefined, fresh };
    const { text, values } = this.requests.one(key, scopeOf(caller(), scopeIn(key)));
    const [row] = await reads.rows<Row>(text, values);
    if (!row && fresh.behind) throw viewBehind(this.view, fresh);
    return { row, fresh };
  }

  async csv(reads: Reads, asked: Asked, waitFor: unknown, options: CsvOptions, reply: FastifyReply): Promise<StreamableFile> {
    const columns = this.requests.cells.map(({ name }) => name);
    return csvFile(await this.all(reads, asked, waitFor, () => csvOf(columns, options), reply), this.view);
  }

  async parquet(reads: Reads, asked: Asked, waitFor: unknown, reply: FastifyReply): Promise<StreamableFile> {
    return parquetFile(await this.all(reads, asked, waitFor, () => parquetOf(this.requests.cells), reply), this.view);
  }

  /** All rows, in a format that is made once the rows can be read. */
  private async all(reads: Reads, asked: Asked, waitFor: unknown, format: () => Transform, reply: FastifyReply): Promise<Transform> {
    const { text, values } = this.requests.all(asked, this.scopes(asked));
    const fresh = await reads.fresh([this.view], tokenIn(waitFor));
    const rows = await reads.stream(text, values);
    const file = format();
    rows.on('error', (error) => file.destroy(error));
    file.on('close', () => rows.destroy());
    sayFreshness(reply, fresh);
    return rows.pipe(file);
  }

  private scopes({ filter }: Asked): readonly string[] | null {
    const context = currentContext();
    if (context && this.requests.forAuditors) context.readsAudit = true;
    return scopeOf(caller(), ...[filter?.[this.requests.scope]].flat());
  }
}

/** Why it cannot be said whether a row exists. */
export const viewBehind = (view: string, { position }: Freshness): Problem =>
  new Problem(503, 'view-behind', `The view ${view} is behind the log; this row may exist already.`, {
    retryAfterSeconds: 1,
    whatToDo: 'Send the request again.',
    facts: { position },
  });

function tokenIn(waitFor: unknown): string | undefined {
  if (waitFor === undefined || waitFor === null) return undefined;
  // Any other type becomes an empty text, which is refused later as an invalid token.
  return typeof waitFor === 'string' ? waitFor : '';
}

/** The position that an answer reflects, and whether it is behind, as headers. */
export const sayFreshness = (reply: FastifyReply, { position, behind }: Freshness): void =>
  void reply.header('x-position', position).header('x-behind', String(behind));
