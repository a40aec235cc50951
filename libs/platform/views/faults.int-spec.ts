/** The traps of the view engine, each on a real store and PostgreSQL. */
import { randomUUID } from 'node:crypto';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { Pool } from 'pg';
import type { View } from '#kernel/view';
import { startTestSystem, testDatabase, type TestDatabase, type TestSystem } from '#platform/testing/testing';
import type { Failpoint, Testing } from './part';
import { chance, exampleViews, lotStock, machineNow, orderBoard, plantEvents, type LotStock } from '#platform/testing/view-examples';
import { inspectParked, listParked, retryParked, skipParked, SKIPPED } from './parking';
import { ViewReads, type ViewChange } from './progress';
import { verifyView } from './verify';
import { logReader, type LogReader } from '#platform/store/log-reader';
import type { LogEvent } from '#platform/store/log-event';
import { OPERATIONS_STREAM, runViews, type RunningViews, type ViewsOptions } from './views';

jest.setTimeout(60_000);

type AnyView = View<any, any>;
let system: TestSystem;
let client: EventStoreDBClient;
let log: LogReader;
let head = -1n;
beforeAll(async () => {
  system = await startTestSystem();
  client = EventStoreDBClient.connectionString(system.eventStoreUrl);
  log = logReader(client);
  await append(1, 500);
}, 60_000);
afterAll(async () => {
  await client.dispose();
  await system.stop();
});

// Each test has a database of its own, on the one log.
let database: TestDatabase;
let pool: Pool;
let reads: ViewReads;
const running: RunningViews[] = [];
const release: (() => void)[] = [];
beforeEach(async () => {
  database = await testDatabase();
  pool = new Pool({ connectionString: database.url });
  pool.on('error', () => undefined);
  reads = new ViewReads(pool, database.url);
});
afterEach(async () => {
  for (const go of release.splice(0)) go();
  await Promise.all(running.splice(0).map((views) => views.stop()));
  await reads.close();
  await pool.end();
  await database.drop();
});

async function append(seed: number, count: number): Promise<bigint> {
  for (const { stream, event } of plantEvents(seed, count, 60)) await write(stream, event);
  return head;
}
async function write(stream: string, event: { type: string; data: object }, id: string = randomUUID()): Promise<void> {
  const appended = await client.appendToStream(stream, jsonEvent({ id, ...event, metadata: { schema: 1 } } as never));
  head = appended.position!.commit;
}
async function run(options: Partial<ViewsOptions> = {}): Promise<RunningViews> {
  const views = await runViews({
    store: system.eventStoreUrl,
    databaseUrl: database.url,
    views: exampleViews,
    keeper: { batchRows: 100, batchMs: 20 },
    feed: { pageSize: 64, pollMs: 100 },
    ...options,
  });
  running.push(views);
  return views;
}
const caughtUp = async (views: readonly AnyView[] = exampleViews, timeoutMs = 20_000) =>
  expect(
    await reads.waitFor(
      views.map(({ name }) => name),
      head,
      timeoutMs,
    ),
  ).toBe(true);
const verify = (views: readonly AnyView[] = exampleViews) =>
  Promise.all(views.map((view) => verifyView({ view, pool, log, operationsStream: OPERATIONS_STREAM })));
const expectEqual = async (views: readonly AnyView[] = exampleViews) =>
  expect((await verify(views)).filter(({ equal }) => !equal)).toEqual([]);

/** A reader that repeats events, shuffles them within a window of 50, and reads again what was read before. */
function disturbed(seed: number): LogReader {
  const next = chance(seed);
  let before: LogEvent[] = [];
  return {
    ...log,
    async readAll(after, max) {
      const events = await log.readAll(after, max);
      const again = before.filter(({ position }) => position <= after).slice(-next(20));
      const delivered = [...again, ...events.flatMap((event) => Array.from({ length: 1 + next(5) }, () => event))];
      for (let i = 0; i < delivered.length; i++) {
        const j = Math.min(delivered.length - 1, i + next(50));
        [delivered[i], delivered[j]] = [delivered[j]!, delivered[i]!];
      }
      if (events.length > 0) before = events;
      return events.length > 0 ? delivered : events;
    },
  };
}

describe('repeated and displaced events', () => {
  test.each([[250_000], [30]])('change nothing, with room for %i rows in memory', async (cacheRows) => {
    await run({ store: disturbed(11), cacheRows });
    await caughtUp();
    await expectEqual();
  });
  test('would, without the revision guard', async () => {
    await run({ store: disturbed(11), testing: { without: { guard: true } } });
    await caughtUp();
    expect((await verify()).some(({ equal }) => !equal)).toBe(true);
  });
  test('an event that a read left out is fetched when its stream goes on', async () => {
    const hidden = new Set<string>();
    const next = chance(5);
    const forgetful: LogReader = {
      ...log,
      async readAll(after, max) {
        const events = await log.readAll(after, max);
        // The newest of a stream is never hidden for good here: something of it follows.
        return events.filter((event, i) => {
          const followed = events.slice(i + 1).some((later) => later.stream === event.stream);
          if (!followed || event.revision === 0n || next(4) > 0) return true;
          hidden.add(event.id);
          return false;
        });
      },
    };
    await run({ store: forgetful, views: [lotStock, machineNow] });
    await caughtUp([lotStock, machineNow]);
    expect(hidden.size).toBeGreaterThan(5);
    await expectEqual([lotStock, machineNow]);
  });
  test('an event that comes late to a row of several streams: the view is rebuilt, since the order among streams cannot be mended', async () => {
    const orderId = `haifa.O-${randomUUID().slice(0, 8)}`;
    const report = (workOrder: string, good: number) =>
      write(`work-order-${orderId}-${workOrder}`, {
        type: 'OperationCompleted',
        data: { workOrderId: `${orderId}-${workOrder}`, orderId, good, scrap: 0 },
      });
    let hiding = true;
    let hidden = 0;
    const forgetful: LogReader = {
      ...log,
      async readAll(after, max) {
        const events = await log.readAll(after, max);
        return events.filter(({ stream, revision }) => {
          if (!hiding || stream !== `work-order-${orderId}-B` || revision !== 1n) return true;
          hidden++;
          return false;
        });
      },
    };
    await report('B', 1);
    await run({ store: forgetful, views: [orderBoard] });
    await caughtUp([orderBoard]);
    await report('B', 10);
    await report('A', 100);
    await caughtUp([orderBoard]);
    expect(hidden).toBeGreaterThan(0);
    const trail = async () => (await pool.query('SELECT trail, good FROM order_board WHERE "orderId" = $1', [orderId])).rows[0];
    expect((await trail()).good).toBe(101);
    hiding = false;
    // The hole shows, and is filled behind what has come since.
    await report('B', 1_000);
    await caughtUp([orderBoard]);
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
      const { rows } = await pool.query(`SELECT table_name FROM view_tables WHERE status = 'live'`);
      if (rows[0]?.table_name === 'order_board_v1_g2') break;
    }
    const { rows } = await pool.query(`SELECT table_name FROM view_tables WHERE status = 'live'`);
    expect(rows).toEqual([{ table_name: 'order_board_v1_g2' }]);
    expect((await trail()).good).toBe(1_111);
    await expectEqual([orderBoard]);
  });
});

describe('crashes around COMMIT', () => {
  const failing = (at: readonly Failpoint[], seed: number): Testing['failpoint'] => {
    const next = chance(seed);
    return async (here) => {
      // Until the next page is gathered: what a batch writes must not know of it.
      if (here === 'admitted') await sleep(25);
      if (at.includes(here) && next(4) === 0) throw new Error(`failpoint ${here}`);
    };
  };
  test.each([['written' as const], ['before-commit' as const], ['after-commit' as const]])('%s: everything is counted once', async (at) => {
    await run({ testing: { failpoint: failing([at], 3) } });
    await caughtUp();
    await expectEqual();
  });
  test('a checkpoint outside the transaction would lose what was not written', async () => {
    await run({ testing: { failpoint: failing(['before-commit'], 3), without: { sameTransaction: true } } });
    await caughtUp();
    expect((await verify()).some(({ equal }) => !equal)).toBe(true);
  });
  test('the socket is cut while COMMIT is under way, before or after the server has it: the outcome is read again', async () => {
    const proxy = await cutsCommits(database.url, 9);
    await run({ databaseUrl: proxy.url, keeper: { batchRows: 20, batchMs: 5 }, feed: { pageSize: 16, pollMs: 100 } });
    proxy.arm();
    await append(80, 150);
    await caughtUp();
    proxy.server.close();
    expect(proxy.cuts()).toBeGreaterThan(5);
    await expectEqual();
  });
});

/** A proxy before PostgreSQL that cuts one COMMIT in four: half of them unsent, half of them sent but unanswered. */
async function cutsCommits(url: string, seed: number): Promise<{ url: string; server: Server; arm: () => void; cuts: () => number }> {
  const target = new URL(url);
  const { port, hostname } = target;
  const next = chance(seed);
  let cuts = 0;
  let armed = false;
  const server = createServer((incoming: Socket) => {
    const outgoing = connect(Number(port), hostname);
    const close = () => (incoming.destroy(), outgoing.destroy());
    for (const socket of [incoming, outgoing]) socket.on('error', close).on('close', close);
    incoming.on('data', (bytes) => {
      if (armed && bytes.includes('COMMIT\0') && next(4) === 0) {
        cuts++;
        if (next(2) === 0) return close();
        outgoing.removeAllListeners('data');
        outgoing.on('data', close);
      }
      outgoing.write(bytes);
    });
    outgoing.on('data', (bytes) => incoming.write(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target.port = String((server.address() as { port: number }).port);
  return { url: target.href, server, arm: () => void (armed = true), cuts: () => cuts };
}

describe('two workers', () => {
  test('a worker that slept through its lease in the middle of a batch writes nothing when it wakes', async () => {
    let asleep = false;
    const wake = new Promise<void>((resolve) => release.push(resolve));
    const failures: unknown[] = [];
    await run({
      worker: 'sleeper',
      views: [machineNow],
      lease: { ttlMs: 800, beatMs: 1_000_000 },
      log: { info: () => undefined, warn: (facts) => void failures.push(facts), error: () => undefined },
      testing: {
        failpoint: (at) => {
          if (at !== 'before-commit' || asleep) return undefined;
          asleep = true;
          return wake;
        },
      },
    });
    while (!asleep) await sleep(20);
    await run({ views: [machineNow], lease: { ttlMs: 800, beatMs: 100 } });
    await caughtUp([machineNow]);
    for (const go of release.splice(0)) go();
    await sleep(500);
    expect(failures).not.toEqual([]);
    await expectEqual([machineNow]);
  });

  test('share the parts of a view, and take over when one goes', async () => {
    const a = await run({ shards: 4, views: [orderBoard, lotStock], lease: { ttlMs: 800, beatMs: 100 } });
    const b = await run({ shards: 4, views: [orderBoard, lotStock], lease: { ttlMs: 800, beatMs: 100 } });
    await until(() => a.health().length === 4 && b.health().length === 4);
    await append(21, 100);
    await caughtUp([orderBoard, lotStock]);
    await expectEqual([orderBoard, lotStock]);
    running.splice(running.indexOf(a), 1);
    await a.stop();
    await until(() => b.health().length === 8);
    await append(22, 50);
    await caughtUp([orderBoard, lotStock]);
    await expectEqual([orderBoard, lotStock]);
  });
});

async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error('it did not come about');
}

describe('the subscription', () => {
  test('may fall silent or end: what it does not announce is found, and it is renewed', async () => {
    let subscriptions = 0;
    const deaf: LogReader = {
      ...log,
      subscribe: (_, signal) => {
        subscriptions++;
        return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })));
      },
    };
    await run({ store: deaf, views: [machineNow] });
    await caughtUp([machineNow]);
    for (let i = 0; i < 3; i++) {
      await append(30 + i, 5);
      await caughtUp([machineNow], 2_000);
    }
    expect(subscriptions).toBeGreaterThan(1);
  });
});

describe('an event that cannot be folded', () => {
  let broken: string | undefined;
  const fragile: View<LotStock> = {
    ...(lotStock as unknown as View<LotStock>),
    fold: (rows, event) => {
      if (event.id === broken) throw new Error('a lot without a certificate');
      lotStock.fold(rows as never, event as never);
    },
  };
  const bad = 'haifa.L9001';
  const good = 'haifa.L9002';
  const moved = (lotId: string, to: string) => ({ type: 'LotMoved', data: { lotId, to } });
  const place = async (lotId: string) =>
    (await pool.query('SELECT place FROM lot_stock WHERE "lotId" = $1', [lotId])).rows[0]?.place as string | undefined;

  test('parks its stream in order, lets all others flow, and is folded when it can be', async () => {
    broken = randomUUID();
    const lot = `${bad}a`;
    await run({ views: [fragile] });
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    await write(`lot-${good}`, moved(good, 'Z'));
    await caughtUp([fragile]);
    expect([await place(lot), await place(good)]).toEqual(['A', 'Z']);
    const [parked] = await listParked(pool);
    expect(parked).toMatchObject({
      view: 'lot-stock',
      partition: `lot-${lot}`,
      waiting: 2,
      head: { id: broken, error: 'Error: a lot without a certificate' },
    });
    await expectEqual([fragile]);

    await retryParked(pool, parked!.table, parked!.partition);
    await until(async () => (await inspectParked(pool, parked!.table, parked!.partition))[0]?.attempts === 2);
    expect(await place(lot)).toBe('A');

    broken = undefined;
    await retryParked(pool, parked!.table, parked!.partition);
    await until(async () => (await listParked(pool)).length === 0);
    expect(await place(lot)).toBe('C');
    await write(`lot-${lot}`, moved(lot, 'D'));
    await caughtUp([fragile]);
    expect(await place(lot)).toBe('D');
    await expectEqual([fragile]);
  });

  test('without parking its later events would overtake it', async () => {
    broken = randomUUID();
    const lot = `${bad}b`;
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    await run({ views: [fragile], testing: { without: { parking: true } } });
    await caughtUp([fragile]);
    expect(await place(lot)).toBe('C');
    broken = undefined;
    const [parked] = await listParked(pool);
    await retryParked(pool, parked!.table, parked!.partition);
    await until(async () => (await listParked(pool)).length === 0);
    expect((await verify([fragile]))[0]).toMatchObject({
      equal: false,
      firstDifference: { key: lot, table: { place: 'B' }, log: { place: 'C' } },
    });
  });

  test('can be skipped with a reason, which the log keeps for every rebuild', async () => {
    broken = randomUUID();
    const lot = `${bad}c`;
    await write(`lot-${lot}`, moved(lot, 'A'));
    await write(`lot-${lot}`, moved(lot, 'B'), broken);
    await write(`lot-${lot}`, moved(lot, 'C'));
    const views = await run({ views: [fragile] });
    await caughtUp([fragile]);
    const [parked] = await listParked(pool);
    const record = async (data: object) => write(OPERATIONS_STREAM, { type: SKIPPED, data });
    await expect(skipParked(pool, parked!.table, parked!.partition, ' ', record)).rejects.toThrow(/reason/);
    expect(await skipParked(pool, parked!.table, parked!.partition, 'the lot was scrapped on paper', record)).toBe(true);
    await until(async () => (await listParked(pool)).length === 0);
    expect(await place(lot)).toBe('C');
    await caughtUp([fragile]);
    await expectEqual([fragile]);

    const fresh = await views.rebuild('lot-stock');
    await until(async () => (await reads.lag()).some(({ table, status }) => table === fresh.table && status === 'live'));
    expect(await place(lot)).toBe('C');
    await expectEqual([fragile]);
  });

  test('stops a rebuild, and the live table stays', async () => {
    broken = undefined;
    const views = await run({ views: [fragile] });
    await caughtUp([fragile]);
    const [first] = await log.readStream(`lot-${good}`, 0n, 1);
    broken = first!.id;
    const fresh = await views.rebuild('lot-stock');
    await until(async () => (await reads.lag()).some(({ table, status }) => table === fresh.table && status === 'stopped'));
    expect((await reads.lag()).find(({ table }) => table === fresh.table)!.stoppedBecause).toMatch(
      /LotMoved 0@lot-haifa.L9002 .* without a certificate/,
    );
    expect(await place(good)).toBe('Z');
    broken = undefined;
  });

  test('may be one that only the database refuses: it is found among the others of its batch', async () => {
    const lot = `${bad}d`;
    await write(`lot-${lot}`, { type: 'LotReceived', data: { lotId: lot, material: 'm', pieces: 2_147_483_647 } });
    await write(`lot-${lot}`, { type: 'LotReceived', data: { lotId: lot, material: 'm', pieces: 1 } });
    await write(`lot-${lot}`, moved(lot, 'Q'));
    await run({ views: [lotStock] });
    await caughtUp([lotStock]);
    const [parked] = await listParked(pool);
    expect(parked).toMatchObject({ partition: `lot-${lot}`, waiting: 2, head: { revision: 1n, type: 'LotReceived' } });
    expect(parked!.head.error).toMatch(/out of range/);
    await expectEqual([lotStock]);
  });

  test('an outage of the database parks nothing', async () => {
    await run({ views: [lotStock, machineNow] });
    const parkedBefore = (await caughtUp([lotStock, machineNow]), (await listParked(pool)).length);
    for (let i = 0; i < 5; i++) {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'views %' AND datname = current_database()`,
      );
      await append(40 + i, 10);
    }
    await caughtUp([lotStock, machineNow]);
    expect((await listParked(pool)).length).toBe(parkedBefore);
    await expectEqual([lotStock, machineNow]);
  });
});

describe('a rebuild', () => {
  test('under traffic: no failed read, one switch, the same rows; and the way back', async () => {
    const views = await run({ views: [orderBoard, machineNow] });
    await caughtUp([orderBoard, machineNow]);
    let stopped = false;
    let count = 0;
    const failed: unknown[] = [];
    const reading = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stopped) {
          await pool.query('SELECT count(*), sum(good) FROM order_board').then(
            () => count++,
            (error: unknown) => failed.push(error),
          );
        }
      }),
    );
    const writing = (async () => {
      for (let i = 0; !stopped; i++) await append(100 + i, 10);
    })();
    const before = (await reads.lag()).find(({ view }) => view === 'order-board')!.table;
    const [one, two, other] = await Promise.all([views.rebuild('order-board'), views.rebuild('order-board'), views.rebuild('machine-now')]);
    expect(one.table).toBe(two.table);
    // Whatever fails below, the traffic ends with the test.
    release.push(() => (stopped = true));
    await until(async () => {
      const live = (await reads.lag()).filter(({ status }) => status === 'live').map(({ table }) => table);
      return live.includes(one.table) && live.includes(other.table);
    });
    await sleep(200);
    stopped = true;
    await Promise.all([reading, writing]);
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(50);
    await caughtUp([orderBoard, machineNow]);
    await expectEqual([orderBoard, machineNow]);

    await views.goBack('order-board', before);
    await append(99, 20);
    await caughtUp([orderBoard]);
    expect((await reads.lag()).find(({ table }) => table === before)!.status).toBe('live');
    await expectEqual([orderBoard]);
  });

  test('a new version is built beside the old one, shows the new columns when it takes over, and says nothing before', async () => {
    const old = await run({ views: [machineNow] });
    await caughtUp([machineNow]);
    const heard: ViewChange[] = [];
    const listening = new AbortController();
    const listener = (async () => {
      for await (const change of reads.changes(listening.signal)) heard.push(change);
    })();
    running.splice(running.indexOf(old), 1);
    await old.stop();
    await sleep(100);
    heard.length = 0;
    const next = { ...machineNow, version: 2 } as AnyView;
    await run({ views: [next] });
    await until(async () => (await reads.lag()).some(({ version, status }) => version === 2 && status === 'live'));
    expect(heard.flatMap(({ keys }) => keys)).toEqual([]);
    await caughtUp([next]);
    await expectEqual([next]);
    await append(60, 40);
    await until(() => heard.some(({ position }) => position >= head));
    listening.abort();
    await listener;
  });

  test('columns that change without a version are refused at the start', async () => {
    await run({ views: [machineNow] });
    await pool.query(`UPDATE view_tables SET columns = 'id text!'`);
    await expect(runViews({ store: system.eventStoreUrl, databaseUrl: database.url, views: [machineNow] })).rejects.toThrow(
      /its columns changed, so its version must/,
    );
  });
});

describe('positions', () => {
  test('beyond 2^53 are exact in checkpoints, waits and rows', async () => {
    const base = 2n ** 63n - 1_000n;
    const events = (await log.readAll(-1n, 400)).filter(({ type }) => type.startsWith('Machine')).slice(0, 50);
    const far = events.map((event, i) =>
      Object.assign(Object.create(Object.getPrototypeOf(event) as object) as LogEvent, event, { position: base + BigInt(i) }),
    );
    const rebuilt = await Promise.all(
      far.map(async (copy) => {
        const [source] = await log.readStream(copy.stream, copy.revision, 1);
        return Object.assign(source!, { position: copy.position });
      }),
    );
    const store: LogReader = {
      ...log,
      readAll: (after, max) => Promise.resolve(rebuilt.filter(({ position }) => position > after).slice(0, max)),
      last: () => Promise.resolve(rebuilt.at(-1)),
    };
    await run({ store, views: [machineNow] });
    expect(await reads.waitFor(['machine-now'], rebuilt.at(-1)!.position, 5_000)).toBe(true);
    expect(await reads.viewPosition('machine-now')).toBe(base + BigInt(rebuilt.length - 1));
    const { rows } = await pool.query('SELECT max(position)::text AS newest FROM machine_now');
    expect(rows[0].newest).toBe((base + BigInt(rebuilt.length - 1)).toString());
    expect(await reads.waitFor(['machine-now'], base + 500n, 50)).toBe(false);
  });
});

describe('a view that is slow or stopped', () => {
  test('holds up no other', async () => {
    const never = new Promise<void>((resolve) => release.push(resolve));
    const views = await run({
      views: [lotStock, machineNow],
      testing: { failpoint: (_, table) => (table.startsWith('lot_stock') ? never : undefined) },
    });
    await append(70, 200);
    await caughtUp([machineNow], 5_000);
    expect(await reads.viewPosition('lot-stock')).toBe(-1n);
    expect(views.health().find(({ view }) => view === 'machine-now')).toMatchObject({ healthy: true, state: 'current' });
  });
});
