/** Rebuilds and new versions under traffic; positions beyond 2^53. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnderTest, until } from '#platform/testing/engine-under-test';
import { machineNow, orderBoard } from '#platform/testing/view-examples';
import type { LogEvent } from '#platform/store/log-event';
import type { LogReader } from '#platform/store/log-reader';
import { runViews } from './engine';
import type { ViewChange } from './changes';
import type { AnyView } from './shape';

jest.setTimeout(60_000);

const t = EngineUnderTest.here();
const { run, stop, append, caughtUp, expectEqual } = t;

describe('a rebuild', () => {
  test('under traffic: no failed read, one switch, the same rows; and going back works', async () => {
    const views = await run({ views: [orderBoard, machineNow] });
    await caughtUp([orderBoard, machineNow]);
    let stopped = false;
    let count = 0;
    const failed: unknown[] = [];
    const reading = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stopped) {
          await t.pool.query('SELECT count(*), sum(good) FROM order_board').then(
            () => count++,
            (error: unknown) => failed.push(error),
          );
        }
      }),
    );
    const writing = (async () => {
      for (let i = 0; !stopped; i++) await append(100 + i, 10);
    })();
    const before = (await t.reads.lag()).find(({ view }) => view === 'order-board')!.table;
    const [one, two, other] = await Promise.all([views.rebuild('order-board'), views.rebuild('order-board'), views.rebuild('machine-now')]);
    expect(one.table).toBe(two.table);
    // The traffic ends with the test, whatever fails below.
    t.release.push(() => (stopped = true));
    await until(async () => {
      const live = (await t.reads.lag()).filter(({ status }) => status === 'live').map(({ table }) => table);
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
    expect((await t.reads.lag()).find(({ table }) => table === before)!.status).toBe('live');
    await expectEqual([orderBoard]);
  });

  test('a new version is built beside the old one, shows its new columns once live, and announces no changes before', async () => {
    const old = await run({ views: [machineNow] });
    await caughtUp([machineNow]);
    const heard: ViewChange[] = [];
    const listening = new AbortController();
    const listener = (async () => {
      for await (const change of t.reads.changes('machine-now', listening.signal)) heard.push(change);
    })();
    await stop(old);
    await sleep(100);
    heard.length = 0;
    const next = { ...machineNow, version: 2 } as AnyView;
    await run({ views: [next] });
    await until(async () => (await t.reads.lag()).some(({ version, status }) => version === 2 && status === 'live'));
    expect(heard.flatMap(({ keys }) => keys ?? [])).toEqual([]);
    await caughtUp([next]);
    await expectEqual([next]);
    const before = t.head;
    await append(60, 40);
    await caughtUp([next]);
    const changed = await t.pool.query('SELECT "machineId" AS id, position::text FROM machine_now WHERE position > $1', [String(before)]);
    expect(changed.rows.length).toBeGreaterThan(0);
    // However the events were divided into batches: a batch that changes no row is not announced.
    const announced = ({ id, position }: { id: string; position: string }) =>
      heard.some(({ keys, since }) => (keys ? keys.includes(id) : BigInt(position) > since));
    await until(() => changed.rows.every(announced));
    listening.abort();
    await listener;
  });

  test('columns that change without a version are refused at the start', async () => {
    await run({ views: [machineNow] });
    await t.pool.query(`UPDATE view_tables SET columns = 'id text!'`);
    await expect(runViews({ store: t.system.eventStoreUrl, databaseUrl: t.database.url, views: [machineNow] })).rejects.toThrow(
      /columns changed, so raise its version/,
    );
  });
});

describe('positions', () => {
  test('beyond 2^53 are exact in checkpoints, waits and rows', async () => {
    const base = 2n ** 63n - 1_000n;
    const events = (await t.log.readAll(-1n, 400)).filter(({ type }) => type.startsWith('Machine')).slice(0, 50);
    const far = events.map((event, i) =>
      Object.assign(Object.create(Object.getPrototypeOf(event) as object) as LogEvent, event, { position: base + BigInt(i) }),
    );
    const rebuilt = await Promise.all(
      far.map(async (copy) => {
        const [source] = await t.log.readStream(copy.stream, copy.revision, 1);
        return Object.assign(source!, { position: copy.position });
      }),
    );
    const store: LogReader = {
      ...t.log,
      readAll: (after, max) => Promise.resolve(rebuilt.filter(({ position }) => position > after).slice(0, max)),
      last: () => Promise.resolve(rebuilt.at(-1)),
    };
    await run({ store, views: [machineNow] });
    expect(await t.reads.waitFor(['machine-now'], rebuilt.at(-1)!.position, 5_000)).toBe(true);
    expect(await t.reads.viewPosition('machine-now')).toBe(base + BigInt(rebuilt.length - 1));
    const { rows } = await t.pool.query('SELECT max(position)::text AS newest FROM machine_now');
    expect(rows[0].newest).toBe((base + BigInt(rebuilt.length - 1)).toString());
    expect(await t.reads.waitFor(['machine-now'], base + 500n, 50)).toBe(false);
  });
});
