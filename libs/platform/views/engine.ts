/**
 * The view engine: read models as the fold of the log. Hides: everything else in this room. Promises: a view's rows, checkpoint and lease
 * epoch change in one transaction; a slow or broken view does not hold up another; a new version is built beside the old one and replaces it
 * once it has passed it. Does not: order views among each other, or make them current (progress.ts has waiting and lag).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import type { Upcasts } from '#kernel/event';
import { Connection } from '#platform/store/connection';
import { LogMark } from '#platform/store/log-mark';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { ReadingThread } from '#platform/store/reader-thread';
import { closeConnections, openConnections, type Connections } from './connections';
import { Feed, usualFeed, type FeedOptions } from './feed';
import { Leases, usualLease, type LeaseOptions, type Part } from './leases';
import { measuresOf, type Measures } from './measures';
import { RowBudget } from './memory';
import type { Testing } from './part';
import { usualProjector, type ProjectorOptions } from './projector';
import { Projectors, type EngineLog } from './projectors';
import { shapeOf, type AnyView } from './shape';
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
  /** Of all event types that the views read. */
  upcasts?: Upcasts;
  /** Into how many parts a new table's work is divided, so that several workers share one view. */
  shards?: number;
  /** Connections that write live views; two more look rows up, and tables that are being built have two of their own. */
  connections?: number;
  /** Rows that are kept in memory, about half a kilobyte each. */
  cacheRows?: number;
  /** Name of this worker; unique. */
  worker?: string;
  operationsStream?: string;
  /** Called before the views' tables are made, also where they are made again because the database was emptied under the worker. */
  prepare?: () => Promise<unknown>;
  /** Called once the views' tables are there, also each time that they were made again. */
  opened?: () => Promise<unknown>;
  registry?: Registry;
  log?: EngineLog;
  lease?: LeaseOptions;
  feed?: Partial<FeedOptions>;
  projector?: Partial<ProjectorOptions>;
  /** For tests only. */
  testing?: Testing;
}>;

export type RunningViews = Readonly<{
  worker: string;
  /** Parts held here. Unhealthy only where a part is behind and has not moved for ten seconds. */
  health(): readonly ViewHealth[];
  /** Builds the view's table again beside the live one, which it replaces when it has passed it. */
  rebuild(view: string): Promise<ViewTable>;
  /** Shows a table again that was kept at the last switch. */
  goBack(view: string, table: string): Promise<void>;
  /** Finishes what is under way and gives all parts up. */
  stop(): Promise<void>;
}>;

const STUCK_MS = 10_000;
const TEND_MS = 250;
const silent: EngineLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Runs views until stopped. Resolves when their tables exist; throws where a view's shape is wrong or changed without a version. */
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
  readonly #measures: Measures | undefined;
  readonly #projectors: Projectors;
  readonly #leases: Leases;
  readonly #states: States;
  #tables = new Map<string, ViewTable>();
  #stopped = false;
  #tending: Promise<void> = Promise.resolve();
  #timer?: NodeJS.Timeout;

  readonly #options: ViewsOptions;

  constructor(options: ViewsOptions) {
    this.#options = options;
    const { databaseUrl, views, store } = options;
    this.worker = options.worker ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.#views = new Map(views.map((view) => [view.name, view]));
    if (this.#views.size !== views.length) throw new TypeError('two views have the same name');
    views.forEach(shapeOf);
    this.#shards = options.shards ?? 1;
    this.#log = options.log ?? silent;
    this.#connections = openConnections(databaseUrl, this.worker, options.connections);
    this.#states = new States(this.#connections.control, this.worker);
    this.#connection = typeof store === 'string' ? new Connection(store) : undefined;
    const reader = typeof store === 'string' ? logReader(this.#connection!, { thread: new ReadingThread(store) }) : store;
    const mark = this.#connection && new LogMark(this.#connection);
    this.#feed = new Feed(reader, { ...usualFeed, ...options.feed });
    this.#measures = options.registry && measuresOf(options.registry);
    this.#projectors = new Projectors({
      connections: this.#connections,
      feed: this.#feed,
      budget: new RowBudget(options.cacheRows ?? 250_000),
      upcasts: options.upcasts ?? {},
      operations: options.operationsStream ?? OPERATIONS_STREAM,
      testing: options.testing ?? {},
      options: { ...usualProjector, ...options.projector },
      measures: this.#measures,
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
        failed: (error) => this.#log.warn({ error: String(error) }, 'leases could not be renewed'),
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
    if (!view) throw new RangeError(`there is no view ${name}`);
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
        this.#log.warn({ error: String(error) }, 'the tables could not be looked after'),
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

  /** What is looked after four times a second. */
  async #tend(): Promise<void> {
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
    this.#measures?.resubscribed.set(this.#feed.wakeups.resubscribed);
  }

  /** The database was emptied under this worker: everything in it is made again from the log. */
  async #openAgain(views: readonly AnyView[]): Promise<void> {
    this.#log.error(
      { views: views.map(({ name }) => name) },
      'tables of the views are missing in PostgreSQL: they are built again from the log',
    );
    await this.#open(views);
    this.#states.forget();
  }

  /** Learns which tables there are. What a table is decides its pool and whether its changes are announced: its projectors begin again. */
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

  /** Records when the parts held here were last at the end of the log. A store that does not answer leaves that as it was. */
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

  /** Shows tables whose build has caught up, as far as this worker holds parts of them. */
  async #switchOver(): Promise<void> {
    for (const { table, view, status } of this.#tables.values()) {
      if (status !== 'building') continue;
      const own = this.#leases.held.filter((part) => part.table === table);
      if (own.length === 0 || own.some((part) => this.#projectors.of(part)?.state !== 'current')) continue;
      if (!(await switchOver(this.#connections.control, this.#named(view)))) continue;
      this.#log.info({ view, table }, 'the new table is live');
      await this.#refresh();
    }
  }
}
