/** The event-store node compared with event stores on PostgreSQL: durable appends, reading, live delivery, memory and start time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EventLog } from '#event-log/log/log';
import { randomUUIDBytes } from '#event-log/bytes/uuid';
import { startPostgres } from '#platform/embedded/embedded-postgres';
import { jsonEvent, quantile, startProcess } from '../faults/parts.mjs';
import { CEILING, contenders, install, OURS } from './parts/contenders.mjs';

/** Load comes from one app and, with enough writers, from two: for each store the better result counts. */
const LOADS = [
  { name: 'single, 1 writer', writers: 1, events: 1 },
  { name: 'single, 8 writers', writers: 8, events: 1 },
  { name: 'single, 64 writers', writers: 64, events: 1 },
  { name: 'batches of 500, 1 writer', writers: 1, events: 500 },
  { name: 'batches of 500, 8 writers', writers: 8, events: 500 },
].map((shape) => ({ ...shape, processes: shape.writers > 1 ? [1, 2] : [1] }));

export async function run({ short, full, only, say, 'data-dir': dataDir }) {
  const work = fs.mkdtempSync(path.join(dataDir ?? os.tmpdir(), 'bench-node-'));
  fs.chmodSync(work, 0o755);
  try {
    const report = {};
    if (!only || only === 'appends') report.appends = await appends(work, short ? 600 : 1500, short ? 1 : 5, say);
    if (!only || only === 'reads') report.reads = await reads(work, short ? 50_000 : 200_000, say);
    if (!only || only === 'size') report.size = [await size(work, short ? 100_000 : 1_000_000, say)];
    if (full) report.size = [...(report.size ?? []), await size(work, 10_000_000, say)];
    return report;
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Each load against each store in turn, several rounds, the median counts: other load on the machine affects all alike. */
async function appends(work, ms, rounds, say) {
  install(say);
  const server = await startPostgres({ dataDir: path.join(work, 'postgres') });
  const clients = [loadClient(), loadClient()];
  const stores = [];
  const measured = new Map();
  try {
    for (const [store, { serve }] of Object.entries(contenders)) {
      const { pid, at, stop } = await serve(path.join(work, store), server);
      stores.push({ store, pid, stop });
      for (const client of clients) await client.tell('connect', { store, at });
    }
    for (const store of stores) for (const shape of LOADS) await load(store, shape, clients, 700);
    for (let round = 0; round < rounds; round++) {
      for (const shape of LOADS) {
        for (const processes of shape.processes) {
          for (const store of stores) {
            const key = `${shape.name}|${store.store}|${processes}`;
            measured.set(key, [...(measured.get(key) ?? []), await load(store, shape, clients.slice(0, processes), ms)]);
          }
        }
      }
    }
    for (const { store } of stores) for (const client of clients) await client.tell('close', { store });
  } finally {
    for (const client of clients) client.end();
    for (const { stop } of stores) await stop();
    await server.stop();
  }
  return LOADS.map((shape) => compared(shape, (store, processes) => measured.get(`${shape.name}|${store}|${processes}`), say));
}

function compared({ name, processes }, measured, say) {
  const row = Object.fromEntries(
    Object.keys(contenders).map((store) => {
      const [best] = processes
        .map((count) => ({ ...summary(measured(store, count)), clients: count }))
        .sort((a, b) => b.eventsPerSecond - a.eventsPerSecond);
      return [store, best];
    }),
  );
  const rate = (store) => row[store].eventsPerSecond;
  const others = Object.keys(contenders).filter((store) => store !== OURS && store !== CEILING);
  const over = (other) => Number((rate(OURS) / other).toFixed(2));
  const timesTheBestOther = over(Math.max(...others.map(rate)));
  const ofTheClientAlone = over(rate(CEILING));
  say(
    `${name}: the node does ×${timesTheBestOther} of the best other, ×${ofTheClientAlone} of the client with a server that keeps nothing`,
  );
  for (const [store, { eventsPerSecond, clients, p50Ms, p99Ms, cpuMsPer1000 }] of Object.entries(row)) {
    say(
      `  ${store.padEnd(18)} ${String(eventsPerSecond).padStart(7)}/s from ${clients}   p50 ${p50Ms} ms   p99 ${p99Ms} ms   CPU per 1000 events: server ${cpuMsPer1000.server} ms, clients ${cpuMsPer1000.client} ms`,
    );
  }
  return { load: name, ...row, timesTheBestOther, ofTheClientAlone };
}

function summary(runs) {
  const median = (of, digits = 0) => Number(quantile(runs.map(of), 0.5).toFixed(digits));
  return {
    eventsPerSecond: median(({ rate }) => rate),
    p50Ms: median(({ p50 }) => p50, 2),
    p99Ms: median(({ p99 }) => p99, 2),
    cpuMsPer1000: { server: median(({ server }) => server), client: median(({ client }) => client) },
  };
}

/** An app that generates load; it carries out one request at a time. */
function loadClient() {
  const child = fork(new URL('./parts/load-client.mjs', import.meta.url));
  const tell = async (order, given) => {
    child.send({ order, ...given });
    const [{ answer, error }] = await once(child, 'message');
    if (error) throw new Error(error);
    return answer;
  };
  return { tell, end: () => child.disconnect() };
}

async function load({ store, pid }, { writers, events }, clients, ms) {
  const before = cpuOfTree(pid);
  const order = { store, writers: Math.max(1, writers / clients.length), events, ms };
  const parts = await Promise.all(clients.slice(0, writers).map((client) => client.tell('load', order)));
  const latencies = parts.flatMap((part) => part.latencies);
  const count = parts.reduce((sum, part) => sum + part.events, 0);
  return {
    rate: parts.reduce((sum, part) => sum + part.events / part.seconds, 0),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    server: ((cpuOfTree(pid) - before) * 1e6) / count,
    client: parts.reduce((sum, part) => sum + part.cpuUs, 0) / count,
  };
}

/** Reads through the official client; also measures the cores used by the node and the client. */
async function reads(work, events, say) {
  const dataDir = path.join(work, 'reads');
  await fillLog(dataDir, events);
  const node = await startProcess(dataDir);
  const client = node.connect();
  const figures = { events };
  try {
    const timed = async (name, read) => {
      const cpu = { node: cpuSeconds(node.child.pid), client: process.cpuUsage() };
      const begun = performance.now();
      const count = await read();
      const seconds = (performance.now() - begun) / 1000;
      const client = process.cpuUsage(cpu.client);
      figures[name] = {
        eventsPerSecond: Math.round(count / seconds),
        nodeCores: Number(((cpuSeconds(node.child.pid) - cpu.node) / seconds).toFixed(2)),
        clientCores: Number(((client.user + client.system) / 1e6 / seconds).toFixed(2)),
      };
      say(
        `${name.padEnd(20)} ${figures[name].eventsPerSecond}/s, node ${figures[name].nodeCores} cores, client ${figures[name].clientCores} cores`,
      );
    };
    await timed('readAll', async () => {
      let count = 0;
      for await (const _ of client.readAll()) count++;
      return count;
    });
    await timed('catch-up', async () => {
      let count = 0;
      const subscription = client.subscribeToAll();
      await new Promise((resolve, reject) =>
        subscription
          .on('data', () => count++)
          .on('caughtUp', resolve)
          .on('error', reject),
      );
      await subscription.unsubscribe();
      return count;
    });
    figures.live = await live(client, node);
    say(`live delivery        p50 ${figures.live.p50Ms} ms, p99 ${figures.live.p99Ms} ms from append to subscriber`);
    return figures;
  } finally {
    await client.dispose();
    await node.kill('SIGTERM');
  }
}

async function live(client, node) {
  const other = node.connect();
  const sent = new Map();
  const delays = [];
  const subscription = client.subscribeToStream('live', { fromRevision: 'end' });
  await new Promise((resolve, reject) => subscription.on('caughtUp', resolve).on('error', reject));
  subscription.on('data', ({ event }) => delays.push(performance.now() - sent.get(event.data.n)));
  for (let n = 0; n < 500; n++) {
    sent.set(n, performance.now());
    await other.appendToStream('live', [jsonEvent({ type: 'Counted', data: { n, text: 'x'.repeat(350) } })]);
  }
  for (const deadline = Date.now() + 5000; delays.length < 500 && Date.now() < deadline;)
    await new Promise((resolve) => setTimeout(resolve, 10));
  await subscription.unsubscribe();
  await other.dispose();
  return { delivered: delays.length, p50Ms: Number(quantile(delays, 0.5).toFixed(2)), p99Ms: Number(quantile(delays, 0.99).toFixed(2)) };
}

const cpuSeconds = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

/** CPU seconds of an OS process and its children, running or ended: PostgreSQL has one per connection. */
export function cpuOfTree(root) {
  let seconds = 0;
  for (const name of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = fs.readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1].split(' ');
      if (Number(name) === root) seconds += (Number(fields[11]) + Number(fields[12]) + Number(fields[13]) + Number(fields[14])) / 100;
      else if (Number(fields[1]) === root) seconds += (Number(fields[11]) + Number(fields[12])) / 100;
    } catch {
      continue;
    }
  }
  return seconds;
}

/** The cost of a log of this size: time until the node serves, and its memory before and after reading everything. */
async function size(work, events, say) {
  const dataDir = path.join(work, `size-${events}`);
  const begun = performance.now();
  const streams = await fillLog(dataDir, events, 100);
  const filled = (performance.now() - begun) / 1000;
  const runs = [];
  for (let i = 0; i < 3; i++) {
    const node = await startProcess(dataDir);
    runs.push(node.startMs);
    await node.kill('SIGTERM');
  }
  const node = await startProcess(dataDir);
  const startCpuMs = Math.round(cpuSeconds(node.child.pid) * 1000);
  const fresh = memoryMb(node.child.pid);
  const client = node.connect();
  let read = 0;
  for await (const _ of client.readAll({ maxCount: 200_000 })) read++;
  for (let i = 0; i < 2000; i++)
    for await (const _ of client.readStream(`item-${Math.floor(Math.random() * streams)}`, { maxCount: 5 })) read++;
  const figures = {
    events,
    streams,
    diskMb: diskMb(path.join(dataDir, 'log')),
    filledPerSecond: Math.round(events / filled),
    startMs: Math.round(quantile(runs, 0.5)),
    startCpuMs,
    memoryMb: { afterStart: fresh, afterReading: memoryMb(node.child.pid) },
    read,
  };
  await client.dispose();
  await node.kill('SIGTERM');
  fs.rmSync(dataDir, { recursive: true });
  say(
    `${events} events in ${streams} streams: ${figures.diskMb} MB, start ${figures.startMs} ms (${startCpuMs} ms of CPU), memory ${fresh} MB, ${figures.memoryMb.afterReading} MB after reading`,
  );
  return figures;
}

const memoryMb = (pid) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
const diskMb = (directory) =>
  Math.round(fs.readdirSync(directory).reduce((sum, name) => sum + fs.statSync(path.join(directory, name)).size, 0) / 2 ** 20);

/** Fills a log without a client, ten events per stream. */
async function fillLog(dataDir, events, bytes = 350) {
  const log = new EventLog(dataDir, { durable: false });
  const streams = Math.ceil(events / 10);
  const data = Buffer.from(JSON.stringify({ n: 1, text: 'x'.repeat(bytes) }));
  const metadata = Buffer.from('{"actor":"u-17"}');
  for (let n = 0; n < events;) {
    const writes = [];
    for (let i = 0; i < 5000 && n < events; i++, n++) {
      writes.push(log.append(`item-${n % streams}`, 'any', [{ id: randomUUIDBytes(), type: 'Counted', json: true, data, metadata }]));
    }
    await Promise.all(writes);
  }
  await log.close();
  return streams;
}
