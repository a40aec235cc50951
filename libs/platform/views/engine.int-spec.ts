import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Pool } from 'pg';
import { startTestSystem, type TestSystem } from '#platform/testing/testing';
import { exampleViews, plantEvents } from '#platform/testing/view-examples';
import { ViewReads } from './progress';
import { verifyView } from './verify';
import { logReader } from '#platform/store/log-reader';
import { runViews, type RunningViews } from './engine';
import { OPERATIONS_STREAM } from './skip';

let system: TestSystem;
let client: EventStoreDBClient;
let pool: Pool;
let reads: ViewReads;
const running: RunningViews[] = [];

beforeAll(async () => {
  system = await startTestSystem();
  client = EventStoreDBClient.connectionString(system.eventStoreUrl);
  pool = new Pool({ connectionString: system.databaseUrl });
  reads = new ViewReads(pool, system.databaseUrl);
}, 60_000);
afterAll(async () => {
  await Promise.all(running.map((views) => views.stop()));
  await reads.close();
  await client.dispose();
  await pool.end();
  await system.stop();
}, 60_000);

async function append(seed: number, count: number): Promise<bigint> {
  let position = -1n;
  for (const { stream, event } of plantEvents(seed, count, 60)) {
    const appended = await client.appendToStream(stream, jsonEvent({ id: randomUUID(), ...event, metadata: { schema: 1 } } as never));
    position = appended.position!.commit;
  }
  return position;
}
const verify = (rowsAtOnce?: number) =>
  Promise.all(
    exampleViews.map((view) => verifyView({ view, pool, log: logReader(client), operationsStream: OPERATIONS_STREAM, rowsAtOnce })),
  );
const names = exampleViews.map(({ name }) => name);

test('views equal the fold of the log, both catching up and live', async () => {
  await append(1, 600);
  const views = await runViews({ store: system.eventStoreUrl, databaseUrl: system.databaseUrl, views: exampleViews });
  running.push(views);
  const position = await append(2, 100);
  expect(await reads.waitFor(names, position, 10_000)).toBe(true);
  const verified = await verify();
  expect(verified).toEqual(names.map((name) => expect.objectContaining({ view: name, equal: true })));
  expect(verified.every(({ rows }) => rows > 0n)).toBe(true);
  const [row] = (await pool.query('SELECT * FROM order_board LIMIT 1')).rows;
  expect(row).toHaveProperty('workOrders');
}, 60_000);

test('a table that does not fit in memory is verified in several passes, with the same sums', async () => {
  const sums = (verified: Awaited<ReturnType<typeof verify>>) => verified.map(({ view, rows, checksum }) => ({ view, rows, checksum }));
  const whole = await verify();
  const inPasses = await verify(10);
  expect(inPasses.every(({ equal, rows }) => equal && rows > 0n)).toBe(true);
  expect(sums(inPasses)).toEqual(sums(whole));
  const { rows } = await pool.query(`SELECT max("lotId") AS lot FROM lot_stock`);
  await pool.query(`UPDATE lot_stock_v1 SET pieces = pieces + 1 WHERE "lotId" = $1`, [rows[0].lot]);
  const found = (await verify(10)).find(({ view }) => view === 'lot-stock')!;
  expect(found).toMatchObject({ equal: false, firstDifference: { key: rows[0].lot, columns: ['pieces'] } });
}, 60_000);
