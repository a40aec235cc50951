/**
 * Two apis, two workers, one event-store node and one PostgreSQL as separate apps, kept running by a small supervisor. Promises: ports stay
 * the same; apps that end without the campaign ending them are recorded in `ownEnds`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { freePort, startPostgres } from '#platform/embedded/embedded-postgres';
import { WORKER_FLAGS } from '#platform/runtime/run-app';
import { sleep } from '../parts.mjs';

const { Client, Pool } = createRequire(import.meta.url)('pg');
const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client');
const mainOf = (app) => fileURLToPath(new URL(`../../../dist/apps/${app}/main.js`, import.meta.url));
const ISSUER = 'urn:plantlog:campaign';
const DATABASE = 'plantlog';
const FAKETIME = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1'].find(
  (file) => fs.existsSync(file),
);
/** The clock of an app can be set wrong if Debian's faketime is installed. */
export const canFakeTime = FAKETIME !== undefined;

/** An issuer whose key set is a file in `work`, and a token of it that may do everything. */
export async function issueToken(work) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwks = path.join(work, 'jwks.json');
  fs.writeFileSync(jwks, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] }));
  const roles = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device'];
  const token = await new SignJWT({ roles, facilities: ['*'] })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
    .setSubject('campaign')
    .setIssuer(ISSUER)
    .setAudience('plantlog')
    // A token must stay valid even if a clock is an hour off.
    .setIssuedAt(Math.floor(Date.now() / 1000) - 7_200)
    .setNotBefore(Math.floor(Date.now() / 1000) - 7_200)
    .setExpirationTime('12h')
    .sign(privateKey);
  return { issuer: ISSUER, jwks, token };
}

/** Waits until every part is ready, not only degraded. */
export async function allReady(parts, patience = 60_000) {
  const late = async () => {
    const states = await Promise.all(parts.map(async (part) => [part.name, (await part.health()) ?? 'no answer']));
    return states.filter(([, { status }]) => status !== 'ready');
  };
  if (await until(async () => (await late()).length === 0, patience)) return;
  throw new Error(`not ready after ${patience / 1000} s: ${JSON.stringify(Object.fromEntries(await late()))}`);
}

export class Cluster {
  ownEnds = [];
  #stopping = false;

  constructor(work) {
    this.work = work;
    this.logs = path.join(work, 'logs');
    fs.mkdirSync(this.logs, { recursive: true });
  }

  static async start(work) {
    const cluster = new Cluster(work);
    // However the campaign ends, nothing keeps running.
    process.once('exit', () => cluster.killAll());
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
    await cluster.#issue();
    cluster.storePort = await freePort();
    cluster.storeUrl = `esdb://127.0.0.1:${cluster.storePort}?tls=false`;
    cluster.storeDir = path.join(work, 'store');
    await cluster.startPostgres();
    await cluster.createDatabase();
    const own = (port) => ({ PORT: String(port), HOST: '127.0.0.1' });
    const shared = {
      EVENTSTORE_URL: cluster.storeUrl,
      DATABASE_URL: cluster.databaseUrl,
      JWT_ISSUER: ISSUER,
      JWKS_URL: pathToFileURL(cluster.jwks).href,
      RATE_LIMIT: '0',
      API_DOCS: 'no',
      LOG_LEVEL: 'info',
    };
    const part = (name, app, port, env, flags = []) => new Part(cluster, { name, app, port, env: { ...env, ...own(port) }, flags });
    cluster.store = part('store', 'event-store', cluster.storePort, { DATA_DIR: cluster.storeDir });
    cluster.apis = [];
    cluster.workers = [];
    for (const n of [1, 2]) {
      cluster.workers.push(part(`worker${n}`, 'worker', await freePort(), shared, WORKER_FLAGS));
      cluster.apis.push(part(`api${n}`, 'api', await freePort(), shared));
    }
    try {
      await cluster.store.up();
      await Promise.all(cluster.parts.map((each) => each.up(120_000)));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    cluster.pool = new Pool({ connectionString: cluster.databaseUrl, max: 3 }).on('error', () => undefined);
    return cluster;
  }

  get parts() {
    return [...this.apis, ...this.workers];
  }

  part(name) {
    return [this.store, ...this.parts].find((each) => each.name === name);
  }

  get stopping() {
    return this.#stopping;
  }

  reader() {
    return EventStoreDBClient.connectionString(this.storeUrl);
  }

  async #issue() {
    ({ jwks: this.jwks, token: this.token } = await issueToken(this.work));
  }

  // -- PostgreSQL ----------------------------------------------------------------------------------------------------

  async startPostgres() {
    this.postgres = await startPostgres({ dataDir: path.join(this.work, 'postgres'), port: this.postgres?.port });
    const url = new URL(this.postgres.url);
    url.pathname = `/${DATABASE}`;
    this.databaseUrl = url.href;
  }

  async administer(sql) {
    const client = new Client({ connectionString: this.postgres.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  async createDatabase() {
    await this.administer(`CREATE DATABASE ${DATABASE}`);
  }

  /** Drops the database; the server keeps running. */
  async emptyDatabase() {
    await this.administer(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
    await this.createDatabase();
  }

  /** Every OS process of the server. */
  postgresPids() {
    const children = fs.readdirSync('/proc').filter((pid) => {
      try {
        return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(this.postgres.pid);
      } catch {
        return false;
      }
    });
    return [this.postgres.pid, ...children.map(Number)];
  }

  async killPostgres() {
    process.kill(this.postgres.pid, 'SIGKILL');
    await this.postgres.exited;
  }

  async freezePostgres(ms) {
    const pids = this.postgresPids();
    const signal = (name) => pids.forEach((pid) => attempt(() => process.kill(pid, name)));
    signal('SIGSTOP');
    await sleep(ms);
    signal('SIGCONT');
  }

  // -- the whole cluster -----------------------------------------------------------------------------------------------------

  allReady = (patience) => allReady(this.parts, patience);

  killAll() {
    this.#stopping = true;
    for (const { child } of [this.store, ...(this.apis ?? []), ...(this.workers ?? [])].filter(Boolean)) child?.kill('SIGKILL');
    if (this.postgres) attempt(() => process.kill(this.postgres.pid, 'SIGQUIT'));
  }

  async stop() {
    this.#stopping = true;
    await this.pool?.end().catch(() => undefined);
    await Promise.all(this.parts.map((part) => part.end('SIGKILL')));
    await this.store.end('SIGTERM');
    await this.postgres.stop();
  }
}

/** One app; restarted when it ends, like by the supervisor of `npm start`. */
class Part {
  #down = false;
  #extra = {};

  constructor(cluster, given) {
    Object.assign(this, given, { cluster, url: `http://127.0.0.1:${given.port}` });
  }

  spawn() {
    const log = fs.openSync(path.join(this.cluster.logs, `${this.name}.log`), 'a');
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, ...this.env, ...this.#extra };
    const child = spawn(process.execPath, [...this.flags, mainOf(this.app)], { env, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.child = child;
    child.once('exit', (code, signal) => {
      if (this.#down || this.cluster.stopping || this.child !== child) return;
      if (signal !== 'SIGKILL') this.cluster.ownEnds.push(`${this.name} ended with ${signal ?? code}`);
      setTimeout(() => !this.#down && !this.cluster.stopping && this.spawn(), 200);
    });
  }

  /** Starts it; resolves when it is ready, or with `degraded` when it answers at all. */
  async up(patience = 60_000) {
    this.#down = false;
    this.spawn();
    if (!(await until(() => this.answers(), patience))) throw new Error(`${this.name} does not become ready within ${patience / 1000} s`);
  }

  async answers() {
    if (this.app === 'event-store') {
      return fetch(`${this.url}/`, { signal: AbortSignal.timeout(1_000) }).then(
        () => true,
        // gRPC over HTTP/2: a fetch fails, but shows that the app listens.
        (error) => error.cause?.code !== 'ECONNREFUSED' && error.name !== 'TimeoutError',
      );
    }
    return ['ready', 'degraded'].includes((await this.health())?.status);
  }

  health() {
    return fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(4_000) }).then(
      (response) => response.json(),
      () => undefined,
    );
  }

  /** Sets the clock of its next start off by this many seconds; 0 makes it right again. */
  clock(seconds) {
    this.#extra = seconds
      ? {
          LD_PRELOAD: FAKETIME,
          FAKETIME: `${seconds > 0 ? '+' : ''}${seconds}s`,
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
        }
      : {};
  }

  /** kill -9; the supervisor restarts it. */
  async kill() {
    const { child } = this;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async freeze(ms) {
    const { child } = this;
    child.kill('SIGSTOP');
    await sleep(ms);
    child.kill('SIGCONT');
  }

  /** Stops it without a restart; resolves with its exit code or signal. */
  async end(signal = 'SIGTERM') {
    this.#down = true;
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return undefined;
    child.kill(signal);
    const [code, by] = await once(child, 'exit');
    return by ?? code;
  }
}

const attempt = (action) => {
  try {
    action();
  } catch {
    // It is gone.
  }
};

/** Whether the condition held in time. */
export async function until(holds, patience, pause = 100) {
  for (const end = Date.now() + patience; ; await sleep(pause)) {
    if (await holds()) return true;
    if (Date.now() > end) return false;
  }
}
