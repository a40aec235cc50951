/** Disturbed reads, crashes around COMMIT, silent subscriptions: the rows still equal the fold of the log. */
import { randomUUID } from 'node:crypto';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnderTest } from '#platform/testing/engine-under-test';
import { chance, lotStock, machineNow, orderBoard } from '#platform/testing/view-examples';
import type { LogEvent } from '#platform/store/log-event';
import type { LogReader } from '#platform/store/log-reader';
import type { Failpoint, Testing } from './part';

jest.setTimeout(60_000);

const t = EngineUnderTest.here();
const { run, append, write, caughtUp, verify, expectEqual } = t;

/** A reader that repeats events, shuffles them within a window of 50, and rereads earlier ones. */
function disturbed(seed: number): LogReader {
  const next = chance(seed);
  let before: LogEvent[] = [];
  return {
    ...t.log,
    async readAll(after, max) {
      const events = await t.log.readAll(after, max);
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
  test('an event that a read left out is fetched when the next event of its stream arrives', async () => {
    const hidden = new Set<string>();
    const next = chance(5);
    const forgetful: LogReader = {
      ...t.log,
      async readAll(after, max) {
        const events = await t.log.readAll(after, max);
        // The newest event of a stream is never hidden for good here: another one follows.
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
  test('an event that arrives late in a row of several streams causes a rebuild, since the order among streams cannot be repaired', async () => {
    const orderId = `haifa.O-${randomUUID().slice(0, 8)}`;
    const report = (workOrder: string, good: number) =>
      write(`work-order-${orderId}-${workOrder}`, {
        type: 'OperationCompleted',
        data: { workOrderId: `${orderId}-${workOrder}`, orderId, good, scrap: 0 },
      });
    let hiding = true;
    let hidden = 0;
    const forgetful: LogReader = {
      ...t.log,
      async readAll(after, max) {
        const events = await t.log.readAll(after, max);
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
    const trail = async () => (await t.pool.query('SELECT trail, good FROM order_board WHERE "orderId" = $1', [orderId])).rows[0];
    expect((await trail()).good).toBe(101);
    hiding = false;
    // The hole is detected and filled, behind events that came later.
    await report('B', 1_000);
    await caughtUp([orderBoard]);
    for (const until = Date.now() + 20_000; Date.now() < until; await sleep(50)) {
      const { rows } = await t.pool.query(`SELECT table_name FROM view_tables WHERE status = 'live'`);
      if (rows[0]?.table_name === 'order_board_v1_g2') break;
    }
    const { rows } = await t.pool.query(`SELECT table_name FROM view_tables WHERE status = 'live'`);
    expect(rows).toEqual([{ table_name: 'order_board_v1_g2' }]);
    expect((await trail()).good).toBe(1_111);
    await expectEqual([orderBoard]);
  });
});

describe('crashes around COMMIT', () => {
  const failing = (at: readonly Failpoint[], seed: number): Testing['failpoint'] => {
    const next = chance(seed);
    return async (here) => {
      // Waits until the next page is gathered: a batch must not contain anything of it.
      if (here === 'admitted') await sleep(25);
      if (at.includes(here) && next(4) === 0) throw new Error(`failpoint ${here}`);
    };
  };
  test.each([['written' as const], ['before-commit' as const], ['after-commit' as const]])('%s: everything is counted once', async (at) => {
    await run({ testing: { failpoint: failing([at], 3) } });
    await caughtUp();
    await expectEqual();
  });
  test('a checkpoint outside the transaction would lose unwritten rows', async () => {
    await run({ testing: { failpoint: failing(['before-commit'], 3), without: { sameTransaction: true } } });
    await caughtUp();
    expect((await verify()).some(({ equal }) => !equal)).toBe(true);
  });
  test('if the socket is cut during COMMIT, before or after the server has received it, the outcome is read from the database', async () => {
    const proxy = await cutsCommits(t.database.url, 9);
    await run({ databaseUrl: proxy.url, projector: { batchRows: 20, batchMs: 5 }, feed: { pageSize: 16, pollMs: 100 } });
    proxy.arm();
    await append(80, 150);
    // Each cut costs a pause, and chance says how many there are.
    await caughtUp(undefined, 50_000);
    proxy.server.close();
    expect(proxy.cuts()).toBeGreaterThan(5);
    await expectEqual();
  });
});

/** A proxy in front of PostgreSQL that cuts one COMMIT in four: half of them before sending, half before the answer. */
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

describe('the subscription', () => {
  test('may fall silent or end: polling finds the events, and the subscription is renewed', async () => {
    let subscriptions = 0;
    const deaf: LogReader = {
      ...t.log,
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

describe('a view that is slow or stopped', () => {
  test('does not hold up other views', async () => {
    const never = new Promise<void>((resolve) => t.release.push(resolve));
    const views = await run({
      views: [lotStock, machineNow],
      testing: { failpoint: (_, table) => (table.startsWith('lot_stock') ? never : undefined) },
    });
    await append(70, 200);
    await caughtUp([machineNow], 5_000);
    expect(await t.reads.viewPosition('lot-stock')).toBe(-1n);
    expect(views.health().find(({ view }) => view === 'machine-now')).toMatchObject({ healthy: true, state: 'current' });
  });
});
