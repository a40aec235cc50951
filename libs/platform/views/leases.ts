/**
 * Which worker holds which part of which view. Hides: leases, heartbeats, fair shares, takeover from dead workers. Promises: at most one worker
 * holds a part under its epoch; a part whose worker died is taken over within `ttlMs` plus one second, on a machine that is too busy to renew in
 * time within half a minute; all times are the database's. Does not: stop a worker that slept through its lease: the epoch rejects its next write
 * (part.ts).
 */
import type { Pool } from 'pg';
import { LeaseTime } from '#platform/runtime/lease-time';

export type Part = Readonly<{ table: string; shard: number; epoch: bigint }>;
export type LeaseOptions = Readonly<{ ttlMs: number; beatMs: number }>;
export const usualLease: LeaseOptions = { ttlMs: 2_000, beatMs: 400 };

/** Database sessions carry the worker's name, so that whoever takes over can end those that still hold locks. */
export const sessionName = (worker: string): string => `views ${worker}`.slice(0, 63);

const columnsOf = (parts: readonly Part[]): [string[], number[], bigint[]] => [
  parts.map(({ table }) => table),
  parts.map(({ shard }) => shard),
  parts.map(({ epoch }) => epoch),
];

const nameOf = (table: string, shard: number): string => `${table}/${shard}`;

export class Leases {
  readonly #held = new Map<string, Part>();
  #timer?: NodeJS.Timeout;
  #beating: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #lease: LeaseTime;

  constructor(
    private readonly pool: Pool,
    readonly worker: string,
    /** The tables that this worker can run. */
    private readonly tables: () => readonly string[],
    private readonly on: Readonly<{ gained: (part: Part) => void; lost: (part: Part) => void; failed: (error: unknown) => void }>,
    private readonly options: LeaseOptions = usualLease,
  ) {
    this.#lease = new LeaseTime(options.ttlMs);
  }

  /** Starts to hold and acquire parts; `beat` runs at once and then periodically. */
  start(): void {
    const again = () => {
      if (this.#closed) return;
      this.#beating = this.beat().catch(this.on.failed);
      void this.#beating.then(() => {
        if (!this.#closed) this.#timer = setTimeout(again, this.options.beatMs * (0.8 + Math.random() * 0.4));
      });
    };
    again();
  }

  /** One round: renew, detect lost leases, release what exceeds the fair share, acquire free parts. */
  async beat(): Promise<void> {
    const { rows } = await this.pool.query(
      `WITH me AS (INSERT INTO view_workers VALUES ($1, now()) ON CONFLICT (worker) DO UPDATE SET seen_at = now()),
       gone AS (DELETE FROM view_workers WHERE seen_at < now() - interval '1 minute')
       UPDATE view_leases l SET until = CASE WHEN held THEN now() + $2 * interval '1 millisecond' ELSE until END,
         owner = CASE WHEN held THEN owner END
       FROM (SELECT o.table_name, o.shard, h.epoch IS NOT NULL AS held FROM view_leases o
             LEFT JOIN unnest($3::text[], $4::int[], $5::bigint[]) AS h (table_name, shard, epoch) USING (table_name, shard, epoch)
             WHERE o.owner = $1) AS own
       WHERE l.table_name = own.table_name AND l.shard = own.shard AND l.owner = $1 RETURNING l.table_name, l.shard, l.epoch, held`,
      [this.worker, this.#lease.ms, ...columnsOf(this.held)],
    );
    this.#lease.renewed();
    // A part that is owned but not held was acquired by a statement whose answer was lost: release it; it is acquired again.
    const renewed = new Map(rows.flatMap((row) => (row.held ? [[nameOf(row.table_name, row.shard), BigInt(row.epoch)]] : [])));
    for (const [name, part] of this.#held) if (renewed.get(name) !== part.epoch) this.#lose(name);
    const tables = this.tables();
    for (const [name, part] of this.#held) {
      if (tables.includes(part.table)) continue;
      this.#lose(name);
      await this.release(part);
    }
    if (tables.length === 0) return;
    const share = await this.#fairShare(tables);
    for (const part of [...this.#held.values()].slice(share)) {
      this.#lose(nameOf(part.table, part.shard));
      await this.release(part);
    }
    if (this.#held.size < share) await this.#seek(tables, share - this.#held.size);
  }

  async #fairShare(tables: readonly string[]): Promise<number> {
    const { rows } = await this.pool.query(
      `SELECT (SELECT count(*) FROM view_leases WHERE table_name = ANY($1))::int AS parts,
              (SELECT count(*) FROM view_workers WHERE seen_at > now() - $2 * interval '1 millisecond')::int AS workers`,
      [tables, this.#lease.ms],
    );
    return Math.ceil(rows[0].parts / Math.max(1, rows[0].workers));
  }

  async #seek(tables: readonly string[], wanted: number): Promise<void> {
    const { rows: free } = await this.pool.query(
      `SELECT table_name, shard, owner FROM view_leases WHERE table_name = ANY($1) AND (owner IS NULL OR until < now()) ORDER BY random() LIMIT $2`,
      [tables, wanted],
    );
    const dead = new Set(free.flatMap((row) => (row.owner && row.owner !== this.worker ? [sessionName(row.owner)] : [])));
    if (dead.size > 0) {
      // A worker that was stopped in the middle of a transaction holds its row locks until it runs again. The sessions that hold none stay: if it is
      // only slow, it would be slower without them.
      await this.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = ANY($1) AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
        [[...dead]],
      );
    }
    for (const { table_name: table, shard, owner } of free) {
      if (this.#closed) return;
      const { rows } = await this.pool.query(
        `WITH mine AS (
           UPDATE view_leases SET owner = $3, epoch = epoch + 1, until = now() + $4 * interval '1 millisecond'
           WHERE table_name = $1 AND shard = $2 AND owner IS NOT DISTINCT FROM $5 AND (owner IS NULL OR until < now()) RETURNING epoch)
         UPDATE view_checkpoints c SET epoch = mine.epoch FROM mine WHERE c.table_name = $1 AND c.shard = $2 RETURNING c.epoch`,
        [table, shard, this.worker, this.#lease.ms, owner],
      );
      if (!rows[0]) continue;
      const part: Part = { table, shard, epoch: BigInt(rows[0].epoch) };
      this.on.gained(part);
      this.#held.set(nameOf(table, shard), part);
    }
  }

  #lose(name: string): void {
    const part = this.#held.get(name);
    if (!part) return;
    this.#held.delete(name);
    this.on.lost(part);
  }

  /** Releases a part, so that another worker can acquire it at once. */
  async release(part: Part): Promise<void> {
    await this.pool.query('UPDATE view_leases SET owner = NULL WHERE table_name = $1 AND shard = $2 AND owner = $3 AND epoch = $4', [
      part.table,
      part.shard,
      this.worker,
      part.epoch,
    ]);
  }

  get held(): readonly Part[] {
    return [...this.#held.values()];
  }

  /** Releases everything, each part as soon as `ended` resolves, when nothing here writes it any more. */
  async close(ended: (part: Part) => Promise<void>): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#beating;
    await Promise.all(
      this.held.map((part) =>
        ended(part)
          .then(() => this.release(part))
          .catch(() => undefined),
      ),
    );
    await this.pool.query('DELETE FROM view_workers WHERE worker = $1', [this.worker]).catch(() => undefined);
    this.#held.clear();
  }
}
