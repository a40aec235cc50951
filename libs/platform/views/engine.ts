/**
 * The view engine: read models as the fold of the log. Hides: everything else in this folder. Promises: a view's rows, checkpoint and lease epoch
 * change in one transaction; a slow or broken view does not hold up another; a new version is built beside the old one and replaces it once it
 * has overtaken it. Does not: order views among each other, or bring them up to date on demand (waiting and lag: progress.ts).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Upcasts } from '#kernel/event';
import { Connection } from '#platform/store/connection';
import { LogMark } from '#platform/store/log-mark';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { ReadingThread } from '#platform/store/reader-thread';
import { closeConnections, openConnections, type Connections } from './connections';
import { Feed, usualFeed, type FeedOptions } from './feed';
import { Leases, usualLease, type LeaseOptions, type Part } from './leases';
import { measures } from './measures';
import { RowBudget } from './memory';
import type { Testing } from './part';
import { usualProjector, type ProjectorOptions } from './projector';
import { Projectors, type EngineLog } from './projectors';
import { shapeOf, type AnyView } from './shape';
import { HeldByAnalysts } from './shown';
import { OPERATIONS_STREAM } from './skip';
import { States, type ViewHealth } from './states';
import {
  ensureBookkeeping,
  goBack,
  isEmptied,
  openView,
  rebuild,
  switchOver,
  tablesToRun,
  viewsWithoutTable,
  type ViewTable,
} from './tables';

export type ViewsOptions = Readonly<{
  /** Connection string of the event store, or a reader of its log. */
  store: string | LogReader;
  databaseUrl: string;
  views: readonly AnyView[];
  /** All event types that the views read. */
  upcasts?: Upcasts;
  /** Number of parts that a new table is divided into, so that several workers can share one view. */
  shards?: number;
  /** Connections that write live views. Two more look up rows, and tables that are being built have two of their own. */
  connections?: number;
  /** Rows kept in memory, about half a kilobyte each. */
  cacheRows?: number;
  /** Unique name of this worker. */
  worker?: string;
  operationsStream?: string;
  /** Called before the views' tables are created, also when they are created again because the database was emptied while the worker runs. */
  prepare?: () => Promise<unknown>;
  /** Called once the views' tables exist, also each time they were created again. */
  opened?: () => Promise<unknown>;
  log?: EngineLog;
  lease?: LeaseOptions;
  feed?: Partial<FeedOptions>;
  projector?: Partial<ProjectorOptions>;
  /** For tests only. */
  testing?: Testing;
}>;

export type RunningViews = Readonly<{
  worker: string;
  /** The parts held here. A part is unhealthy only if it is behind and has not moved for ten seconds. */
  health(): readonly ViewHealth[];
  /** Builds the view's table again beside the live one, and replaces that once it has overtaken it. */
  rebuild(view: string): Promise<ViewTable>;
  /** Makes a table live again that was kept at the last switch. */
  goBack(view: string, table: string): Promise<void>;
  /** Finishes the work under way and releases all parts. */
  stop(): Promise<void>;
}>;

const STUCK_MS = 10_000;
const TEND_MS = 250;
const silent: EngineLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs views until stopped. Resolves when their tables exist; throws if a view's shape is wrong or changed without a new version. */
export async function runViews(options: ViewsOptions): Promise<RunningViews> {
  const engine = new Engine(options);
  await engine.start();
  return engine;
}

class Engine implements RunningViews {
  readonly worker: string;
  readonly #views: ReadonlyMap<string, AnyView>;
  readonly #shards: number;
  readonly #log: EngineLog;
  readonly #connections: Connections;
  readonly #connection: Connection | undefined;
  readonly #feed: Feed;
  readonly #projectors: Projectors;
  readonly #leases: Leases;
  readonly #states: States;
  #tables = new Map<string, ViewTable>();
  #stopped = false;
  #tending: Promise<void> = Promise.resolve();
  #timer?: NodeJS.Timeout;

  readonly #options: ViewsOptions;
  /** New tables of which it was said that analysts hold them up. */
  readonly #held = new Set<string>();

  constructor(options: ViewsOptions) {
    this.#options = options;
    const { databaseUrl, views, store } = options;
    this.worker = options.worker ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.#views = new Map(views.map((view) => [view.name, view]));
    if (this.#views.size !== views.length) throw new TypeError('Two views have the same name; names must be unique.');
    views.forEach(shapeOf);
    this.#shards = options.shards ?? 1;
    this.#log = options.log ?? silent;
    this.#connections = openConnections(databaseUrl, this.worker, options.connections);
    this.#states = new States(this.#connections.control, this.worker);
    this.#connection = typeof store === 'string' ? new Connection(store) : undefined;
    const reader = typeof store === 'string' ? logReader(this.#connection!, { thread: new ReadingThread(store) }) : store;
    const mark = this.#connection && new LogMark(this.#connection);
    this.#feed = new Feed(reader, { ...usualFeed, ...options.feed });
    this.#projectors = new Projectors({
      connections: this.#connections,
      feed: this.#feed,
      budget: new RowBudget(options.cacheRows ?? 250_000),
      upcasts: options.upcasts ?? {},
      operations: options.operationsStream ?? OPERATIONS_STREAM,
      testing: options.testing ?? {},
      options: { ...usualProjector, ...options.projector },
      log: this.#log,
      find: (name) => this.#find(name),
      mark: async () => (await mark?.now())?.mark,
      rebuild: ({ name }) => this.rebuild(name),
    });
    this.#leases = new Leases(
      this.#connections.control,
      this.worker,
      () => [...this.#tables.keys()],
      {
        gained: (part) => this.#projectors.start(part),
        lost: (part) => void this.#projectors.stop(part),
        failed: (error) => this.#log.warn({ error: String(error) }, 'could not renew leases'),
      },
      options.lease ?? usualLease,
    );
  }

  async start(): Promise<void> {
    try {
      await this.#open([...this.#views.values()]);
      await this.#refresh();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#leases.start();
    this.#tendAgain();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#tending;
    await this.#leases.close((part) => this.#projectors.stop(part));
    await this.#projectors.close();
    await this.#feed.close();
    this.#connection?.close();
    await closeConnections(this.#connections);
  }

  health(): readonly ViewHealth[] {
    return this.#leases.held.flatMap((part) => this.#healthOf(part));
  }

  rebuild(name: string): Promise<ViewTable> {
    return rebuild(this.#connections.control, this.#named(name), this.#shards);
  }

  goBack(name: string, table: string): Promise<void> {
    return goBack(this.#connections.control, this.#named(name), table);
  }

  #healthOf(part: Part): ViewHealth[] {
    const projector = this.#projectors.of(part);
    if (!projector) return [];
    const { position, idleMs, state, trouble } = projector;
    const behind = position === undefined || position < this.#feed.seen;
    const healthy = !projector.otherLog && !(behind && idleMs > STUCK_MS);
    const view = this.#tables.get(part.table)?.view ?? part.table;
    const { otherLog } = projector;
    return [{ view, table: part.table, shard: part.shard, state, position: position?.toString() ?? null, trouble, otherLog, healthy }];
  }

  #named(name: string): AnyView {
    const view = this.#views.get(name);
    if (!view) throw new RangeError(`Unknown view ${name}`);
    return view;
  }

  #find(name: string): { view: AnyView; table: ViewTable } | undefined {
    const table = this.#tables.get(name);
    return table && { table, view: this.#named(table.view) };
  }

  #tendAgain(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#tending = this.#tend().catch((error: unknown) =>
        this.#log.warn({ error: String(error) }, 'could not check the tables of the views'),
      );
      void this.#tending.then(() => this.#tendAgain());
    }, TEND_MS);
  }

  async #open(views: readonly AnyView[]): Promise<void> {
    await this.#options.prepare?.();
    await ensureBookkeeping(this.#connections.control);
    for (const view of views) await openView(this.#connections.control, view, this.#shards);
    await this.#options.opened?.();
  }

  /** The checks that run four times a second. */
  async #tend(): Promise<void> {
    this.#measure();
    try {
      const missing = await viewsWithoutTable(this.#connections.control, [...this.#views.values()]);
      if (missing.length > 0) await this.#openAgain(missing);
      await this.#refresh();
      await this.#noteFreshness();
      await this.#states.note(this.health());
      await this.#switchOver();
      await this.#states.prune();
    } catch (error) {
      if (!isEmptied(error)) throw error;
      await this.#openAgain([...this.#views.values()]);
    }
  }

  #measure(): void {
    measures.resubscribed.set(this.#feed.wakeups.resubscribed);
    const lags = new Map<string, number>();
    for (const part of this.#leases.held) {
      const [view, lagMs] = [this.#tables.get(part.table)?.view ?? part.table, this.#projectors.of(part)?.lagMs ?? 0];
      lags.set(view, Math.max(lags.get(view) ?? 0, lagMs));
    }
    // Another worker tells of the parts that this one has lost.
    measures.lag.reset();
    for (const [view, lagMs] of lags) measures.lag.set({ view }, lagMs / 1_000);
  }

  /** The database was emptied while this worker runs: all views are built again from the log. */
  async #openAgain(views: readonly AnyView[]): Promise<void> {
    this.#log.error(
      { views: views.map(({ name }) => name) },
      'tables of the views are missing in PostgreSQL: rebuilding them from the log',
    );
    await this.#open(views);
    this.#states.forget();
  }

  /** Reads which tables exist. A table's status decides its pool and whether its changes are announced, so its projectors are restarted. */
  async #refresh(): Promise<void> {
    const before = this.#tables;
    const found = await tablesToRun(this.#connections.control, [...this.#views.values()]);
    this.#tables = new Map(found.map((table) => [table.table, table]));
    const promoted = new Set(
      found.flatMap(({ table, status }) => (before.has(table) && before.get(table)!.status !== status ? [table] : [])),
    );
    for (const part of this.#leases.held) {
      const projector = this.#projectors.of(part);
      if (!promoted.has(part.table) || !projector) continue;
      await projector.close();
      if (this.#leases.held.includes(part)) this.#projectors.start(part);
    }
  }

  /** Records when the parts held here were last at the end of the log. If the store does not answer, the recorded time stays. */
  async #noteFreshness(): Promise<void> {
    const current = this.#leases.held.filter((part) => this.#projectors.of(part)?.state === 'current');
    if (current.length === 0) return;
    const ages = current.map((part) => this.#projectors.of(part)!.idleMs);
    await this.#connections.control.query(
      `UPDATE view_checkpoints c SET caught_up_at = clock_timestamp() - p.age
       FROM (SELECT t, s, e, ms * interval '1 millisecond' AS age FROM unnest($1::text[], $2::int[], $3::bigint[], $4::float8[]) AS u (t, s, e, ms)) AS p
       WHERE c.table_name = p.t AND c.shard = p.s AND c.epoch = p.e AND c.caught_up_at < clock_timestamp() - p.age - interval '500 milliseconds'`,
      [current.map((part) => part.table), current.map((part) => part.shard), current.map((part) => part.epoch), ages],
    );
  }

  /** Switches to tables that have caught up, if this worker holds parts of them. */
  async #switchOver(): Promise<void> {
    for (const { table, view, status } of this.#tables.values()) {
      if (status !== 'building') continue;
      const own = this.#leases.held.filter((part) => part.table === table);
      if (own.length === 0 || own.some((part) => this.#projectors.of(part)?.state !== 'current')) continue;
      const switched = await switchOver(this.#connections.control, this.#named(view)).catch((error: unknown) => {
        if (!(error instanceof HeldByAnalysts)) throw error;
        if (this.#held.has(table)) return false;
        this.#held.add(table);
        this.#log.warn({ view, table, error: error.message }, 'the new table cannot go live yet; trying again');
        return false;
      });
      if (!switched) continue;
      this.#held.delete(table);
      this.#log.info({ view, table }, 'the new table is live');
      await this.#refresh();
    }
  }
}
