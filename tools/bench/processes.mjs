/**
 * Processes on one node and one PostgreSQL: the time from cause to effect. The engine is a separate app; load comes from this one. An input
 * is one event in a pulse's stream; its effect is a beat, recorded by a command in another stream. Times run from sending the cause to the
 * acknowledgement of its effect, so they include four durable appends: cause, step, effect, outcome.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, sleep, startProcess } from '../faults/parts.mjs';
import { engines, startEngine } from './parts/engine.mjs';

const require = createRequire(import.meta.url);
const dist = (file) => require(fileURLToPath(new URL(`../../dist/libs/${file}.js`, import.meta.url)));
const worker = fileURLToPath(new URL('./parts/processes-worker.mjs', import.meta.url));
const INSTANCES = 1_000;

export async function run({ short, say, only, 'data-dir': dataDir }) {
  const work = fs.mkdtempSync(path.join(dataDir ?? os.tmpdir(), 'bench-processes-'));
  fs.chmodSync(work, 0o755);
  const node = await startProcess(path.join(work, 'node'));
  const { startPostgres, stopPostgres } = dist('platform/embedded/embedded-postgres');
  const server = await startPostgres({ dataDir: path.join(work, 'postgres') });
  await dist('platform/runtime/database').migrate(server.url);
  const { EventStore } = dist('platform/store/event-store');
  const at = `esdb://127.0.0.1:${node.port}?tls=false`;
  const parts = { store: new EventStore(at), node, at, database: server.url };
  try {
    const results = {};
    const all = { steady, backlog, burst, idle, open, timers, takeover, long };
    for (const [name, measure] of Object.entries(all).filter(([name]) => !only || only.split(',').includes(name))) {
      results[name] = await measure(parts, short);
      say(`${name.padEnd(8)} ${told(results[name])}`);
    }
    return { results };
  } finally {
    for (const child of engines) child.kill('SIGKILL');
    await parts.store.close();
    await stopPostgres(path.join(work, 'postgres'));
    await node.kill('SIGTERM');
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const told = (figures) =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join('   ');
const tenths = (value) => Math.round(value * 10) / 10;
const summary = (times) => ({
  p50Ms: tenths(quantile(times, 0.5)),
  p99Ms: tenths(quantile(times, 0.99)),
  maxMs: tenths(quantile(times, 1)),
});

/** A worker that runs the engine; it reports how long each effect took. */
const engine = (parts, options) => startEngine(worker, parts, options);

const revisions = new Map();
async function pulse(store, id, count = 1, more = {}) {
  const stream = `pulse-${id}`;
  const metadata = {
    commandId: `${id}`,
    command: 'Pulse',
    commandDigest: '',
    correlationId: `${id}`,
    causationId: `${id}`,
    actor: 'bench',
    role: 'device',
  };
  const now = Date.now();
  const whole = { ...metadata, facility: 'bench', occurredAt: new Date(now).toISOString(), clock: 'server', app: '', schema: 1 };
  const events = Array.from({ length: count }, () => ({ type: 'PulseSeen', data: { id, sentAt: now, ...more }, metadata: whole }));
  const { revision } = await store.append(stream, revisions.get(stream) ?? -1n, events);
  revisions.set(stream, revision);
}
const name = (kind, n) => `bench.${kind}${n}`;

/** 1,000 inputs a second over 1,000 instances, evenly. */
async function steady(parts, short) {
  const running = await engine(parts);
  const perSecond = 1_000;
  const seconds = short ? 5 : 20;
  await load(parts, perSecond, 3, 'warm');
  await running.until(perSecond * 3);
  const before = await cpuOf(parts, running);
  await load(parts, perSecond, seconds, 'steady');
  const times = await running.until(perSecond * seconds);
  const { rss } = await running.ask('usage');
  const after = await cpuOf(parts, running);
  await running.stop();
  return { inputsPerSecond: perSecond, ...summary(times), engineRssMb: rss, cpuMsPer1000: perThousand(before, after, perSecond * seconds) };
}
/** CPU used so far: by the engine, by the node, and by the load itself, which share this machine. PostgreSQL does next to nothing here. */
async function cpuOf({ node }, running) {
  const { user, system } = process.cpuUsage();
  return { engine: (await running.ask('usage')).cpuMs, node: cpuMsOf(node.child.pid), load: (user + system) / 1_000 };
}
const perThousand = (before, after, count) =>
  Object.fromEntries(Object.entries(after).map(([app, ms]) => [app, Math.round(((ms - before[app]) / count) * 1_000)]));
/** CPU of another process, from Linux's /proc in ticks of 10 ms; NaN elsewhere. */
function cpuMsOf(pid) {
  try {
    const [user, system] = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).map(Number);
    return (user + system) * 10;
  } catch {
    return NaN;
  }
}
async function load({ store }, perSecond, seconds, kind) {
  const begun = performance.now();
  const sent = [];
  for (let n = 0; n < perSecond * seconds;) {
    const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
    for (; n < due; n += 1) sent.push(chained(store, name(kind, n % INSTANCES)));
    await sleep(2);
  }
  await Promise.all(sent);
}
/** Appends to one stream, one after the other. */
const chains = new Map();
function chained(store, id) {
  const next = (chains.get(id) ?? Promise.resolve()).then(() => pulse(store, id));
  chains.set(id, next);
  return next;
}

/** A backlog of inputs over 1,000 instances: the engine's maximum rate. */
async function backlog(parts, short) {
  const each = short ? 5 : 20;
  const ids = Array.from({ length: INSTANCES }, (_, n) => name('backlog', n));
  for (let n = 0; n < ids.length; n += 50) await Promise.all(ids.slice(n, n + 50).map((id) => pulse(parts.store, id, each)));
  const begun = performance.now();
  const running = await engine(parts);
  await running.until(INSTANCES * each);
  const seconds = (performance.now() - begun) / 1_000;
  await running.stop();
  return { inputs: INSTANCES * each, inputsPerSecond: Math.round((INSTANCES * each) / seconds), withStartSeconds: tenths(seconds) };
}

/** One instance with a burst of observations, of which only the last has an effect. */
async function burst(parts) {
  const running = await engine(parts);
  const results = {};
  for (const observations of [0, 800, 2_400]) {
    const id = name('burst', observations);
    if (observations > 0) await pulse(parts.store, id, observations, { quiet: true });
    await pulse(parts.store, id);
    const [ms] = await running.until(1);
    results[`behind${observations}Ms`] = tenths(ms);
  }
  await running.stop();
  return results;
}

/** Instances that are open at once, each with a timer an hour ahead. */
async function open(parts, short) {
  const count = short ? 2_000 : 10_000;
  const running = await engine(parts);
  const { rss: before } = await running.ask('usage');
  const ids = Array.from({ length: count }, (_, n) => name('open', n));
  for (let n = 0; n < count; n += 100) await Promise.all(ids.slice(n, n + 100).map((id) => pulse(parts.store, id, 1, { remind: true })));
  await running.until(count);
  const { rss } = await running.ask('usage');
  await running.stop();
  return { instances: count, engineRssMb: rss, beforeMb: before };
}

/** Inputs that change nothing, over 1,000 instances: no appends, only reads. */
async function idle(parts, short) {
  const { store } = parts;
  const count = short ? 5_000 : 50_000;
  const running = await engine(parts);
  const before = (await running.ask('usage')).cpuMs;
  for (let n = 0; n < count; n += 500) await pulse(store, name('idle', (n / 500) % INSTANCES), 500, { idle: true });
  await pulse(store, name('idle', 'end'));
  await running.until(1);
  const { cpuMs } = await running.ask('usage');
  await running.stop();
  return { inputs: count, engineCpuMsPer1000: Math.round(((cpuMs - before) / count) * 1_000) };
}

/** 100,000 timers that are not due, among them 1,000 that become due at once. CPU: until the last effect, and until all outcomes are recorded. */
async function timers(parts, short) {
  const { Pool } = require('pg');
  const pool = new Pool({ connectionString: parts.database }).on('error', () => undefined);
  const waiting = short ? 10_000 : 100_000;
  const running = await engine(parts);
  const resting = async () => {
    const { cpuMs: from } = await running.ask('usage');
    await sleep(5_000);
    return Math.round(((await running.ask('usage')).cpuMs - from) / 5);
  };
  const without = await resting();
  await pool.query(
    `INSERT INTO process_timer (process, id, timer, due_at, set_at)
     SELECT 'when-pulse-seen-beat', 'bench.waiting' || n, 'later', now() + interval '1 day', 0 FROM generate_series(1, $1) AS n`,
    [waiting],
  );
  const within = await resting();
  const due = short ? 200 : 1_000;
  const dueAt = Date.now() + 15_000;
  const beatAt = new Date(dueAt).toISOString();
  await Promise.all(Array.from({ length: due }, (_, n) => pulse(parts.store, name('timer', n), 1, { beatAt })));
  const set = async () => Number((await pool.query(`SELECT count(*) FROM process_timer WHERE id LIKE 'bench.timer%'`)).rows[0].count);
  while ((await set()) < due && Date.now() < dueAt) await sleep(50);
  if (Date.now() >= dueAt) throw new Error('the timers were not set before they were due: this machine is too slow for the measurement');
  await sleep(Math.max(0, dueAt - Date.now() - 100));
  const before = await cpuOf(parts, running);
  const late = await running.until(due);
  const effects = perThousand(before, await cpuOf(parts, running), due);
  while ((await set()) > 0) await sleep(50);
  const whole = perThousand(before, await cpuOf(parts, running), due);
  await running.stop();
  await pool.query(`DELETE FROM process_timer WHERE id LIKE 'bench.waiting%'`);
  await pool.end();
  return {
    waiting,
    cpuMsPerSecondWithout: without,
    cpuMsPerSecondWith: within,
    due,
    lateMs: summary(late),
    cpuMsPer1000: { effects, whole },
  };
}

/** From kill -9 of the worker that runs the process to the first effect by another, five times. */
async function takeover(parts) {
  const times = [];
  let owner = await engine(parts);
  for (let n = 0; n < 5; n += 1) {
    const next = await engine(parts, { owning: false });
    await owner.kill();
    await pulse(parts.store, name('takeover', n));
    times.push(...(await next.until(1)));
    owner = next;
  }
  await owner.stop();
  return summary(times);
}

/**
 * Instances with a long history. `firstMs`: the first input after a restart of the engine, which has seen other instances since, median of seven
 * restarts; `withoutSnapshotMs`: the same when there is no snapshot yet. `inputMs`: 200 inputs after that, each sent when the last has its effect.
 */
async function long(parts, short) {
  const results = {};
  for (const taken of short ? [10, 1_000, 10_000] : [10, 1_000, 100_000]) {
    const id = name('long', taken);
    await history(parts.store, id, taken);
    const [firsts, times] = [[], []];
    for (let round = 0; round < 8; round += 1) {
      const running = await engine(parts);
      const input = async (of) => {
        const begun = performance.now();
        await pulse(parts.store, of);
        const [effect] = await running.until(1);
        return { effect, wholeMs: performance.now() - begun };
      };
      for (let n = 0; n < 50; n += 1) await input(name(`warm${taken}-${round}-`, n));
      firsts.push((await input(id)).wholeMs);
      if (round === 7) for (let n = 0; n < 200; n += 1) times.push((await input(id)).effect);
      await running.stop();
    }
    const [withoutSnapshot, ...later] = firsts;
    results[`after${taken}`] = {
      inputMs: tenths(quantile(times, 0.5)),
      firstMs: tenths(quantile(later, 0.5)),
      withoutSnapshotMs: tenths(withoutSnapshot),
    };
  }
  return results;
}
/** Writes an instance's stream as if it had taken this many inputs. */
async function history(store, id, count) {
  const stream = `when-pulse-seen-beat-${id}`;
  const metadata = {
    commandId: id,
    correlationId: id,
    causationId: id,
    actor: 'process:when-pulse-seen-beat',
    role: 'process',
    facility: 'bench',
  };
  for (let n = 0; n < count; n += 500) {
    const events = Array.from({ length: Math.min(500, count - n) }, (_, i) => ({
      type: 'StepTaken',
      data: {
        inputId: `${id}/${n + i}`,
        input: { type: 'PulseSeen', data: { id, quiet: true } },
        at: '2026-01-01T00:00:00Z',
        sends: [],
        timers: [],
        version: 1,
        position: '0',
        facilities: ['bench'],
      },
      metadata: { ...metadata, occurredAt: '2026-01-01T00:00:00Z', schema: 1 },
    }));
    await store.append(stream, BigInt(n - 1), events);
  }
}
