/**
 * Sagas of five steps at three facilities, 5 % of which fail and are undone, on one node and one PostgreSQL. The engine is a separate app; load
 * comes from this one, and each saga is placed by an append. Alternating with raw appends of one event each by as many callers, and with a saga of
 * the same shape as a DBOS workflow on the same PostgreSQL. Then many that are open at once, and others beside two that are stuck.
 *
 * `events/s` counts what the engine and the facilities recorded; afterwards the log is read, and must hold exactly that: every step done once,
 * every step of a failed saga undone once, newest first. `--only compare`, `open` or `stuck` for one part.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { migrate } from '#platform/runtime/database';
import { EventStore } from '#platform/store/event-store';
import { FORWARDS, quantile, sleep, START, startProcess } from '../faults/parts.mjs';
import { startDbos } from './parts/dbos-sagas.mjs';
import { engines, startEngine } from './parts/engine.mjs';
import { eventsOf, failureOf, TASKS } from './parts/saga.mjs';

const worker = fileURLToPath(new URL('./parts/saga-worker.mjs', import.meta.url));
const AT_ONCE = 64;
const GOALS = { ofRaw: 0.5, ofDbos: 2 };
/** An open saga waits here. */
const PAUSES_AT = 7;

export async function run({ short, say, only, 'data-dir': dataDir }) {
  const work = fs.mkdtempSync(path.join(dataDir ?? os.tmpdir(), 'bench-sagas-'));
  fs.chmodSync(work, 0o755);
  const node = await startProcess(path.join(work, 'node'));
  const server = await startPostgres({ dataDir: path.join(work, 'postgres') });
  await migrate(server.url);
  const at = `esdb://127.0.0.1:${node.port}?tls=false`;
  const parts = { store: new EventStore(at, 20_000), at, database: server.url, node, placed: new Map(), say };
  const wanted = (name) => !only || only === name;
  try {
    const engine = await startEngine(worker, parts, { gc: true });
    await sagas(parts, engine, short ? 2_000 : 10_000);
    const results = {};
    if (wanted('compare')) results.compare = await compare(parts, engine, short);
    if (wanted('open')) results.open = await open(parts, engine, short);
    if (wanted('stuck')) results.stuck = await stuck(parts, engine, short);
    results.checked = await check(parts);
    // A saga whose facility never answers would be waited for.
    await engine.kill();
    say(`the log holds what ${results.checked.sagas} sagas should have done, and nothing else: ${results.checked.events} events`);
    return { results };
  } finally {
    for (const child of engines) child.kill('SIGKILL');
    await parts.store.close();
    await server.stop();
    await node.kill('SIGTERM');
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const tenths = (value) => Math.round(value * 10) / 10;
const hundredths = (value) => Math.round(value * 100) / 100;
const median = (values) => quantile(values, 0.5);

const metadataOf = (id) => ({
  commandId: randomUUID(),
  command: 'PlaceOrder',
  commandDigest: '0'.repeat(64),
  correlationId: id,
  causationId: id,
  actor: 'bench',
  role: 'planner',
  facility: 'bench',
  occurredAt: new Date().toISOString(),
  clock: 'server',
  app: 'bench',
  schema: 1,
});

let next = 0;
async function place(parts, id = `bench.S${next}`, more = {}) {
  const failsAt = more.failsAt ?? failureOf(next++);
  const data = { orderId: id, ...(failsAt === undefined ? {} : { failsAt }), ...more, sentAt: Date.now() };
  await parts.store.append(`order-${id}`, -1n, [{ type: 'OrderPlaced', data, metadata: metadataOf(id) }]);
  parts.placed.set(id, failsAt);
  return eventsOf(failsAt);
}

/** For so long, AT_ONCE sagas are under way; then the last of them end. */
async function sagas(parts, engine, ms) {
  const begun = performance.now();
  let [events, placed] = [0, 0];
  for (let last = -1, since = begun; ; await sleep(1)) {
    const ended = engine.effects().length;
    const open = performance.now() - begun < ms;
    if (!open && ended === placed) break;
    const sent = await Promise.all(Array.from({ length: open ? ended + AT_ONCE - placed : 0 }, () => place(parts)));
    placed += sent.length;
    events += sent.reduce((sum, each) => sum + each, 0);
    if (ended !== last) [last, since] = [ended, performance.now()];
    if (performance.now() - since > 60_000) throw new Error(`only ${ended} of ${placed} sagas ended, and no more for a minute`);
  }
  const seconds = (performance.now() - begun) / 1_000;
  const times = await engine.until(placed);
  return { sagasPerSecond: placed / seconds, eventsPerSecond: events / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

/** Appends of one event by as many callers, each to its own stream. */
async function raw({ store }, ms) {
  const begun = performance.now();
  let appended = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const id = `raw-${randomUUID()}`;
      let last = -1n;
      for (let n = 0; performance.now() - begun < ms; n += 1) {
        const event = { type: 'Appended', data: { legId: id, step: 'Reserve', n }, metadata: metadataOf(id) };
        ({ revision: last } = await store.append(id, last, [event]));
        appended += 1;
      }
    }),
  );
  return appended / ((performance.now() - begun) / 1_000);
}

/** As many sagas at a time, as DBOS workflows; the first has the number `from`. */
async function dbosSagas(dbos, from, ms) {
  const begun = performance.now();
  const times = [];
  let next = from;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() - begun < ms) {
        const n = next++;
        const sent = performance.now();
        await dbos.run(`saga-${n}`, failureOf(n));
        times.push(performance.now() - sent);
      }
    }),
  );
  const count = next - from;
  const seconds = (performance.now() - begun) / 1_000;
  return { count, sagasPerSecond: count / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}

async function compare(parts, engine, short) {
  const dbos = await startDbos(parts.database, parts.say);
  const [rounds, ms] = short ? [2, 3_000] : [7, 10_000];
  const found = { raw: [], engine: [], dbos: [] };
  try {
    let at = (await dbosSagas(dbos, 0, ms)).count;
    await raw(parts, 1_000);
    for (let round = 0; round < rounds; round += 1) {
      found.raw.push(await raw(parts, ms / 3));
      found.engine.push(await sagas(parts, engine, ms));
      found.dbos.push(await dbosSagas(dbos, at, ms));
      at += found.dbos.at(-1).count;
    }
    const { facility, ended } = await dbos.rows();
    const expected = Array.from({ length: at }, (_, n) => failureOf(n)).reduce(
      (sum, f) => sum + (f === undefined ? TASKS.length : 2 * f) + 1,
      0,
    );
    if (facility !== expected || ended !== at) throw new Error(`DBOS: ${facility} of ${expected} rows, ${ended} of ${at} sagas ended`);
  } finally {
    await dbos.stop();
  }
  const of = (side, what) => median(found[side].map((each) => each[what]));
  const summary = (side) => ({
    sagasPerSecond: tenths(of(side, 'sagasPerSecond')),
    p50Ms: tenths(of(side, 'p50Ms')),
    p99Ms: tenths(of(side, 'p99Ms')),
  });
  const result = {
    atOnce: AT_ONCE,
    rounds,
    rawAppendsPerSecond: Math.round(median(found.raw)),
    engine: { ...summary('engine'), eventsPerSecond: Math.round(of('engine', 'eventsPerSecond')) },
    dbos: summary('dbos'),
    ofRaw: hundredths(median(found.engine.map(({ eventsPerSecond }, n) => eventsPerSecond / found.raw[n]))),
    ofDbos: hundredths(median(found.engine.map(({ sagasPerSecond }, n) => sagasPerSecond / found.dbos[n].sagasPerSecond))),
    p99OfDbos: hundredths(median(found.engine.map(({ p99Ms }, n) => p99Ms / found.dbos[n].p99Ms))),
  };
  const { say } = parts;
  const told = ({ sagasPerSecond, p50Ms, p99Ms }) => `${sagasPerSecond} sagas/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
  say(`${AT_ONCE} at once, median of ${rounds} rounds:`);
  say(`    raw appends  ${result.rawAppendsPerSecond}/s`);
  say(`    the engine   ${told(result.engine)}; ${result.engine.eventsPerSecond} events/s`);
  say(`    DBOS         ${told(result.dbos)}`);
  say(`    ${result.ofRaw} of raw appends, ${verdict(result.ofRaw >= GOALS.ofRaw)} the goal of at least ${GOALS.ofRaw}`);
  say(
    `    ${result.ofDbos} times DBOS at ${result.p99OfDbos} of its p99, ${verdict(result.ofDbos >= GOALS.ofDbos)} the goal of at least ${GOALS.ofDbos}`,
  );
  return result;
}

const verdict = (met) => (met ? 'meets' : 'MISSES');

/** Sagas that wait in the middle, all open at once; others run beside them; then all go on to their end. */
async function open(parts, engine, short) {
  const [count, ms] = short ? [500, 2_000] : [10_000, 15_000];
  const alone = await sagas(parts, engine, ms);
  const before = await engine.ask('usage');
  const ids = Array.from({ length: count }, (_, n) => `bench.O${n}`);
  for (let n = 0; n < count; n += 100) {
    await Promise.all(ids.slice(n, n + 100).map((id) => place(parts, id, { pausesAt: PAUSES_AT, failsAt: -1 })));
    await waiting(parts, ids.slice(n, n + 100));
  }
  const opened = await engine.ask('usage');
  const first = await sagas(parts, engine, ms);
  const then = await engine.ask('usage');
  for (let n = 0; n < count; n += AT_ONCE) {
    const resumed = ids.slice(n, n + AT_ONCE);
    const events = (id) => [{ type: 'OrderResumed', data: { orderId: id }, metadata: metadataOf(id) }];
    await Promise.all(resumed.map((id) => parts.store.append(`order-${id}`, 0n, events(id))));
    await engine.until(resumed.length);
  }
  const result = {
    instances: count,
    heapMb: { before: mb(before), open: mb(opened), afterMoreBeside: mb(then) },
    rssMb: { before: before.rss, open: opened.rss, afterMoreBeside: then.rss },
    kbForEach: tenths((opened.heapKb - before.heapKb) / count),
    rateBeside: hundredths(first.sagasPerSecond / alone.sagasPerSecond),
  };
  const { heapMb, kbForEach, rateBeside } = result;
  parts.say(
    `${count} open at once: ${kbForEach} KB of heap for each (${heapMb.before} MB before, ${heapMb.open} MB); ${heapMb.afterMoreBeside} MB after others ran beside them for ${ms / 1_000} s, at ${rateBeside} of the rate without; all ended`,
  );
  return result;
}
const mb = ({ heapKb }) => tenths(heapKb / 1_024);

/** Until these have recorded the task before their pause. */
async function waiting({ store }, ids) {
  for (const id of ids) {
    const leg = `leg-${TASKS[PAUSES_AT - 1].facility}.${id.split('.')[1]}`;
    const events = Math.ceil(PAUSES_AT / 3);
    while ((await store.read(leg)).length < events) await sleep(2);
  }
}

/** The rate with and without two sagas that are stuck: one whose facility never answers, and one whose facility is away and asked again. */
async function stuck(parts, engine, short) {
  const [rounds, ms] = short ? [2, 2_000] : [5, 5_000];
  const [without, beside] = [[], []];
  for (let round = 0; round < rounds; round += 1) without.push(await sagas(parts, engine, ms));
  for (const id of ['bench.hangs', 'bench.away']) await place(parts, id);
  await sleep(500);
  for (let round = 0; round < rounds; round += 1) beside.push(await sagas(parts, engine, ms));
  const rate = (runs) => median(runs.map(({ sagasPerSecond }) => sagasPerSecond));
  const p99 = (runs) => median(runs.map(({ p99Ms }) => p99Ms));
  const result = { rateBeside: hundredths(rate(beside) / rate(without)), p99Beside: hundredths(p99(beside) / p99(without)) };
  parts.say(`beside two that are stuck: ${result.rateBeside} of the rate without, ${result.p99Beside} of the p99`);
  return result;
}

/** Throws where a saga did not do exactly what it should. The last outcomes may still be on their way to the log. */
async function check(parts) {
  for (let tries = 20; ; tries -= 1)
    try {
      return await checked(parts);
    } catch (error) {
      if (tries === 1) throw error;
      await sleep(500);
    }
}

async function checked({ node, placed }) {
  const client = node.connect();
  const told = new Map();
  let events = 0;
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (!event || !/^(order|leg|when-order-placed-make-it)-/.test(event.streamId)) continue;
    const id = event.streamId.replace(/^[^.]*\./, 'bench.');
    if (!placed.has(id)) throw new Error(`${event.streamId} belongs to no saga`);
    const saga = told.get(id) ?? { count: 0, done: [], undone: [] };
    told.set(id, saga);
    if (event.type !== 'OrderResumed') saga.count += 1;
    const { legId, step } = event.data;
    if (event.type === 'StepDone') saga.done.push(`${step} ${legId.split('.')[0]}`);
    if (event.type === 'StepUndone') saga.undone.push(`${step} ${legId.split('.')[0]}`);
    events += 1;
  }
  await client.dispose();
  const names = TASKS.map(({ step, facility }) => `${step} ${facility}`);
  for (const [id, failsAt] of placed) {
    if (/^bench\.(hangs|away)/.test(id)) continue;
    const { count, done, undone } = told.get(id);
    const fails = failsAt !== undefined && failsAt >= 0;
    const wanted = fails ? names.slice(0, failsAt) : names;
    // One that was open took one more step, for the event that resumed it.
    const steps = eventsOf(fails ? failsAt : undefined) + (id.startsWith('bench.O') ? 1 : 0);
    if (done.join() !== wanted.join() || undone.join() !== (fails ? [...wanted].reverse() : []).join() || count !== steps)
      throw new Error(`${id}: ${count} of ${steps} events; done ${done.join()}; undone ${undone.join()}`);
  }
  return { sagas: placed.size, events };
}
