/** Which table is live, and what is reported about it, around switches, releases and a store that does not answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Pool } from 'pg';
import type { View } from '#kernel/view';
import { startTestSystem, testStore, type TestSystem } from '#platform/testing/testing';
import { machineNow } from '#platform/testing/view-examples';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { ViewReads } from './progress';
import { runViews, type RunningViews, type ViewsOptions } from './engine';

jest.setTimeout(60_000);

type AnyView = View<any, any>;
let system: TestSystem;
let client: EventStoreDBClient;
let log: LogReader;
let pool: Pool;
let reads: ViewReads;
let head = -1n;
const running: RunningViews[] = [];
const release: (() => void)[] = [];
beforeEach(async () => {
  system = await startTestSystem();
  client = EventStoreDBClient.connectionString(system.eventStoreUrl);
  log = logReader(client);
  pool = new Pool({ connectionString: system.databaseUrl });
  pool.on('error', () => undefined);
  reads = new ViewReads(pool, system.databaseUrl);
  await startMachine();
}, 60_000);
afterEach(async () => {
  for (const go of release.splice(0)) go();
  await stop();
  await reads.close();
  await pool.end();
  await client.dispose();
  await system.stop();
});

const startMachine = async () => {
  const event = jsonEvent({ type: 'MachineStarted', data: { machineId: 'haifa.M1' }, metadata: { schema: 1 } } as never);
  head = (await client.appendToStream('machine-haifa.M1', event)).position!.commit;
};
const run = async (views: readonly AnyView[], options: Partial<ViewsOptions> = {}) => {
  const started = await runViews({ store: log, databaseUrl: system.databaseUrl, views, feed: { pollMs: 100 }, ...options });
  running.push(started);
  return started;
};
const stop = () => Promise.all(running.splice(0).map((views) => views.stop()));
const caughtUp = async () => expect(await reads.waitFor(['machine-now'], head, 5_000)).toBe(true);
const live = async () => (await reads.lag()).find(({ status }) => status === 'live')!;
const until = async (holds: () => Promise<boolean>) => {
  for (const end = Date.now() + 15_000; !(await holds()); await sleep(10))
    if (Date.now() > end) throw new Error('the condition was not met in time');
};

/** The version's release is started again, and readers see what has happened since. */
const comesBack = async (view: AnyView) => {
  await stop();
  await startMachine();
  await run([view]);
  await caughtUp();
  expect((await live()).version).toBe(view.version);
};

test('after the switch, the progress of the old table is not reported as that of the live one', async () => {
  let held = false;
  const wake = new Promise<void>((resolve) => release.push(resolve));
  const views = await run([machineNow], {
    lease: { ttlMs: 20_000, beatMs: 3_000 },
    testing: { failpoint: (_, table) => (held && table.endsWith('_g2') ? wake : undefined) },
  });
  await caughtUp();
  const { table } = await views.rebuild('machine-now');
  await until(async () => (await live()).table === table);
  held = true;
  await startMachine();
  // The worker holds the old table until it renews its leases.
  expect(await reads.waitFor(['machine-now'], head, 1_000)).toBe(false);
  expect((await live()).position).toBeLessThan(head);
});

test('after a rollback to an older version, the newer one takes over again when its release comes back', async () => {
  const next = { ...machineNow, version: 2 } as AnyView;
  await run([machineNow]);
  await caughtUp();
  const { table } = await live();
  await stop();
  await run([next]);
  await until(async () => (await live()).version === 2);
  await stop();
  const rolledBack = await run([machineNow]);
  await rolledBack.goBack('machine-now', table);
  await startMachine();
  await caughtUp();
  expect((await live()).version).toBe(1);
  await comesBack(next);
});

test('a build that was stopped by another version continues when its release comes back', async () => {
  const [second, third] = [2, 3].map((version) => ({ ...machineNow, version }) as AnyView) as [AnyView, AnyView];
  const failing = { testing: { failpoint: () => Promise.reject(new Error('not yet')) } };
  await run([machineNow]);
  await caughtUp();
  for (const version of [second, third]) {
    await stop();
    await run([version], failing);
  }
  expect((await reads.lag()).map(({ version, status }) => `${version} ${status}`)).toEqual(['1 live', '2 stopped', '3 building']);
  await comesBack(second);
});

test('the reported lag of a view grows while the store does not answer', async () => {
  let mute = false;
  const wake = new Promise<void>((resolve) => release.push(resolve));
  const half: LogReader = { ...log, readAll: async (after, max) => (mute && (await wake), log.readAll(after, max)) };
  await run([machineNow], { store: half });
  await caughtUp();
  mute = true;
  await sleep(4_000);
  expect((await live()).seconds).toBeGreaterThan(1.5);
});

test('a store that was replaced, or restored from an older copy, is not followed, and the reason is logged', async () => {
  await run([machineNow]);
  for (let i = 0; i < 3; i++) await startMachine();
  await caughtUp();
  await stop();
  const other = await testStore();
  const theirs = EventStoreDBClient.connectionString(other.url);
  const append = (machineId: string) =>
    theirs.appendToStream(
      `machine-${machineId}`,
      jsonEvent({ type: 'MachineStarted', data: { machineId }, metadata: { schema: 1 } } as never),
    );
  try {
    await append('haifa.Elsewhere');
    const said: string[] = [];
    const say = (facts: object) => void said.push(String((facts as { error: unknown }).error));
    await run([machineNow], { store: other.url, log: { info: () => undefined, warn: say, error: say } });
    await until(() => Promise.resolve(said.some((text) => text.includes('it ends at'))));
    for (let i = 0; i < 10; i++) await append('haifa.M1');
    await append('haifa.Elsewhere');
    await until(() => Promise.resolve(said.some((text) => /is at position \d+, and was at/.test(text))));
    expect((await pool.query('SELECT "machineId" FROM machine_now')).rows).toEqual([{ machineId: 'haifa.M1' }]);
    expect(await reads.viewPosition('machine-now')).toBe(head);
    await stop();
  } finally {
    await theirs.dispose();
    await other.stop();
  }
});
