/** Views: catch-up of six views compared with raw COPY of the same events, freshness live and after a burst, rebuild, and Emmett's rebuild. */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { EventLog } from '#event-log/log/log';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { WORKER_FLAGS } from '#platform/runtime/run-app';
import { exampleViews, plantEvents } from '#platform/testing/view-examples';
import { ViewReads } from '#platform/views/progress';
import { runViews } from '#platform/views/engine';
import { emmettRebuild } from './parts/emmett-views.mjs';
import { cpuOfTree } from './node.mjs';
import { jsonEvent, quantile, sleep, startProcess } from '../faults/parts.mjs';

const require = createRequire(import.meta.url);
const { Pool } = require('pg');
const { from: copyFrom } = require('pg-copy-streams');
const names = exampleViews.map(({ name }) => name);
const median = (values) => quantile(values, 0.5);
/** Databases are dropped while idle connections are open. */
const quiet = (pool) => pool.on('error', () => undefined);
const round = (value, digits = 0) => Number(value.toFixed(digits));

export async function run({ short, full, only, say, ...given }) {
  const number = (text, usual) => (text === undefined ? usual : Number(text));
  const events = number(given.events, full ? 1_000_000 : short ? 20_000 : 200_000);
  const repeat = number(given.repeat, short ? 1 : 3);
  const seed = number(given.seed, 1);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-views-'));
  fs.chmodSync(work, 0o755);
  const postgres = await startPostgres({ dataDir: path.join(work, 'postgres') });
  const admin = quiet(new Pool({ connectionString: postgres.url, max: 2 }));
  const wanted = (part) => !only || only.split(',').includes(part);
  let made = 0;
  const database = async () => {
    const name = `bench_${++made}`;
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    return { url: url.href, drop: () => admin.query(`DROP DATABASE ${name} WITH (FORCE)`) };
  };
  let node;
  const figures = {};
  const goals = [];
  const goal = (name, value, ok, text) => goals.push({ name, value, goal: text, ok });
  try {
    const dataDir = path.join(work, 'store');
    const rows = await fill(dataDir, seed, events);
    say(`${events} events in ${new Set(rows.map(({ stream }) => stream)).size} streams`);
    node = await startProcess(dataDir);
    const store = `esdb://127.0.0.1:${node.port}?tls=false`;

    if (wanted('catch-up')) {
      const measured = { copy: [], views: [] };
      for (let i = 0; i < repeat; i++) {
        measured.copy.push(await withDatabase(database, (url) => copyRate(url, rows)));
        const others = { node: node.child.pid, postgres: postgres.pid };
        measured.views.push(await withDatabase(database, (url) => catchUp(url, store, rows.length, exampleViews, others)));
        say(
          `  run ${i + 1}: COPY ${round(measured.copy[i])} rows/s, six views ${round(measured.views[i].rate)} events/s, RSS ${measured.views[i].rssMb} MB`,
        );
      }
      const copy = median(measured.copy);
      const views = median(measured.views.map(({ rate }) => rate));
      const ratio = views / copy;
      figures.catchUp = {
        events,
        copyRowsPerSecond: round(copy),
        eventsPerSecond: round(views),
        ratio: round(ratio, 3),
        perView: measured.views.at(-1).rows,
        rssMb: Math.max(...measured.views.map(({ rssMb }) => rssMb)),
        cpuUsPerEvent: measured.views.at(-1).cpuUsPerEvent,
      };
      const { worker, node: ofStore, postgres: tables } = figures.catchUp.cpuUsPerEvent;
      say(`  CPU per event: worker ${worker} us (two threads and the collector), node ${ofStore} us, PostgreSQL ${tables} us`);
      goal('catch-up of six views over COPY', round(ratio, 3), ratio >= 0.45, '>= 0.45, never under 0.25');
    }
    if (wanted('emmett')) {
      const some = rows.slice(0, Math.min(rows.length, short ? 1_000 : 3_000));
      const rates = {};
      for (const batchSize of [100, 1_000]) {
        // Its connections stay open: the database is removed with the server.
        rates[batchSize] = round(await emmettRebuild((await database()).url, some, batchSize, say));
        say(`  Emmett 0.42 rebuilds the same views, batches of ${batchSize}: ${rates[batchSize]} events/s`);
      }
      // The engine on at most the same number of events, so that a short run favours neither.
      const store = await smaller(path.join(work, 'smaller'), seed, some.length);
      const ours = round((await withDatabase(database, (url) => catchUp(url, store.url, some.length))).rate);
      await store.stop();
      const best = Math.max(...Object.values(rates));
      figures.emmett = { events: some.length, perBatchSize: rates, engine: ours, times: round(ours / best, 1) };
      goal('catch-up over Emmett', `${round(ours / best, 1)}x`, ours >= 3 * best, '>= 3x');
    }
    if (wanted('single')) {
      figures.single = {};
      for (const view of exampleViews) {
        const { rate } = await withDatabase(database, (url) => catchUp(url, store, rows.length, [view]));
        figures.single[view.name] = round(rate);
        say(`  ${view.name} alone: ${round(rate)} events/s`);
      }
    }
    if (wanted('rebuild')) {
      const rebuilt = await withDatabase(database, (url) => rebuildAll(url, store, rows.length));
      figures.rebuild = rebuilt;
      say(`  rebuild beside the live tables: ${rebuilt.eventsPerSecond} events/s`);
    }
    if (wanted('slope') && (full || only)) {
      figures.slope = [];
      for (const size of [100_000, 1_000_000, ...(full ? [10_000_000] : [])]) {
        figures.slope.push(await atSize(path.join(work, `store-${size}`), await database(), seed, size));
        const { eventsPerSecond, seconds, peakRssMb } = figures.slope.at(-1);
        say(`  ${size} events: six tables filled in ${seconds} s, ${eventsPerSecond} events/s, worker's memory at most ${peakRssMb} MB`);
      }
      const [small] = figures.slope;
      const large = figures.slope.at(-1);
      const slope = round(small.eventsPerSecond / large.eventsPerSecond, 2);
      goal(`time per event at ${large.events} over ${small.events} events`, slope, slope <= 1.5, '<= 1.5: linear');
    }
    if (wanted('freshness')) {
      figures.freshness = await withDatabase(database, (url) => freshness(url, node, store, seed, say));
      const { live } = figures.freshness;
      goal('append to visible, live, p99 ms', live.p99, live.p99 <= 30, '<= 30');
    }
    for (const { name, value, goal, ok } of goals) say(`${ok ? 'met    ' : 'NOT MET'} ${name}: ${value} (goal ${goal})`);
    return { events, figures, goals };
  } finally {
    await admin.end();
    await node?.kill('SIGTERM');
    await postgres.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function withDatabase(database, use) {
  const { url, drop } = await database();
  try {
    return await use(url);
  } finally {
    await drop();
  }
}

/** Writes the plant's events directly into a log, and returns the same events as flat rows. */
async function fill(dataDir, seed, count) {
  const log = new EventLog(dataDir);
  const rows = [];
  const revisions = new Map();
  const metadata = {
    commandId: randomUUID(),
    command: 'Bench',
    actor: 'bench',
    role: 'operator',
    facility: 'haifa',
    occurredAt: '2026-01-05T08:00:00.000Z',
    clock: 'server',
    app: 'bench',
    schema: 1,
  };
  const meta = Buffer.from(JSON.stringify(metadata));
  let waiting = [];
  for (const { stream, event } of plantEvents(seed, count)) {
    const id = randomUUID();
    const data = JSON.stringify(event.data);
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    rows.push({ id, stream, revision, type: event.type, data });
    waiting.push(log.append(stream, 'any', [newEvent(id, event.type, Buffer.from(data), meta)]));
    if (waiting.length === 2_000) waiting = (await Promise.all(waiting), []);
  }
  await Promise.all(waiting);
  await log.close();
  return rows;
}

const newEvent = (id, type, data, metadata) => ({ id: Buffer.from(id.replaceAll('-', ''), 'hex'), type, json: true, data, metadata });

/** The baseline: the same events as one flat row each, with a key, through one COPY from this app. */
export async function copyRate(url, rows) {
  const pool = quiet(new Pool({ connectionString: url, max: 1, options: '-c synchronous_commit=off' }));
  const client = await pool.connect();
  await client.query(
    'CREATE TABLE flat (id uuid PRIMARY KEY, stream text, revision bigint, type text, data jsonb, recorded_at timestamptz)',
  );
  const begun = performance.now();
  const copy = client.query(copyFrom('COPY flat FROM STDIN'));
  const done = new Promise((resolve, reject) => copy.once('finish', resolve).once('error', reject));
  const at = new Date().toISOString();
  let chunk = '';
  for (const { id, stream, revision, type, data } of rows) {
    chunk += `${id}\t${stream}\t${revision}\t${type}\t${data}\t${at}\n`;
    if (chunk.length < 65_536) continue;
    if (!copy.write(chunk)) await new Promise((resolve) => copy.once('drain', resolve));
    chunk = '';
  }
  copy.end(chunk);
  await done;
  const seconds = (performance.now() - begun) / 1_000;
  client.release();
  await pool.end();
  return rows.length / seconds;
}

async function smaller(dataDir, seed, count) {
  await fill(dataDir, seed, count);
  const node = await startProcess(dataDir);
  return { url: `esdb://127.0.0.1:${node.port}?tls=false`, stop: () => node.kill('SIGTERM') };
}

/** A separate worker fills the views' tables: this app's memory must not affect it. */
async function catchUp(url, store, count, views = exampleViews, others = {}) {
  const cpu = () => Object.entries(others).map(([name, pid]) => [name, cpuOfTree(pid)]);
  const before = cpu();
  const { seconds, peakRssMb, cpuUs } = await workerOf(store, url, await headOf(store), views);
  const cpuUsPerEvent = { worker: round(cpuUs / count, 1) };
  cpu().forEach(([name, after], i) => (cpuUsPerEvent[name] = round(((after - before[i][1]) * 1e6) / count, 1)));
  const pool = quiet(new Pool({ connectionString: url, max: 2 }));
  const rows = {};
  for (const { name } of views) rows[name] = Number((await pool.query(`SELECT count(*) FROM ${name.replaceAll('-', '_')}`)).rows[0].count);
  await pool.end();
  return { rate: count / seconds, rssMb: peakRssMb, rows, cpuUsPerEvent };
}

async function workerOf(store, url, head, views = exampleViews) {
  const worker = fork(new URL('./parts/views-worker.mjs', import.meta.url), [store, url, String(head), ...views.map(({ name }) => name)], {
    execArgv: [...WORKER_FLAGS],
  });
  const ended = once(worker, 'exit');
  const [figures] = await Promise.race([
    once(worker, 'message'),
    ended.then(([code]) => {
      throw new Error(`the worker ended with ${code}`);
    }),
  ]);
  await ended;
  return figures;
}

/** Fills six tables from a log of a given size, in a separate worker, so that its memory can be measured. */
async function atSize(dataDir, { url, drop }, seed, events) {
  const log = new EventLog(dataDir);
  const meta = Buffer.from('{"schema":1}');
  const chunk = 50_000;
  for (let done = 0; done < events; done += chunk) {
    const writes = plantEvents(seed + done, Math.min(chunk, events - done), Math.max(20, events >> 4)).map(({ stream, event }) =>
      log.append(stream, 'any', [newEvent(randomUUID(), event.type, Buffer.from(JSON.stringify(event.data)), meta)]),
    );
    await Promise.all(writes);
  }
  await log.close();
  const node = await startProcess(dataDir);
  const store = `esdb://127.0.0.1:${node.port}?tls=false`;
  const { seconds, peakRssMb } = await workerOf(store, url, await headOf(store));
  await node.kill('SIGTERM');
  await drop();
  fs.rmSync(dataDir, { recursive: true });
  return { events, seconds: round(seconds, 1), eventsPerSecond: round(events / seconds), peakRssMb };
}

async function rebuildAll(url, store, count) {
  const pool = quiet(new Pool({ connectionString: url, max: 2 }));
  const reads = new ViewReads(pool, url);
  const running = await runViews({ store, databaseUrl: url, views: exampleViews });
  await reads.waitFor(names, await headOf(store), 3_600_000);
  const begun = performance.now();
  const tables = await Promise.all(names.map((name) => running.rebuild(name)));
  for (;;) {
    const live = (await reads.lag()).filter(({ status }) => status === 'live').map(({ table }) => table);
    if (tables.every(({ table }) => live.includes(table))) break;
    await sleep(50);
  }
  const seconds = (performance.now() - begun) / 1_000;
  await running.stop();
  await reads.close();
  await pool.end();
  return { seconds: round(seconds, 2), eventsPerSecond: round(count / seconds) };
}

export async function headOf(store) {
  const { EventStoreDBClient, BACKWARDS, END } = require('@eventstore/db-client');
  const client = EventStoreDBClient.connectionString(store);
  let head = -1n;
  for await (const { commitPosition } of client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 })) head = commitPosition;
  await client.dispose();
  return head;
}

/** Time from the answer to an append until a waiting reader sees its row: at 100 appends/s, then after a burst of ten times as many. */
async function freshness(url, node, store, seed, say) {
  const pool = quiet(new Pool({ connectionString: url, max: 4 }));
  const reads = new ViewReads(pool, url);
  const running = await runViews({ store, databaseUrl: url, views: exampleViews });
  await reads.waitFor(names, await headOf(store), 3_600_000);
  const client = node.connect();
  const plant = plantEvents(seed + 1, 20_000);
  const viewOf = new Map(exampleViews.flatMap((view) => view.events.map((type) => [type, view.name])));
  const write = async ({ stream, event }) =>
    (await client.appendToStream(stream, jsonEvent({ id: randomUUID(), ...event, metadata: { schema: 1 } }))).position.commit;
  const lags = [];
  const observe = async (entry) => {
    const position = await write(entry);
    const acknowledged = performance.now();
    if (!(await reads.waitFor([viewOf.get(entry.event.type)], position, 60_000))) throw new Error('never visible');
    lags.push(performance.now() - acknowledged);
  };
  const figure = () => ({
    count: lags.length,
    p50: round(quantile(lags, 0.5), 1),
    p99: round(quantile(lags, 0.99), 1),
    max: round(Math.max(...lags), 1),
  });
  const paced = async (count, everyMs) => {
    lags.length = 0;
    const begun = performance.now();
    const all = [];
    for (let i = 0; i < count; i++) {
      const early = begun + i * everyMs - performance.now();
      if (early > 0) await sleep(early);
      all.push(observe(plant.pop()));
    }
    await Promise.all(all);
    return figure();
  };
  await paced(200, 10);
  const live = await paced(2_000, 10);
  say(`  live, 100 appends/s: p50 ${live.p50} ms, p99 ${live.p99} ms`);
  const burst = await paced(5_000, 1);
  say(`  burst, 1,000 appends/s for 5 s: p50 ${burst.p50} ms, p99 ${burst.p99} ms`);
  const after = await paced(500, 10);
  say(`  after the burst: p50 ${after.p50} ms, p99 ${after.p99} ms`);
  await running.stop();
  await reads.close();
  await client.dispose();
  await pool.end();
  return { live, burst, after };
}
