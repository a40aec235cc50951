/**
 * Full disks under load, on volumes of their own: that of PostgreSQL, that of the event store, and one disk for everything as with `npm start`,
 * where parts also die while it is full. While a disk is full, a client gets the documented answers and the health of each app names the disk;
 * once there is room everything goes on by itself. Then ledger, log and rows are compared as in `faults -- system`. Needs root on Linux.
 */
import fs from 'node:fs';
import path from 'node:path';
import { chance, experimentsIn, jsonEvent, sleep, within } from './parts.mjs';
import { violations } from './system/checks.mjs';
import { Client } from './system/client.mjs';
import { Cluster, until } from './system/cluster.mjs';
import { collect, settle } from './system/sources.mjs';
import { Standalone } from './system/standalone.mjs';
import { fill, makeDisk, unmount, whyNoMounts } from './volumes.mjs';

const MEGABYTES = 768;
/** Until an app has noticed the full disk, or that it has room again. */
const NOTICED_MS = 45_000;

export async function run({ short, seed, say, only, cycles }) {
  return experimentsIn('disks', { say, only }, async (add, work) => {
    fs.chmodSync(work, 0o755);
    const obstacle = whyNoMounts(work);
    if (obstacle) {
      say(`not run: ${obstacle}`);
      return { notRun: { experiments: ['postgresql', 'event-store', 'one-disk'], because: obstacle } };
    }
    const options = { random: chance(seed), rounds: cycles ?? (short ? 1 : 5), fullMs: short ? 6_000 : 40_000 };
    await add('postgresql', () => onVolume(work, 'postgres', postgresql, options));
    await add('event-store', () => onVolume(work, 'store', eventStore, options));
    await add('one-disk', () => onVolume(work, 'data', oneDisk, options));
    return {};
  });
}

/** Runs an experiment whose directory `name` is a volume of its own. */
async function onVolume(work, name, experiment, options) {
  const place = fs.mkdtempSync(path.join(work, `${name}-`));
  fs.chmodSync(place, 0o755);
  const [image, mount] = [path.join(place, 'disk.img'), path.join(place, name)];
  makeDisk(image, mount, MEGABYTES);
  fs.rmSync(path.join(mount, 'lost+found'), { recursive: true });
  fs.chmodSync(mount, 0o755);
  try {
    return await experiment({ place, mount, ballast: path.join(mount, 'ballast'), ...options });
  } finally {
    unmount(mount);
    fs.rmSync(image, { force: true });
  }
}

const postgresql = ({ place, ...options }) =>
  underLoad(() => Cluster.start(place), {
    ...options,
    part: 'postgresql',
    // Commands are taken, whatever reads are answered.
    commands: [],
    reads: ['database-full', 'read-models-unavailable', 'view-behind'],
    named: (system) => system.parts,
  });

const eventStore = ({ place, ...options }) =>
  underLoad(() => Cluster.start(place), {
    ...options,
    part: 'event store',
    commands: ['event-store-full'],
    // Reading the audit is recorded, so it is refused, too.
    reads: ['event-store-full'],
    named: (system) => system.apis,
    usesUp: true,
    also: async (system) => {
      const { status, text } = await fetch(`${system.store.url}/health/ready`).then(async (answer) => ({
        status: answer.status,
        text: await answer.text(),
      }));
      return status === 503 && text.includes('ENOSPC') ? undefined : `/health/ready of the node: ${status} ${text}`;
    },
  });

const oneDisk = ({ place, mount, ...options }) =>
  underLoad(() => Standalone.start(place, mount), {
    ...options,
    part: 'event store',
    commands: ['event-store-full', 'event-store-unavailable'],
    reads: ['event-store-full', 'event-store-unavailable', 'database-full', 'read-models-unavailable', 'view-behind'],
    named: (system) => system.apis,
    usesUp: true,
    // Parts die while there is no room for anything.
    meanwhile: async (system) => {
      for (const victim of ['worker', 'event-store', 'postgres', 'api']) {
        await until(() => system.kill(victim) > 0, 20_000);
        await sleep(2_000);
      }
    },
  });

async function underLoad(start, { random, rounds, fullMs, ballast, part, commands, reads, named, usesUp, also, meanwhile }) {
  const found = [];
  const figures = { acceptedWhileFull: 0, refusedWhileFull: 0, readsWhileFull: 0, noticedMs: 0, healedMs: 0, answers: {} };
  let system;
  try {
    system = await start();
    const urls = system.apis.map(({ url }) => url);
    const client = new Client({ random, urls, token: system.token, parallel: 6 });
    let isFull = false;
    watchAnswers(client, { isFull: () => isFull, figures, allowed: commands, found });
    await client.begin();
    found.push(...(await settle(system, 60_000)));
    for (let round = 0; round < rounds; round += 1) {
      const since = performance.now();
      await client.load(0, async () => {
        await sleep(1_500);
        fill(ballast);
        if (usesUp) await useUp(system);
        isFull = true;
        const full = performance.now();
        const unnamed = await notNamed(named(system), part);
        if (unnamed.length > 0) found.push(`the full disk of the ${part} is not named: ${unnamed.join('; ')}`);
        figures.noticedMs = Math.max(figures.noticedMs, Math.round(performance.now() - full));
        const fault = await also?.(system);
        if (fault) found.push(fault);
        await Promise.all([meanwhile?.(system), readFor(fullMs, client, { figures, allowed: reads, found })]);
        isFull = false;
        fs.rmSync(ballast);
        const freed = performance.now();
        await system.allReady(NOTICED_MS * 2);
        figures.healedMs = Math.max(figures.healedMs, Math.round(performance.now() - freed));
        await sleep(1_000);
      });
      figures.roundMs = Math.round(performance.now() - since);
      const late = await settle(system, 90_000);
      const data = await collect(system, client);
      found.push(...late, ...client.staleReads.splice(0), ...violations(data).map(({ check, what }) => `${check}: ${what}`));
    }
    const tolerated = meanwhile ? [] : system.ownEnds.splice(0);
    found.push(...tolerated, ...(meanwhile ? system.ownEnds : []));
    if (figures.refusedWhileFull === 0 && commands.length > 0) found.push('nothing was refused: the disk was not full');
    return {
      ok: found.length === 0,
      ...figures,
      commands: client.counts.commands,
      acked: client.counts.acked,
      found: [...new Set(found)].slice(0, 12),
    };
  } catch (error) {
    return { ok: false, ...figures, found: [...found.slice(0, 12), String(error?.stack ?? error)], said: system?.said?.slice(-3000) };
  } finally {
    await system?.stop();
  }
}

/** Uses up the room that the event store has already taken for its log, down to the last block. */
async function useUp(system) {
  const writer = system.reader();
  try {
    for (let size = 500_000; size > 100; size /= 8)
      for (let refusals = 0; refusals < 2;)
        await within(4_000, writer.appendToStream('filler-1', jsonEvent({ type: 'Filler', data: { text: 'x'.repeat(size) } }))).catch(
          () => (refusals += 1),
        );
  } finally {
    await writer.dispose();
  }
}

/** Notes every refusal of a command while the disk is full: only stable problems that say what to do. */
function watchAnswers(client, { isFull, figures, allowed, found }) {
  const { request } = client;
  client.request = async (...args) => {
    const [before, sent] = [isFull(), performance.now()];
    const answer = await request.apply(client, args);
    if (!before || !isFull() || args[1] !== 'POST') return answer;
    const { status, body } = answer;
    if (status >= 200 && status < 500) figures.acceptedWhileFull += 1;
    else {
      figures.refusedWhileFull += 1;
      figures.refusedWithinMs = Math.max(figures.refusedWithinMs ?? 0, Math.round(performance.now() - sent));
      const code = body?.code ?? answer.error ?? 'none';
      figures.answers[`${status} ${code}`] = (figures.answers[`${status} ${code}`] ?? 0) + 1;
      if (status !== 0 && (!allowed.includes(code) || !body.whatToDo))
        found.push(`a command was answered ${status} ${JSON.stringify(body)}`);
    }
    return answer;
  };
}

/** Reads lists and entities for a while: rows, or a stable problem. */
async function readFor(ms, client, { figures, allowed, found }) {
  const paths = [
    'equipment',
    'equipment/ant.M1',
    'material-lot?availableFrom=1',
    'audit/history?entity=equipment-ant.M1',
    'order-board',
    'equipment.csv',
  ];
  for (const end = performance.now() + ms; performance.now() < end; await sleep(100))
    for (const each of paths) {
      const { status, body } = await client.request(client.urls[0], 'GET', each);
      figures.readsWhileFull += 1;
      if (status === 0 || (status >= 200 && status < 300)) continue;
      const key = `GET ${each.split('?')[0]} ${status} ${body?.code}`;
      figures.answers[key] = (figures.answers[key] ?? 0) + 1;
      if (!allowed.includes(body?.code) || !body?.whatToDo) found.push(`GET ${each}: ${status} ${JSON.stringify(body)}`);
    }
}

/** The apps whose readiness does not say within time that the disk of this part is full. */
async function notNamed(parts, part) {
  const says = async (app) => {
    const health = await app.health();
    return health?.parts?.disk === 'down' && health.details?.disk?.reason?.includes(part)
      ? undefined
      : `${app.name}: ${JSON.stringify(health)}`;
  };
  let missing = [];
  await until(async () => (missing = (await Promise.all(parts.map(says))).filter(Boolean)).length === 0, NOTICED_MS, 250);
  return missing;
}
