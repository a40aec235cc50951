/** Two workers on one log and one database. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnderTest, until } from '#platform/testing/engine-under-test';
import { lotStock, machineNow, orderBoard } from '#platform/testing/view-examples';

jest.setTimeout(60_000);

const t = EngineUnderTest.here();
const { run, stop, append, caughtUp, expectEqual } = t;

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

  test('share the parts of a view, and take over when one goes', async () => {
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
