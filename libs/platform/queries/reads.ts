/**
 * What every query needs. Hides: freshness, scope, failures of the database. Promises: each answer says which position of the log it
 * reflects at least; a token is waited for WAIT_FOR_MS at most; rows outside the caller's scopes are not visible. Does not: know any view.
 *
 * A hand-written query:
 *
 *   const { position, behind } = await this.reads.fresh(['genealogy'], waitFor);
 *   const rows = await this.reads.rows<Row>(`… WHERE ${inScopes('"facilityId"', 1)}`, [scopeOf(caller()), …]);
 *   return { items: rows, nextCursor: null, position, behind };
 */
import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import type { Principal } from '#platform/security/access';
import { invalidInput, Problem } from '#platform/problem/problem';
import { caller, mayReach } from '#platform/security/auth';
import { parseToken } from '#platform/store/log-mark';
import type { ViewReads } from '#platform/views/progress';
import { Exports } from './exports';

/** What an answer reflects. `behind` is true if a token was given and the view did not reach it in time, or could not fold what it is about. */
export type Freshness = Readonly<{ position: string; behind: boolean }>;

/** The caller's scopes as a parameter of SQL; null for all. `named` are those that its question names: the access log says which are not its own. */
export function scopeOf(principal: Principal, ...named: readonly unknown[]): readonly string[] | null {
  for (const scope of named) if (typeof scope === 'string') mayReach(principal, scope);
  return principal.scopes.includes('*') ? null : principal.scopes;
}

/** The condition that the caller may see a row, with `scopeOf(caller)` as the n-th parameter. */
export const inScopes = (column: string, n: number): string => `($${n}::text[] IS NULL OR ${column} = ANY($${n}::text[]))`;

const ofAnotherLog = (views: readonly string[]) =>
  new Problem(503, 'view-of-another-log', `The event store does not hold the log that ${views.join(', ')} was made from.`, {
    whatToDo: 'Restore the newer copy of the event store, or rebuild the view from this log: ops views rebuild <view>.',
    retryAfterSeconds: 60,
    facts: { views },
  });

const positionOfAnotherLog = (what: string) =>
  new Problem(409, 'position-of-another-log', `${what} belongs to another log than the event store holds now.`, {
    whatToDo: 'Send the request again without it. The log was moved or replaced; after a move, the new log has all earlier events.',
  });

/** How long to wait for one row if no token was given. */
const CURRENT_MS = 1_000;
const STATEMENT_MS = 10_000;

@Injectable()
export class Reads {
  private readonly exports: Exports;
  private asking: Promise<bigint | undefined> = Promise.resolve(undefined);
  private due?: Promise<bigint | undefined>;

  constructor(
    private readonly pool: Pool,
    private readonly views: ViewReads,
    private readonly waitMs: number,
    /** Position of the newest event of the log. */
    private readonly head: () => Promise<bigint>,
    private readonly mark: () => Promise<string | undefined> = () => Promise.resolve(undefined),
    /** Connections for exports. */
    exports = pool,
  ) {
    this.exports = new Exports(exports);
  }

  /** Mark of the log in the event store; undefined while it is not known. */
  log(): Promise<string | undefined> {
    return this.mark();
  }

  /** Refuses a position with the mark of another log. @throws Problem 409 */
  async ensureOwn(what: string, mark: string | undefined): Promise<void> {
    const own = mark === undefined ? undefined : await this.mark();
    if (own !== undefined && mark !== own) throw positionOfAnotherLog(what);
  }

  /**
   * Like `fresh`; without a token it waits for everything recorded before the question. If the log does not answer, it is unknown whether the
   * answer is current: it is `behind`.
   */
  async current(views: readonly string[], waitFor?: string, key?: string): Promise<Freshness> {
    if (waitFor !== undefined) return this.fresh(views, waitFor, key);
    const head = await this.end();
    const reached = head !== undefined && (await this.views.waitFor(views, head, Math.min(this.waitMs, CURRENT_MS)));
    const fresh = await this.fresh(views, undefined, key);
    return { ...fresh, behind: fresh.behind || !reached };
  }

  /** The end of the log, asked after this call began: however many callers wait, one query runs and one is queued. */
  private async end(): Promise<bigint | undefined> {
    this.due ??= this.asking.then(() => {
      this.due = undefined;
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, CURRENT_MS, undefined).unref());
      const asked = Promise.race([this.head(), late]).catch(() => undefined);
      this.asking = asked;
      return asked;
    });
    return this.due;
  }

  /**
   * Call this before reading the rows: they then reflect this position or a later one. `waitFor` is the token of a receipt; `key` is that of the
   * row, if one is asked for.
   */
  async fresh(views: readonly string[], waitFor?: string, key?: string): Promise<Freshness> {
    let behind = false;
    const token = waitFor === undefined ? undefined : parseToken(waitFor);
    if (waitFor !== undefined) {
      if (!token) {
        const message = 'waitFor must be the token of a receipt, e.g. "4711-0a1b2c3d"';
        throw invalidInput([{ field: 'waitFor', message }]);
      }
      await this.ensureOwn('The token in waitFor', token.mark);
      behind = !(await this.views.waitFor(views, token.position, this.waitMs));
    }
    const [reached, own] = await Promise.all([this.views.reached(views), this.mark()]);
    const other = views.filter((view) => {
      const { otherLog, log } = reached.get(view) ?? {};
      return otherLog || (log !== undefined && own !== undefined && log !== own);
    });
    if (other.length > 0) throw ofAnotherLog(other);
    const parked = views.filter((view) => reached.get(view)?.parked);
    if (!behind && parked.length > 0) behind = await this.views.isParked(parked, token?.position, key);
    const positions = views.map((view) => reached.get(view)?.position ?? -1n);
    return { position: String(positions.reduce((least, position) => (position < least ? position : least))), behind };
  }

  /** Rows of one statement; select bigint columns as text, since JSON has no such numbers. */
  async rows<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    const { rows } = await this.pool.query<Row>({ text, values: [...values], query_timeout: STATEMENT_MS } as never);
    return rows;
  }

  /** All rows of one statement for the present caller, as in exports.ts. @throws Problem 429, 503 */
  stream(text: string, values: readonly unknown[]): Promise<Readable> {
    return this.exports.stream(caller().actor, text, values);
  }
}
