/**
 * Hides initdb, users, ports, binaries and leftovers of a crash behind one call that returns a running PostgreSQL 18.
 * Promises a server on 127.0.0.1 only, with a random password and data checksums; the data survives `kill -9` of anything.
 * Does not back up, tune, or replace a server that you operate yourself: set DATABASE_URL for that.
 */
import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { binariesFor, type Account } from './postgres-binaries';
import { boundLog, LIMITS, watchLog, withinLimits } from './server-limits';
import { DirectoryTaken, lockDirectory, lives, markOf, type ProcessMark } from './directory-lock';
import { APPLICATION } from '#platform/runtime/version';

/** A PostgreSQL server that answers. */
export type RunningPostgres = Readonly<{
  /** Connection string of the superuser, database `postgres`. It holds the password: keep it out of logs. */
  url: string;
  port: number;
  pid: number;
  /** Whether it was found running, left over by an app that died. */
  adopted: boolean;
  /** Settles when the server has ended, for whatever reason. */
  exited: Promise<void>;
  /** Ends sessions, writes a checkpoint and waits until the server is gone. */
  stop(): Promise<void>;
}>;

export type PostgresOptions = Readonly<{
  /** Holds everything: the cluster, its password and port, the server's log. */
  dataDir: string;
  /** Default: the port of the last start if it is free, else any free one. */
  port?: number;
  /** False only if the data may be lost in a power cut, as in tests. */
  durable?: boolean;
  /** Milliseconds that a start, with recovery after a crash, may take. */
  timeout?: number;
}>;

/** Starts PostgreSQL on its own directory, or takes over the one that already runs there. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { dataDir, timeout = 120_000 } = options;
  mkdirSync(dataDir, { recursive: true });
  const log = join(dataDir, 'postgres.log');
  const unlock = await lockForStart(dataDir, timeout);
  try {
    const cluster = join(dataDir, 'cluster');
    const account = accountFor(cluster);
    const secret = passwordIn(dataDir);
    const found = await liveServer(cluster, secret, timeout);
    if (found) return watchLog(log, running(found.port, secret, found.mark));
    const binaries = binariesFor(dataDir, account);
    if (!existsSync(join(cluster, 'PG_VERSION'))) createCluster(cluster, binaries, secret, account, options.durable ?? true);
    refuseForeignVersion(cluster);
    return watchLog(log, await launch(cluster, binaries, secret, account, options));
  } finally {
    unlock();
  }
}

/** Stops the server that a killed app left running on a directory; false if there is none. */
export async function stopPostgres(dataDir: string): Promise<boolean> {
  const cluster = join(dataDir, 'cluster');
  const pid = pidFileIn(cluster)?.pid;
  const mark = pid !== undefined && inhabitants(cluster).includes(pid) ? markOf(pid) : undefined;
  if (mark) await stopServer(mark);
  return mark !== undefined;
}

async function lockForStart(dataDir: string, timeout: number): Promise<() => void> {
  for (const until = performance.now() + timeout; ; await sleep(50)) {
    try {
      return lockDirectory(dataDir, 'start.lock');
    } catch (error) {
      if (!(error instanceof DirectoryTaken) || performance.now() > until) throw error;
    }
  }
}

/** PostgreSQL refuses to run as root: then it runs under an account without rights that owns only the cluster's directory. */
function accountFor(cluster: string): Account | undefined {
  const self = process.getuid?.();
  const owner = existsSync(cluster) ? statSync(cluster) : undefined;
  if (self !== 0) {
    if (owner && self !== undefined && owner.uid !== self) {
      throw new Error(
        `${cluster} belongs to user id ${owner.uid}, as after a start as root. Start as that user or as root, or choose another DATA_DIR.`,
      );
    }
    return undefined;
  }
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const entry = /^postgres:[^:]*:(\d+):(\d+):/m.exec(readOr('/etc/passwd') ?? '');
  return entry ? { uid: Number(entry[1]), gid: Number(entry[2]) } : { uid: 65534, gid: 65534 };
}

function passwordIn(dataDir: string): string {
  const path = join(dataDir, 'superuser-password');
  const known = readOr(path)?.trim();
  if (known) return known;
  const fresh = randomBytes(24).toString('base64url');
  writeFileSync(`${path}.new`, fresh, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return fresh;
}

// -- the cluster ------------------------------------------------------------------------------------------------------

/**
 * How the account refers to a directory. It cannot use a path below a closed directory such as /root, but it can use the inherited
 * descriptor of the open directory, since the kernel then checks only the directory itself.
 */
function opened<T>(directory: string, account: Account | undefined, use: (path: string, stdio: number[]) => T): T {
  if (!account || process.platform !== 'linux') return use(directory, []);
  if (spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...account, cwd: '/', stdio: 'ignore' }).status === 0)
    return use(directory, []);
  const descriptor = openSync(directory, 'r');
  try {
    return use('/proc/self/fd/3', [descriptor]);
  } finally {
    closeSync(descriptor);
  }
}

/** Created next to its final place and moved there when complete, so that an interrupted start leaves nothing incomplete. */
function createCluster(cluster: string, binaries: string, secret: string, account: Account | undefined, durable: boolean): void {
  const draft = `${cluster}.new`;
  const passwordFile = `${draft}-password`;
  rmSync(draft, { recursive: true, force: true });
  rmSync(cluster, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, secret, { mode: 0o600 });
  const password = openSync(passwordFile, 'r');
  try {
    if (account) {
      chownSync(draft, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    const result = opened(draft, account, (path, inherited) =>
      spawnSync(
        join(binaries, 'bin', 'initdb'),
        [
          '-D',
          path,
          '-U',
          'postgres',
          `--pwfile=/dev/fd/${3 + inherited.length}`,
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          '--data-checksums',
          '--locale=C',
          '--locale-provider=builtin',
          '--builtin-locale=C.UTF-8',
          '--no-instructions',
          ...(durable ? [] : ['--no-sync']),
        ],
        { ...account, cwd: '/', env: childEnvironment(), stdio: ['ignore', 'pipe', 'pipe', ...inherited, password], encoding: 'utf8' },
      ),
    );
    if (result.status !== 0) {
      throw new Error(
        `PostgreSQL's initdb failed in ${cluster}: ${result.error?.message ?? ''}${lastLines(`${result.stdout}\n${result.stderr}`)}`,
      );
    }
    renameSync(draft, cluster);
  } finally {
    closeSync(password);
    rmSync(passwordFile, { force: true });
  }
}

const supportedVersion = '18';

function refuseForeignVersion(cluster: string): void {
  const version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version === supportedVersion) return;
  throw new Error(
    `${cluster} was made by PostgreSQL ${version}; this one is ${supportedVersion}. Views can be rebuilt: move the directory away.`,
  );
}

/** PG* variables and the locale of the caller must not affect the server. */
const childEnvironment = (): NodeJS.ProcessEnv => ({ PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });

// -- the server -------------------------------------------------------------------------------------------------------

type PidFile = Readonly<{ pid: number; port: number; status: string }>;

const pidFileIn = (cluster: string): PidFile | undefined => {
  const lines = readOr(join(cluster, 'postmaster.pid'))?.split('\n');
  if (!lines?.[0]) return undefined;
  return { pid: Number(lines[0]), port: Number(lines[3] ?? 0), status: (lines[7] ?? '').trim() };
};

/** OS processes whose working directory is the cluster's: all those of PostgreSQL. Linux only, empty elsewhere. */
function inhabitants(cluster: string): number[] {
  if (process.platform !== 'linux') return [];
  const home = statSync(cluster, { throwIfNoEntry: false });
  if (!home) return [];
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        if (!basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('postgres') || !markOf(pid)) return false;
        const { ino, dev } = statSync(`/proc/${pid}/cwd`);
        return ino === home.ino && dev === home.dev;
      } catch {
        return false;
      }
    });
}

/** The server that a dead app left behind, once it accepts our password; undefined if a new one can start. */
async function liveServer(cluster: string, secret: string, timeout: number): Promise<{ port: number; mark: ProcessMark } | undefined> {
  for (const until = performance.now() + timeout; ; await sleep(50)) {
    const file = pidFileIn(cluster);
    const residents = inhabitants(cluster);
    if (!file && residents.length === 0) return undefined;
    const mark = file && markOf(file.pid);
    const ours = mark && (process.platform === 'linux' ? residents.includes(mark.pid) : true);
    if (ours && file.status === 'ready' && (await answers(urlOf(file.port, secret))) === undefined) return { port: file.port, mark };
    if (!ours && residents.length === 0) {
      // After a reboot or in a new container the pid may belong to another OS process, and PostgreSQL would refuse to start.
      if (process.platform === 'linux') rmSync(join(cluster, 'postmaster.pid'), { force: true });
      return undefined;
    }
    if (performance.now() > until) {
      const who = ours ? `process ${mark.pid}` : `processes ${residents.join(', ')}`;
      throw new Error(
        `${cluster} is in use by PostgreSQL, ${who}, which does not answer to this directory's password. Stop it, then start again.`,
      );
    }
  }
}

async function launch(
  cluster: string,
  binaries: string,
  secret: string,
  account: Account | undefined,
  { dataDir, port: wanted, durable = true, timeout = 120_000 }: PostgresOptions,
): Promise<RunningPostgres> {
  const remembered = Number(readOr(join(dataDir, 'port')) ?? 0);
  const until = performance.now() + timeout;
  for (let attempt = 0; ; attempt++) {
    const port = wanted ?? (attempt === 0 && remembered > 0 && (await isFree(remembered)) ? remembered : await freePort());
    const log = join(dataDir, 'postgres.log');
    boundLog(log);
    const from = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    const output = openSync(log, 'a', 0o600);
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      ...LIMITS,
      'timezone=UTC',
      'jit=off',
      `cluster_name=${APPLICATION}`,
      'log_line_prefix=%m [%p] %q%u@%d ',
      ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
    ];
    const options = ['-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    const server = opened(cluster, account, (path, inherited) =>
      spawn(...withinLimits(join(binaries, 'bin', 'postgres'), ['-D', path, ...options]), {
        ...account,
        cwd: '/',
        env: childEnvironment(),
        // In its own session: Ctrl-C in the terminal must reach the supervisor first, which stops the parts in order.
        detached: true,
        stdio: ['ignore', output, output, ...inherited],
      } satisfies SpawnOptions),
    );
    closeSync(output);
    server.unref();
    const outcome = await settled(server, cluster, urlOf(port, secret), until);
    if (outcome === 'ready') {
      writeFileSync(join(dataDir, 'port'), String(port));
      return running(port, secret, markOf(server.pid!)!, server);
    }
    const said = readFileSync(log).subarray(from).toString();
    const portTaken = /could not bind|could not create any TCP/.test(said);
    if (portTaken && wanted !== undefined) throw new Error(`Port ${wanted} on 127.0.0.1 is taken: PostgreSQL cannot use it.`);
    // Backends of a killed server may hold the shared memory for a moment longer.
    const leftovers = /pre-existing shared memory|lock file .* already exists/.test(said);
    if (performance.now() > until || !((portTaken && attempt < 5) || leftovers))
      throw new Error(`PostgreSQL does not start in ${cluster}: ${outcome}${lastLines(said)}`);
    await sleep(200);
  }
}

async function settled(server: ChildProcess, cluster: string, url: string, until: number): Promise<string> {
  let ended: string | undefined;
  server.once('error', (error) => (ended = error.message));
  server.once('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`));
  let last = '';
  for (; ended === undefined; await sleep(20)) {
    const file = pidFileIn(cluster);
    if (file && file.pid === server.pid && file.status === 'ready') {
      const refusal = await answers(url);
      if (refusal === undefined) return 'ready';
      last = refusal;
    }
    if (performance.now() > until) {
      server.kill('SIGQUIT');
      return `it does not answer in time. ${last}`;
    }
  }
  return ended;
}

function running(port: number, secret: string, mark: ProcessMark, server?: ChildProcess): RunningPostgres {
  const exited =
    server && server.exitCode === null && server.signalCode === null
      ? new Promise<void>((resolve) => server.once('exit', () => resolve()))
      : gone(mark);
  return { url: urlOf(port, secret), port, pid: mark.pid, adopted: server === undefined, exited, stop: () => stopServer(mark) };
}

async function gone(mark: ProcessMark): Promise<void> {
  while (lives(mark)) await sleep(250, undefined, { ref: false });
}

async function stopServer(mark: ProcessMark): Promise<void> {
  // SIGINT: fast shutdown with a checkpoint. SIGQUIT: at once; the next start recovers from the log.
  for (const [signal, patience] of [
    ['SIGINT', 60_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!lives(mark)) return;
    process.kill(mark.pid, signal);
    for (const until = performance.now() + patience; performance.now() < until; await sleep(15)) if (!lives(mark)) return;
  }
  throw new Error(`PostgreSQL, process ${mark.pid}, does not end.`);
}

// -- helpers ----------------------------------------------------------------------------------------------------

const urlOf = (port: number, secret: string): string => `postgresql://postgres:${secret}@127.0.0.1:${port}/postgres`;

/** Undefined if the server answers a query with this password, else its error. */
async function answers(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A TCP port on 127.0.0.1 that is currently free. */
export const freePort = (): Promise<number> => listenOnce(0);

/** Whether a TCP port can be listened on. */
export const isFree = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  listenOnce(port, host).then(
    () => true,
    () => false,
  );

const listenOnce = (port: number, host = '127.0.0.1'): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(address !== null && typeof address === 'object' ? address.port : port));
    });
  });

const readOr = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const lastLines = (text: string): string => '\n' + text.trim().split('\n').slice(-15).join('\n');
