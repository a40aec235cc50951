/**
 * What waits in the job queue, told by workers to whoever shows it. Hides: that only workers reach the queue. Promises: each report says when
 * it was counted; a queue that does not answer leaves the old one to grow old. Does not: tell how many timers there are, which the log knows.
 */
import type { Pool } from 'pg';
import type { JobQueue } from './queue';

/** Jobs of one queue by state, as a worker counted them. */
export type QueueReport = Readonly<{
  queue: string;
  /** What stores the jobs: `postgresql` or `redis`. */
  backend: string;
  /** Due, and not begun. */
  waiting: number;
  /** Being worked on. */
  active: number;
  /** Not due yet. */
  delayed: number;
  /** Given up after all attempts. */
  failed: number;
  /** ISO 8601, UTC. */
  countedAt: string;
}>;

const EVERY_MS = 5_000;

/** Reports a queue from now on; returns how to end it. */
export function reportQueue(pool: Pool, queue: Pick<JobQueue<object>, 'name' | 'kind' | 'counts'>, everyMs = EVERY_MS): () => void {
  const report = async () => {
    const { waiting, active, delayed, failed } = await queue.counts();
    await pool.query(
      `INSERT INTO queue_report VALUES ($1, $2, $3, $4, $5, $6, now())
       ON CONFLICT (queue) DO UPDATE SET backend = excluded.backend, waiting = excluded.waiting, active = excluded.active,
         delayed = excluded.delayed, failed = excluded.failed, counted_at = excluded.counted_at`,
      [queue.name, queue.kind, waiting, active, delayed, failed],
    );
  };
  let [timer, ended]: [NodeJS.Timeout | undefined, boolean] = [undefined, false];
  const again = () =>
    void report()
      // Faults of the queue and of the database are reported where they are used.
      .catch(() => undefined)
      .then(() => {
        if (!ended) timer = setTimeout(again, everyMs).unref();
      });
  again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** The latest report of each queue, by name. */
export async function queueReports(pool: Pool): Promise<QueueReport[]> {
  const countedAt = `to_char(counted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "countedAt"`;
  const { rows } = await pool.query<QueueReport>(
    `SELECT queue, backend, waiting, active, delayed, failed, ${countedAt} FROM queue_report ORDER BY queue`,
  );
  return rows;
}
