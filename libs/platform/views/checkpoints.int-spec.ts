import { Pool } from 'pg';
import { withPostgres } from '#platform/testing/testing';
import { exampleViews } from '#platform/testing/view-examples';
import { moveCheckpoint, PassingCheckpoints, type Move } from './checkpoints';
import { ensureBookkeeping, openView } from './tables';

jest.setTimeout(60_000);

describe('checkpoints that pass events of other views', () => {
  const database = withPostgres();
  let pool: Pool;
  let statements = 0;
  const at = async () => {
    const { rows } = await pool.query('SELECT table_name, position::int, guard, epoch FROM view_checkpoints ORDER BY table_name');
    return rows as { table_name: string; position: number; guard: string; epoch: string }[];
  };
  /** A move of each view's checkpoint to a position. */
  const moves = async (to: bigint): Promise<Move[]> =>
    (await at()).map(({ table_name: table, position, epoch }, n) => ({
      ...{ table, shard: 0, epoch: BigInt(epoch), from: BigInt(position), to, log: 'mark', caughtUp: true },
      guard: `window ${n % 2} of ${to}`,
    }));

  beforeAll(async () => {
    pool = new Pool({ connectionString: database.url });
    pool.on('error', () => undefined);
    await ensureBookkeeping(pool);
    for (const view of exampleViews) await openView(pool, view, 1);
    pool.on('acquire', () => (statements += 1));
  });
  afterAll(() => pool.end());

  test('move together in one statement, each with its own window, and wake the readers of each view', async () => {
    const heard: string[] = [];
    const listener = await pool.connect();
    listener.on('notification', ({ payload }) => heard.push(payload!));
    await listener.query('LISTEN views');
    const passing = new PassingCheckpoints(pool);
    const asked = await moves(70n);
    statements = 0;
    expect(await Promise.all(asked.map((move) => passing.move(move)))).toEqual(asked.map(() => true));
    expect(statements).toBe(1);
    expect((await at()).map(({ position, guard }) => [position, guard])).toEqual(asked.map(({ guard }) => [70, guard]));
    await listener.query('SELECT 1');
    expect(heard.sort()).toEqual(exampleViews.map(({ name }) => name).sort());
    listener.release(true);
  });

  test('do not wait for one that is locked', async () => {
    const [locked, ...others] = await moves(80n);
    const holder = await pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM view_checkpoints WHERE table_name = $1 FOR UPDATE', [locked!.table]);
    const passing = new PassingCheckpoints(pool);
    expect(await Promise.all([locked!, ...others].map((move) => passing.move(move)))).toEqual([false, ...others.map(() => true)]);
    await holder.query('ROLLBACK');
    holder.release();
    expect(await passing.move(locked!)).toBe(true);
  });

  test('stay where they are under an epoch that has passed, or from a position that is not theirs', async () => {
    const [late, stray, ...others] = await moves(90n);
    const passing = new PassingCheckpoints(pool);
    const asked = [{ ...late!, epoch: late!.epoch - 1n }, { ...stray!, from: stray!.from - 1n }, ...others];
    expect(await Promise.all(asked.map((move) => passing.move(move)))).toEqual([false, false, ...others.map(() => true)]);
    expect((await at()).slice(0, 2).map(({ position }) => position)).toEqual([80, 80]);
    expect(await moveCheckpoint(pool, asked[0]!, { events: 1, changes: 1 })).toBeUndefined();
    expect(await moveCheckpoint(pool, late!, { events: 1, changes: 1 })).toBeGreaterThan(0n);
  });

  test('fail together if the database fails', async () => {
    const broken = new Pool({ connectionString: database.url.replace(/\/[^/]*$/, '/none') });
    const passing = new PassingCheckpoints(broken);
    const asked = await moves(95n);
    const failed = await Promise.allSettled(asked.map((move) => passing.move(move)));
    expect(failed.every(({ status }) => status === 'rejected')).toBe(true);
    await broken.end();
  });
});
