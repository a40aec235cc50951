/**
 * Commands over REST, alternating with raw appends of the same events by the official client on the same node (shows what the api adds),
 * with the same command served by Emmett on PostgreSQL (the alternative), and with an api that appends by the official client (what the
 * own append path saves). All answer after the event is durable. The servers are separate apps; load comes from this one. Then streams of
 * ten and of many events. `--only compare` or `--only lengths` for one of them. `BENCH_PROFILE`: a folder for CPU profiles of both apis,
 * which cost CPU themselves.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { jsonEvent, quantile, startProcess } from '../faults/parts.mjs';
import { Http, ISSUER, makeIssuer, startApi } from './parts/api-process.mjs';
import { startEmmett } from './parts/emmett-commands.mjs';
import { longStreams } from './parts/long-streams.mjs';

const CONCURRENCY = [1, 8, 64];
/** The most CPU that a command may cost the api at 64 clients, of what it costs with appends by the official client. */
const CPU_GOAL = 0.8;
/** The least share of raw appends at 64 clients. */
const RAW_GOAL = 0.45;
const OFFICIAL = new URL('./parts/official-appends.mjs', import.meta.url).href;

export async function run({ short, say, only, 'data-dir': dataDir }) {
  const work = fs.mkdtempSync(path.join(dataDir ?? os.tmpdir(), 'bench-commands-'));
  const node = await startProcess(path.join(work, 'node'));
  const client = node.connect();
  const issuer = await makeIssuer(work);
  const profile = process.env.BENCH_PROFILE;
  let api = await startApi(issuer, node.port, { profile });
  const figures = {};
  try {
    if (only !== 'lengths') {
      const postgres = await startPostgres({ dataDir: path.join(work, 'postgres') });
      const emmett = await startEmmett(postgres.url, issuer.keys, ISSUER, say);
      const official = await startApi(issuer, node.port, { preload: OFFICIAL, profile: profile && path.join(profile, 'official') });
      try {
        const parts = { node: node.child.pid, api: api.pid, emmett: emmett.pid, official: official.pid };
        const sides = {
          raw: (writers, name) => rawWriters(client, writers, name),
          rest: (writers, name) => restWriters({ port: api.port, token: issuer.token }, writers, name),
          official: (writers, name) => restWriters({ port: official.port, token: issuer.token }, writers, name),
          emmett: (writers, name) => restWriters({ port: emmett.port, token: issuer.token }, writers, name),
        };
        Object.assign(figures, await compare(sides, parts, short ? 1_000 : 2_000, short ? 3 : 7, say));
      } finally {
        await official.stop();
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
          api = await startApi(issuer, node.port, { profile });
        },
        metadata,
        restarts: short ? 4 : 20,
        length: short ? 20_000 : 100_000,
        rounds: short ? 40 : 200,
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
    row.cpuOfOfficial = Number((cpuPerCommand(runs.rest, 'api') / cpuPerCommand(runs.official, 'official')).toFixed(2));
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
  const { ofRaw, cpuOfOfficial } = results.at(-1);
  say(`    at 64: ${ofRaw} of raw appends, ${verdict(ofRaw >= RAW_GOAL)} the goal of at least ${RAW_GOAL}`);
  say(
    `    at 64: the api's CPU per command is ${cpuOfOfficial} of that with the official client's appends, ${verdict(cpuOfOfficial <= CPU_GOAL)} the goal of at most ${CPU_GOAL}`,
  );
  return { rounds, secondsEach: ms / 1000, results };
}

/** Of all rounds together. */
const cpuPerCommand = (runs, part) =>
  runs.reduce((sum, { cpu, count }) => sum + cpu[part] * count, 0) / runs.reduce((sum, { count }) => sum + count, 0);

const verdict = (met) => (met ? 'meets' : 'MISSES');

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
