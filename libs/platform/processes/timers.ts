/**
 * The timers of all instances as rows in PostgreSQL. Hides: the table. Promises: due timers are found by the database's clock; rows that are not
 * due cost nothing; a lost row is restored from its stream; a stale one is recognised by the step that set it. Does not: hold truth: whoever
 * finds a due timer asks the instance whether it is still valid.
 */
import type { Pool } from 'pg';
import type { Timer } from './instance';

export type DueTimer = Readonly<{ process: string; id: string; timer: string; dueAt: string; setAt: bigint }>;

/** A timer set for the past waits this long for late reports of that time. */
export const LATE_GRACE_MS = 5_000;
const DUE_AT_ONCE = 500;

export class Timers {
  constructor(
    private readonly pool: Pool,
    private readonly lateGraceMs = LATE_GRACE_MS,
  ) {}

  /** Makes the rows of an instance equal to its stream. */
  async restore(process: string, id: string, timers: Readonly<Record<string, Timer>>): Promise<void> {
    const open = Object.entries(timers);
    const names = open.map(([timer]) => timer);
    if (open.length === 0) {
      await this.pool.query(`DELETE FROM process_timer WHERE process = $1 AND id = $2 AND id <> ''`, [process, id]);
      return;
    }
    await this.pool.query(
      `WITH gone AS (DELETE FROM process_timer WHERE process = $1 AND id = $2 AND NOT timer = ANY ($3))
       INSERT INTO process_timer (process, id, timer, due_at, set_at)
       SELECT $1, $2, timer, CASE WHEN due_at <= now() THEN now() + $6 * interval '1 millisecond' ELSE due_at END, set_at
       FROM unnest($3::text[], $4::timestamptz[], $5::bigint[]) AS given (timer, due_at, set_at)
       ON CONFLICT (process, id, timer) DO UPDATE SET due_at = excluded.due_at, set_at = excluded.set_at
       WHERE process_timer.set_at < excluded.set_at OR process_timer.due_at = 'infinity'`,
      [process, id, names, open.map(([, { dueAt }]) => dueAt), open.map(([, { setAt }]) => setAt), this.lateGraceMs],
    );
  }

  /** The due timers, longest overdue first, and the milliseconds until the next one. */
  async due(processes: readonly string[]): Promise<{ due: DueTimer[]; nextMs: number | undefined; now: string }> {
    const { rows } = await this.pool.query<{ process: string; id: string; timer: string; due_at: string; set_at: bigint }>(
      `SELECT process, id, timer, due_at, set_at FROM process_timer
       WHERE due_at <= now() AND due_at < 'infinity' AND id <> '' AND process = ANY ($1) ORDER BY due_at LIMIT ${DUE_AT_ONCE}`,
      [processes],
    );
    const { rows: next } = await this.pool.query<{ ms: string | null; now: string }>(
      `SELECT now() AS now, extract(epoch FROM (SELECT min(due_at) FROM process_timer WHERE due_at > now() AND due_at < 'infinity') - now()) * 1000 AS ms`,
    );
    return {
      due: rows.map(({ due_at: dueAt, set_at: setAt, ...row }) => ({ ...row, dueAt, setAt })),
      nextMs: next[0]!.ms === null ? undefined : Number(next[0]!.ms),
      now: next[0]!.now,
    };
  }

  /** Hides the timers of a parked or paused instance; `restore` brings them back. */
  async hide(process: string, id: string): Promise<void> {
    await this.pool.query(`UPDATE process_timer SET due_at = 'infinity' WHERE process = $1 AND id = $2`, [process, id]);
  }

  /** Number of timers overdue by more than a second. */
  async late(): Promise<number> {
    const { rows } = await this.pool.query<{ late: bigint }>(
      `SELECT count(*) AS late FROM process_timer WHERE due_at < now() - interval '1 second' AND id <> ''`,
    );
    return Number(rows[0]!.late);
  }
}
