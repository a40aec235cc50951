/**
 * KPIs of one year of 200 machines in four plants: the read models behind them rebuilt, compared with raw COPY of the same events; what a dashboard
 * asks, by REST; the time from an observation until the time elements of its machine include it; exports in rows per second and the api's peak memory.
 * `--events`: the number of days instead of 365; `--short`: 30.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { EventLog } from '#event-log/log/log';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { migrate } from '#platform/runtime/database';
import { runViews } from '#platform/views/engine';
import { ViewReads } from '#platform/views/progress';
import { views } from '#slices';
import { quantile, startProcess } from '../faults/parts.mjs';
import { makeIssuer, startApi } from './parts/api-process.mjs';
import { copyRate, headOf } from './views.mjs';
import { exported } from './parts/exported.mjs';
import { PLANTS, plantYear, START } from './parts/plant-year.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const NAMES = [
  ...[
    'equipment-now',
    'equipment-timeline',
    'equipment-stop',
    'equipment-assignment',
    'facility-element',
    'shift-calendar',
    'machine-overlap',
  ],
  ...['production-report', 'operation-schedule', 'work-order', 'work-in-progress', 'master-data'],
];
const DAY = 86_400_000;
const round = (value, digits = 0) => Number(value.toFixed(digits));

export async function run({ short, say, seed = 1, ...given }) {
  const days = Number(given.events ?? (short ? 30 : 365));
  const shape = { machines: short ? 40 : 200, days, stopsPerDay: 8, seed: Number(seed) };
  const work = fs.mkdtempSync(path.join(given['data-dir'] ?? os.tmpdir(), 'bench-kpis-'));
  fs.chmodSync(work, 0o755);
  const postgres = await startPostgres({ dataDir: path.join(work, 'postgres') });
  const pool = new Pool({ connectionString: postgres.url, max: 4 }).on('error', () => undefined);
  const goals = [];
  const goal = (name, value, ok, text) => goals.push({ name, value, goal: text, ok });
  let [node, api, running] = [];
  try {
    const rows = await fill(path.join(work, 'store'), shape);
    say(`${rows.length} events of ${shape.machines} machines in ${days} days`);
    node = await startProcess(path.join(work, 'store'));
    const store = `esdb://127.0.0.1:${node.port}?tls=false`;
    await pool.query('CREATE DATABASE copy');
    const copy = await copyRate(Object.assign(new URL(postgres.url), { pathname: '/copy' }).href, rows);
    const count = rows.length;
    rows.length = 0;
    await migrate(postgres.url);
    const begun = performance.now();
    const quiet = { info: () => undefined, warn: say, error: say };
    running = await runViews({ store, databaseUrl: postgres.url, views: views.filter(({ name }) => NAMES.includes(name)), log: quiet });
    const reads = new ViewReads(pool, postgres.url);
    if (!(await reads.waitFor(NAMES, await headOf(store), 24 * 3_600_000))) throw new Error('the views did not catch up');
    await reads.close();
    const rate = count / ((performance.now() - begun) / 1_000);
    say(`rebuild of ${NAMES.length} views: ${round(rate)} events/s; COPY ${round(copy)} rows/s`);
    await pool.query('ANALYZE');
    const issuer = await makeIssuer(work, ['engineer', 'operator']);
    api = await startApi(issuer, node.port, { databaseUrl: postgres.url });
    const ask = asking(api.port, issuer.token);
    const dashboards = await measured(ask, days, short ? 15 : 40, say);
    for (const { name, p99 } of dashboards) goal(`${name}, p99 ms`, p99, p99 < 150, '< 150');
    const visible = await freshness(ask, days, short ? 50 : 200);
    say(`  an observation, from sending it until the KPI shows it: p50 ${visible.p50} ms, p99 ${visible.p99} ms`);
    goal('update visible in a KPI, p99 ms', visible.p99, visible.p99 < 250, '< 250');
    const exports = [];
    for (const list of ['equipment-timeline', 'production-report'])
      for (const format of ['csv', 'parquet']) exports.push(await exported(api, issuer.token, list, format, pool, say));
    for (const { name, ok, value, goal: of } of goals) say(`${ok ? 'met    ' : 'NOT MET'} ${name}: ${value} (goal ${of})`);
    const rebuild = { eventsPerSecond: round(rate), copyRowsPerSecond: round(copy), ratio: round(rate / copy, 3) };
    return { ...shape, events: count, rebuild, dashboards, visible, exports, goals };
  } finally {
    await api?.stop();
    await running?.stop();
    await pool.end();
    await node?.kill('SIGTERM');
    await postgres.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Writes the events directly into a log, and returns them as flat rows. */
async function fill(dataDir, shape) {
  const log = new EventLog(dataDir);
  const rows = [];
  let waiting = [];
  for (const { stream, type, data: of, at } of plantYear(shape)) {
    const id = randomUUID();
    const data = JSON.stringify(of);
    const facility = stream.replace(/^.*-([a-z]+)(\..*)?$/, '$1');
    const metadata = {
      commandId: id,
      command: 'Bench',
      actor: 'bench',
      role: 'operator',
      facility,
      occurredAt: new Date(at).toISOString(),
      clock: 'server',
      app: 'bench',
      schema: 1,
    };
    rows.push({ id, stream, revision: rows.length, type, data });
    const event = {
      id: Buffer.from(id.replaceAll('-', ''), 'hex'),
      type,
      json: true,
      data: Buffer.from(data),
      metadata: Buffer.from(JSON.stringify(metadata)),
    };
    waiting.push(log.append(stream, 'any', [event]));
    if (waiting.length === 2_000) waiting = (await Promise.all(waiting), []);
  }
  await Promise.all(waiting);
  await log.close();
  return rows;
}

/** Answers by REST; a refusal is an error. */
const asking = (port, token) => async (method, url, body) => {
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) };
  const answer = await fetch(`http://127.0.0.1:${port}${url}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
  return answer.json();
};

const iso = (at) => new Date(at).toISOString();
/** A plant and the days that end with the n-th of the log. */
const period = (n, days, of) => {
  const end = START + (days - (n % Math.max(1, days - of + 1))) * DAY;
  return `facilityId=${PLANTS[n % PLANTS.length]}&from=${iso(end - of * DAY)}&to=${iso(end)}`;
};

async function measured(ask, days, times, say) {
  const shifts = (n) => `calendarId=${PLANTS[n % PLANTS.length]}.all`;
  const quarter = Math.min(days, 90);
  const questions = {
    'plant, a day by shift': (n) => `/performance?${period(n, days, 1)}&${shifts(n)}`,
    'plant, a week': (n) => `/performance?${period(n, days, 7)}`,
    'machine, a quarter by shift': (n) => `/performance?${period(n, days, quarter)}&${shifts(n)}&equipmentId=${PLANTS[n % 4]}.M${n % 4}`,
    'downtime of a plant, a week': (n) => `/kpi/downtime?${period(n, days, 7)}&${shifts(n)}`,
    'scrap of a plant, a quarter': (n) => `/kpi/scrap?${period(n, days, quarter)}`,
    'lead time of a plant, a quarter': (n) => `/kpi/lead-time?${period(n, days, quarter)}`,
    'schedule adherence of a plant, a quarter': (n) => `/kpi/schedule-adherence?${period(n, days, quarter)}`,
    'throughput of a plant, a quarter': (n) => `/kpi/throughput?${period(n, days, quarter)}`,
    'yield of a plant, a quarter': (n) => `/kpi/yield?${period(n, days, quarter)}`,
    'work in progress of a plant': (n) => `/kpi/work-in-progress?facilityId=${PLANTS[n % PLANTS.length]}`,
    'evidence of a machine, a day': (n) => `/kpi/evidence?${period(n, days, 1)}&equipmentId=${PLANTS[n % 4]}.M${n % 4}`,
  };
  const figures = [];
  for (const [name, question] of Object.entries(questions)) {
    const took = [];
    for (let n = 0; n < times + 5; n += 1) {
      const from = performance.now();
      await ask('GET', question(n));
      if (n >= 5) took.push(performance.now() - from);
    }
    figures.push({ name, p50: round(quantile(took, 0.5), 1), p99: round(quantile(took, 0.99), 1) });
    say(`  ${name}: p50 ${figures.at(-1).p50} ms, p99 ${figures.at(-1).p99} ms`);
  }
  return figures;
}

/** Each observation, at the time of the log's end, ends the state before it: the minute that follows counts for the new state alone. */
async function freshness(ask, days, times) {
  const took = [];
  for (let n = 0; n < times; n += 1) {
    const equipmentId = `${PLANTS[n % 4]}.M${n % 4}`;
    const at = START + days * DAY + n * 60_000;
    const state = n % 8 < 4 ? 'Execute' : 'Held';
    const from = performance.now();
    const { token } = await ask('POST', '/equipment/observe-equipment-state', { equipmentId, state, occurredAt: iso(at) });
    const minute = `facilityId=${PLANTS[n % 4]}&from=${iso(at)}&to=${iso(at + 60_000)}`;
    const { behind, items } = await ask('GET', `/performance?${minute}&equipmentId=${equipmentId}&waitFor=${token}`);
    took.push(performance.now() - from);
    if (behind) throw new Error('the views are behind');
    if (items[0].time.production !== (state === 'Execute' ? 60 : 0)) throw new Error(`the KPI does not show ${state} of ${equipmentId}`);
  }
  return { p50: round(quantile(took, 0.5), 1), p99: round(quantile(took, 0.99), 1) };
}
