/**
 * A log is copied to another store while both stores and the copy itself are killed. Afterwards both logs are equal, byte for byte, and
 * queries about the past have the same answers.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStore } from '#platform/store/event-store';
import { chance, experimentsIn, jsonEvent, sleep, startProcess } from './parts.mjs';

const OPS = fileURLToPath(new URL('../../dist/apps/ops/main.js', import.meta.url));
const RATE = 5_000;
/** Time from the source's last event until both logs are known to be equal. */
const MOVE_SECONDS = 10;

export async function run({ short, seed, say, only, cycles }) {
  return experimentsIn('log-copy', { say, only }, async (add, work) => {
    await add('kills', () => kills(work, chance(seed), cycles ?? (short ? 5 : 100), short ? 200 : 1_000, say));
    await add('move', () => move(work, short ? 10_000 : 200_000));
    await add('rate', () => rate(work, short ? 15_000 : 200_000, short));
  });
}

/** A node that can be killed and restarted on its port. */
async function killable(dataDir) {
  let node = await startProcess(dataDir);
  const { port } = node;
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    connect: () => node.connect(),
    async again() {
      await node.kill();
      node = await startProcess(dataDir, '--port', String(port));
    },
    kill: () => node.kill(),
  };
}

async function fill(node, from, count, streams = 200) {
  const client = node.connect();
  const batches = [];
  for (let n = from; n < from + count; n += 10)
    batches.push(
      client.appendToStream(
        `order-haifa.${(n / 10) % streams}`,
        [...Array(10).keys()].map((i) =>
          jsonEvent({ type: 'Counted', data: { n: n + i, text: 'é'.repeat(40) }, metadata: { commandId: `c-${n}` } }),
        ),
      ),
    );
  await Promise.all(batches);
  await client.dispose();
}

function ops(...args) {
  const child = spawn(process.execPath, [OPS, 'log', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'silent' },
  });
  let [said, complained] = ['', ''];
  child.stdout.on('data', (bytes) => (said += bytes));
  child.stderr.on('data', (bytes) => (complained += bytes));
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code: code ?? signal, said, complained })));
  return { child, exit };
}

async function kills(work, random, cycles, questions, say) {
  const [source, target] = [await killable(path.join(work, 'source')), await killable(path.join(work, 'target'))];
  const between = ['--from', source.url, '--to', target.url];
  const found = { source: 0, target: 0, copy: 0, refused: [] };
  let written = 0;
  await fill(source, 0, 2_000);
  written += 2_000;
  for (let kill = 0; kill < cycles; kill++) {
    await fill(source, written, 2_000);
    written += 2_000;
    const { child, exit } = ops('copy', ...between);
    await Promise.race([sleep(500 + random() * 1_500), exit]);
    const whom = ['copy', 'source', 'target'][Math.floor(random() * 3)];
    found[whom] += 1;
    if (whom === 'copy') child.kill('SIGKILL');
    else await (whom === 'source' ? source : target).again();
    const { code, complained } = await exit;
    if (code !== 0 && code !== 'SIGKILL') found.refused.push(complained.trim().split('\n').at(-1));
    if (kill % 20 === 19) say(`       ${kill + 1} kills`);
  }
  const last = await ops('copy', ...between).exit;
  const compared = await ops('compare', ...between, '--json').exit;
  const asOf = await answers(source.url, target.url, random, questions);
  await source.kill();
  await target.kill();
  const ok =
    last.code === 0 &&
    compared.code === 0 &&
    JSON.parse(compared.said).events === written &&
    asOf.different === 0 &&
    found.refused.length === 0;
  return {
    ok,
    kills: found,
    events: written,
    compared: compared.code,
    asOf,
    ...(last.code !== 0 && { last: last.complained.slice(-300) }),
  };
}

/** What was known about a stream at a given time: must be the same in both stores. */
async function answers(one, other, random, questions) {
  const [before, after] = [new EventStore(one, 20_000), new EventStore(other, 20_000)];
  let different = 0;
  for (let n = 0; n < questions; n++) {
    const stream = `order-haifa.${Math.floor(random() * 200)}`;
    const [mine, theirs] = await Promise.all([before.read(stream), after.read(stream)]);
    const at = mine[Math.floor(random() * mine.length)]?.recordedAt ?? '';
    const known = (events) =>
      JSON.stringify(
        events
          .filter(({ recordedAt }) => recordedAt <= at)
          .map(({ id, data, metadata, recordedAt }) => ({ id, data, metadata, recordedAt })),
      );
    if (known(mine) !== known(theirs)) different += 1;
  }
  await Promise.all([before.close(), after.close()]);
  return { questions, different };
}

/** A plant moves: its source is followed while it works, then stops. The remaining work must not depend on how much was copied before. */
async function move(work, events) {
  const [source, target] = [await killable(path.join(work, 'move-source')), await killable(path.join(work, 'move-target'))];
  const between = ['--from', source.url, '--to', target.url];
  for (let n = 0; n < events; n += 5_000) await fill(source, n, 5_000);
  const { child, exit } = ops('copy', ...between, '--follow');
  const caughtUp = new Promise((resolve) =>
    child.stderr.on('data', (bytes) => `${bytes}`.includes('are the same in the target') && resolve()),
  );
  await Promise.race([caughtUp, exit]);
  await fill(source, events, 2_000);
  const stopped = performance.now();
  child.kill('SIGINT');
  const { code, complained } = await exit;
  const compared = await ops('compare', ...between, '--json').exit;
  const seconds = (performance.now() - stopped) / 1_000;
  await source.kill();
  await target.kill();
  const found = compared.code === 0 ? JSON.parse(compared.said) : undefined;
  return {
    ok: code === 0 && found?.events === events + 2_000 && found.before.events >= events && seconds <= MOVE_SECONDS,
    events: found?.events,
    comparedBefore: found?.before?.events,
    seconds: Math.round(seconds * 10) / 10,
    ...(code + compared.code !== 0 && { complained: (complained + compared.complained).slice(-300) }),
  };
}

async function rate(work, events, short) {
  const [source, target] = [await killable(path.join(work, 'rate-source')), await killable(path.join(work, 'rate-target'))];
  for (let n = 0; n < events; n += 5_000) await fill(source, n, 5_000);
  const { code, said, complained } = await ops('copy', '--from', source.url, '--to', target.url, '--json').exit;
  const compared = await ops('compare', '--from', source.url, '--to', target.url).exit;
  await source.kill();
  await target.kill();
  const perSecond = code === 0 ? Math.round(events / JSON.parse(said).seconds) : 0;
  // A short run shares its machine with others and is too short for a verdict.
  return {
    ok: code === 0 && compared.code === 0 && (short || perSecond >= RATE),
    events,
    perSecond,
    ...(code !== 0 && { complained: complained.slice(-300) }),
  };
}
