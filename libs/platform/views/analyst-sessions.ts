/**
 * Ends the SQL sessions of analysts that exceed their limits. Hides: pg_stat_activity. Promises: a statement ends within five seconds after
 * `seconds`, an idle transaction after a minute, any transaction after twice `seconds`, although every session can set its own time limits to
 * none; a flood of NOTIFY is noticed. Does not: limit memory, or know who floods.
 */
import type { Pool } from 'pg';
import { IDLE_SECONDS } from './analyst-role';
import { ROOM_FOR_WAKE_UPS } from './wake-ups';

/** A session that was ended, with how long its statement, its pause or its transaction had lasted. */
type Ended = Readonly<{ account: string; address: string | null; what: string; seconds: number }>;

const EVERY_MS = 5_000;

/** Ends every session over its limits, once. The steps are materialized: nothing may end a session before it is known to be over a limit. */
export async function endLongSessions(pool: Pool, seconds: number): Promise<Ended[]> {
  const { rows } = await pool.query(
    `WITH s AS MATERIALIZED (
       SELECT pid, usename AS account, host(client_addr) AS address,
         CASE WHEN state = 'active' AND query_start < now() - $1 * interval '1 second' THEN 'statement'
              WHEN state LIKE 'idle in transaction%' AND state_change < now() - $2 * interval '1 second' THEN 'idle transaction'
              WHEN xact_start < now() - 2 * $1 * interval '1 second' THEN 'transaction' END AS what,
         extract(epoch FROM now() - coalesce(xact_start, query_start))::float8 AS seconds
       FROM pg_stat_activity WHERE datname = current_database() AND usename IN (SELECT account FROM view_readers)),
     over AS MATERIALIZED (SELECT * FROM s WHERE what IS NOT NULL)
     SELECT account, address, what, round(seconds)::int AS seconds, pg_terminate_backend(pid) AS ended FROM over`,
    [seconds, Math.min(seconds, IDLE_SECONDS)],
  );
  return (rows as (Ended & { ended: boolean })[]).filter(({ ended }) => ended);
}

/**
 * Watches until the returned function is called. A database that does not answer is asked again. `flooded` hears when wake-ups stop, since the queue
 * of NOTIFY is too full, and when they go on.
 */
export function watchAnalysts(
  pool: Pool,
  seconds: number,
  ended: (session: Ended) => void,
  flooded: (now: boolean) => void,
  everyMs = EVERY_MS,
): () => void {
  let [asking, full] = [false, false];
  const look = async () => {
    (await endLongSessions(pool, seconds)).forEach(ended);
    const { rows } = await pool.query<{ room: boolean }>(`SELECT ${ROOM_FOR_WAKE_UPS} AS room`);
    if (rows[0]!.room !== full) return;
    full = !full;
    flooded(full);
  };
  const timer = setInterval(() => {
    if (asking) return;
    asking = true;
    void look()
      .catch(() => undefined)
      .finally(() => (asking = false));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
