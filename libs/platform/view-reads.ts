/**
 * What readers ask about views: how far they are, and to be told when. Hides: checkpoints, LISTEN. Promises: a wait ends as soon as the
 * view has committed the position, or after its timeout; a lost notification only costs a poll. Does not: read rows.
 */
import { EventEmitter } from 'node:events';
import { Client, type Pool } from 'pg';
import { BEFORE_ALL } from './view-wire';

/** Rows of a view that changed; `keys` is empty where there were too many to name. */
export type ViewChange = Readonly<{ view: string; keys: readonly string[]; position: bigint }>;

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
  startedAt: string;
  updatedAt: string | null;
}>;

const POLL_MS = 100;

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
    void this.#listen();
    for (;;) {
      const changed = this.#nextChange(views, Math.max(1, Math.min(POLL_MS, until - Date.now())));
      const positions = await this.viewPositions(views);
      if (views.every((view) => (positions.get(view) ?? BEFORE_ALL) >= position)) return true;
      if (Date.now() >= until) return false;
      await changed;
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

  /** How far each table of each view is. Positions are places in the log, not counts of events. */
  async lag(): Promise<ViewLag[]> {
    const { rows } = await this.pool.query(
      `SELECT t.*, c.*, (SELECT count(DISTINCT p.partition)::int FROM view_parked p WHERE p.table_name = t.table_name) AS parked
       FROM view_tables t CROSS JOIN LATERAL (
         SELECT min(position) AS position, sum(events)::bigint AS events, max(updated_at) AS updated_at,
                CASE WHEN count(caught_up_at) = count(*) THEN extract(epoch FROM clock_timestamp() - min(caught_up_at))::float8 END AS seconds
         FROM view_checkpoints WHERE table_name = t.table_name) c
       ORDER BY t.view, t.version, t.generation`,
    );
    return rows.map((row) => ({
      view: row.view, table: row.table_name, version: row.version, status: row.status, position: BigInt(row.position), seconds: row.seconds,
      events: BigInt(row.events), parked: row.parked, stoppedBecause: row.stopped_because, startedAt: new Date(row.started_at).toISOString(),
      updatedAt: row.updated_at && new Date(row.updated_at).toISOString(),
    })); // prettier-ignore
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connecting;
    await this.#listener?.end().catch(() => undefined);
  }

  #nextChange(views: readonly string[], ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#changes.off('change', hear);
        resolve();
      };
      const hear = ({ view }: ViewChange) => views.includes(view) && done();
      const timer = setTimeout(done, ms);
      this.#changes.on('change', hear);
    });
  }

  #listen(): Promise<void> {
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
      const { view, keys, position } = JSON.parse(payload ?? '{}') as { view: string; keys: string[]; position: string };
      this.#changes.emit('change', { view, keys, position: BigInt(position) } satisfies ViewChange);
    });
    await client.connect();
    await client.query('LISTEN views');
    this.#listener = client;
  }
}
