import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, type RunningPostgres } from '#platform/embedded/embedded-postgres';
import { migrate, openPool } from '#platform/runtime/database';
import { testDirectory } from '#platform/testing/testing';
import { JobQueue } from './queue';
import { queueReports, reportQueue } from './queue-report';

describe('the report of a job queue', () => {
  let postgres: RunningPostgres;
  const ends: (() => unknown)[] = [];

  beforeAll(async () => {
    postgres = await startPostgres({ dataDir: testDirectory('queue-report'), durable: false });
    await migrate(postgres.url);
  }, 120_000);
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  afterAll(() => postgres?.stop());

  it('counts jobs by state, and grows old when the queue does not answer', async () => {
    const pool = openPool(postgres.url, 'report', 2);
    ends.push(() => pool.end());
    const queue = new JobQueue('process-timers', { DATABASE_URL: postgres.url });
    ends.push(() => queue.close());
    let answers = true;
    const counts = () => (answers ? queue.counts() : Promise.reject(new Error('away')));
    const only = async () => (await queueReports(pool))[0];
    ends.push(reportQueue(pool, { name: queue.name, kind: queue.kind, counts }, 20));
    await queue.add('later', {}, 3_600_000);
    await queue.add('now', {});
    while ((await only())?.waiting !== 1) await sleep(20);
    const { countedAt, ...report } = (await only())!;
    expect(report).toEqual({ queue: 'process-timers', backend: 'postgresql', waiting: 1, active: 0, delayed: 1, failed: 0 });
    while ((await only())!.countedAt === countedAt) await sleep(20);

    answers = false;
    await sleep(100);
    const last = await only();
    await queue.add('more', {});
    await sleep(100);
    expect(await only()).toEqual(last);
    answers = true;
    while ((await only())!.waiting !== 2) await sleep(20);
  }, 60_000);
});
