/** `npm start` in a directory of its own, with the sources that the checks compare. Looks like a cluster (cluster.mjs) to them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { issueToken, until } from './cluster.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client');
const MAIN = fileURLToPath(new URL('../../../dist/apps/standalone/main.js', import.meta.url));

export class Standalone {
  ownEnds = [];
  /** What it printed. */
  said = '';
  #stopping = false;

  constructor(work, dataDir) {
    Object.assign(this, { work, dataDir });
  }

  static async start(work, dataDir) {
    const system = new Standalone(work, dataDir);
    const { issuer, jwks, token } = await issueToken(work);
    const env = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      DATA_DIR: dataDir,
      PORT: '0',
      API_DOCS: 'yes',
      ACCESS_LOG: 'denied',
      RATE_LIMIT: '0',
      JWT_ISSUER: issuer,
      JWKS_URL: pathToFileURL(jwks).href,
    };
    const child = spawn(process.execPath, [MAIN, '--empty'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill('SIGTERM'));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (system.said += bytes));
    child.once('exit', (code, signal) => {
      if (!system.#stopping) system.ownEnds.push(`npm start ended with ${signal ?? code}: ${system.said.slice(-500)}`);
    });
    system.child = child;
    const ready = await until(() => system.said.includes('Ready.') || child.exitCode !== null, 120_000);
    if (!ready || child.exitCode !== null) throw new Error(`npm start does not become ready: ${system.said}`);
    const endpoints = JSON.parse(fs.readFileSync(path.join(dataDir, 'endpoints.json'), 'utf8'));
    const { ports } = JSON.parse(fs.readFileSync(path.join(dataDir, 'state.json'), 'utf8'));
    const part = (name, url) => ({ name, url, health: () => healthOf(url) });
    system.apis = [part('api', endpoints.api)];
    system.workers = [part('worker', `http://127.0.0.1:${ports.worker}`)];
    system.token = token;
    system.storeUrl = endpoints.eventstore;
    system.pool = new Pool({ connectionString: endpoints.postgresOwner, max: 3 }).on('error', () => undefined);
    return system;
  }

  get parts() {
    return [...this.apis, ...this.workers];
  }

  reader() {
    return EventStoreDBClient.connectionString(this.storeUrl);
  }

  /** kill -9 of a part; `npm start` restarts it. */
  kill(name) {
    const main = `dist/apps/${name}/main.js`;
    const children = fs.readdirSync('/proc').filter((pid) => {
      try {
        const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return (
          /^\d+$/.test(pid) &&
          parentOf(pid) === String(this.child.pid) &&
          (name === 'postgres' ? line.includes('/postgres\0') : line.includes(main))
        );
      } catch {
        return false;
      }
    });
    for (const pid of children) process.kill(Number(pid), 'SIGKILL');
    return children.length;
  }

  async allReady(patience = 60_000) {
    const states = () => Promise.all(this.parts.map(async (part) => [part.name, (await part.health()) ?? {}]));
    if (!(await until(async () => (await states()).every(([, { status }]) => status === 'ready'), patience)))
      throw new Error(`not every part is ready after ${patience / 1000} s: ${JSON.stringify(Object.fromEntries(await states()))}`);
  }

  async stop() {
    this.#stopping = true;
    await this.pool?.end().catch(() => undefined);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }
}

const parentOf = (pid) => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1];

const healthOf = (url) =>
  fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(4_000) }).then(
    (response) => response.json(),
    () => undefined,
  );
