/**
 * Which worker runs which process, and its checkpoint. Hides: leases, heartbeats, fair shares, fencing, lost tables. Promises: one owner per
 * process by the database's clock; a process whose worker died is taken over within `ttlMs` and a beat, on a machine that is too busy to renew in
 * time within half a minute; an owner that slept writes no checkpoint; if tables are emptied or come from another log, at any time, that is
 * detected and they are filled again from the log. Does not: run anything.
 */
import type { Pool, PoolClient } from 'pg';
import { LeaseTime } from '#platform/runtime/lease-time';
import type { Log } from '#platform/store/log-mark';

export type Owned = Readonly<{
  process: string;
  epoch: bigint;
  /** All inputs up to here are finished; -1 at the beginning. */
  position: bigint;
  /** Up to here, timers may be missing: each instance that is loaded restores its own. */
  restoreUntil: bigint;
}>;

export type OwnershipOptions = Readonly<{ ttlMs: number; beatMs: number }>;
export const usualOwnership: OwnershipOptions = { ttlMs: 1_500, beatMs: 300 };

export class Ownership {
  private readonly held = new Map<string, Owned>();
  private timer?: NodeJS.Timeout;
  private beating: Promise<void> = Promise.resolve();
  private closed = false;
  private answeredAt = -Infinity;
  private readonly lease: LeaseTime;

  constructor(
    private readonly pool: Pool,
    readonly worker: string,
    private readonly processes: readonly string[],
    /** The end of the log as it is now. */
    private readonly head: () => Promise<bigint>,
    /** Mark of that log; undefined while it is not known. */
    private readonly log: () => Promise<Log | undefined>,
    private readonly on: Readonly<{
      gained: (owned: Owned) => void;
      /** Called when the process is lost: no work on it from now on; resolves when none is under way. */
      lost: (process: string) => Promise<void>;
      failed: (error: unknown) => void;
    }>,
    private readonly options: OwnershipOptions = usualOwnership,
  ) {
    this.lease = new LeaseTime(options.ttlMs);
  }

  start(): void {
    const again = () => {
      this.beating = this.beat().catch((error: unknown) => this.on.failed(error));
      void this.beating.then(() => {
        if (!this.closed) this.timer = setTimeout(again, this.options.beatMs * (0.8 + Math.random() * 0.4));
      });
    };
    again();
  }

  /** Milliseconds since the database last confirmed the leases held here. */
  get silentMs(): number {
    return performance.now() - this.answeredAt;
  }

  /** One round: renew, detect lost leases, release what exceeds the fair share, acquire free processes. */
  private async beat(): Promise<void> {
    const log = await this.log();
    const { rows } = await this.pool.query<{ process: string; epoch: bigint; whole: boolean; log: string | null }>(
      `WITH me AS (INSERT INTO process_worker VALUES ($1, now()) ON CONFLICT (worker) DO UPDATE SET seen_at = now()),
       gone AS (DELETE FROM process_worker WHERE seen_at < now() - interval '1 minute')
       UPDATE process_checkpoint AS c SET until = now() + $2 * interval '1 millisecond' WHERE owner = $1 AND process = ANY ($3)
       RETURNING process, epoch, log, ${WHOLE} AS whole`,
      [this.worker, this.lease.ms, this.processes],
    );
    this.answeredAt = performance.now();
    this.lease.renewed();
    const renewed = new Map(rows.map((row) => [row.process, row]));
    for (const [process, { epoch }] of [...this.held]) {
      const row = renewed.get(process);
      if (row?.epoch === epoch && row.whole && !isOther(row.log, log)) continue;
      await this.lose(process);
      if (row) await this.release(process, epoch);
    }
    const { share, free } = await this.places();
    for (const [process, { epoch }] of [...this.held].slice(share)) {
      await this.lose(process);
      await this.release(process, epoch);
    }
    for (const process of free) {
      if (this.closed || this.held.size >= share) break;
      const owned = await this.acquire(process);
      if (!owned) continue;
      this.held.set(process, owned);
      this.on.gained(owned);
    }
  }

  /** The most processes that this worker should run, and those without an owner. */
  private async places(): Promise<{ share: number; free: string[] }> {
    const { rows } = await this.pool.query<{ workers: bigint; free: string[] }>(
      `SELECT (SELECT count(*) FROM process_worker WHERE seen_at > now() - $1 * interval '1 millisecond') AS workers,
              ARRAY(SELECT unnest($2::text[]) EXCEPT SELECT process FROM process_checkpoint WHERE owner IS NOT NULL AND until >= now()) AS free`,
      [this.lease.ms, this.processes],
    );
    const { workers, free } = rows[0]!;
    return { share: Math.ceil(this.processes.length / Math.max(1, Number(workers))), free };
  }

  private async acquire(process: string): Promise<Owned | undefined> {
    const [head, log] = [await this.head(), await this.log()];
    const client = await this.pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<Row & { whole: boolean; log: string | null }>(
        `INSERT INTO process_checkpoint AS c (process, position, owner, epoch, until, restore_until, log)
         VALUES ($1, -1, $2, 1, now() + $3 * interval '1 millisecond', $4, $5)
         ON CONFLICT (process) DO UPDATE SET owner = excluded.owner, epoch = c.epoch + 1, until = excluded.until
         WHERE c.owner IS NULL OR c.until < now()
         RETURNING epoch, position, restore_until, log, ${WHOLE} AS whole`,
        [process, this.worker, this.lease.ms, head, log?.mark ?? null],
      );
      const [found] = rows;
      let row: Row | undefined = found;
      if (found && isOther(found.log, log)) {
        await client.query('DELETE FROM process_timer WHERE process = $1', [process]);
        await client.query('DELETE FROM process_shelf WHERE process = $1', [process]);
        row = await this.beginAgain(client, process, head);
      } else if (found && !found.whole) row = await this.beginAgain(client, process, head);
      if (row && log) await client.query('UPDATE process_checkpoint SET log = $2 WHERE process = $1', [process, log.mark]);
      await client.query('COMMIT');
      return row && { process, epoch: row.epoch, position: row.position, restoreUntil: row.restore_until };
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  }

  /** Its rows are lost, or of another log: everything in the log is looked at again. */
  private async beginAgain(client: PoolClient, process: string, head: bigint): Promise<Row> {
    const { rows } = await client.query<Row>(
      `UPDATE process_checkpoint SET position = -1, restore_until = $2 WHERE process = $1 RETURNING epoch, position, restore_until`,
      [process, head],
    );
    await client.query(`INSERT INTO process_timer VALUES ($1, '', '', 'infinity', -1) ON CONFLICT DO NOTHING`, [process]);
    await client.query(`INSERT INTO process_shelf VALUES ($1, '', -1, '{}', '{}') ON CONFLICT DO NOTHING`, [process]);
    return rows[0]!;
  }

  /** Saves the checkpoint of a process. False if another worker owns it by now, or the table was emptied. */
  async save({ process, epoch }: Owned, position: bigint): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      'UPDATE process_checkpoint SET position = greatest(position, $3) WHERE process = $1 AND owner = $4 AND epoch = $2',
      [process, epoch, position, this.worker],
    );
    return rowCount === 1;
  }

  private async lose(process: string): Promise<void> {
    this.held.delete(process);
    await this.on.lost(process);
  }

  /** Releases a process, so that another worker can acquire it at once. */
  private async release(process: string, epoch: bigint): Promise<void> {
    await this.pool.query('UPDATE process_checkpoint SET owner = NULL WHERE process = $1 AND owner = $2 AND epoch = $3', [
      process,
      this.worker,
      epoch,
    ]);
  }

  /** Releases everything. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.beating;
    for (const [process, { epoch }] of [...this.held]) {
      await this.lose(process);
      await this.release(process, epoch).catch(() => undefined);
    }
    await this.pool.query('DELETE FROM process_worker WHERE worker = $1', [this.worker]).catch(() => undefined);
  }
}

type Row = Readonly<{ epoch: bigint; position: bigint; restore_until: bigint }>;

/** True if a checkpoint is of another log. One without a mark cannot be of a copied log, as marks came before copies. */
const isOther = (mark: string | null, log: Log | undefined): boolean =>
  log !== undefined && (mark === null ? log.copied : mark !== log.mark);

/** Each process has one row in the timer table and one in the shelf table that are never due and never taken: if one is missing, rows were lost. */
const WHOLE = `(EXISTS (SELECT FROM process_timer t WHERE t.process = c.process AND t.id = '' AND t.timer = '')
  AND EXISTS (SELECT FROM process_shelf s WHERE s.process = c.process AND s.id = '' AND s.position = -1))`;
