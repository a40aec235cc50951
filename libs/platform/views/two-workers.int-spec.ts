/** Two workers on one log and one database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnderTest, until } from '#platform/testing/engine-under-test';
import type { LogReader } from '#platform/store/log-reader';
import { lotStock, machineNow, orderBoard } from '#platform/testing/view-examples';

jest.setTimeout(60_000);

const t = EngineUnderTest.here();
const { run, stop, append, caughtUp, expectEqual } = t;

const quick = { lease: { ttlMs: 800, beatMs: 100 } };

describe('two workers', () => {
  test('a worker that slept through its lease in the middle of a batch writes nothing when it wakes', async () => {
    let asleep = false;
    const wake = new Promise<void>((resolve) => t.release.push(resolve));
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
    for (const go of t.release.splice(0)) go();
    await sleep(500);
    expect(failures).not.toEqual([]);
    await expectEqual([machineNow]);
  });

  test('share the parts of a view, and one takes over when the other stops', async () => {
    const a = await run({ shards: 4, views: [orderBoard, lotStock], lease: { ttlMs: 800, beatMs: 100 } });
    const b = await run({ shards: 4, views: [orderBoard, lotStock], lease: { ttlMs: 800, beatMs: 100 } });
    await until(() => a.health().length === 4 && b.health().length === 4);
    await append(21, 100);
    await caughtUp([orderBoard, lotStock]);
    await expectEqual([orderBoard, lotStock]);
    await stop(a);
    await until(() => b.health().length === 8);
    await append(22, 50);
    await caughtUp([orderBoard, lotStock]);
    await expectEqual([orderBoard, lotStock]);
  });
});

describe('a lease', () => {
  test('lasts longer on a machine that renews it late: two slow workers do not take each other’s parts in turns', async () => {
    const late = { lease: { ttlMs: 150, beatMs: 400 } };
    const workers = [await run({ shards: 4, views: [orderBoard], ...late }), await run({ shards: 4, views: [orderBoard], ...late })];
    await until(() => workers.every((each) => each.health().length === 2));
    await sleep(1_500);
    const epochs = async () => (await t.pool.query('SELECT table_name, shard, epoch FROM view_leases ORDER BY 1, 2')).rows;
    const before = await epochs();
    await sleep(2_500);
    expect(await epochs()).toEqual(before);
  });

  test('that was acquired by a statement whose answer was lost is released, and the view continues', async () => {
    await run({ views: [machineNow], ...quick });
    await caughtUp([machineNow]);
    // As after that statement: the worker owns the part under an epoch that it does not know.
    for (const table of ['view_leases', 'view_checkpoints']) await t.pool.query(`UPDATE ${table} SET epoch = epoch + 1`);
    await append(200, 20);
    await caughtUp([machineNow], 10_000);
    await expectEqual([machineNow]);
  });

  test('ends with its worker: another continues at once, even while a batch of the first is held up', async () => {
    const wake = new Promise<void>((resolve) => t.release.push(resolve));
    let held = false;
    const a = await run({
      views: [lotStock, machineNow],
      ...quick,
      testing: { failpoint: (_, table) => ((held ||= table.startsWith('lot_stock')) && table.startsWith('lot_stock') ? wake : undefined) },
    });
    await until(() => held && a.health().length === 2);
    await run({ views: [lotStock, machineNow], ...quick });
    const stopping = stop(a);
    await append(201, 20);
    await caughtUp([machineNow], 4_000);
    for (const go of t.release.splice(0)) go();
    await stopping;
    await caughtUp([lotStock, machineNow]);
    await expectEqual([lotStock, machineNow]);
  });
});

describe('a database that is emptied under two running workers', () => {
  test.each([
    ['dropped', 'DROP SCHEMA public, analytics CASCADE; CREATE SCHEMA public'],
    [
      'truncated',
      `DO $$ DECLARE t text; BEGIN FOR t IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'
       LOOP EXECUTE 'TRUNCATE ' || t || ' CASCADE'; END LOOP; END $$`,
    ],
    ['without its checkpoints', 'DELETE FROM view_checkpoints'],
    ['without one table', 'DROP TABLE lot_stock_v1 CASCADE'],
  ])('%s: every view is rebuilt from the log', async (_, sql) => {
    const views = [lotStock, machineNow, orderBoard];
    const opened = jest.fn(() => Promise.resolve());
    await run({ views, ...quick, opened });
    await run({ views, ...quick, opened });
    await caughtUp(views);
    await append(210, 30);
    // May have to be repeated, because the workers write at the same time.
    await until(() =>
      t.pool.query(sql).then(
        () => true,
        (error: { code?: string }) => {
          if (error.code !== '40P01') throw error;
          return false;
        },
      ),
    );
    await append(211, 30);
    await until(
      () =>
        caughtUp(views, 100).then(
          () => true,
          () => false,
        ),
      20_000,
    );
    await append(212, 30);
    await caughtUp(views);
    await expectEqual(views);
    expect(opened.mock.calls.length).toBeGreaterThan(2);
  });
});

describe('a clock', () => {
  const RightDate = Date;
  afterEach(() => void (global.Date = RightDate));
  const set = (ms: number): void => {
    global.Date = class extends RightDate {
      constructor(...given: []) {
        super(...((given.length > 0 ? given : [RightDate.now() + ms]) as []));
      }
      static override now = () => RightDate.now() + ms;
    } as DateConstructor;
  };

  test.each([[-3_600_000], [3_600_000]])('of a worker that is set by %i ms holds nothing up', async (ms) => {
    await run(quick);
    await caughtUp();
    for (let i = 0; i < 3; i++) {
      await append(220 + i, 40);
      set(ms);
      await caughtUp(undefined, 3_000);
      // Appends here send the store a deadline by this clock.
      global.Date = RightDate;
    }
    await expectEqual();
  });
});

describe('a stalled view', () => {
  test('is reported by name to whoever reads the database, whether it fails or no worker runs it', async () => {
    const failing = {
      failpoint: (_: unknown, table: string) => (table.startsWith('lot_stock') ? Promise.reject(new Error('the disk is full')) : undefined),
    };
    const a = await run({ views: [lotStock, machineNow], ...quick, testing: failing });
    await until(async () => (await t.reads.standing()).length > 0, 30_000);
    expect(await t.reads.standing()).toMatchObject([{ view: 'lot-stock', why: 'the disk is full', otherLog: false }]);
    await stop(a);
    await until(async () => (await t.reads.standing()).length === 2, 30_000);
    expect((await t.reads.standing())[1]).toMatchObject({ view: 'machine-now', why: 'no worker runs it' });
    await run({ views: [lotStock, machineNow], ...quick });
    await caughtUp([lotStock, machineNow]);
    await until(async () => (await t.reads.standing()).length === 0);
  });
});

describe('an older copy of the event store', () => {
  /** The log up to a position, as in a backup from then. */
  const upTo = (end: bigint): LogReader => ({
    ...t.log,
    readAll: async (after, max) => (await t.log.readAll(after, max)).filter(({ position }) => position <= end),
    readStream: async (stream, from, max) => (await t.log.readStream(stream, from, max)).filter(({ position }) => position <= end),
    last: async () => (await t.log.readAll(-1n, 10_000)).filter(({ position }) => position <= end).at(-1),
  });

  test('is reported once, with what to do; a rebuild shows the log as it is', async () => {
    const before = await append(230, 5);
    const a = await run({ views: [machineNow], ...quick });
    await append(231, 60);
    await caughtUp([machineNow]);
    await stop(a);
    const said: string[] = [];
    const error = (_: object, text: string) => void said.push(text);
    const b = await run({
      views: [machineNow],
      ...quick,
      store: upTo(before),
      log: { info: () => undefined, warn: () => undefined, error },
    });
    await until(async () => (await t.reads.standing()).length > 0);
    expect(await t.reads.standing()).toMatchObject([
      { view: 'machine-now', otherLog: true, why: expect.stringMatching(/not the one that was folded/) },
    ]);
    expect((await t.reads.reached(['machine-now'])).get('machine-now')).toMatchObject({ otherLog: true });
    await sleep(1_000);
    expect(said).toEqual([expect.stringMatching(/does not hold the log .* ops views rebuild machine-now$/)]);
    await b.rebuild('machine-now');
    await until(async () => (await t.reads.standing()).length === 0);
    expect(await t.reads.viewPosition('machine-now')).toBe(before);
    expect((await t.reads.reached(['machine-now'])).get('machine-now')).toMatchObject({ otherLog: false });
  });
});

describe('NOTIFY', () => {
  test.each([['not json'], ['{"view":"machine-now","keys":["haifa.M1"],"position":"9999999999","whole":true}'], ['machine-now'], ['']])(
    'from anybody, with payload %j, is only a reason to look',
    async (payload) => {
      await run({ views: [machineNow], ...quick });
      await caughtUp([machineNow]);
      const heard: unknown[] = [];
      const listening = new AbortController();
      const listener = (async () => {
        for await (const change of t.reads.changes('machine-now', listening.signal)) heard.push(change);
      })();
      await sleep(300);
      heard.length = 0;
      const waiting = t.reads.waitFor(['machine-now'], t.head + 1_000_000n, 1_000);
      for (let i = 0; i < 20; i++) await t.pool.query(`SELECT pg_notify('views', $1)`, [payload]);
      expect(await waiting).toBe(false);
      expect(heard).toEqual([]);
      await append(240, 10);
      await until(() => heard.length > 0);
      listening.abort();
      await listener;
    },
  );
});
