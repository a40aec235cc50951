/**
 * A log is copied to another store while both stores and the copy itself are killed. Afterwards both logs are equal, byte for byte,
 * queries about the past have the same answers, and a token of the old log is refused on the new one.
 *
 * The long form takes about fifteen minutes: `kills`, 100 by the seed (`--cycles N` for another number), then 1,000 questions about
 * the past; `token`; `move` and `rate`, with 200,000 events each. `--only kills` runs one of them, `--short` all of them with fewer events and
 * five kills.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStore } from '#platform/store/event-store';
import { Http, makeIssuer, startApi } from '../bench/parts/api-process.mjs';
import { chance, experimentsIn, jsonEvent, quantile, sleep, startProcess, within } from './parts.mjs';

const OPS = fileURLToPath(new URL('../../dist/apps/ops/main.js', import.meta.url));
const RATE = 5_000;
/** Time from the source's last event until both logs are known to be equal. */
const MOVE_SECONDS = 10;
const REFUSED_MS = 50;
const QUESTIONS = 1_000;
/** A copy waits a minute for a store that is away; one that takes much longer hangs. */
const HANGS_MS = 180_000;

export async function run({ short, seed, say, only, cycles }) {
  return experimentsIn('log-copy', { say, only }, async (add, work) => {
    await add('kills', () => kills(work, chance(seed), cycles ?? (short ? 5 : 100), say));
    await add('token', () => token(work, short));
    await add('move', () => move(work, short ? 10_000 : 200_000));
    await add('rate', () => rate(work, short ? 15_000 : 200_000, short));
  });
}

/** A node that can be killed and restarted on its port. */
async function killable(dataDir) {
  let node = await startProcess(dataDir);
  const { port } = node;
  return {
    port,
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
  // It begins by saying what there is to copy.
  const begun = new Promise((resolve) => child.stderr.once('data', resolve));
  const exit = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code: code ?? signal, said, complained })));
  const ended = async () => {
    try {
      return await within(HANGS_MS, exit);
    } catch {
      child.kill('SIGKILL');
      await exit;
      return {
        code: 'HUNG',
        said,
        complained: `\`ops log ${args[0]}\` had not ended after ${HANGS_MS / 1_000} s: ${complained.slice(-200)}`,
      };
    }
  };
  return { child, exit, begun, ended };
}

async function kills(work, random, cycles, say) {
  const [source, target] = [await killable(path.join(work, 'source')), await killable(path.join(work, 'target'))];
  const between = ['--from', source.url, '--to', target.url];
  const found = { source: 0, target: 0, copy: 0, whileCopying: 0, refused: [] };
  let written = 0;
  await fill(source, 0, 2_000);
  written += 2_000;
  for (let kill = 0; kill < cycles;) {
    await fill(source, written, 4_000);
    written += 4_000;
    const { child, exit, begun, ended } = ops('copy', ...between);
    let running = true;
    void exit.then(() => (running = false));
    // Mostly while it copies, sometimes while it starts.
    if (random() < 0.8) await Promise.race([begun, exit]);
    do {
      await Promise.race([sleep(random() * 1_000), exit]);
      const whom = ['copy', 'source', 'target'][Math.floor(random() * 3)];
      if (running) found.whileCopying += 1;
      if (whom !== 'copy') await (whom === 'source' ? source : target).again();
      else if (running) child.kill('SIGKILL');
      else continue;
      found[whom] += 1;
      kill += 1;
      if (kill % 20 === 0) say(`       ${kill} kills`);
      if (whom === 'copy') break;
    } while (running && kill < cycles);
    const { code, complained } = await ended();
    if (code !== 0 && code !== 'SIGKILL') found.refused.push(complained.trim().split('\n').at(-1));
  }
  const last = await ops('copy', ...between).ended();
  const compared = await ops('compare', ...between, '--json').ended();
  const asOf = await answers(source.url, target.url, random);
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
async function answers(one, other, random) {
  const stores = [one, other].map((url) => new EventStore(url, 20_000));
  const streams = new Map();
  const both = (stream) => {
    if (!streams.has(stream)) streams.set(stream, Promise.all(stores.map((store) => store.read(stream))));
    return streams.get(stream);
  };
  let different = 0;
  for (let n = 0; n < QUESTIONS; n++) {
    const [mine, theirs] = await both(`order-haifa.${Math.floor(random() * 200)}`);
    const at = mine[Math.floor(random() * mine.length)]?.recordedAt ?? '';
    const known = (events) =>
      JSON.stringify(
        events
          .filter(({ recordedAt }) => recordedAt <= at)
          .map(({ id, data, metadata, recordedAt }) => ({ id, data, metadata, recordedAt })),
      );
    if (at === '' || known(mine) !== known(theirs)) different += 1;
  }
  await Promise.all(stores.map((store) => store.close()));
  return { questions: QUESTIONS, different };
}

/** A client that comes from the old log with a token is refused at once; a token of the new log is not. */
async function token(work, short) {
  const [source, target] = [await killable(path.join(work, 'token-source')), await killable(path.join(work, 'token-target'))];
  const issuer = await makeIssuer(work);
  const register = async (api, facilityId) => {
    const http = await Http.open(api.port, issuer.token);
    const facility = { facilityId, name: 'Works', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
    const answer = await http.post('/facility/register-facility', facility);
    http.close();
    return JSON.parse(answer.split('\r\n\r\n')[1]).token;
  };
  const before = await startApi(issuer, source.port);
  const old = await register(before, 'haifa');
  await before.stop();
  const { code } = await ops('copy', '--from', source.url, '--to', target.url).ended();
  const api = await startApi(issuer, target.port);
  const own = await register(api, 'lyon');
  const ask = async (waitFor) => {
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${api.port}/facility?waitFor=${waitFor}`, {
      headers: { authorization: `Bearer ${issuer.token}` },
    });
    const { code: problem } = await answer.json();
    return { ms: performance.now() - begun, refused: answer.status === 409 && problem === 'position-of-another-log' };
  };
  const ownRefused = (await ask(own)).refused;
  const asked = [];
  for (let n = 0; n < 100; n++) asked.push(await ask(old));
  await api.stop();
  await source.kill();
  await target.kill();
  const times = asked.map(({ ms }) => ms);
  const [p50Ms, maxMs] = [quantile(times, 0.5), Math.max(...times)].map((ms) => Math.round(ms * 10) / 10);
  const refused = asked.filter(({ refused: yes }) => yes).length;
  // A short run shares its machine with others: its slowest answer tells nothing.
  const ok = code === 0 && refused === asked.length && !ownRefused && (short ? p50Ms : maxMs) <= REFUSED_MS;
  return { ok, asked: asked.length, refused, ownRefused, p50Ms, maxMs, limitMs: REFUSED_MS };
}

/** A plant moves: its source is followed while it works, then stops. The remaining work must not depend on how much was copied before. */
async function move(work, events) {
  const [source, target] = [await killable(path.join(work, 'move-source')), await killable(path.join(work, 'move-target'))];
  const between = ['--from', source.url, '--to', target.url];
  for (let n = 0; n < events; n += 5_000) await fill(source, n, 5_000);
  const { child, exit, ended } = ops('copy', ...between, '--follow');
  const caughtUp = new Promise((resolve) =>
    child.stderr.on('data', (bytes) => `${bytes}`.includes('are the same in the target') && resolve()),
  );
  await Promise.race([caughtUp, exit]);
  await fill(source, events, 2_000);
  const stopped = performance.now();
  child.kill('SIGINT');
  const { code, complained } = await ended();
  const compared = await ops('compare', ...between, '--json').ended();
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
  const { code, said, complained } = await ops('copy', '--from', source.url, '--to', target.url, '--json').ended();
  const compared = await ops('compare', '--from', source.url, '--to', target.url).ended();
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
