/**
 * Hides how specs get real parts: one PostgreSQL for a whole jest run, a separate database and an event-store node for each spec file.
 * Promises free ports, fresh data and that nothing is left over, even by killed runs: the next run cleans up after them. Does not fake
 * anything and never skips: a part that does not start fails the spec.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DirectoryTaken, lives, lockDirectory, markOf, type ProcessMark } from '#platform/embedded/directory-lock';
import { freePort, startPostgres, stopPostgres } from '#platform/embedded/embedded-postgres';

const PREFIX = 'plantlog-test-';
const VARIABLE = 'PLANTLOG_TEST_RUN';

/** Called by jest once, before all spec files. */
export async function beginTestRun(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const left = join(tmpdir(), name);
    try {
      lockDirectory(left)();
    } catch (error) {
      if (error instanceof DirectoryTaken) continue;
      throw error;
    }
    await clear(left);
  }
  // Locked before it gets the name by which other runs find leftovers.
  const draft = mkdtempSync(join(tmpdir(), 'plantlog-begin-'));
  chmodSync(draft, 0o755);
  lockDirectory(draft);
  const run = draft.replace('plantlog-begin-', PREFIX);
  renameSync(draft, run);
  process.env[VARIABLE] = run;
}

/** Called by jest once, after all spec files. */
export async function endTestRun(): Promise<void> {
  await clear(runDirectory());
}

/** Ends everything that killed specs left running on directories below this one, and removes the directories. */
async function clear(run: string): Promise<void> {
  const files = readdirSync(run, { recursive: true, encoding: 'utf8' }).map((path) => join(run, path));
  // Supervisors first, since they would restart what ends; they are found by the lock of their directory.
  const marks = [
    ...files.filter((path) => basename(path) === 'lock' && dirname(path) !== run),
    ...files.filter((path) => /\.(mark|pid\.json)$/.test(path)),
  ];
  for (const file of marks) {
    try {
      const mark = JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
      if (mark.pid !== process.pid && lives(mark)) process.kill(mark.pid, 'SIGKILL');
    } catch {
      // Gone in the meantime, or not ours.
    }
  }
  for (const file of files) {
    if (basename(file) === 'postmaster.pid') await stopPostgres(dirname(dirname(file)));
    if (basename(file) === 'binaries-at') rmSync(readFileSync(file, 'utf8').trim(), { recursive: true, force: true });
  }
  // Something that is still ending may write there once more.
  rmSync(run, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

const runDirectory = (): string => {
  const run = process.env[VARIABLE];
  if (!run) throw new Error('Specs get real parts when jest runs with the jest.config.js of this project, and only then.');
  return run;
};

/** An empty directory below the run's own; removed when the run ends. */
export const testDirectory = (name = 'dir'): string => mkdtempSync(join(runDirectory(), `${name}-`));

/** An empty database. */
export type TestDatabase = Readonly<{ url: string; drop(): Promise<void> }>;

/** Creates an empty database on the run's PostgreSQL; the first call starts the server. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await startPostgres({ dataDir: join(runDirectory(), 'postgres'), durable: false });
  const name = `spec_${randomBytes(6).toString('hex')}`;
  const administer = async (sql: string) => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await administer(`create database ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) };
}

/** An event-store node in a separate app. */
export type TestStore = Readonly<{
  /** Connection string for the official client. */
  url: string;
  port: number;
  dataDir: string;
  pid(): number;
  /** `kill -9`; the data stay. */
  kill(): Promise<void>;
  /** Restarts the node on the same data and port after `kill` or `halt`. */
  start(): Promise<void>;
  /** A clean shutdown (SIGTERM); the data stay. */
  halt(): Promise<void>;
  /** Stops the node and removes its data. */
  stop(): Promise<void>;
}>;

/** Starts `apps/event-store` on a free port with a fresh data directory; `env` is added to its environment. */
export async function testStore(env: NodeJS.ProcessEnv = {}): Promise<TestStore> {
  const dataDir = testDirectory('store');
  const port = await freePort();
  let node = await startNode(dataDir, port, env);
  const end = async (signal: NodeJS.Signals) => {
    if (node.exitCode !== null || node.signalCode !== null) return;
    const exited = new Promise((done) => node.once('exit', done));
    node.kill(signal);
    const impatience = setTimeout(() => node.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(impatience);
  };
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    dataDir,
    pid: () => node.pid!,
    kill: () => end('SIGKILL'),
    halt: () => end('SIGTERM'),
    start: async () => {
      node = await startNode(dataDir, port, env);
    },
    stop: async () => {
      await end('SIGTERM');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function startNode(dataDir: string, port: number, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const main = resolve(__dirname, '../../../apps/event-store/main.js');
  mkdirSync(dataDir, { recursive: true });
  const path = join(runDirectory(), `store-${port}.log`);
  const log = openSync(path, 'a');
  const node = spawn(process.execPath, [main], {
    env: { ...process.env, LOG_LEVEL: 'warn', ...env, PORT: String(port), HOST: '127.0.0.1', DATA_DIR: dataDir },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  writeFileSync(join(runDirectory(), `store-${port}.mark`), JSON.stringify(markOf(node.pid!)));
  for (const until = performance.now() + 20_000; ; await sleep(20)) {
    if (await accepts(port)) return node;
    if (node.exitCode === null && node.signalCode === null && performance.now() < until) continue;
    node.kill('SIGKILL');
    throw new Error(`The event-store node (${main}) does not start:\n${readFileSync(path, 'utf8').slice(-4000)}`);
  }
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), done(true)));
    socket.once('error', () => done(false));
  });

/** The parts that most specs use. */
export type TestSystem = Readonly<{
  databaseUrl: string;
  eventStoreUrl: string;
  database: TestDatabase;
  store: TestStore;
  stop(): Promise<void>;
}>;

/** An empty database and an event-store node. */
export async function startTestSystem(): Promise<TestSystem> {
  const [database, store] = await Promise.all([testDatabase(), testStore()]);
  const stop = async () => void (await Promise.all([database.drop(), store.stop()]));
  return { databaseUrl: database.url, eventStoreUrl: store.url, database, store, stop };
}

/** For the top of a spec file: an empty database before its first test, dropped after its last. */
export function withPostgres(): Readonly<{ url: string }> {
  let database: TestDatabase | undefined;
  beforeAll(async () => void (database = await testDatabase()), 60_000);
  afterAll(async () => database?.drop());
  return {
    get url() {
      if (!database) throw new Error('The database is there from the first test on, not before.');
      return database.url;
    },
  };
}
