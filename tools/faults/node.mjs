/** The event-store node under kill -9, power cuts, a full disk and flipped bits. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { backup, verify } from '#event-log/log/backup';
import { EventLog } from '#event-log/log/log';
import { chance, compare, experimentsIn, jsonEvent, quantile, sleep, sound, startProcess, within, Writers } from './parts.mjs';
import { fill, makeDisk, unmount, whyNoMounts } from './volumes.mjs';

export async function run({ short, seed, say, only, cycles }) {
  const random = chance(seed);
  return experimentsIn('node', { say, only }, async (add, work) => {
    await add('kill-9', () => kills(path.join(work, 'kills'), random, cycles ?? (short ? 8 : 300), say));
    await add('bit-flips', () => flips(path.join(work, 'flips'), random, cycles ?? (short ? 100 : 1000)));
    const obstacle = whyNoMounts(work);
    if (obstacle) say(`not run: power cuts and full disk, because ${obstacle}`);
    else {
      await add('power-cut', () => powerCuts(work, random, cycles ?? (short ? 2 : 50), []));
      await add('power-cut-control', () => control(work, random, short ? 1 : 5));
      await add('disk-full', () => fullDisk(work, random, cycles ?? (short ? 1 : 20)));
    }
    return { notRun: obstacle ? { experiments: ['power-cut', 'disk-full'], because: obstacle } : undefined };
  });
}

/** Kill the node at random instants while writers append; each unanswered write is repeated with the same ids. */
async function kills(dataDir, random, cycles, say) {
  const writers = new Writers(8, random);
  const starts = [];
  for (let cycle = 1; cycle <= cycles; cycle++) {
    const node = await startProcess(dataDir);
    starts.push(node.startMs);
    const client = node.connect();
    writers.start(client);
    await sleep(60 + random() * 400);
    const stopping = writers.stop();
    await node.kill();
    await stopping;
    await client.dispose().catch(() => undefined);
    if (cycle % 50 === 0)
      say(`       ${cycle} kills, ${writers.acked.size} events acknowledged, ${writers.unknown} writes of unknown outcome`);
  }
  const node = await startProcess(dataDir);
  const client = node.connect();
  writers.draining = true;
  writers.start(client);
  await writers.stop();
  const found = await compare(client, writers);
  await client.dispose();
  await node.kill('SIGTERM');
  return {
    ok: sound(found) && writers.violations.length === 0 && writers.settled,
    cycles,
    acked: writers.acked.size,
    unknown: writers.unknown,
    ...found,
    violations: writers.violations.slice(0, 5),
    startMs: { p50: Math.round(quantile(starts, 0.5)), max: Math.round(Math.max(...starts)) },
  };
}

/** Flip one bit, or truncate one file, and open the log: either it is refused with the reason, or every event reads as it was written. */
async function flips(directory, random, count) {
  const dataDir = path.join(directory, 'data');
  const log = new EventLog(dataDir, { segmentSize: 20_000 });
  for (let i = 0; i < 150; i++) {
    const id = Buffer.alloc(16, i + 1);
    await log.append(`s-${i % 7}`, 'any', [
      { id, type: 'Counted', json: true, data: Buffer.from(`{"i":${i},"x":"${'y'.repeat(i)}"}`), metadata: Buffer.alloc(0) },
    ]);
  }
  await log.close();
  const whole = contents(dataDir);
  const figures = { refusedAtStart: 0, namedWhenRead: 0, harmless: 0, silent: 0 };
  const files = fs.readdirSync(path.join(dataDir, 'log')).map((name) => path.join(dataDir, 'log', name));
  for (let i = 0; i < count; i++) {
    const file = files[Math.floor(random() * files.length)];
    const bytes = fs.readFileSync(file);
    if (i % 10 === 9) fs.truncateSync(file, Math.floor(random() * bytes.length));
    else {
      const broken = Buffer.from(bytes);
      broken[Math.floor(random() * bytes.length)] ^= 1 << Math.floor(random() * 8);
      fs.writeFileSync(file, broken);
    }
    figures[outcome(dataDir, whole)]++;
    fs.writeFileSync(file, bytes);
  }
  return { ok: figures.silent === 0, flips: count, ...figures };
}

function outcome(dataDir, whole) {
  const before = snapshot(dataDir);
  let log;
  try {
    log = new EventLog(dataDir);
  } catch (error) {
    if (!/damaged/.test(error.message)) throw error;
    putBack(before);
    return 'refusedAtStart';
  }
  try {
    return JSON.stringify(readAll(log)) === JSON.stringify(whole) ? 'harmless' : 'silent';
  } catch (error) {
    if (!/damaged/.test(error.message)) throw error;
    return 'namedWhenRead';
  } finally {
    log.abandon();
    putBack(before);
  }
}

const snapshot = (dataDir) =>
  new Map(
    fs
      .readdirSync(path.join(dataDir, 'log'))
      .map((name) => [path.join(dataDir, 'log', name), fs.readFileSync(path.join(dataDir, 'log', name))]),
  );
const putBack = (files) => files.forEach((bytes, file) => fs.writeFileSync(file, bytes));

function contents(dataDir) {
  const log = new EventLog(dataDir);
  const found = readAll(log);
  log.abandon();
  return found;
}

function readAll(log) {
  const found = [];
  for (let from = 0; from !== undefined;) {
    const page = log.readAll(from, false, 500);
    for (const frame of page.frames) found.push([frame.stream, frame.ordinal, frame.type, frame.data.toString(), frame.id.toString('hex')]);
    from = page.next;
  }
  return found;
}

/** Copies the disk's image under load without a sync, as in a power cut, and looks for every acknowledged event in the copy. */
async function powerCuts(work, random, cycles, flags) {
  const total = { acked: 0, lost: 0, doubled: 0, misplaced: 0, foreign: 0, holes: 0, refusedStarts: [] };
  const starts = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const [image, mount, copy, after] = ['disk.img', 'disk', 'copy.img', 'after'].map((name) => path.join(work, name));
    makeDisk(image, mount, 64);
    const writers = new Writers(8, random);
    const node = await startProcess(path.join(mount, 'data'), ...flags);
    const client = node.connect();
    writers.start(client);
    await sleep(300 + random() * 900);
    const acked = new Map(writers.acked);
    execFileSync('cp', ['--sparse=always', image, copy]);
    const stopping = writers.stop();
    await node.kill();
    await stopping;
    await client.dispose().catch(() => undefined);
    unmount(mount);
    fs.mkdirSync(after, { recursive: true });
    execFileSync('mount', ['-o', 'loop', copy, after], { stdio: 'pipe' });
    try {
      total.acked += acked.size;
      const found = await lookInto(path.join(after, 'data'), writers, acked, starts);
      if (found.refused) {
        total.refusedStarts.push(found.refused);
        total.lost += acked.size;
      } else for (const key of ['lost', 'doubled', 'misplaced', 'foreign', 'holes']) total[key] += found[key];
    } finally {
      unmount(after);
      for (const file of [image, copy]) fs.rmSync(file, { force: true });
    }
  }
  return { ok: sound(total) && total.refusedStarts.length === 0, cycles, ...total, startMs: { max: Math.round(Math.max(0, ...starts)) } };
}

async function lookInto(dataDir, writers, acked, starts) {
  let node;
  try {
    node = await startProcess(dataDir);
  } catch (error) {
    return { refused: error.message };
  }
  starts.push(node.startMs);
  const client = node.connect();
  try {
    return await compare(client, writers, acked);
  } finally {
    await client.dispose();
    await node.kill('SIGTERM');
  }
}

/** The same without fsync must lose events: otherwise the check cannot detect losses. */
async function control(work, random, cycles) {
  const result = await powerCuts(work, random, cycles, ['--unsafe-disable-fsync']);
  return { ...result, ok: result.lost > 0, expected: 'events are lost without fsync' };
}

/** Fill the disk: appends are refused, reads continue; free it: appends continue; restart: nothing acknowledged is missing. */
async function fullDisk(work, random, cycles) {
  const [image, mount] = ['full.img', 'full'].map((name) => path.join(work, name));
  makeDisk(image, mount, 512);
  const dataDir = path.join(mount, 'data');
  const ballast = path.join(mount, 'ballast');
  const writers = new Writers(4, random, 'writer', 2000);
  const figures = { refusals: 0, healed: 0, healMs: 0, readsWhileFull: 0, wrongErrors: [] };
  let node = await startProcess(dataDir);
  let client = node.connect();
  try {
    writers.start(client);
    await sleep(300);
    await writers.stop();
    for (let cycle = 0; cycle < cycles; cycle++) {
      fill(ballast);
      writers.refused = [];
      writers.giveUp = () => writers.refused.length >= 8;
      writers.start(client);
      const deadline = Date.now() + 15_000;
      while (writers.refused.length < 8 && Date.now() < deadline) await sleep(20);
      await writers.stop();
      figures.refusals += writers.refused.length;
      // For a refused batch the client shows no reason; a plain append does.
      for (const error of writers.refused) if (error.type !== 'unknown') figures.wrongErrors.push(`${error.type}: ${error.message}`);
      const plain = await within(
        4000,
        client.appendToStream('plain', largeEvents(), { credentials: { username: 'admin', password: 'changeit' } }),
      ).catch((error) => error);
      if (!/ENOSPC/.test(plain.message ?? '') || plain.code !== 8) figures.wrongErrors.push(`plain append: ${plain.message ?? 'accepted'}`);
      const [first] = writers.acked.values();
      if (first) for await (const event of client.readStream(first.stream, { maxCount: 1 })) figures.readsWhileFull += event ? 1 : 0;
      fs.rmSync(ballast);
      writers.giveUp = undefined;
      writers.draining = true;
      const before = writers.acked.size;
      writers.start(client);
      const freed = performance.now();
      await sleep(100);
      await within(120_000, writers.stop());
      figures.healMs = Math.max(figures.healMs, Math.round(performance.now() - freed));
      writers.draining = false;
      if (writers.acked.size > before) figures.healed++;
      if (cycle % 5 === 4 || cycle === cycles - 1) {
        await client.dispose();
        await node.kill();
        node = await startProcess(dataDir);
        client = node.connect();
      }
    }
    const found = await compare(client, writers);
    const ok =
      sound(found) &&
      figures.refusals > 0 &&
      figures.healed === cycles &&
      figures.readsWhileFull === cycles &&
      figures.wrongErrors.length === 0;
    await client.dispose();
    await node.kill('SIGTERM');
    const target = path.join(work, 'backup');
    backup(dataDir, target);
    verify(target);
    fs.rmSync(target, { recursive: true });
    return {
      ok: ok && writers.violations.length === 0,
      cycles,
      acked: writers.acked.size,
      ...figures,
      wrongErrors: figures.wrongErrors.slice(0, 3),
      ...found,
    };
  } finally {
    await node.kill();
    unmount(mount);
    fs.rmSync(image, { force: true });
  }
}

/** So large that it finds no room between two blocks. */
const largeEvents = () => [...Array(20).keys()].map(() => jsonEvent({ type: 'Large', data: { payload: 'x'.repeat(40_000) } }));
