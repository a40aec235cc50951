/** A full queue of NOTIFY costs wake-ups, and nothing else. */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Client, Pool } from 'pg';
import { startPostgres, type RunningPostgres } from '#platform/embedded/embedded-postgres';
import { testDirectory, testStore, type TestStore } from '#platform/testing/testing';
import { exampleViews } from '#platform/testing/view-examples';
import { watchAnalysts } from './analyst-sessions';
import { runViews, type RunningViews } from './engine';
import { ViewReads } from './progress';

jest.setTimeout(60_000);

let server: RunningPostgres;
let store: TestStore;
let events: EventStoreDBClient;
let views: RunningViews;
let reads: ViewReads;
let pool: Pool;
beforeAll(async () => {
  // A server of its own: the queue is that of all databases.
  server = await startPostgres({ dataDir: testDirectory('postgres'), durable: false });
  store = await testStore();
  events = EventStoreDBClient.connectionString(store.url);
  pool = new Pool({ connectionString: server.url });
  pool.on('error', () => undefined);
  reads = new ViewReads(pool, server.url);
  views = await runViews({ store: store.url, databaseUrl: server.url, views: exampleViews, feed: { pollMs: 100 } });
});
afterAll(async () => {
  await views?.stop();
  await reads?.close();
  await pool?.end();
  await events?.dispose();
  await store?.stop();
  await server?.stop();
});

test('views go on while the queue is full, and their readers see it', async () => {
  const machineStarted = async () => {
    const event = jsonEvent({ type: 'MachineStarted', data: { machineId: 'haifa.M1' }, metadata: { schema: 1 } } as never);
    return (await events.appendToStream('machine-haifa.M1', event)).position!.commit;
  };
  const all = exampleViews.map(({ name }) => name);
  expect(await reads.waitFor(all, await machineStarted(), 10_000)).toBe(true);
  const lazy = new Client({ connectionString: server.url });
  lazy.on('error', () => undefined);
  await lazy.connect();
  // A session that listens and stays in a transaction keeps everything that comes after.
  await lazy.query('LISTEN junk');
  await lazy.query('BEGIN');
  await lazy.query('SELECT 1');
  const fill = () => pool.query(`SELECT count(pg_notify('junk', n || repeat('x', 7000))) FROM generate_series(1, 500) n`);
  await expect(
    (async () => {
      for (;;) await fill();
    })(),
  ).rejects.toMatchObject({ code: '54000' });
  const flooded: boolean[] = [];
  const unwatch = watchAnalysts(
    pool,
    300,
    () => undefined,
    (now) => flooded.push(now),
    50,
  );
  expect(await reads.waitFor(all, await machineStarted(), 10_000)).toBe(true);
  const heard = async (count: number) => {
    while (flooded.length < count) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await heard(1);
  await lazy.end();
  expect(await reads.waitFor(all, await machineStarted(), 10_000)).toBe(true);
  await heard(2);
  unwatch();
  expect(flooded).toEqual([true, false]);
});
