/**
 * Rows as they change. Hides: how changes are found, and that wake-ups may be lost. Promises: a subscriber of a list gets every row of its scopes
 * that changed, in its current state, also after a database outage; a slow subscriber gets the latest state of each row; memory is bounded. Does
 * not: deliver every intermediate state, or keep an order between rows.
 */
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { QUALIFIED_ID, scopeIn } from '#kernel/identity';
import { inScope, type Principal } from '#platform/security/access';
import type { ListRequests } from './list-request';
import { Problem } from '#platform/problem/problem';
import { scopeOf, type Reads } from './reads';
import type { ViewReads } from '#platform/views/progress';

/** A row that changed; `row` is null if it no longer exists. */
export type Move<Row> = Readonly<{ id: string; row: Row | null; position: string }>;
/** Which rows of a list to watch; everything in scope if nothing is named. */
export type Watched = Readonly<{ ids?: readonly string[] | null; scope?: string | null }>;

const WAITING = 1_000;
const CATCH_UP = 5_000;

@Injectable()
export class Moves implements OnApplicationShutdown {
  private readonly pumps = new Map<string, Pump>();
  private closed = false;

  constructor(
    private readonly reads: Reads,
    private readonly views: ViewReads,
  ) {}

  /** Changes of a list that the principal may see, from now on, until the iterator is returned. */
  watch<Row extends object>(
    view: string,
    requests: ListRequests,
    principal: Principal,
    watched: Watched,
  ): AsyncIterableIterator<Move<Row>> {
    if (this.closed) throw new Problem(503, 'unavailable', 'The service is stopping.', { retryAfterSeconds: 1 });
    scopeOf(principal, watched.scope, ...(watched.ids ?? []).map(scopeIn));
    let pump = this.pumps.get(view);
    if (!pump) {
      pump = new Pump(view, requests, this.reads, this.views, () => this.pumps.delete(view));
      this.pumps.set(view, pump);
    }
    return pump.join(principal, watched) as Watcher as AsyncIterableIterator<Move<Row>>;
  }

  onApplicationShutdown(): void {
    this.closed = true;
    for (const pump of this.pumps.values()) pump.end();
  }
}

/** Reads the changed rows of one view once, for all subscribers. */
class Pump {
  private readonly log = new Logger('row-changes');
  private readonly watchers = new Set<Watcher>();
  private readonly ended = new AbortController();

  constructor(
    private readonly view: string,
    private readonly requests: ListRequests,
    private readonly reads: Reads,
    private readonly views: ViewReads,
    private readonly onEmpty: () => void,
  ) {
    void this.listen();
  }

  join(principal: Principal, watched: Watched): Watcher {
    const watcher: Watcher = new Watcher(principal, watched, () => {
      this.watchers.delete(watcher);
      if (this.watchers.size === 0) this.end();
    });
    this.watchers.add(watcher);
    return watcher;
  }

  end(): void {
    this.onEmpty();
    this.ended.abort();
    for (const watcher of this.watchers) watcher.end();
  }

  /** If the rows of a change could not be read, the next change reads them by position. */
  private async listen(): Promise<void> {
    let missed: bigint | undefined;
    for await (const change of this.views.changes(this.view, this.ended.signal)) {
      try {
        if (change.keys && missed === undefined) await this.named(change.keys, change.position);
        else await this.written(missed ?? change.since, change.position);
        missed = undefined;
      } catch (error) {
        missed ??= change.since;
        if (!this.ended.signal.aborted) this.log.debug(`could not read rows of ${this.view}: ${(error as Error).message}`);
      }
    }
  }

  private async named(keys: readonly string[], position: bigint): Promise<void> {
    const { text, values } = this.requests.these(keys);
    const rows = await this.reads.rows<Record<string, unknown>>(text, values);
    this.tell(rows, String(position));
    const there = new Set(rows.map((row) => row[this.requests.key]));
    for (const id of keys) if (!there.has(id)) this.tellGone(id, String(position));
  }

  /** Everything written since, if the keys are not known; this does not find removed rows. */
  private async written(since: bigint, position: bigint): Promise<void> {
    for (let from = since; ;) {
      const { text, values } = this.requests.since(from, CATCH_UP);
      const rows = await this.reads.rows<Record<string, unknown>>(text, values);
      this.tell(rows, String(position));
      if (rows.length < CATCH_UP) return;
      from = BigInt(rows.at(-1)!.position as string);
    }
  }

  private tell(rows: readonly Record<string, unknown>[], position: string): void {
    for (const row of rows)
      for (const watcher of this.watchers)
        watcher.hear(row[this.requests.key] as string, row[this.requests.scope] as string, row, position);
  }

  /** For a removed row, only its id tells its scope. */
  private tellGone(id: string, position: string): void {
    const scope = QUALIFIED_ID.test(id) ? scopeIn(id) : '';
    for (const watcher of this.watchers) watcher.hear(id, scope, null, position);
  }
}

/** One subscription: the newest state of each row that has not been delivered yet. */
class Watcher implements AsyncIterableIterator<Move<object>> {
  private readonly waiting = new Map<string, Move<object>>();
  private readonly ids?: ReadonlySet<string>;
  private wake?: () => void;
  private over = false;
  private overrun = false;

  constructor(
    private readonly principal: Principal,
    private readonly watched: Watched,
    private readonly onEnd: () => void,
  ) {
    if (watched.ids) this.ids = new Set(watched.ids);
  }

  hear(id: string, scope: string, row: object | null, position: string): void {
    if (this.over || !inScope(this.principal, scope)) return;
    if ((this.ids && !this.ids.has(id)) || (this.watched.scope && this.watched.scope !== scope)) return;
    this.waiting.delete(id);
    this.waiting.set(id, { id, row, position });
    if (this.waiting.size > WAITING) {
      this.overrun = true;
      this.waiting.clear();
    }
    this.wake?.();
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.onEnd();
    this.wake?.();
  }

  async next(): Promise<IteratorResult<Move<object>>> {
    for (;;) {
      if (this.overrun) {
        this.end();
        throw new Problem(503, 'fell-behind', `More than ${WAITING} changed rows are waiting for you.`, {
          retryAfterSeconds: 1,
          whatToDo: 'Read the list, then subscribe again.',
        });
      }
      const [first] = this.waiting;
      if (first) {
        this.waiting.delete(first[0]);
        return { done: false, value: first[1] };
      }
      if (this.over) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  return(): Promise<IteratorResult<Move<object>>> {
    this.waiting.clear();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
