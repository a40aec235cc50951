/**
 * The view engine: read models as the fold of the log, exactly once, at any time and under any fault. Hides: everything in `view-*.ts`.
 * Promises: each view's rows, checkpoint and lease epoch change in one transaction; a slow or broken view holds up no other; a new version is
 * built beside the old and takes over when it has passed it. Does not: promise order between views, or that a view is current (see
 * progress.ts for waiting and lag).
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { EventStoreDBClient } from '@eventstore/db-client';
import { Pool } from 'pg';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metadata, Upcasts } from '#kernel/event';
import { EXACT_TYPES } from '#platform/runtime/database';
import type { EventStore } from '#platform/store/event-store';
import { APP_VERSION } from '#platform/runtime/version';
import { RowBudget } from './memory';
import { PartOfView, type Committed, type Testing } from './part';
import { Feed, usualFeed, type FeedOptions } from './feed';
import { Keeper, usualKeeper, type KeeperOptions } from './projector';
import { Leases, sessionName, usualLease, type LeaseOptions, type Part } from './leases';
import { SKIPPED, skipParked, type ParkedEvent } from './parking';
import { shapeOf, type AnyView } from './shape';
import { ensureBookkeeping, goBack, openView, rebuild, stopBuilding, switchOver, tablesToRun, type ViewTable } from './tables';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { ReadingThread } from '#platform/store/reader-thread';

/** Where operators' decisions about views are recorded. */
export const OPERATIONS_STREAM = 'view-operations-enterprise';

/**
 * Leaves the event at fault out of a view's table, in an operator's name: the decision is in the log before it takes effect. Returns what
 * was skipped; undefined where nothing is parked there.
 */
export async function skipAndRecord(
  pool: Pool,
  store: EventStore,
  {
    table,
    partition,
    reason,
    actor,
    correlationId,
  }: Readonly<{ table: string; partition: string; reason: string; actor: string; correlationId: string }>,
): Promise<ParkedEvent | undefined> {
  let skipped: ParkedEvent | undefined;
  const done = await skipParked(pool, table, partition, reason, async (data, head) => {
    const commandId = randomUUID();
    const metadata: Metadata = {
      commandId,
      command: 'SkipViewEvent',
      commandDigest: '',
      correlationId,
      causationId: head.id,
      actor,
      role: 'engineer',
      facility: 'enterprise',
      occurredAt: new Date().toISOString(),
      clock: 'server',
      app: APP_VERSION,
      schema: 1,
      reason,
    };
    await store.append(OPERATIONS_STREAM, 'any', [{ id: commandId, type: SKIPPED, data, metadata }]);
    skipped = head;
  });
  return done ? skipped : undefined;
}

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
  registry?: Registry;
  log?: Readonly<{
    info(facts: object, text: string): void;
    warn(facts: object, text: string): void;
    error(facts: object, text: string): void;
  }>;
  lease?: LeaseOptions;
  feed?: Partial<FeedOptions>;
  keeper?: Partial<KeeperOptions>;
  /** For tests only. */
  testing?: Testing;
}>;

export type ViewHealth = Readonly<{
  view: string;
  table: string;
  shard: number;
  state: string;
  position: string | null;
  trouble?: string;
  healthy: boolean;
}>;

export type RunningViews = Readonly<{
  worker: string;
  /** Parts held here. Unhealthy only where a part is behind and has not moved for ten seconds. */
  health(): readonly ViewHealth[];
  /** Builds the view's table anew beside the live one, which it replaces when it has passed it. */
  rebuild(view: string): Promise<ViewTable>;
  /** Shows a table again that was kept at the last switch. */
  goBack(view: string, table: string): Promise<void>;
  /** Finishes what is under way and gives all parts up. */
  stop(): Promise<void>;
}>;

const STUCK_MS = 10_000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const nameOf = ({ table, shard }: Part): string => `${table}/${shard}`;

/** Connections of the engine: bounded, replayable commits need no fsync, and a stopped transaction ends. */
function engineDatabase(databaseUrl: string, worker: string, max: number): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    max,
    types: EXACT_TYPES,
    application_name: sessionName(worker),
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
    keepAlive: true,
    options: '-c synchronous_commit=off -c idle_in_transaction_session_timeout=10000 -c TimeZone=UTC -c DateStyle=ISO',
  });
  // A connection may break at any time, in use or idle: its query fails, or the next use replaces it. Unheard, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** Runs views until stopped. Resolves when their tables exist; throws where a view's shape is wrong or changed without a version. */
export async function runViews(options: ViewsOptions): Promise<RunningViews> {
  const { databaseUrl, views, upcasts = {}, shards = 1, testing = {}, log = silent } = options;
  const worker = options.worker ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const byName = new Map(views.map((view) => [view.name, view]));
  if (byName.size !== views.length) throw new TypeError('two views bear the same name');
  views.forEach(shapeOf);

  const pools = {
    control: engineDatabase(databaseUrl, worker, 3),
    live: engineDatabase(databaseUrl, worker, options.connections ?? 4),
    build: engineDatabase(databaseUrl, worker, 2),
    rows: engineDatabase(databaseUrl, worker, 2),
  };
  const client = typeof options.store === 'string' ? EventStoreDBClient.connectionString(options.store) : undefined;
  const feed = new Feed(client ? logReader(client, { thread: new ReadingThread(options.store as string) }) : (options.store as LogReader), {
    ...usualFeed,
    ...options.feed,
  });
  const metrics = measure(options.registry);
  const budget = new RowBudget(options.cacheRows ?? 250_000);
  const keepers = new Map<string, Keeper>();
  const closing = new Set<Promise<void>>();
  let tables = new Map<string, ViewTable>();

  const keep = (part: Part): void => {
    const table = tables.get(part.table)!;
    const view = byName.get(table.view)!;
    const pool = table.status === 'building' ? pools.build : pools.live;
    const facts = { view: view.name, table: part.table, shard: part.shard };
    const labels = { view: view.name, table: part.table };
    keepers.set(
      nameOf(part),
      new Keeper(
        (carefulThrough) =>
          PartOfView.load({
            pool,
            rows: pools.rows,
            view,
            table: tables.get(part.table) ?? table,
            part,
            upcasts,
            budget,
            testing,
            readStream: (stream, from, max) => feed.readStream(stream, from, max),
            last: () => feed.last(),
            operations: options.operationsStream ?? OPERATIONS_STREAM,
            carefulThrough,
          }),
        feed,
        pool,
        {
          committed: (what: Committed, { guard, parkedPartitions }) => {
            metrics?.events.inc(labels, what.events);
            metrics?.rows.inc(labels, what.rows);
            metrics?.parked.set(labels, parkedPartitions);
            if (what.newestMs > 0) metrics?.visible.observe({ view: view.name }, Math.max(0, Date.now() - what.newestMs) / 1_000);
            if (what.parked > 0)
              log.error(
                { ...facts, parked: what.parked },
                'events were parked: they, or one before them in their partition, cannot be folded',
              );
            if (guard.counts.late > 0 && view.partition) {
              guard.counts.late = 0;
              feed.forget();
              log.error(facts, 'an event came after its place among shared rows: the view is rebuilt');
              void rebuild(pools.control, view, shards).catch((error: unknown) =>
                log.error({ ...facts, error }, 'the rebuild could not start'),
              );
            }
          },
          trouble: (error, transient) => {
            metrics?.retries.inc(labels);
            log.warn(
              { ...facts, error: String(error) },
              transient ? 'will begin again from the committed checkpoint' : 'the part has another owner',
            );
          },
          poisoned: async (error) => {
            log.error({ ...facts, error: error.message }, 'the build stops: an event cannot be folded');
            await stopBuilding(pools.control, part.table, error.message);
          },
        },
        { ...usualKeeper, ...options.keeper },
      ),
    );
  };
  const drop = (part: Part): void => {
    const keeper = keepers.get(nameOf(part));
    keepers.delete(nameOf(part));
    if (!keeper) return;
    const closed = keeper.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };

  const refresh = async (): Promise<void> => {
    const found = new Map((await tablesToRun(pools.control, views)).map((table) => [table.table, table]));
    const promoted = [...found.values()].filter((table) => tables.has(table.table) && tables.get(table.table)!.status !== table.status);
    tables = found;
    // What a table is decides its pool and whether its changes are announced, so its keepers begin again.
    for (const part of leases.held) {
      if (!promoted.some(({ table }) => table === part.table) || !keepers.has(nameOf(part))) continue;
      await keepers.get(nameOf(part))!.close();
      if (leases.held.includes(part)) keep(part);
    }
  };
  const leases: Leases = new Leases(
    pools.control,
    worker,
    () => [...tables.keys()],
    { gained: keep, lost: drop, failed: (error) => log.warn({ error: String(error) }, 'leases could not be renewed') },
    options.lease ?? usualLease,
  );

  const tend = async (): Promise<void> => {
    await refresh();
    const current = leases.held.filter((part) => keepers.get(nameOf(part))?.state === 'current');
    if (current.length > 0) {
      // A store that does not answer leaves a part as it was when it was last found at the end of the log.
      const ages = current.map((part) => Date.now() - keepers.get(nameOf(part))!.movedAt);
      await pools.control.query(
        `UPDATE view_checkpoints c SET caught_up_at = clock_timestamp() - p.age
         FROM (SELECT t, s, e, ms * interval '1 millisecond' AS age FROM unnest($1::text[], $2::int[], $3::bigint[], $4::float8[]) AS u (t, s, e, ms)) AS p
         WHERE c.table_name = p.t AND c.shard = p.s AND c.epoch = p.e AND c.caught_up_at < clock_timestamp() - p.age - interval '500 milliseconds'`,
        [current.map((part) => part.table), current.map((part) => part.shard), current.map((part) => part.epoch), ages],
      );
    }
    for (const { table, view, status } of tables.values()) {
      if (status !== 'building') continue;
      const own = leases.held.filter((part) => part.table === table);
      if (own.length === 0 || own.some((part) => keepers.get(nameOf(part))?.state !== 'current')) continue;
      if (!(await switchOver(pools.control, byName.get(view)!))) continue;
      log.info({ view, table }, 'the new table is live');
      await refresh();
    }
    metrics?.resubscribed.set(feed.wakeups.resubscribed);
  };

  let stopped = false;
  let tending: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    if (stopped) return;
    tending = tend().catch((error: unknown) => log.warn({ error: String(error) }, 'the tables could not be looked after'));
    void tending.then(() => {
      if (!stopped) timer = setTimeout(again, 250);
    });
  };
  const stop = async (): Promise<void> => {
    stopped = true;
    clearTimeout(timer);
    await tending;
    const stopping = [...keepers.values()].map((keeper) => keeper.close());
    await Promise.all([...stopping, ...closing]);
    await leases.close();
    await feed.close();
    await client?.dispose();
    await Promise.all(Object.values(pools).map((pool) => pool.end()));
  };

  try {
    await ensureBookkeeping(pools.control);
    for (const view of views) await openView(pools.control, view, shards);
    await refresh();
  } catch (error) {
    await stop();
    throw error;
  }
  leases.start();
  timer = setTimeout(again, 250);

  const named = (name: string): AnyView => {
    const view = byName.get(name);
    if (!view) throw new RangeError(`there is no view ${name}`);
    return view;
  };
  return {
    worker,
    health: () =>
      leases.held.flatMap((part): ViewHealth[] => {
        const keeper = keepers.get(nameOf(part));
        if (!keeper) return [];
        const behind = keeper.position === undefined || keeper.position < feed.seen.position;
        const healthy = !(behind && Date.now() - keeper.movedAt > STUCK_MS);
        const view = tables.get(part.table)?.view ?? part.table;
        return [
          {
            view,
            table: part.table,
            shard: part.shard,
            state: keeper.state,
            position: keeper.position?.toString() ?? null,
            trouble: keeper.trouble,
            healthy,
          },
        ];
      }),
    rebuild: (name) => rebuild(pools.control, named(name), shards),
    goBack: (name, table) => goBack(pools.control, named(name), table),
    stop,
  };
}

function measure(registry: Registry | undefined) {
  if (!registry) return undefined;
  const registers = [registry];
  const table = ['view', 'table'];
  return {
    events: new Counter({ name: 'view_events_total', help: 'Events folded into a view', labelNames: table, registers }),
    rows: new Counter({ name: 'view_rows_total', help: 'Rows written by a view', labelNames: table, registers }),
    retries: new Counter({
      name: 'view_retries_total',
      help: 'Times that a part began again from its checkpoint',
      labelNames: table,
      registers,
    }),
    parked: new Gauge({
      name: 'view_parked_partitions',
      help: 'Partitions held up by an event that cannot be folded',
      labelNames: table,
      registers,
    }),
    resubscribed: new Gauge({ name: 'view_resubscriptions', help: 'Times that the doorbell subscription was renewed', registers }),
    visible: new Histogram({
      name: 'view_visible_seconds',
      help: 'From the recording of an event to its rows being visible',
      labelNames: ['view'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
      registers,
    }),
  };
}
