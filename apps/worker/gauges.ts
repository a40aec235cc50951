import type { Pool } from 'pg';
import { gauge } from '#platform/runtime/metrics';
import type { JobQueue } from '#platform/processes/queue';

/** Gauges that are asked for when they are read. A part that does not answer leaves the last value. */
export function reportWorker(pool: Pool, alarms: Pick<JobQueue<object>, 'counts'>): void {
  const number = async (text: string) => Number((await pool.query<{ n: bigint }>(text)).rows[0]!.n);
  const quietly = (work: () => Promise<void>) => work().catch(() => undefined);
  gauge('process_timers_waiting', 'Timers of processes that are not due yet.', [], function () {
    return quietly(async () =>
      this.set(await number(`SELECT count(*) AS n FROM process_timer WHERE due_at >= now() AND due_at < 'infinity' AND id <> ''`)),
    );
  });
  gauge('queue_jobs', 'Jobs that wake timers, by state.', ['state'], function () {
    return quietly(async () => Object.entries(await alarms.counts()).forEach(([state, n]) => this.set({ state }, n)));
  });
  gauge('database_bytes', 'Size of the database of the read models.', [], function () {
    return quietly(async () => this.set(await number('SELECT pg_database_size(current_database()) AS n')));
  });
}
