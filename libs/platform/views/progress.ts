/**
 * What readers ask about views: how far they are, whether they move, and waiting for them. Hides: checkpoints, leases, states. Promises: a wait
 * ends as soon as the view has committed the position, or after its timeout; a lost wake-up only costs a poll. Does not: read rows.
 */
import type { Pool } from 'pg';
import { now } from '#platform/runtime/clock';
import type { EventStore } from '#platform/store/event-store';
import { BEFORE_ALL } from '#platform/store/log-reader';
import { WakeUps } from './wake-ups';
import { isEmptied } from './tables';
import { changesOf, type ViewChange } from './changes';

export type ViewLag = Readonly<{
  view: string;
  table: string;
  version: number;
  status: string;
  position: bigint;
  /**
   * Age of the oldest event that the view does not show yet, s; 0 if it shows all. If the store was not asked or does not answer: time since the
   * view was last at the end of the log, or null if it never was.
   */
  seconds: number | null;
  events: bigint;
  parked: number;
  stoppedBecause: string | null;
  /** While a table is being built: events folded per second since the start, and the time left at that rate. */
  build: Readonly<{ eventsPerSecond: number; share: number; secondsLeft: number | null }> | null;
  startedAt: string;
  updatedAt: string | null;
}>;

/** A view that does not move, has parked events, or whose rows are from another log than the event store's. */
export type Standing = Readonly<{ view: string; why: string; since: string; otherLog: boolean }>;

/** Recording time of the first event after a position, ISO 8601; undefined if there is none. */
export type FirstAfter = (position: bigint) => Promise<string | undefined>;

const POLL_MS = 100;
/** A part whose lease no worker has renewed for this long counts as stalled; a change of workers takes less. */
const UNOWNED_SECONDS = 10;

/** The furthest view is taken as the end of the log; events are spread about evenly over its positions. */
function buildOf(row: {
  position: string | bigint;
  head: string | bigint;
  events: string | bigint;
  started_at: string | Date;
  updated_at: string | Date;
}): ViewLag['build'] {
  const seconds = Math.max(0.001, (Date.parse(String(row.updated_at)) - Date.parse(String(row.started_at))) / 1_000);
  const [position, head] = [BigInt(row.position), BigInt(row.head)];
  // In thousandths, so that no position is converted to a number.
  const share = head > 0n ? Number(((position > 0n ? position : 0n) * 1_000n) / head) / 1_000 : 1;
  return {
    eventsPerSecond: Math.round(Number(row.events) / seconds),
    share,
    secondsLeft: share > 0 ? Math.round((seconds * (1 - share)) / share) : null,
  };
}

/** Asks an event store; its own events (`$…`) are in no view. */
export const firstAfterIn =
  (store: Pick<EventStore, 'readAll'>): FirstAfter =>
  async (position) => {
    for (let from: bigint | 'start' = position < 0n ? 'start' : position; ;) {
      const { events, next, atEnd } = await store.readAll(from, 32, { asStored: true });
      if (events[0] || atEnd) return events[0]?.recordedAt;
      from = next;
    }
  };

/** Ages of the oldest events after the positions, by the database's clock, s. Each position is asked for once. */
async function agesOf(
  rows: readonly Readonly<{ position: string | bigint; now: string | Date }>[],
  firstAfter: FirstAfter | undefined,
): Promise<ReadonlyMap<string, number>> {
  const ages = new Map<string, number>();
  if (!firstAfter) return ages;
  for (const { position, now } of rows) {
    if (ages.has(String(position))) continue;
    let recordedAt: string | undefined;
    try {
      recordedAt = await firstAfter(BigInt(position));
    } catch {
      return ages;
    }
    ages.set(String(position), recordedAt === undefined ? 0 : Math.max(0, (Date.parse(String(now)) - Date.parse(recordedAt)) / 1_000));
  }
  return ages;
}

type Reached = Readonly<{
  position: bigint;
  otherLog: boolean;
  /** Mark of the log that the position is in. */
  log: string | undefined;
  /** True if there are events that could not be folded. */
  parked: boolean;
}>;

export class ViewReads {
  readonly #wakeUps: WakeUps;
  #asking: Promise<unknown> = Promise.resolve();
  #due?: Promise<ReadonlyMap<string, Reached>>;

  constructor(
    private readonly pool: Pool,
    databaseUrl: string,
  ) {
    this.#wakeUps = new WakeUps(databaseUrl);
  }

  /** The position up to which a view has folded the log; -1 if it has not started or is unknown. */
  async viewPosition(view: string): Promise<bigint> {
    return (await this.viewPositions([view])).get(view) ?? BEFORE_ALL;
  }

  async viewPositions(views: readonly string[]): Promise<Map<string, bigint>> {
    return new Map([...(await this.reached(views))].map(([view, { position }]) => [view, position]));
  }

  /** The positions of those views that have tables, and whether they were folded from another log than the event store's. */
  async reached(views: readonly string[]): Promise<Map<string, Reached>> {
    const all = await this.#reached();
    return new Map(views.flatMap((view) => (all.has(view) ? [[view, all.get(view)!]] : [])));
  }

  /** All views, queried after this call began. However many callers wait, one query runs and one is queued. */
  #reached(): Promise<ReadonlyMap<string, Reached>> {
    this.#due ??= this.#asking
      .catch(() => undefined)
      .then(() => {
        this.#due = undefined;
        const asked = this.#ask();
        this.#asking = asked;
        return asked;
      });
    return this.#due;
  }

  async #ask(): Promise<ReadonlyMap<string, Reached>> {
    const { rows } = await this.pool.query(
      `SELECT t.view, min(c.position) AS position, coalesce(bool_or(s.other_log), false) AS other_log, min(c.log) AS log,
         bool_or(EXISTS (SELECT FROM view_parked p WHERE p.table_name = t.table_name)) AS parked
       FROM view_tables t JOIN view_checkpoints c USING (table_name) LEFT JOIN view_states s USING (table_name, shard)
       WHERE t.status = 'live' GROUP BY t.view`,
    );
    return new Map(
      rows.map(({ view, position, other_log: otherLog, log, parked }) => [
        view,
        { position: BigInt(position), otherLog, log: log ?? undefined, parked },
      ]),
    );
  }

  /**
   * True if an event was parked that is at this position, or about the row with this key; one that cannot be read may be about any row.
   */
  async isParked(views: readonly string[], position: bigint | undefined, key: string | undefined): Promise<boolean> {
    const { rows } = await this.pool.query<{ parked: boolean }>(
      `SELECT EXISTS (SELECT FROM view_parked p JOIN view_tables t USING (table_name) WHERE t.status = 'live' AND t.view = ANY ($1)
         AND (p.position = $2 OR ($3::text IS NOT NULL AND (p.keys IS NULL OR $3 = ANY (p.keys))))) AS parked`,
      [views, position ?? null, key ?? null],
    );
    return rows[0]!.parked;
  }

  /** Waits until all views have passed a position; false on timeout. */
  async waitFor(views: readonly string[], position: bigint, timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    const open = new Set(views);
    let wake: () => void = () => undefined;
    const leave = views.map((view) => this.#wakeUps.onChange(view, () => wake()));
    try {
      for (;;) {
        // Listen before asking: a commit in between is not missed.
        const woken = new Promise<void>((resolve) => (wake = resolve));
        const positions = await this.viewPositions([...open]);
        for (const view of open) if ((positions.get(view) ?? BEFORE_ALL) >= position) open.delete(view);
        if (open.size === 0) return true;
        const left = until - performance.now();
        if (left <= 0) return false;
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([woken, new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(POLL_MS, left))))]);
        clearTimeout(timer);
      }
    } finally {
      for (const stop of leave) stop();
    }
  }

  /** Changes of a view's rows from now on, for subscriptions; ends with the signal. */
  changes(view: string, signal: AbortSignal): AsyncGenerator<ViewChange> {
    return changesOf(this.pool, this.#wakeUps, view, signal);
  }

  /** The live views that are stalled, by their workers' reports and their leases, and those with parked events. */
  async standing(): Promise<Standing[]> {
    try {
      return await this.#standing();
    } catch (error) {
      if (!isEmptied(error)) throw error;
      return [
        { view: 'all', why: 'no worker has created the tables of the views in this database', since: now().toISOString(), otherLog: false },
      ];
    }
  }

  async #standing(): Promise<Standing[]> {
    const { rows } = await this.pool.query(
      `SELECT DISTINCT ON (t.view) t.view, coalesce(s.other_log, false) AS other_log,
         CASE WHEN l.until < clock_timestamp() - $1 * interval '1 second' THEN 'no worker runs it' ELSE s.trouble END AS why,
         CASE WHEN s.trouble IS NOT NULL THEN s.since ELSE greatest(l.until, t.live_at) END AS since
       FROM view_tables t JOIN view_leases l USING (table_name) LEFT JOIN view_states s USING (table_name, shard)
       WHERE t.status = 'live' AND (s.trouble IS NOT NULL
         OR greatest(l.until, t.live_at) < clock_timestamp() - $1 * interval '1 second')
       ORDER BY t.view, l.shard`,
      [UNOWNED_SECONDS],
    );
    const { rows: parked } = await this.pool.query(
      `SELECT t.view, false AS other_log, min(p.parked_at) AS since, count(*) || ' events are parked: ops views parked list' AS why
       FROM view_parked p JOIN view_tables t USING (table_name) WHERE t.status = 'live' GROUP BY t.view ORDER BY t.view`,
    );
    return [...rows, ...parked].map((row) => ({
      view: row.view,
      why: row.why ?? 'no worker runs it',
      since: new Date(row.since).toISOString(),
      otherLog: row.other_log,
    }));
  }

  /** How far each table of each view is, and the progress of builds. Positions are places in the log, not counts of events. */
  async lag(firstAfter?: FirstAfter): Promise<ViewLag[]> {
    const { rows } = await this.pool.query(
      `SELECT t.*, c.*, h.head, (SELECT count(DISTINCT p.partition)::int FROM view_parked p WHERE p.table_name = t.table_name) AS parked
       FROM view_tables t CROSS JOIN LATERAL (
         SELECT min(position) AS position, sum(events)::bigint AS events, max(updated_at) AS updated_at, clock_timestamp() AS now,
                CASE WHEN count(caught_up_at) = count(*) THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END AS seconds
         FROM view_checkpoints WHERE table_name = t.table_name) c
       CROSS JOIN LATERAL (SELECT max(position) AS head FROM view_checkpoints) h
       ORDER BY t.view, t.version, t.generation`,
    );
    const ages = await agesOf(rows as { position: string; now: string }[], firstAfter);
    return rows.map((row) => ({
      view: row.view,
      table: row.table_name,
      version: row.version,
      status: row.status,
      position: BigInt(row.position),
      seconds: ages.get(String(row.position)) ?? row.seconds,
      events: BigInt(row.events),
      parked: row.parked,
      stoppedBecause: row.stopped_because,
      build: row.status === 'building' ? buildOf(row) : null,
      startedAt: new Date(row.started_at).toISOString(),
      updatedAt: row.updated_at && new Date(row.updated_at).toISOString(),
    }));
  }

  async close(): Promise<void> {
    await this.#wakeUps.close();
  }
}
