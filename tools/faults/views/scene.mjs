/** The environment of the views campaign: a plant with a growing log, and a scene (one database, its workers) for each experiment. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { logReader } from '#platform/store/log-reader';
import { exampleViews, plantEvents } from '#platform/testing/view-examples';
import { ViewReads } from '#platform/views/progress';
import { OPERATIONS_STREAM } from '#platform/views/skip';
import { verifyView } from '#platform/views/verify';
import { jsonEvent, sleep, startProcess } from '../parts.mjs';

const { Pool } = createRequire(import.meta.url)('pg');
const worker = fileURLToPath(new URL('../view-worker.mjs', import.meta.url));
export const allNames = exampleViews.map(({ name }) => name);

/** One store and one database server; each experiment is a scene with its own database on the shared, growing log. */
export class Plant {
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

export const quiet = (pool) => pool.on('error', () => undefined);

export class Scene {
  workers = new Set();
  constructor(plant, name, url) {
    Object.assign(this, { plant, name, url, random: plant.random, store: `esdb://127.0.0.1:${plant.node.port}?tls=false` });
    this.pool = quiet(new Pool({ connectionString: url, max: 6 }));
    this.reads = new ViewReads(this.pool, url);
  }

  /** A worker app; `ended` resolves when it is gone. */
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

  /** A worker without faults processes the rest; then each table must equal the fold of the log, with each event counted once. */
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

  /** Compares totals in the tables with a count of the log's events. */
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

export async function until(holds, ms, what) {
  for (const end = Date.now() + ms; !(await holds()); await sleep(25))
    if (Date.now() > end) throw new Error(`timed out after ${ms} ms: ${what}`);
}
