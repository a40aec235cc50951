/** The request limit of several apis on one PostgreSQL. */
import type { Pool } from 'pg';
import { migrate, openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { RateLimit } from './rate-limit';
import { shareLimit, type SharedLimit } from './shared-limit';

const database = withPostgres();
let pool: Pool;
const PER_MINUTE = 60;
const BURST = PER_MINUTE / 6;

beforeAll(async () => {
  await migrate(database.url);
  pool = openPool(database.url, 'spec');
}, 60_000);
afterAll(() => pool?.end());

/** An api, whose clock stands still. */
const api = (): { limit: RateLimit; shared: SharedLimit } => {
  const limit = new RateLimit(PER_MINUTE, () => 0);
  return { limit, shared: shareLimit(limit, pool) };
};
/** How many of `count` requests pass. */
const passed = (limit: RateLimit, caller: string, count: number): number => {
  let n = 0;
  for (let i = 0; i < count; i += 1) {
    try {
      limit.take(caller);
      n += 1;
    } catch {
      // Over the limit.
    }
  }
  return n;
};

test('what a caller spends at one api is missing at the other, and after a restart', async () => {
  const [one, two] = [api(), api()];
  expect(passed(one.limit, 'ann', 5 * BURST)).toBe(BURST);
  await one.shared.settle();
  await two.shared.settle();
  expect(passed(two.limit, 'ann', 5 * BURST)).toBeLessThan(BURST);
  expect(passed(two.limit, 'bob', 1)).toBe(1);
  const restarted = api();
  await restarted.shared.start();
  expect(passed(restarted.limit, 'ann', 5 * BURST)).toBeLessThan(BURST);
  await restarted.shared.stop();
});

test('a caller who divides small amounts among apis is heard of, too', async () => {
  const apis = [api(), api(), api()];
  let count = 0;
  for (let round = 0; round < BURST; round += 1)
    for (const { limit, shared } of apis) {
      count += passed(limit, 'carl', 1);
      await shared.settle();
    }
  expect(count).toBeLessThan(2 * BURST);
});

test('while PostgreSQL is away each api counts alone; what was spent is added later', async () => {
  const gone = openPool('postgresql://nobody:nothing@127.0.0.1:1/none', 'spec');
  const limit = new RateLimit(PER_MINUTE, () => 0);
  await expect(shareLimit(limit, gone).settle()).rejects.toThrow();
  expect(passed(limit, 'dora', 5 * BURST)).toBe(BURST);
  await expect(shareLimit(limit, gone).settle()).rejects.toThrow();
  await gone.end();
  await shareLimit(limit, pool).settle();
  const { rows } = await pool.query<{ ms: number }>(
    `SELECT (extract(epoch FROM due - now()) * 1000)::float8 AS ms FROM caller_debt WHERE caller = 'dora'`,
  );
  expect(rows[0]!.ms).toBeGreaterThan(0);
});
