/** `npm start` in a directory of its own, with the sources that the checks compare. Looks like a cluster (cluster.mjs) to them. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startOwnSystem } from '../../own-system.mjs';
import { allReady, issueToken } from './cluster.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client');

export class Standalone {
  ownEnds = [];
  #stopping = false;

  constructor(work, dataDir) {
    Object.assign(this, { work, dataDir });
  }

  static async start(work, dataDir) {
    const system = new Standalone(work, dataDir);
    const { issuer, jwks, token } = await issueToken(work);
    const own = await startOwnSystem(dataDir, {
      API_DOCS: 'yes',
      ACCESS_LOG: 'denied',
      RATE_LIMIT: '0',
      JWT_ISSUER: issuer,
      JWKS_URL: pathToFileURL(jwks).href,
    });
    void own.ended.then((how) => {
      if (!system.#stopping) system.ownEnds.push(`npm start ended with ${how}: ${own.said.slice(-500)}`);
    });
    system.own = own;
    const { endpoints } = own;
    const { ports } = JSON.parse(fs.readFileSync(path.join(dataDir, 'state.json'), 'utf8'));
    const part = (name, url) => ({ name, url, health: () => healthOf(url) });
    system.apis = [part('api', endpoints.api)];
    system.workers = [part('worker', `http://127.0.0.1:${ports.worker}`)];
    system.token = token;
    system.storeUrl = endpoints.eventstore;
    system.pool = new Pool({ connectionString: endpoints.postgresOwner, max: 3 }).on('error', () => undefined);
    return system;
  }

  /** What it printed. */
  get said() {
    return this.own.said;
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
          parentOf(pid) === String(this.own.pid) &&
          (name === 'postgres' ? line.includes('/postgres\0') : line.includes(main))
        );
      } catch {
        return false;
      }
    });
    for (const pid of children) process.kill(Number(pid), 'SIGKILL');
    return children.length;
  }

  allReady = (patience) => allReady(this.parts, patience);

  async stop() {
    this.#stopping = true;
    await this.pool?.end().catch(() => undefined);
    await this.own.stop();
  }
}

const parentOf = (pid) => fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1];

const healthOf = (url) =>
  fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(4_000) }).then(
    (response) => response.json(),
    () => undefined,
  );
