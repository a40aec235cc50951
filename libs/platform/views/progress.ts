/**
 * What readers ask about views: how far they are, and to be told when. Hides: checkpoints, LISTEN. Promises: a wait ends as soon as the
 * view has committed the position, or after its timeout; a lost notification only costs a poll. Does not: read rows.
 */
import { EventEmitter } from 'node:events';
import { Client, type Pool } from 'pg';
import { BEFORE_ALL } from '#platform/store/log-reader';

/** Rows of a view that changed; `keys` is empty where there were too many to name. */
export type ViewChange = Readonly<{
  view: string;
  keys: readonly string[];
  position: bigint;
  /** The whole view is at the position; otherwise the part of it that holds the keys. */
  whole: boolean;
}>;

export type ViewLag = Readonly<{
  view: string;
  table: string;
  version: number;
  status: string;
  position: bigint;
  /** How old the view's knowledge may be, s: since it last was at the end of the log. Null where it never was. */
  seconds: number | null;
  events: bigint;
  parked: number;
  stoppedBecause: string | null;
  /** While a table is being built: events folded per second since it began, and how long the rest will take at that rate. */
  build: Readonly<{ eventsPerSecond: number; share: number; secondsLeft: number | null }> | null;
  startedAt: string;
  updatedAt: string | null;
}>;

const POLL_MS = 100;

/** The end of the log is where the furthest view is; events lie about evenly over its positions. */
function buildOf(row: {
  position: string | bigint;
  head: string | bigint;
  events: string | bigint;
  started_at: string | Date;
  updated_at: string | Date;
}): ViewLag['build'] {
  const seconds = Math.max(0.001, (Date.parse(String(row.updated_at)) - Date.parse(String(row.started_at))) / 1_000);
  const [position, head] = [BigInt(row.position), BigInt(row.head)];
  // In thousandths, so that no position becomes a number.
  const share = head > 0n ? Number(((position > 0n ? position : 0n) * 1_000n) / head) / 1_000 : 1;
  return {
    eventsPerSecond: Math.round(Number(row.events) / seconds),
    share,
    secondsLeft: share > 0 ? Math.round((seconds * (1 - share)) / share) : null,
  };
}

export class ViewReads {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #listener?: Client;
  #closed = false;
  #connecting?: Promise<void>;
  #asking: Promise<unknown> = Promise.resolve();
  #due?: Promise<ReadonlyMap<string, bigint>>;

  constructor(
    private readonly pool: Pool,
    private readonly databaseUrl: string,
  ) {}

  /** The position up to which a view has folded the log; -1 where it has not begun or is not known. */
  async viewPosition(view: string): Promise<bigint> {
    return (await this.viewPositions([view])).get(view) ?? BEFORE_ALL;
  }

  async viewPositions(views: readonly string[]): Promise<Map<string, bigint>> {
    const all = await this.#positions();
    return new Map(views.flatMap((view) => (all.has(view) ? [[view, all.get(view)!]] : [])));
  }

  /** Positions of all views, asked after this call began. However many wait, one query runs and one is due. */
  #positions(): Promise<ReadonlyMap<string, bigint>> {
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

  async #ask(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.pool.query(
      `SELECT t.view, min(c.position) AS position FROM view_tables t JOIN view_checkpoints c USING (table_name)
       WHERE t.status = 'live' GROUP BY t.view`,
    );
    return new Map(rows.map((row) => [row.view as string, BigInt(row.position)]));
  }

  /** Waits until all views have passed a position; false where the time was too short. */
  async waitFor(views: readonly string[], position: bigint, timeoutMs: number): Promise<boolean> {
    const until = Date.now() + timeoutMs;
    const open = new Set(views);
    const hear = (change: ViewChange) => {
      if (change.whole && change.position >= position) open.delete(change.view);
    };
    this.#changes.on('change', hear);
    try {
      void this.#listen();
      for (;;) {
        const changed = this.#nextChange(open, Math.max(1, Math.min(POLL_MS, until - Date.now())));
        const positions = await this.viewPositions([...open]);
        for (const view of open) if ((positions.get(view) ?? BEFORE_ALL) >= position) open.delete(view);
        if (open.size === 0) return true;
        if (Date.now() >= until) return false;
        await changed;
        if (open.size === 0) return true;
      }
    } finally {
      this.#changes.off('change', hear);
    }
  }

  /** Changes from now on, for subscriptions; ends with the signal. A reader that is slow loses the oldest beyond 1,000. */
  async *changes(signal: AbortSignal): AsyncGenerator<ViewChange> {
    const queue: ViewChange[] = [];
    let wake: () => void = () => undefined;
    const hear = (change: ViewChange) => {
      if (queue.push(change) > 1_000) queue.shift();
      wake();
    };
    const stop = () => wake();
    this.#changes.on('change', hear);
    signal.addEventListener('abort', stop);
    try {
      await this.#listen();
      while (!signal.aborted) {
        if (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const change = queue.shift();
        if (change) yield change;
      }
    } finally {
      this.#changes.off('change', hear);
      signal.removeEventListener('abort', stop);
    }
  }

  /** How far each table of each view is, and how a build goes on. Positions are places in the log, not counts of events. */
  async lag(): Promise<ViewLag[]> {
    const { rows } = await this.pool.query(
      `SELECT t.*, c.*, h.head, (SELECT count(DISTINCT p.partition)::int FROM view_parked p WHERE p.table_name = t.table_name) AS parked
       FROM view_tables t CROSS JOIN LATERAL (
         SELECT min(position) AS position, sum(events)::bigint AS events, max(updated_at) AS updated_at,
                CASE WHEN count(caught_up_at) = count(*) THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END AS seconds
         FROM view_checkpoints WHERE table_name = t.table_name) c
       CROSS JOIN LATERAL (SELECT max(position) AS head FROM view_checkpoints) h
       ORDER BY t.view, t.version, t.generation`,
    );
    return rows.map((row) => ({
      view: row.view,
      table: row.table_name,
      version: row.version,
      status: row.status,
      position: BigInt(row.position),
      seconds: row.seconds,
      events: BigInt(row.events),
      parked: row.parked,
      stoppedBecause: row.stopped_because,
      build: row.status === 'building' ? buildOf(row) : null,
      startedAt: new Date(row.started_at).toISOString(),
      updatedAt: row.updated_at && new Date(row.updated_at).toISOString(),
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting;
    await this.#listener?.end().catch(() => undefined);
  }

  #nextChange(views: ReadonlySet<string>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#changes.off('change', hear);
        resolve();
      };
      const hear = ({ view }: ViewChange) => (views.has(view) || views.size === 0) && done();
      const timer = setTimeout(done, ms);
      this.#changes.on('change', hear);
    });
  }

  #listen(): Promise<void> {
    // A retry may have been planned before the end.
    if (this.#closed) return Promise.resolve();
    this.#connecting ??= this.#connect().catch(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<void> {
    const client = new Client({ connectionString: this.databaseUrl, keepAlive: true, application_name: 'view reads' });
    const lost = () => {
      if (this.#listener !== client && this.#listener !== undefined) return;
      this.#listener = undefined;
      this.#connecting = undefined;
      if (!this.#closed && this.#changes.listenerCount('change') > 0) setTimeout(() => void this.#listen(), 500).unref();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) => {
      const { view, keys, position, whole } = JSON.parse(payload ?? '{}') as {
        view: string;
        keys: string[];
        position: string;
        whole?: boolean;
      };
      this.#changes.emit('change', { view, keys, position: BigInt(position), whole: whole === true } satisfies ViewChange);
    });
    await client.connect();
    await client.query('LISTEN views');
    this.#listener = client;
  }
}
