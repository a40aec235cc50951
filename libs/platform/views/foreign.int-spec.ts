/** What any client of the store may append, well-formed or not: a view parks what it cannot fold, and continues. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { binaryEvent, EventStoreDBClient, jsonEvent, type EventData } from '@eventstore/db-client';
import { Pool } from 'pg';
import type { View } from '#kernel/view';
import { startTestSystem, type TestSystem } from '#platform/testing/testing';
import { lotMovement, lotStock, machineNow, type LotStock } from '#platform/testing/view-examples';
import { listParked, retryParked, skipParked } from './parking';
import { ViewReads } from './progress';
import { runViews, type RunningViews } from './engine';

jest.setTimeout(60_000);

type AnyView = View<any, any>;
let system: TestSystem;
let client: EventStoreDBClient;
let pool: Pool;
let reads: ViewReads;
let head = -1n;
const running: RunningViews[] = [];
beforeEach(async () => {
  system = await startTestSystem();
  client = EventStoreDBClient.connectionString(system.eventStoreUrl);
  pool = new Pool({ connectionString: system.databaseUrl });
  pool.on('error', () => undefined);
  reads = new ViewReads(pool, system.databaseUrl);
}, 60_000);
afterEach(async () => {
  await stop();
  await reads.close();
  await pool.end();
  await client.dispose();
  await system.stop();
});

const append = async (stream: string, event: EventData) => {
  head = (await client.appendToStream(stream, event)).position!.commit;
};
const write = (stream: string, type: string, data: object) => append(stream, jsonEvent({ type, data, metadata: { schema: 1 } } as never));
const run = async (views: readonly AnyView[]) =>
  running.push(await runViews({ store: system.eventStoreUrl, databaseUrl: system.databaseUrl, views, feed: { pollMs: 100 } }));
const stop = () => Promise.all(running.splice(0).map((views) => views.stop()));
const caughtUp = async (views: readonly AnyView[]) =>
  expect(
    await reads.waitFor(
      views.map(({ name }) => name),
      head,
      5_000,
    ),
  ).toBe(true);
const parked = async () => (await listParked(pool)).map(({ view, head }) => `${view}: ${head.error}`);
/** An operator retries what is parked: it is found in the log, and fails as before. */
const retried = async () => {
  const [held] = await listParked(pool);
  expect(await retryParked(pool, held!.table, held!.partition)).toBe(true);
  for (const end = Date.now() + 5_000; (await listParked(pool))[0]!.head.attempts < 2; await sleep(20))
    expect(Date.now()).toBeLessThan(end);
};
const newLot = () => `haifa.L-${randomUUID()}`;

test('a stream with line breaks in its name, seen by the revision guard of every view, does not keep any view from restarting', async () => {
  await run([machineNow]);
  await write(`lot-a\nb\r\n${randomUUID()}`, 'LotReceived', {});
  await caughtUp([machineNow]);
  await stop();
  await run([machineNow]);
  await write('machine-haifa.M1', 'MachineStarted', { machineId: 'haifa.M1' });
  await caughtUp([machineNow]);
});

test('a stream with a NUL in its name, which PostgreSQL cannot store, stops no view and is parked where needed', async () => {
  const views = [machineNow, lotStock];
  await run(views);
  await write(`lot-\0-${randomUUID()}`, 'LotReceived', {});
  await caughtUp(views);
  await stop();
  await run(views);
  await write('machine-haifa.M1', 'MachineStarted', { machineId: 'haifa.M1' });
  await caughtUp(views);
  expect(await parked()).toEqual(['lot-stock: TypeError: view lot-stock: each key must be text, was undefined']);
  await retried();
});

test('an event that is not valid JSON parks its stream, even if the error text contains a NUL', async () => {
  await run([lotMovement]);
  await append(`lot-${newLot()}`, binaryEvent({ type: 'LotMoved', data: Buffer.from([0, 1, 2]) }) as EventData);
  await caughtUp([lotMovement]);
  expect(await parked()).toEqual([expect.stringMatching(/^lot-movement: SyntaxError/)]);
});

test.each([
  ['is missing', undefined],
  ['is null', null],
  ['holds a NUL', 'haifa.L\0'],
  ['is a number', 4711],
])('an event whose key %s parks its stream', async (_, lotId) => {
  const lot = newLot();
  await write(`lot-${lot}`, 'LotReceived', { lotId: lot, material: 'm', pieces: 1 });
  await run([lotStock]);
  await caughtUp([lotStock]);
  // The memory no longer starts from an empty table: unknown keys are looked up.
  await stop();
  await run([lotStock]);
  await write(`lot-${newLot()}`, 'LotMoved', { lotId, to: 'A' });
  await write(`lot-${lot}`, 'LotMoved', { lotId: lot, to: 'B' });
  await caughtUp([lotStock]);
  expect((await pool.query('SELECT place FROM lot_stock WHERE "lotId" = $1', [lot])).rows).toEqual([{ place: 'B' }]);
  expect(await parked()).toHaveLength(1);
  await retried();
});

test('an event for which a view returns no list of keys parks its stream', async () => {
  const careless = { ...lotStock, keys: ({ data }) => (data as { lots?: string[] }).lots } as View<LotStock>;
  await run([careless]);
  await write(`lot-${newLot()}`, 'LotMoved', { to: 'A' });
  await caughtUp([careless]);
  expect(await parked()).toHaveLength(1);
});

test('a stream that was tombstoned after its events were folded does not keep any view from restarting', async () => {
  const stream = `machine-haifa.M-${randomUUID()}`;
  await write(stream, 'MachineStarted', { machineId: 'haifa.M1' });
  await run([machineNow]);
  await caughtUp([machineNow]);
  await stop();
  await client.tombstoneStream(stream);
  await write('machine-haifa.M2', 'MachineStarted', { machineId: 'haifa.M2' });
  await run([machineNow]);
  await caughtUp([machineNow]);
});

test.each(['deleted', 'tombstoned'])('a parked event whose stream was %s since stops no view, and can be skipped', async (how) => {
  const stream = `lot-${newLot()}`;
  await write(stream, 'LotMoved', { to: 'A' });
  await run([lotStock]);
  await caughtUp([lotStock]);
  await (how === 'deleted' ? client.deleteStream(stream) : client.tombstoneStream(stream));
  await retried();
  const lot = newLot();
  await write(`lot-${lot}`, 'LotReceived', { lotId: lot, material: 'm', pieces: 1 });
  await caughtUp([lotStock]);
  const [held] = await listParked(pool);
  expect(held!.head.error).toMatch(/no longer in the log/);
  await skipParked(pool, held!.table, held!.partition, 'its stream was deleted', () => Promise.resolve());
  for (const end = Date.now() + 5_000; (await listParked(pool)).length > 0; await sleep(20)) expect(Date.now()).toBeLessThan(end);
});
