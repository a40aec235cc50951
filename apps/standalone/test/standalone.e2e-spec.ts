import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync, existsSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { Client } from 'pg';
import type { Metadata } from '#kernel/event';
import { lives, markOf, type ProcessMark } from '#platform/embedded/directory-lock';
import { EventStore } from '#platform/store/event-store';
import { testDirectory } from '#platform/testing/testing';
import { Start, until } from './start';

type Endpoints = { api: string; graphql: string; eventstore: string; postgres: string; tokens: Record<string, string> };

const event = (n: number) => ({ id: randomUUID(), type: 'SpecWritten', data: { n }, metadata: {} as Metadata });

/** Processes that have a directory in their arguments or environment. */
const processesBelow = (directory: string): string[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(directory) ||
          readFileSync(`/proc/${pid}/environ`, 'utf8').includes(directory)
        );
      } catch {
        return false;
      }
    });

describe('npm start', () => {
  let dataDir: string;
  let system: Start;
  let startTook: number;
  const endpoints = () => JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as Endpoints;
  const start = async (...args: string[]) => {
    system = new Start({ DATA_DIR: dataDir, PORT: '0', DRAIN_SECONDS: '5' }, ...args);
    await system.says('Ready.');
  };
  const markOfChild = (name: string): ProcessMark =>
    name === 'postgres'
      ? markOf(Number(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]))!
      : (JSON.parse(readFileSync(join(dataDir, 'run', `${name}.pid.json`), 'utf8')) as ProcessMark);
  const everything = () => ['api', 'worker', 'event-store', 'postgres'].map(markOfChild);
  const isReady = async () => (await fetch(`${endpoints().api}/health/ready`).catch(() => undefined))?.status === 200;
  const inPostgres = async (sql: string) => {
    const client = new Client({ connectionString: endpoints().postgres });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(sql);
    await client.end();
    return rows;
  };
  const inStore = async <T>(use: (store: EventStore) => Promise<T>) => {
    const store = new EventStore(endpoints().eventstore);
    try {
      return await use(store);
    } finally {
      await store.close();
    }
  };

  /** User and password of the embedded event store. */
  const storeLogin = () => decodeURIComponent(/^esdb:\/\/(.+)@/.exec(endpoints().eventstore)![1]!);
  const ask = (url: string, authorization: string) =>
    new Promise<{ status: number; body: string }>((resolve, reject) => {
      const ca = readFileSync(join(dataDir, 'event-store-login', 'certificate.pem'));
      const get = url.startsWith('https') ? https.get : http.get;
      get(url, { ca, headers: { authorization } }, (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.once('end', () => resolve({ status: response.statusCode!, body }));
      }).once('error', reject);
    });

  beforeAll(async () => {
    dataDir = join(testDirectory('standalone'), 'made', 'by the start');
    const from = Date.now();
    await start('--empty');
    startTook = Date.now() - from;
  }, 60_000);
  afterAll(() => system.stop(), 30_000);

  it('is ready: every part answers, and endpoints.json, readable by us alone, has the addresses', async () => {
    expect(await isReady()).toBe(true);
    expect(statSync(join(dataDir, 'endpoints.json')).mode & 0o777).toBe(0o600);
    await inPostgres('create table kept as select 1 as n');
    await inStore((store) => store.append('spec-haifa.a', 'any', [event(1)]));
    for (const link of ['/docs', '/graphiql', '/health/ready', '/metrics']) expect(system.output).toContain(endpoints().api + link);
  });

  it('runs apps that each answer live, ready and metrics requests, and log JSON lines', async () => {
    const { ports } = JSON.parse(readFileSync(join(dataDir, 'state.json'), 'utf8')) as { ports: Record<string, number> };
    const { api, tokens } = endpoints();
    const bearer = `Bearer ${tokens.engineer}`;
    const apps = {
      api: [api, bearer],
      worker: [`http://127.0.0.1:${ports.worker}`, bearer],
      'event-store': [`https://localhost:${ports['event-store']}`, `Basic ${Buffer.from(storeLogin()).toString('base64')}`],
    } as const;
    for (const [app, [url, authorization]] of Object.entries(apps)) {
      for (const path of ['/health/live', '/health/ready', '/metrics']) {
        const { status, body } = await ask(url + path, authorization);
        expect([app, path, Math.floor(status / 100)]).toEqual([app, path, 2]);
        // The node answers 204, as EventStoreDB does.
        if (status === 204) continue;
        if (path === '/metrics') expect(body).toMatch(/^# TYPE \w+ (counter|gauge|histogram)$/m);
        else expect(JSON.parse(body)).toEqual(expect.objectContaining({ status: expect.any(String) }));
      }
      const lines = readFileSync(join(dataDir, 'logs', `${app}.log`), 'utf8')
        .trim()
        .split('\n');
      const entries = lines.filter((line) => !line.startsWith('LISTENING ')).map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(entries.length).toBeGreaterThan(0);
      for (const entry of entries) expect(entry).toMatchObject({ process: app, level: expect.any(Number), time: expect.any(String) });
    }
  });

  it('gives a token for every role, for all facilities and for each', () => {
    const { tokens } = endpoints();
    for (const role of ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device']) {
      expect(decodeJwt(tokens[role]!)).toMatchObject({ roles: [role], facilities: ['*'], aud: 'plantlog' });
      expect(decodeJwt(tokens[`${role}@haifa`]!)).toMatchObject({ roles: [role], facilities: ['haifa'] });
    }
  });

  it('shows no password or token on the terminal or in the logs', () => {
    const { postgres, tokens } = endpoints();
    const said =
      system.output + ['api', 'worker', 'event-store'].map((name) => readFileSync(join(dataDir, 'logs', `${name}.log`), 'utf8')).join();
    expect(said).not.toContain(new URL(postgres).password);
    expect(said).not.toContain(tokens.operator);
  });

  it('refuses a second start on the same directory, and says which process uses it', async () => {
    const second = new Start({ DATA_DIR: dataDir, PORT: '0' });
    expect(await second.ended).toBe(1);
    expect(second.output).toContain(`in use: the system runs there already (process ${system.process.pid}, ${endpoints().api})`);
    expect(await isReady()).toBe(true);
  });

  it.each(['api', 'worker', 'event-store', 'postgres'])(
    'recovers when %s is killed with -9',
    async (name) => {
      const before = endpoints();
      const mark = markOfChild(name);
      process.kill(mark.pid, 'SIGKILL');
      await system.says(name === 'postgres' ? 'PostgreSQL is ready again' : `${name} is ready again`, 30_000);
      expect(lives(mark)).toBe(false);
      await until(isReady, 15_000, () => `not ready again:\n${system.output}`);
      expect(endpoints()).toEqual(before);
      expect(await inPostgres('select n from kept')).toEqual([{ n: 1 }]);
      expect(await inStore((store) => store.read('spec-haifa.a'))).toHaveLength(1);
    },
    60_000,
  );

  it('recovers on the next start when the supervisor itself is killed with -9: its children end, PostgreSQL is reused', async () => {
    const [api, worker, store, postgres] = everything();
    expect(await system.stop('SIGKILL')).toBe('SIGKILL');
    // Each has DRAIN_SECONDS and five more.
    await until(
      () => ![api, worker, store].some((mark) => lives(mark!)),
      15_000,
      () => 'its children do not end',
    );
    expect(lives(postgres!)).toBe(true);
    await start();
    expect(markOfChild('postgres')).toEqual(postgres);
    expect(system.output).toContain('was still running and is reused');
    expect(await inPostgres('select n from kept')).toEqual([{ n: 1 }]);
  }, 60_000);

  it('stops children that outlived their supervisor before it starts new ones', async () => {
    // A child that does not notice the end of its supervisor, because it is suspended then, as in a debugger.
    const worker = markOfChild('worker');
    process.kill(worker.pid, 'SIGSTOP');
    await system.stop('SIGKILL');
    system = new Start({ DATA_DIR: dataDir, PORT: '0' });
    await system.says(`Stopping worker (pid ${worker.pid})`);
    process.kill(worker.pid, 'SIGCONT');
    await system.says('Ready.');
    expect(lives(worker)).toBe(false);
  }, 60_000);

  it('stops in order on Ctrl-C, leaves no process, and the next start uses the same ports', async () => {
    const before = endpoints();
    const marks = everything();
    expect(await system.stop('SIGINT')).toBe(0);
    expect(marks.filter(lives)).toEqual([]);
    expect(existsSync(join(dataDir, 'endpoints.json'))).toBe(false);
    expect(readFileSync(join(dataDir, 'postgres/postgres.log'), 'utf8').trimEnd()).toMatch(/database system is shut down$/);
    await start();
    expect(endpoints()).toMatchObject({ eventstore: before.eventstore, postgres: before.postgres });
    expect(await inPostgres('select n from kept')).toEqual([{ n: 1 }]);
    expect(await inStore((store) => store.read('spec-haifa.a'))).toHaveLength(1);
  }, 60_000);

  it.each([10, 35, 60, 85])(
    'leaves nothing behind when it is interrupted after %s %% of a start',
    async (percent) => {
      const directory = testDirectory('cut-short');
      const cut = new Start({ DATA_DIR: directory, PORT: '0' }, '--empty');
      await cut.says('Starting in');
      await sleep((percent / 100) * startTook);
      expect(await cut.stop('SIGINT')).toBe(0);
      expect(processesBelow(directory)).toEqual([]);
    },
    60_000,
  );

  it('says clearly that the port is in use', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => squatter.once('listening', listening));
    const { port } = squatter.address() as AddressInfo;
    const refused = new Start({ DATA_DIR: testDirectory('port'), PORT: String(port) });
    expect(await refused.ended).toBe(1);
    expect(refused.output).toMatch(new RegExp(`^Port ${port} on 127.0.0.1 is used by another program. .*PORT=\\d+ npm start.*\\n$`));
    await new Promise((closed) => squatter.close(closed));
  });

  it('says clearly that the directory cannot be used', async () => {
    const file = join(testDirectory('file'), 'a-file');
    writeFileSync(file, '');
    const refused = new Start({ DATA_DIR: join(file, 'below'), PORT: '0' });
    expect(await refused.ended).toBe(1);
    expect(refused.output).toMatch(/^The data directory .* cannot be used: .*DATA_DIR=… npm start\n$/);
  });

  it('names all faulty settings at once and does not start', async () => {
    const directory = testDirectory('faults');
    mkdirSync(directory, { recursive: true });
    const refused = new Start({
      DATA_DIR: join(directory, 'data'),
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://me:hunter2@host',
    });
    expect(await refused.ended).toBe(78);
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL']) expect(refused.output).toContain(`  - ${name}: `);
    expect(refused.output).not.toContain('hunter2');
    expect(existsSync(join(directory, 'data'))).toBe(false);
  });

  it('says clearly that an external PostgreSQL does not answer, and leaves nothing running', async () => {
    const directory = testDirectory('external');
    const refused = new Start({
      DATA_DIR: directory,
      PORT: '0',
      DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:1/x',
      DRAIN_SECONDS: '1',
    });
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain('Could not connect to PostgreSQL at DATABASE_URL: ');
    expect(refused.output).not.toContain('hunter2');
    expect(existsSync(join(directory, 'run', 'event-store.pid.json'))).toBe(false);
  }, 30_000);
});
