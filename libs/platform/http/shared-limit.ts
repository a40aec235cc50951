/**
 * One request limit for all apis, also over their restarts. Hides: the table `caller_debt`. Promises: no request waits for it; each second an api
 * adds what its callers have spent and learns what they owe to all apis together; while PostgreSQL is away each api counts alone, and adds the
 * rest later. Does not: prevent that a caller spends one burst (ten seconds' worth) at each api within the same second; it is paid back.
 */
import type { Pool } from 'pg';
import { noteDisk, noteRoom } from '#platform/runtime/disk';
import type { RateLimit } from './rate-limit';

const EVERY_MS = 1_000;
const PATIENCE_MS = 2_000;
/** Callers for each settlement. */
const MOST = 1_000;
/** Settlements between two sweeps of accounts without debt. */
const SWEEP = 60;

/** Also returns callers of other apis whose debt is more than half of the most that they may owe. */
const SETTLE = `
  WITH given AS (SELECT * FROM unnest($1::text[], $2::float8[]) AS g (caller, ms)),
  put AS (
    INSERT INTO caller_debt AS d SELECT caller, now() + ms * interval '1 ms' FROM given ORDER BY caller
    ON CONFLICT (caller) DO UPDATE SET due = greatest(d.due, now()) + (excluded.due - now()) RETURNING caller, due),
  known AS (
    SELECT caller, due FROM put UNION ALL
    (SELECT caller, due FROM caller_debt WHERE due > now() + $3 * interval '1 ms' AND caller <> ALL ($1) LIMIT ${MOST}))
  SELECT caller, (extract(epoch FROM due - now()) * 1000)::float8 AS ms FROM known`;

export type SharedLimit = Readonly<{
  /** Adds and learns once. @throws what PostgreSQL says; nothing is lost */
  settle(): Promise<void>;
  /** Settles once, for a moment at most, and then regularly. */
  start(): Promise<void>;
  /** Adds what is left. */
  stop(): Promise<void>;
}>;

/** `trouble` is called once for each time that PostgreSQL goes away. */
export function shareLimit(limit: RateLimit, pool: Pool, trouble: (error: unknown) => void = () => undefined): SharedLimit {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let away = false;
  let settlements = 0;

  const settle = async () => {
    const spent = limit.takeSpent(MOST);
    const values = [[...spent.keys()], [...spent.values()], limit.burstMs / 2];
    try {
      const { rows } = await pool.query<{ caller: string; ms: number }>({ text: SETTLE, values, query_timeout: PATIENCE_MS } as never);
      if (spent.size > 0) noteRoom('postgresql');
      limit.learn(rows.map(({ caller, ms }) => [caller, ms] as const));
    } catch (error) {
      limit.giveBack(spent);
      throw error;
    }
    if (settlements++ % SWEEP === 0) await pool.query(`DELETE FROM caller_debt WHERE due < now() - interval '1 minute'`);
  };
  /** Never two at once, and never a rejection. */
  const attempt = () =>
    (running ??= settle()
      .then(
        () => void (away = false),
        (error: unknown) => {
          noteDisk('postgresql', error);
          if (!away) trouble(error);
          away = true;
        },
      )
      .finally(() => (running = undefined)));
  const forAMoment = () => Promise.race([attempt(), new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);

  return {
    settle,
    async start() {
      if (limit.perMinute === 0) return;
      await forAMoment();
      timer = setInterval(() => void attempt(), EVERY_MS);
      timer.unref();
    },
    async stop() {
      if (!timer) return;
      clearInterval(timer);
      await running;
      await forAMoment();
    },
  };
}
