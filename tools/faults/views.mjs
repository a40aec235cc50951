/** The view engine under kill -9, SIGSTOP, cut COMMITs, dropped subscriptions, rebuilds and poison; then the same without each of its guards. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { chance, exampleViews, plantEvents } from '#platform/testing/view-examples';
import { inspectParked, listParked, retryParked } from '#platform/views/parking';
import { ViewReads } from '#platform/views/progress';
import { rebuild } from '#platform/views/tables';
import { verifyView } from '#platform/views/verify';
import { logReader } from '#platform/store/log-reader';
import { OPERATIONS_STREAM } from '#platform/views/skip';
import { jsonEvent, quantile, sleep, startProcess } from './parts.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const worker = fileURLToPath(new URL('view-worker.mjs', import.meta.url));
const allNames = exampleViews.map(({ name }) => name);

export async function run({ short, seed, say, only, cycles }) {
  const random = chance(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'faults-views-'));
  fs.chmodSync(work, 0o755);
  const plant = await Plant.start(work, seed, random);
  const experiments = [];
  const add = async (name, experiment) => {
    if (only && !name.startsWith(only)) return;
    const begun = Date.now();
    const scene = await plant.scene();
    let result;
    try {
      result = { name, ...(await experiment(scene)) };
    } catch (error) {
      result = { name, ok: false, error: String(error?.stack ?? error) };
    } finally {
      await scene.close();
    }
    experiments.push({ ...result, seconds: Math.round((Date.now() - begun) / 1_000) });
    say(`${result.ok ? 'ok    ' : 'BROKEN'} ${JSON.stringify(experiments.at(-1))}`);
  };
  try {
    await add('crashes', (scene) => crashes(scene, cycles ?? (short ? 6 : 1_000), say));
    await add('sleepers', (scene) => sleepers(scene, short ? 1 : 50));
    await add('cut-commits', (scene) => cutCommits(scene, short ? 8 : 200));
    await add('dropped-subscriptions', (scene) => droppedSubscriptions(scene, short ? 4 : 100));
    await add('rebuilds', (scene) => rebuilds(scene, short ? 1 : 10));
    await add('poison', (scene) => poison(scene, short ? 2_000 : 100_000));
    await add('takeover', (scene) => takeover(scene, short ? 2 : 50));
    const matrix = [];
    for (const [guard, experiment] of Object.entries(mutants)) {
      await add(`without-${guard}`, async (scene) => {
        const { red, why } = await experiment(scene);
        matrix.push({ guard, red, why });
        return { ok: red, red, why };
      });
    }
    if (matrix.length > 0) {
      say('Mutation matrix: a guard left out must turn the campaign red.');
      for (const { guard, red, why } of matrix) say(`  ${red ? 'red  ' : 'GREEN'}  without ${guard.padEnd(20)} ${why}`);
    }
    return { experiments, matrix };
  } finally {
    await plant.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** One store and one database server; each experiment is a scene with a database of its own on the one growing log. */
class Plant {
  static async start(work, seed, random) {
    const plant = new Plant();
    plant.random = random;
    plant.seed = seed;
    plant.postgres = await startPostgres({ dataDir: path.join(work, 'postgres'), durable: false });
    plant.node = await startProcess(path.join(work, 'store'));
    plant.client = plant.node.connect();
    plant.log = logReader(plant.client);
    plant.admin = quiet(new Pool({ connectionString: plant.postgres.url, max: 2 }));
    plant.head = -1n;
    await plant.append(500);
    return plant;
  }

  async append(count, size = 80) {
    for (const { stream, event } of plantEvents(++this.seed, count, size)) await this.write(stream, event);
  }

  async write(stream, event, id = randomUUID()) {
    const { position } = await this.client.appendToStream(stream, jsonEvent({ id, ...event, metadata: { schema: 1 } }));
    this.head = position.commit;
  }

  async scene() {
    const name = `scene_${(this.scenes = (this.scenes ?? 0) + 1)}`;
    await this.admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(this.postgres.url);
    url.pathname = `/${name}`;
    return new Scene(this, name, url.href);
  }

  async stop() {
    await this.client.dispose();
    await this.node.kill('SIGTERM');
    await this.admin.end();
    await this.postgres.stop();
  }
}

const quiet = (pool) => pool.on('error', () => undefined);

class Scene {
  workers = new Set();
  constructor(plant, name, url) {
    Object.assign(this, { plant, name, url, random: plant.random, store: `esdb://127.0.0.1:${plant.node.port}?tls=false` });
    this.pool = quiet(new Pool({ connectionString: url, max: 6 }));
    this.reads = new ViewReads(this.pool, url);
  }

  /** A worker in a process of its own; `ended` resolves when it is gone. */
  start(options = {}) {
    const told = JSON.stringify({ store: this.store, databaseUrl: this.url, seed: this.random(1e9), ...options });
    const child = spawn(process.execPath, [worker, told], { stdio: ['ignore', 'pipe', 'pipe'] });
    const started = { child, text: '', complaint: '', ended: once(child, 'exit') };
    child.stdout.on('data', (bytes) => (started.text += bytes));
    child.stderr.on('data', (bytes) => (started.complaint += bytes));
    started.said = async (word) =>
      until(() => started.text.includes(word) || child.exitCode !== null || child.signalCode !== null, 30_000, word);
    started.kill = async (signal = 'SIGKILL') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await started.ended;
      this.workers.delete(started);
    };
    this.workers.add(started);
    void started.ended.then(() => this.workers.delete(started));
    return started;
  }

  async append(count) {
    await this.plant.append(count);
  }

  /** A calm worker finishes what is left; then each table must be the fold of the log, and each event counted once. */
  async verdict(options = {}, views = exampleViews) {
    await Promise.all([...this.workers].map((one) => one.kill()));
    const calm = this.start(options);
    await calm.said('READY');
    const done = await this.reads.waitFor(
      views.map(({ name }) => name),
      this.plant.head,
      60_000,
    );
    const found = done ? await this.verify(views) : [];
    const counted = done && views === exampleViews ? await this.countedOnce() : true;
    await calm.kill('SIGTERM');
    const wrong = found
      .filter(({ equal }) => !equal)
      .map(({ view, firstDifference }) => `${view} differs at ${firstDifference?.key}: ${firstDifference?.columns}`);
    return { equal: done && wrong.length === 0 && counted, done, wrong, counted };
  }

  verify(views) {
    return Promise.all(
      views.map((view) => verifyView({ view, pool: this.pool, log: this.plant.log, operationsStream: OPERATIONS_STREAM })),
    );
  }

  /** Sums in the tables against a count of the log's events. */
  async countedOnce() {
    const counts = {};
    for (let after = -1n; ;) {
      const events = await this.plant.log.readAll(after, 2_000);
      if (events.length === 0) break;
      for (const { type } of events) counts[type] = (counts[type] ?? 0) + 1;
      after = events.at(-1).position;
    }
    const one = async (sql) => Number(Object.values((await this.pool.query(sql)).rows[0])[0] ?? 0);
    const parked = async (types) => one(`SELECT count(*) FROM view_parked WHERE type = ANY('{${types}}')`);
    const lots = ['LotReceived', 'LotMoved', 'LotConsumed'];
    return (
      (await one('SELECT sum(events) FROM lot_stock')) + (await parked(lots)) ===
        lots.reduce((sum, type) => sum + (counts[type] ?? 0), 0) &&
      (await one('SELECT count(*) FROM lot_movement')) === (counts.LotMoved ?? 0) &&
      (await one('SELECT sum(stops) FROM machine_now')) === (counts.MachineStopped ?? 0) &&
      (await one('SELECT sum(orders) FROM product_output')) === (counts.OrderReleased ?? 0)
    );
  }

  async close() {
    await Promise.all([...this.workers].map((one) => one.kill()));
    await this.reads.close();
    await this.pool.end();
    await this.plant.admin.query(`DROP DATABASE ${this.name} WITH (FORCE)`);
  }
}

async function until(holds, ms, what) {
  for (const end = Date.now() + ms; !(await holds()); await sleep(25))
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
}

/** Two workers that die at failpoints or are killed from outside, over a feed that repeats and displaces events. */
async function crashes(scene, cycles, say) {
  let died = 0;
  let rounds = 0;
  const wrong = [];
  const perRound = 20;
  while (died < cycles) {
    const target = Math.min(cycles, died + perRound);
    while (died < target) {
      while (scene.workers.size < 2 && died + scene.workers.size < target + 1) scene.start({ disturb: true, crash: 25, shards: 2 });
      await scene.append(15);
      if (scene.random(4) === 0) [...scene.workers][0]?.child.kill('SIGKILL');
      const ended = [...scene.workers].map(({ ended }) => ended);
      await Promise.race([...ended, sleep(1_500)]);
      await sleep(5);
      const gone = ended.length - scene.workers.size;
      died += Math.max(0, gone);
    }
    rounds++;
    const verdict = await scene.verdict({ shards: 2 });
    if (!verdict.equal) wrong.push({ round: rounds, ...verdict });
    if (rounds % 5 === 0) say(`       ${died} crashes, ${rounds} rounds, ${wrong.length} wrong`);
  }
  return { ok: wrong.length === 0, crashes: died, rounds, wrong };
}

/** A worker stops in the middle of a batch for longer than its lease, another takes over, then it wakes. */
async function sleepers(scene, times) {
  const wrong = [];
  for (let i = 0; i < times; i++) {
    const at = ['admitted', 'written', 'before-commit'][i % 3];
    const sleeper = scene.start({ sleepAt: { at, table: 'machine_now', oneIn: 1 }, batchRows: 20, ttlMs: 800 });
    await sleeper.said('READY');
    await scene.append(30);
    await sleeper.said('ASLEEP');
    const heir = scene.start({ ttlMs: 800 });
    await heir.said('READY');
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) wrong.push(`${at}: nobody took over`);
    sleeper.child.kill('SIGCONT');
    await scene.append(20);
    await sleep(400);
    const verdict = await scene.verdict();
    if (!verdict.equal) wrong.push({ at, ...verdict });
  }
  return { ok: wrong.length === 0, slept: times, wrong };
}

/** A proxy that breaks connections as told. */
async function proxy(port, onBytes) {
  const sockets = new Set();
  let answersLost = 0;
  const server = net.createServer((incoming) => {
    const outgoing = net.connect(port, '127.0.0.1');
    const close = () => (incoming.destroy(), outgoing.destroy());
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', close).on('close', () => (sockets.delete(socket), close()));
    }
    incoming.on('data', (bytes) => {
      const what = onBytes?.(bytes);
      if (what === 'unsent') return close();
      if (what === 'unanswered') {
        answersLost++;
        outgoing.removeAllListeners('data');
        outgoing.on('data', close);
      }
      outgoing.write(bytes);
    });
    outgoing.on('data', (bytes) => incoming.write(bytes));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    unanswered: () => answersLost,
    cut: () => sockets.forEach((socket) => (socket.resetAndDestroy ? socket.resetAndDestroy() : socket.destroy())),
    mute: () => sockets.forEach((socket) => socket.pause()),
    close: () => (sockets.forEach((socket) => socket.destroy()), server.close()),
  };
}

async function cutCommits(scene, wanted) {
  let cuts = 0;
  let armed = false;
  const url = new URL(scene.url);
  const between = await proxy(Number(url.port), (bytes) => {
    if (!armed || cuts >= wanted || !bytes.includes('COMMIT\0') || scene.random(4) > 0) return undefined;
    cuts++;
    return cuts % 2 === 0 ? 'unsent' : 'unanswered';
  });
  url.port = String(between.port);
  const one = scene.start({ databaseUrl: url.href, batchRows: 30 });
  await one.said('READY');
  armed = true;
  for (const end = Date.now() + 120_000; cuts < wanted && Date.now() < end;) await scene.append(10);
  const caughtUp = await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  between.close();
  const verdict = await scene.verdict();
  return { ok: caughtUp && verdict.equal && cuts >= wanted, cuts, unanswered: between.unanswered(), ...verdict };
}

/** The store's connections are reset, or fall silent, while events are written; how long until views move again. */
async function droppedSubscriptions(scene, times) {
  const between = await proxy(scene.plant.node.port);
  const one = scene.start({ store: `esdb://127.0.0.1:${between.port}?tls=false&keepAliveInterval=10000&keepAliveTimeout=2000` });
  await one.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  const recoveries = [];
  for (let i = 0; i < times; i++) {
    await scene.append(5);
    between.cut();
    await scene.append(5);
    const begun = Date.now();
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) break;
    recoveries.push(Date.now() - begun);
  }
  // The connection must last for the verdict, which needs no proxy.
  const verdict = await scene.verdict();
  between.close();
  const slowest = Math.max(0, ...recoveries);
  return {
    ok: verdict.equal && recoveries.length === times && slowest <= 5_000,
    drops: recoveries.length,
    slowestMs: slowest,
    p50Ms: quantile(recoveries, 0.5),
    ...verdict,
  };
}

/** Two views are rebuilt at once, under writes, reads and a crash of the worker; no read may fail. */
async function rebuilds(scene, times) {
  const one = scene.start();
  await one.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  let stopped = false;
  let readsDone = 0;
  const failed = [];
  const reading = (async () => {
    while (!stopped) {
      await scene.pool.query('SELECT count(*), sum(good) FROM order_board').then(
        () => readsDone++,
        (error) => failed.push(String(error)),
      );
      await sleep(1);
    }
  })();
  const writing = (async () => {
    while (!stopped) {
      await scene.append(5);
      await sleep(20);
    }
  })();
  const named = (name) => exampleViews.find((view) => view.name === name);
  let switches = 0;
  for (let i = 0; i < times; i++) {
    const tables = await Promise.all(['order-board', 'order-board', 'lot-stock'].map((name) => rebuild(scene.pool, named(name), 1)));
    if (tables[0].table !== tables[1].table) failed.push('two rebuilds of one view ran at once');
    [...scene.workers].forEach(({ child }) => child.kill('SIGKILL'));
    scene.start();
    await until(
      async () => {
        const live = (await scene.reads.lag()).filter(({ status }) => status === 'live').map(({ table }) => table);
        return tables.every(({ table }) => live.includes(table));
      },
      60_000,
      'the switch',
    );
    switches += 2;
  }
  stopped = true;
  await Promise.all([reading, writing]);
  const verdict = await scene.verdict();
  return {
    ok: verdict.equal && failed.length === 0,
    switches,
    reads: readsDone,
    failedReads: failed.length,
    failed: failed.slice(0, 3),
    ...verdict,
  };
}

const POISON = 'reactor on fire';

/** One bad event among many: its stream waits in order, all others flow; tried again when the fold is mended, the rows are equal. */
async function poison(scene, count) {
  const machineId = 'haifa.M9999';
  const stream = `machine-${machineId}`;
  const stop = (reason) => ({ type: 'MachineStopped', data: { machineId, reason } });
  for (let left = count; left > 0; left -= 500) {
    if (left <= count / 2 && !scene.poisoned) {
      scene.poisoned = true;
      await scene.plant.write(stream, stop('before'));
      await scene.plant.write(stream, stop(POISON));
      for (let i = 0; i < 5; i++) await scene.plant.write(stream, stop(`after ${i}`));
    }
    const events = plantEvents(++scene.plant.seed, Math.min(500, left), 1_000);
    const positions = await Promise.all(
      events.map(({ stream: s, event }) =>
        scene.plant.client.appendToStream(s, jsonEvent({ id: randomUUID(), ...event, metadata: { schema: 1 } })),
      ),
    );
    for (const { position } of positions) if (position.commit > scene.plant.head) scene.plant.head = position.commit;
  }
  const sick = scene.start({ poison: POISON, batchRows: 5_000 });
  await sick.said('READY');
  const flowed = await scene.reads.waitFor(allNames, scene.plant.head, 600_000);
  const parked = await listParked(scene.pool);
  const queue = parked[0] ? await inspectParked(scene.pool, parked[0].table, parked[0].partition) : [];
  await sick.kill('SIGTERM');
  const well = scene.start();
  await well.said('READY');
  for (const { table, partition } of parked) await retryParked(scene.pool, table, partition);
  await until(async () => (await listParked(scene.pool)).length === 0, 30_000, 'the queue is folded');
  const [machine] = (await scene.pool.query('SELECT stops, reason FROM machine_now WHERE "machineId" = $1', [machineId])).rows;
  const verdict = await scene.verdict();
  const inOrder = queue.length === 6 && queue.every(({ revision }, i) => revision === BigInt(i + 1));
  return {
    ok: flowed && parked.length === 1 && inOrder && machine?.stops === 7 && machine.reason === 'after 4' && verdict.equal,
    events: count,
    parked: parked.length,
    queued: queue.length,
    ...verdict,
  };
}

/** How long until another worker has committed after the owner of everything was killed. */
async function takeover(scene, times) {
  const times_ = [];
  let owner = scene.start({ ttlMs: 1_500, shards: 1 });
  await owner.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  for (let i = 0; i < times; i++) {
    const heir = scene.start({ ttlMs: 1_500, shards: 1 });
    await heir.said('READY');
    await sleep(1_200);
    await owner.kill();
    const killed = Date.now();
    await scene.append(1);
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) break;
    times_.push(Date.now() - killed);
    owner = heir;
  }
  const verdict = await scene.verdict();
  const slowest = Math.max(0, ...times_);
  return {
    ok: verdict.equal && times_.length === times && slowest <= 3_000,
    kills: times_.length,
    p50Ms: quantile(times_, 0.5),
    slowestMs: slowest,
    ...verdict,
  };
}

/** The same faults, each without the guard that stands against it. */
const mutants = {
  async fencing(scene) {
    // Whether the sleeper wakes to a connection that still lives is chance: what is looked for is one time that it writes.
    for (let tries = 1; ; tries++) {
      const sleeper = scene.start({
        sleepAt: { at: 'admitted', table: 'machine_now', oneIn: 1, thenDie: true },
        without: { fencing: true },
        batchRows: 20,
        ttlMs: 800,
      });
      await sleeper.said('ASLEEP');
      const heir = scene.start({ ttlMs: 800, without: { fencing: true } });
      await heir.said('READY');
      await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
      sleeper.child.kill('SIGCONT');
      await sleep(1_000);
      const found = red(await scene.verdict({ without: { fencing: true } }));
      if (found.red || tries === 6) return found;
      await Promise.all([sleeper.kill(), heir.kill()]);
      await scene.append(300);
    }
  },
  async 'revision-guard'(scene) {
    const one = scene.start({ disturb: true, without: { guard: true } });
    await one.said('READY');
    await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
    return red(await scene.verdict());
  },
  async 'same-transaction'(scene) {
    for (let i = 0; i < 3; i++) {
      const one = scene.start({ crash: 6, without: { sameTransaction: true }, batchRows: 100 });
      await Promise.race([one.ended, sleep(6_000)]);
      await one.kill();
    }
    return red(await scene.verdict());
  },
  async 'stream-parking'(scene) {
    const machineId = `haifa.M${7_000 + scene.random(1_000)}`;
    const stop = (reason) => ({ type: 'MachineStopped', data: { machineId, reason } });
    for (const reason of ['before', POISON, 'after']) await scene.plant.write(`machine-${machineId}`, stop(reason));
    const sick = scene.start({ poison: POISON, without: { parking: true } });
    await sick.said('READY');
    await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
    await sick.kill('SIGTERM');
    const well = scene.start();
    await well.said('READY');
    for (const { table, partition } of await listParked(scene.pool)) await retryParked(scene.pool, table, partition);
    await until(async () => (await listParked(scene.pool)).length === 0, 30_000, 'the queue is folded');
    return red(await scene.verdict());
  },
};

const red = ({ equal, wrong, counted }) => ({
  red: !equal,
  why: wrong[0] ?? (counted ? 'every row is equal' : 'events were not counted once'),
});
