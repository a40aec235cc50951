/**
 * Commands over REST, alternating with raw appends of the same events by the official client on the same node (shows what the api adds),
 * and with the same command served by Emmett on PostgreSQL (the alternative). All answer after the event is durable. The servers are
 * separate apps; load comes from this one. Then streams of ten and of many events. `--only compare` or `--only lengths` for one of them.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { jsonEvent, quantile, startProcess } from '../faults/parts.mjs';
import { startEmmett } from './parts/emmett-commands.mjs';
import { longStreams } from './parts/long-streams.mjs';

const { exportJWK, generateKeyPair, SignJWT } = createRequire(import.meta.url)('jose');
const main = fileURLToPath(new URL('../../dist/apps/api/main.js', import.meta.url));
const CONCURRENCY = [1, 8, 64];
const ISSUER = 'https://bench.invalid';

export async function run({ short, say, only, 'data-dir': dataDir }) {
  const work = fs.mkdtempSync(path.join(dataDir ?? os.tmpdir(), 'bench-commands-'));
  const node = await startProcess(path.join(work, 'node'));
  const client = node.connect();
  const issuer = await makeIssuer(work);
  let api = await startApi(issuer, node.port);
  const figures = {};
  try {
    if (only !== 'lengths') {
      const postgres = await startPostgres({ dataDir: path.join(work, 'postgres') });
      const emmett = await startEmmett(postgres.url, issuer.keys, ISSUER, say);
      try {
        const parts = { node: node.child.pid, api: api.pid, emmett: emmett.pid };
        const sides = {
          raw: (writers, name) => rawWriters(client, writers, name),
          rest: (writers, name) => restWriters({ port: api.port, token: issuer.token }, writers, name),
          emmett: (writers, name) => restWriters({ port: emmett.port, token: issuer.token }, writers, name),
        };
        Object.assign(figures, await compare(sides, parts, short ? 1_000 : 2_000, short ? 3 : 7, say));
      } finally {
        await emmett.stop();
        await postgres.stop();
      }
    }
    if (only !== 'compare')
      figures.lengths = await longStreams({
        client,
        open: () => Http.open(api.port, issuer.token),
        restart: async () => {
          await api.stop();
          api = await startApi(issuer, node.port);
        },
        metadata,
        length: short ? 20_000 : 100_000,
        rounds: short ? 100 : 500,
        say,
      });
    return figures;
  } finally {
    await api.stop();
    await client.dispose();
    await node.kill('SIGTERM');
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function compare(sides, parts, ms, rounds, say) {
  const names = Object.keys(sides);
  // Warm-up of the JIT compiler for each.
  for (const side of names)
    for (let done = 0, turn = 0; done < 6_000; turn += 1) done += (await load(await sides[side](64, `warm${turn}`), 1_000)).count;
  const results = [];
  for (const concurrency of CONCURRENCY) {
    const runs = Object.fromEntries(names.map((side) => [side, []]));
    for (let round = 0; round < rounds; round += 1)
      for (let n = 0; n < names.length; n += 1) {
        const side = names[(round + n) % names.length];
        runs[side].push(await load(await sides[side](concurrency, `c${concurrency}r${round}`), ms, parts));
      }
    const of = (side, what) =>
      Number(
        quantile(
          runs.rest.map((run, round) => run[what] / runs[side][round][what]),
          0.5,
        ).toFixed(2),
      );
    const row = {
      concurrency,
      ...Object.fromEntries(names.map((side) => [side, summary(runs[side])])),
      ofRaw: of('raw', 'rate'),
      ofEmmett: { rate: of('emmett', 'rate'), p99: of('emmett', 'p99') },
    };
    row.cpuOfRaw = Number((row.rest.cpuMsPer1000.api / row.raw.cpuMsPer1000.client).toFixed(1));
    results.push(row);
    const told = ({ perSecond, p50Ms, p99Ms, cpuMsPer1000 }) =>
      `${String(perSecond).padStart(6)}/s  p50 ${p50Ms} ms  p99 ${p99Ms} ms  CPU ms per 1000: ${Object.entries(cpuMsPer1000)
        .map((entry) => entry.join(' '))
        .join(', ')}`;
    say(
      `${String(concurrency).padStart(3)} at once: REST commands do ${row.ofRaw} of raw appends at ${row.cpuOfRaw} times their client's CPU; ${row.ofEmmett.rate} times Emmett's rate at ${row.ofEmmett.p99} of its p99`,
    );
    for (const side of names) say(`    ${side.padEnd(8)} ${told(row[side])}`);
  }
  return { rounds, secondsEach: ms / 1000, results };
}

const summary = (runs) => ({
  perSecond: Math.round(
    quantile(
      runs.map(({ rate }) => rate),
      0.5,
    ),
  ),
  p50Ms: Number(
    quantile(
      runs.map(({ p50 }) => p50),
      0.5,
    ).toFixed(2),
  ),
  p99Ms: Number(
    quantile(
      runs.map(({ p99 }) => p99),
      0.5,
    ).toFixed(2),
  ),
  cpuMsPer1000: Object.fromEntries(
    Object.keys(runs[0].cpu).map((part) => [
      part,
      Math.round(
        quantile(
          runs.map(({ cpu }) => cpu[part]),
          0.5,
        ),
      ),
    ]),
  ),
});

/** Each writer sends its next command when the last is answered. */
async function load({ writers, end }, ms, parts = {}) {
  const latencies = [];
  const cpu = cpuOf(parts);
  const begun = performance.now();
  await Promise.all(
    writers.map(async (write) => {
      while (performance.now() - begun < ms) {
        const sent = performance.now();
        await write();
        latencies.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1000;
  const spent = Object.fromEntries(
    Object.entries(cpuOf(parts)).map(([part, used]) => [part, ((used - cpu[part]) / latencies.length) * 1000]),
  );
  await end();
  return {
    cpu: spent,
    count: latencies.length,
    rate: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

/** CPU time used so far, in ms, by this app and others by pid: unlike rates, it does not depend on other load on the machine. */
function cpuOf(parts) {
  const { user, system } = process.cpuUsage();
  const of = (pid) => {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  const linux = process.platform === 'linux';
  return {
    client: (user + system) / 1000,
    ...(linux ? Object.fromEntries(Object.entries(parts).map(([part, pid]) => [part, of(pid)])) : {}),
  };
}

const metadata = (facility) => ({
  commandId: randomUUID(),
  command: 'RenameFacility',
  commandDigest: '0'.repeat(64),
  correlationId: randomUUID(),
  causationId: randomUUID(),
  actor: 'bench',
  role: 'engineer',
  facility,
  occurredAt: '2026-03-01T06:00:00+02:00',
  clock: 'server',
  app: 'plantlog@0.1.0',
  schema: 1,
});

const names = (name, writers) => Array.from({ length: writers }, (_, i) => `${name}w${i}x${randomUUID().slice(0, 8)}`);

async function rawWriters(client, writers, name) {
  return {
    end: async () => undefined,
    writers: names(name, writers).map((facilityId) => {
      let last = 'no_stream';
      let n = 0;
      return async () => {
        const event = jsonEvent({
          type: 'FacilityRenamed',
          data: { facilityId, from: `name ${n}`, to: `name ${(n += 1)}` },
          metadata: metadata(facilityId),
        });
        const { nextExpectedRevision } = await client.appendToStream(`facility-${facilityId}`, [event], { expectedRevision: last });
        last = nextExpectedRevision;
      };
    }),
  };
}

async function restWriters(api, writers, name) {
  const connections = await Promise.all(
    names(name, writers).map(async (facilityId) => ({ facilityId, http: await Http.open(api.port, api.token) })),
  );
  await Promise.all(
    connections.map(({ http, facilityId }) =>
      http.post('/facility/register-facility', {
        facilityId,
        name: 'name 0',
        enterpriseId: 'acme',
        enterpriseName: 'Acme',
        timeZone: 'UTC',
      }),
    ),
  );
  return {
    end: async () => connections.forEach(({ http }) => http.close()),
    writers: connections.map(({ http, facilityId }) => {
      let n = 0;
      return () => http.post('/facility/rename-facility', { facilityId, name: `name ${(n += 1)}` });
    }),
  };
}

/** One persistent connection; minimal, so that the client's own cost does not distort the measurement. */
class Http {
  static open(port, token) {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(new Http(socket, token)));
      socket.once('error', reject);
    });
  }
  constructor(socket, token) {
    this.socket = socket.setNoDelay(true);
    this.head = `host: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    this.text = '';
    socket.on('data', (bytes) => this.#hear(bytes.toString('latin1')));
    socket.on('close', () => this.reject?.(new Error('the connection was closed')));
  }
  post(url, value) {
    const body = JSON.stringify(value);
    return new Promise((resolve, reject) => {
      Object.assign(this, { resolve, reject });
      this.socket.write(`POST ${url} HTTP/1.1\r\n${this.head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
  }
  #hear(part) {
    this.text += part;
    const end = this.text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.text)?.[1]);
    if (this.text.length < end + 4 + length) return;
    const answer = this.text;
    this.text = '';
    if (answer.startsWith('HTTP/1.1 200 ')) this.resolve();
    else this.reject(new Error(answer));
  }
  close() {
    this.reject = undefined;
    this.socket.destroy();
  }
}

/** A token issuer: the key set as a file, and a token. */
async function makeIssuer(work) {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = path.join(work, 'keys.json');
  fs.writeFileSync(keys, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', use: 'sig' }] }));
  const token = await new SignJWT({ roles: ['engineer'], facilities: ['*'] })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
    .setIssuer(ISSUER)
    .setAudience('plantlog')
    .setSubject('bench')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(privateKey);
  return { keys, token };
}

async function startApi({ keys }, storePort) {
  const port = await freePort();
  // Commands need no PostgreSQL: there is none.
  const env = {
    ...process.env,
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'error',
    RATE_LIMIT: '0',
    EVENTSTORE_URL: `esdb://127.0.0.1:${storePort}?tls=false`,
    DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none',
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: 'plantlog',
    JWKS_URL: pathToFileURL(keys).href,
  };
  const flags = process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`] : [];
  const child = spawn(process.execPath, [...flags, main], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  for (let tries = 0; !(await ready(port)); tries += 1) {
    if (tries > 300 || child.exitCode !== null) throw new Error('the api does not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stop = async () => {
    if (child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  };
  return { port, pid: child.pid, stop };
}

const ready = async (port) => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  } catch {
    return false;
  }
};

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
