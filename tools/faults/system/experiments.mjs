/** The experiments on the cluster under load. Each returns figures, and `violations` if its own checks fail. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantile, sleep } from '../parts.mjs';
import { startBalancer } from './balancer.mjs';
import { Client } from './client.mjs';
import { canFakeTime, until } from './cluster.mjs';

const nodeMain = fileURLToPath(new URL('../../../dist/apps/event-store/main.js', import.meta.url));
const between = (random, from, to) => from + Math.floor(random() * (to - from));

/** A fault of one part; each resolves when the fault is over, not when the part has recovered. */
const victims = ['api1', 'api2', 'worker1', 'worker2', 'store', 'postgres'];
const kill = (cluster, name) =>
  name === 'postgres' ? cluster.killPostgres().then(() => cluster.startPostgres()) : cluster.part(name).kill();
/** The longest time that an app, the event store or PostgreSQL is frozen. */
export const LONGEST_FREEZE_MS = 10_000;
const freeze = (cluster, name, ms) => (name === 'postgres' ? cluster.freezePostgres(ms) : cluster.part(name).freeze(ms));

const hit = async (cluster, random) => {
  const name = victims[between(random, 0, victims.length)];
  if (random() < 0.5) await kill(cluster, name);
  else await freeze(cluster, name, between(random, 500, 7_000));
};

/** Time from a kill -9 until the app is ready. */
async function recovery(cluster, name) {
  const part = cluster.part(name);
  const from = Date.now();
  await part.kill();
  await until(() => part.answers(), 60_000, 25);
  return Date.now() - from;
}

export const experiments = {
  /** Control without faults: anything red here was not caused by a fault. */
  async calm({ client, short }) {
    await client.load(short ? 4_000 : 30_000);
    return {};
  },

  async kills({ cluster, client, random, short, cycles = short ? 1 : 10 }) {
    const took = { api: [], worker: [] };
    await client.load(0, async () => {
      for (const round of Array(cycles).keys()) {
        for (const name of short && round === 0 ? ['api1', 'worker1', 'store', 'postgres'] : victims) {
          await sleep(between(random, 200, 1_500));
          const kind = name.replace(/\d/, '');
          if (took[kind]) took[kind].push(await recovery(cluster, name));
          else await kill(cluster, name);
        }
      }
    });
    return {
      apiReadyMs: { p50: quantile(took.api, 0.5), max: Math.max(...took.api) },
      workerReadyMs: { p50: quantile(took.worker, 0.5), max: Math.max(...took.worker) },
    };
  },

  async freezes({ cluster, client, random, short }) {
    await client.load(0, async () => {
      for (let n = 0; n < (short ? 3 : 40); n++) {
        await sleep(between(random, 200, 1_000));
        await freeze(cluster, victims[between(random, 0, victims.length)], between(random, 300, short ? 3_000 : LONGEST_FREEZE_MS));
      }
    });
    return {};
  },

  async flaps({ cluster, client, random, short }) {
    await client.load(0, async () => {
      for (const name of short ? ['store'] : victims)
        for (let n = 0; n < 4; n++) {
          await kill(cluster, name);
          await sleep(between(random, 100, 1_500));
        }
    });
    return {};
  },

  async pairs({ cluster, client, random, short, cycles = short ? 2 : 30 }) {
    await client.load(0, async () => {
      for (let n = 0; n < cycles; n++) {
        await sleep(between(random, 200, 1_000));
        await Promise.all([hit(cluster, random), sleep(between(random, 0, 800)).then(() => hit(cluster, random))]);
        await sleep(1_500);
      }
    });
    return {};
  },

  async clock({ cluster, client, short }) {
    if (!canFakeTime) return { notRun: 'faketime is not installed (apt-get install faketime)' };
    const wrong = [cluster.part('api2'), cluster.part('worker2')];
    for (const off of short ? [3_600] : [3_600, -3_600]) {
      for (const part of wrong) part.clock(off);
      await Promise.all(wrong.map((part) => part.kill()));
      await until(() => cluster.part('api2').answers(), 60_000);
      await client.load(short ? 5_000 : 20_000, short ? undefined : () => sleep(20_000));
    }
    for (const part of wrong) part.clock(0);
    await Promise.all(wrong.map((part) => part.kill()));
    return {};
  },

  async 'postgres-emptied-running'({ cluster, client }) {
    await client.load(0, async () => {
      await sleep(1_500);
      await cluster.emptyDatabase();
      await sleep(3_000);
    });
    return {};
  },

  async 'postgres-emptied-stopped'({ cluster, client }) {
    await client.load(2_000);
    await Promise.all(cluster.parts.map((part) => part.end()));
    await cluster.emptyDatabase();
    await Promise.all(cluster.parts.map((part) => part.up()));
    await client.load(2_000);
    return {};
  },

  async 'postgres-emptied-after-crash'({ cluster, client }) {
    await client.load(0, async () => {
      await sleep(1_500);
      await cluster.killPostgres();
      await Promise.all(cluster.workers.map((part) => part.kill()));
      await cluster.startPostgres();
      await cluster.emptyDatabase();
      await sleep(3_000);
    });
    return {};
  },

  /** Every request that an api accepted before SIGTERM is answered. Without a load balancer: later requests may find no api. */
  async drain({ cluster, client, short, without }) {
    const figures = { answered: 0, cut: 0, refused: 0 };
    const cuts = new Set();
    const signal = without === 'drain' ? 'SIGKILL' : 'SIGTERM';
    for (let n = 0; n < (short ? 1 : 10); n++) {
      const api = cluster.apis[n % 2];
      const probe = new Client({ random: client.random, urls: [api.url], token: client.token });
      let [ending, over] = [Infinity, false];
      const loops = [...Array(24).keys()].map(async (loop) => {
        while (!over) {
          const sent = Date.now();
          // Neither needs PostgreSQL; one takes long enough to be running when the shutdown begins.
          const { status, error } =
            loop % 2 === 0
              ? await probe.request(api.url, 'GET', 'me')
              : await probe.request(api.url, 'GET', 'audit/history?entity=equipment-ant.M0');
          if (status > 0 && status < 500) figures.answered++;
          // Refused before it was accepted, or sent after the shutdown began: the sender knows that nothing happened.
          else if (error === 'ECONNREFUSED' || sent > ending) figures.refused++;
          else {
            figures.cut++;
            cuts.add(`${loop % 2 === 0 ? 'me' : 'audit/history'}: ${status || error}, ${Date.now() - sent} ms`);
          }
          if (status === 0) await sleep(20);
        }
      });
      await sleep(1_000);
      ending = Date.now();
      const code = await api.end(signal);
      over = true;
      await Promise.all(loops);
      if (signal === 'SIGTERM' && code !== 0) {
        figures.cut++;
        cuts.add(`the api ended with ${code}`);
      }
      await api.up();
    }
    return { ...figures, violations: figures.cut > 0 ? [`${figures.cut} accepted requests got no answer`, ...cuts] : [] };
  },

  /** Behind a load balancer that polls /health/ready, a rolling restart of everything but the stores fails no request. */
  async rolling({ cluster, client, short, without }) {
    const balancer = await startBalancer(cluster.apis.map(({ url }) => url));
    const through = new Client({ random: client.random, urls: [balancer.url], token: client.token, parallel: 8 });
    through.commands = client.commands;
    through.ledger = client.ledger;
    const failures = [];
    const { request } = through;
    let [attempts, behind] = [0, 0];
    through.request = async (...args) => {
      const answer = await request.apply(through, args);
      attempts++;
      // A read that asked to wait gets the answer that the view is behind: correct while workers restart, and not a failure.
      if (answer.body?.code === 'view-behind') behind++;
      else if (answer.status === 0 || answer.status >= 500)
        failures.push(`${args[1]} ${args[2].split('?')[0]}: ${answer.status || answer.error} ${answer.body?.detail ?? ''}`);
      return answer;
    };
    try {
      await through.load(0, async () => {
        await sleep(1_000);
        for (let n = 0; n < (short ? 1 : 5); n++)
          for (const part of [...cluster.apis, ...cluster.workers.slice(short ? 1 : 0)]) {
            await part.end(without === 'drain' ? 'SIGKILL' : 'SIGTERM');
            await part.up();
            // No app is stopped before the load balancer has seen the previous one come back.
            if (cluster.apis.includes(part)) await until(() => balancer.sees(part.url), 30_000);
            await sleep(500);
          }
      });
    } finally {
      balancer.stop();
    }
    return { attempts, behind, failed: failures.length, violations: [...new Set(failures)].slice(0, 5) };
  },

  /** A copy of the running store, restored under an empty PostgreSQL: everything acknowledged before the copy is there. */
  async 'backup-and-restore'({ cluster, client }) {
    const copy = path.join(cluster.work, 'backup');
    fs.rmSync(copy, { recursive: true, force: true });
    let known;
    await client.load(0, async () => {
      await sleep(2_000);
      known = [...client.ledger.values()].filter(({ answers }) => answers.length > 0).map(({ id }) => id);
      node('backup', '--data-dir', cluster.storeDir, '--to', copy);
      await sleep(1_000);
    });
    await Promise.all(cluster.parts.map((part) => part.end()));
    await cluster.store.end();
    fs.rmSync(cluster.storeDir, { recursive: true, force: true });
    node('restore', '--from', copy, '--data-dir', cluster.storeDir);
    await cluster.emptyDatabase();
    client.forgetAfter(known);
    await cluster.store.up();
    await Promise.all(cluster.parts.map((part) => part.up()));
    await client.load(2_000);
    return { kept: known.length };
  },

  /** An older copy of the store under a newer PostgreSQL is detected and reported, and the documented fix works. */
  async 'older-store'({ cluster, client }) {
    const copy = path.join(cluster.work, 'older');
    fs.rmSync(copy, { recursive: true, force: true });
    await client.load(1_500);
    const known = [...client.ledger.keys()];
    await Promise.all(cluster.parts.map((part) => part.end()));
    await cluster.store.end();
    fs.cpSync(cluster.storeDir, copy, { recursive: true });
    await cluster.store.up();
    await Promise.all(cluster.parts.map((part) => part.up()));
    await client.load(2_000);
    await sleep(1_500);
    await Promise.all(cluster.parts.map((part) => part.end()));
    await cluster.store.end();
    fs.rmSync(cluster.storeDir, { recursive: true, force: true });
    fs.cpSync(copy, cluster.storeDir, { recursive: true });
    client.forgetAfter(known);
    await cluster.store.up();
    for (const part of cluster.parts) part.spawn();
    const told = [];
    const said = await until(async () => {
      const states = await Promise.all(cluster.parts.map(async (part) => [part, await part.health()]));
      told.splice(
        0,
        told.length,
        ...states.map(([part, health]) => `${part.name}: ${health?.status} ${JSON.stringify(health?.details ?? {})}`),
      );
      return states.every(([, health]) => health && health.status !== 'ready' && Object.keys(health.details ?? {}).length > 0);
    }, 20_000);
    const violations = said ? [] : [`an older store goes unnoticed: ${told.join('; ')}`];
    // The fix: the read models are rebuilt.
    await Promise.all(cluster.parts.map((part) => part.end()));
    await cluster.emptyDatabase();
    await Promise.all(cluster.parts.map((part) => part.up()));
    await client.load(1_500);
    return { told: said ? told[0] : undefined, violations };
  },
};

const node = (...args) => execFileSync(process.execPath, [nodeMain, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

/** The experiments of a short run: they fit into two minutes. */
export const SHORT = ['calm', 'kills', 'freezes', 'pairs', 'postgres-emptied-running', 'drain', 'rolling'];
