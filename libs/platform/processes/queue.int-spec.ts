import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort, startPostgres, type RunningPostgres } from '#platform/embedded/embedded-postgres';
import { JobQueue, queueKind, type Job, type QueueBackend } from './queue';
import { testDirectory } from '#platform/testing/testing';

type Wake = { process: string };

const until = async (holds: () => boolean | Promise<boolean>, patience = 15_000) => {
  for (const end = Date.now() + patience; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error('the condition was not met in time');
};

/** What every backend must do. `away` and `back` stop and start the backend with the same address and data. */
const contract = (backend: () => QueueBackend, away: () => Promise<void>, back: () => Promise<void>) => {
  const open: JobQueue<Wake>[] = [];
  const queueNamed = (name: string, options = {}) => {
    const queue = new JobQueue<Wake>(name, backend(), { pause: 20, ...options });
    open.push(queue);
    return queue;
  };
  afterEach(async () => void (await Promise.all(open.splice(0).map((queue) => queue.close()))), 30_000);

  it('does a job with its data, id and attempt', async () => {
    const queue = queueNamed('plain');
    const done: Job<Wake>[] = [];
    queue.work(async (job) => void done.push(job));
    await queue.add('when-equipment-aborted:haifa.M4', { process: 'p1' });
    await until(() => done.length === 1);
    expect(done).toEqual([{ id: 'when-equipment-aborted:haifa.M4', data: { process: 'p1' }, attempt: 1 }]);
  });

  it('keeps one job per id while it waits, and accepts the id again when it is done', async () => {
    const queue = queueNamed('once');
    await queue.add('42', { process: 'first' });
    await queue.add('42', { process: 'second' });
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
    const done: string[] = [];
    queue.work(async ({ id, data }) => void done.push(`${id} ${data.process}`));
    await until(async () => done.length === 1 && (await queue.counts()).active === 0);
    await queue.add('42', { process: 'third' });
    await until(() => done.length === 2);
    expect(done).toEqual(['42 first', '42 third']);
  });

  it('takes the id of a foreign job as it is, and reports that it fails', async () => {
    const trouble: (string | undefined)[] = [];
    const queue = queueNamed('foreign', { attempts: 1, onTrouble: (_: Error, id?: string) => trouble.push(id) });
    queue.work(() => Promise.reject(new Error('no such process')));
    await (queue as unknown as { open(): Promise<{ add(...job: unknown[]): Promise<unknown> }> })
      .open()
      .then((bull) => bull.add('foreign', null, { jobId: '%' }));
    await until(() => trouble.includes('%'));
  });

  it('waits for the given delay, and does not run removed jobs', async () => {
    const queue = queueNamed('later');
    const done: [string, number][] = [];
    const from = Date.now();
    await queue.add('a', { process: 'a' }, 400);
    await queue.add('b', { process: 'b' }, 200);
    await queue.remove('b');
    queue.work(async ({ id }) => void done.push([id, Date.now() - from]));
    await until(() => done.length === 1);
    await sleep(100);
    expect(done).toEqual([['a', expect.any(Number)]]);
    expect(done[0]![1]).toBeGreaterThanOrEqual(395);
  });

  it('retries a failed job with pauses, then keeps it as failed and reports it', async () => {
    const trouble: (string | undefined)[] = [];
    const queue = queueNamed('failing', { attempts: 3, onTrouble: (_: Error, id?: string) => trouble.push(id) });
    const attempts: number[] = [];
    queue.work(async ({ attempt }) => {
      attempts.push(attempt);
      throw new Error('not yet');
    });
    await queue.add('x', { process: 'x' });
    await until(async () => (await queue.counts()).failed === 1);
    expect(attempts).toEqual([1, 2, 3]);
    await until(() => trouble.length >= 3);
    expect(trouble).toEqual(['x', 'x', 'x']);
  });

  it('distributes jobs among workers, each job done by one', async () => {
    const [one, two] = [queueNamed('shared'), queueNamed('shared')];
    const done: string[] = [];
    await Promise.all(Array.from({ length: 40 }, (_, n) => one.add(`job-${n}`, { process: 'p' })));
    for (const queue of [one, two]) queue.work(async ({ id }) => void done.push(id));
    await until(() => done.length >= 40);
    await sleep(100);
    expect(new Set(done).size).toBe(40);
    expect(done).toHaveLength(40);
  });

  it('recovers by itself after the backend was unreachable, loses no added job, and refuses to add meanwhile', async () => {
    const trouble: Error[] = [];
    const queue = queueNamed('outage', { onTrouble: (error: Error) => trouble.push(error) });
    await queue.add('before', { process: 'p' }, 1_500);
    const done: string[] = [];
    queue.work(async ({ id }) => void done.push(id));
    await sleep(300);
    await away();
    const late = queueNamed('outage');
    late.work(async ({ id }) => void done.push(id));
    await expect(queue.add('meanwhile', { process: 'p' })).rejects.toThrow();
    await sleep(700);
    await back();
    await until(() => done.includes('before'), 30_000);
    await until(
      () =>
        queue.add('after', { process: 'p' }).then(
          () => true,
          () => false,
        ),
      20_000,
    );
    await until(() => done.includes('after'), 30_000);
    expect(trouble.length).toBeGreaterThan(0);
  }, 60_000);

  it('can be closed while the backend is unreachable', async () => {
    const queue = queueNamed('closing');
    queue.work(async () => undefined);
    await queue.add('waiting', { process: 'p' }, 60_000);
    await away();
    const from = Date.now();
    await queue.close(2_000);
    expect(Date.now() - from).toBeLessThan(4_000);
    await back();
  }, 30_000);
};

describe('the job queue in PostgreSQL', () => {
  const dataDir = testDirectory('queue');
  let server: RunningPostgres;
  let port: number;
  beforeAll(async () => {
    server = await startPostgres({ dataDir, durable: false });
    port = server.port;
  });
  afterAll(() => server.stop());
  it('is the default', () => expect(queueKind({ DATABASE_URL: 'postgresql://x' })).toBe('postgresql'));
  contract(
    () => ({ DATABASE_URL: server.url }),
    async () => {
      process.kill(server.pid, 'SIGKILL');
      await server.exited;
    },
    async () => void (server = await startPostgres({ dataDir, durable: false, port })),
  );

  it('goes on with new jobs after the database was emptied under it', async () => {
    const queue = new JobQueue<Wake>('emptied', { DATABASE_URL: server.url });
    const adding = new JobQueue<Wake>('emptied', { DATABASE_URL: server.url });
    const done: string[] = [];
    queue.work(async ({ id }) => void done.push(id));
    await adding.add('before', { process: 'p' });
    await until(() => done.includes('before'));
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('DROP SCHEMA queue CASCADE');
    await client.end();
    await adding.add('after', { process: 'p' });
    await until(() => done.includes('after'), 30_000);
    await Promise.all([queue.close(), adding.close()]);
  }, 60_000);

  it('survives an error that the server sends while the queue closes', async () => {
    // The server's last message comes at a different moment each time.
    for (let time = 0; time < 6; time++) {
      const queue = new JobQueue<Wake>('last-word', { DATABASE_URL: server.url });
      queue.work(async () => undefined);
      await queue.add('waiting', { process: 'p' }, 60_000);
      await sleep((time % 2) * 300);
      process.kill(server.pid, 'SIGKILL');
      await queue.close(500);
      await server.exited;
      await sleep(300);
      server = await startPostgres({ dataDir, durable: false, port });
    }
  }, 60_000);
});

const redisGiven = process.env.REDIS_URL;
const redisProgram = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

if (redisProgram) {
  describe(`the job queue in Redis (${redisProgram} of this machine)`, () => {
    let redis: ChildProcess;
    let port: number;
    const dir = testDirectory('redis');
    const start = async () => {
      redis = spawn(
        redisProgram,
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--appendonly', 'yes', '--maxmemory-policy', 'noeviction'],
        { stdio: 'ignore' },
      );
      await sleep(500);
    };
    const stop = async () => {
      const exited = new Promise((done) => redis.once('exit', done));
      redis.kill('SIGKILL');
      await exited;
    };
    beforeAll(async () => {
      port = await freePort();
      await start();
    });
    afterAll(stop);
    contract(() => ({ REDIS_URL: `redis://127.0.0.1:${port}` }), stop, start);
  });
} else {
  describe('the job queue in Redis', () => {
    it(
      redisGiven
        ? 'is chosen by REDIS_URL; its contract suite needs the program redis-server, which is not installed'
        : 'was NOT tested: the program redis-server is not installed; only the choice by REDIS_URL was checked',
      () => expect(queueKind({ REDIS_URL: 'redis://127.0.0.1:6379', DATABASE_URL: 'postgresql://x' })).toBe('redis'),
    );
  });
}
