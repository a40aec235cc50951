/**
 * An import through a running api, alternating with batched appends of the same events on the same node: one append for the rows of an
 * order, as many orders in parallel. The system is what `npm start` runs: one api, one worker. Measures rows a second, their ratio to the
 * appends' rate, each app's CPU for a row until the views have it, and the importer's peak memory for a short and a long file.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EventStore } from '#platform/store/event-store';
import { quantile } from '../faults/parts.mjs';
import { Cluster } from '../faults/system/cluster.mjs';

const ops = fileURLToPath(new URL('../../dist/apps/ops/main.js', import.meta.url));
/** The format of the job shop's log. */
const ROWS_OF_AN_ORDER = 11;
const BLOCK = 400;
/** No new round begins after this time. */
const MOST_MS = 100_000;

export async function run({ short, repeat, events, say }) {
  const rows = Number(events ?? (short ? 10_000 : 30_000));
  const until = performance.now() + MOST_MS;
  const rounds = Number(repeat ?? 2);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-import-'));
  fs.chmodSync(work, 0o755);
  const cluster = await Cluster.start(work);
  const store = new EventStore(cluster.storeUrl, 20_000);
  try {
    await cluster.allReady(120_000);
    for (const name of ['api2', 'worker2']) await cluster.part(name).end();
    const { token } = cluster;
    const api = `http://127.0.0.1:${cluster.apis[0].port}`;
    const facility = { facilityId: 'haifa', name: 'Haifa', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'Asia/Jerusalem' };
    const registered = await fetch(`${api}/facility/register-facility`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(facility),
    });
    if (!registered.ok) throw new Error(await registered.text());
    const mapping = path.join(work, 'mapping.json');
    fs.writeFileSync(mapping, JSON.stringify(MAPPING));
    const [imports, appends, memory, cpu] = [[], [], {}, []];
    const bring = async (name, count, label) => {
      const file = path.join(work, `${name}.csv`);
      writeLog(file, count, name);
      const took = await imported({ mapping, file, api, token });
      memory[label] = Math.max(memory[label] ?? 0, took.megabytes);
      fs.rmSync(file);
      return count / took.seconds;
    };
    await bring('warm', Math.min(rows, 5_000), 'short');
    const [sample] = await store.read('work-order-haifa.warm-0', 1n, { maxCount: 1 });
    // On a machine that is busy with other things, fewer rounds.
    for (let round = 0; round < rounds && (round === 0 || performance.now() < until); round += 1) {
      const before = cpuOf(cluster);
      imports.push(await bring(`r${round}`, rows, 'long'));
      await shown(cluster, store);
      const after = cpuOf(cluster);
      cpu.push(Object.fromEntries(Object.keys(after).map((app) => [app, Math.round(((after[app] - before[app]) * 1_000) / rows)])));
      appends.push(await appended(store, sample, rows));
      say(`round ${round + 1}: ${Math.round(imports.at(-1))} rows/s imported, ${Math.round(appends.at(-1))} events/s appended`);
      say(`  microseconds of CPU for a row: ${JSON.stringify(cpu.at(-1))}`);
    }
    const [rowsPerSecond, appendsPerSecond] = [imports, appends].map((list) => Math.round(quantile(list, 0.5)));
    const ofAppends = Number((rowsPerSecond / appendsPerSecond).toFixed(2));
    say(
      `${rowsPerSecond} rows/s, ${ofAppends} of batched appends; importer's memory ${memory.short} MB for 5,000 rows, ${memory.long} MB for ${rows}`,
    );
    return { rows, rounds: imports.length, rowsPerSecond, appendsPerSecond, ofAppends, cpuUsPerRow: cpu.at(-1), memoryMb: memory };
  } finally {
    await store.close();
    await cluster.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

const MAPPING = {
  name: 'bench',
  facility: 'haifa',
  unit: 'pcs',
  time: { zone: 'Asia/Jerusalem', end: { column: 'end', format: 'dd.MM.yyyy HH:mm' }, duration: { column: 'minutes', unit: 'min' } },
  order: { column: 'order' },
  machine: { column: 'machine' },
  operation: { column: 'operation', otherwise: 'slug' },
  person: { column: 'person' },
  good: 'good',
  scrap: { column: 'scrap', reasonCode: 'MRB' },
};

const pad = (number) => String(number).padStart(2, '0');

/** Orders overlap in time, as on a shop floor: forty run at once. */
function writeLog(file, rows, name) {
  const out = fs.openSync(file, 'w');
  fs.writeSync(out, 'order,machine,operation,person,good,scrap,minutes,end\n');
  let text = '';
  for (let n = 0; n < rows; n += 1) {
    const order = 40 * Math.floor(n / (40 * ROWS_OF_AN_ORDER)) + (n % 40);
    const [day, hour, minute] = [1 + (Math.floor(n / 1_440) % 28), Math.floor(n / 60) % 24, n % 60];
    const end = `${pad(day)}.${pad(1 + (Math.floor(n / 40_320) % 12))}.2012 ${pad(hour)}:${pad(minute)}`;
    text += `${name}-${order},M${n % 40},Turning - Machine ${n % 9},ID${n % 50},${n % 6},${n % 39 ? 0 : 1},${n % 40},${end}\n`;
    if (text.length > 1_000_000 || n === rows - 1) {
      fs.writeSync(out, text);
      text = '';
    }
  }
  fs.closeSync(out);
}

/** The importer as a separate app, with its peak memory. */
async function imported({ mapping, file, api, token }) {
  const begun = performance.now();
  const child = spawn(process.execPath, [ops, 'import', mapping, file, '--api', api, '--token', token, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let [out, peak] = ['', 0];
  child.stdout.on('data', (part) => (out += part));
  const watch = setInterval(() => (peak = Math.max(peak, residentMb(child.pid))), 100);
  const code = await new Promise((done) => child.once('close', done));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the import ended with ${code}: ${out}`);
  const { tally } = JSON.parse(out);
  if (tally.rejected > 0) throw new Error(`${tally.rejected} rows were rejected`);
  return { seconds: (performance.now() - begun) / 1_000, megabytes: peak };
}

/** Milliseconds of CPU that each app has used, PostgreSQL with its ended backends. */
function cpuOf(cluster) {
  const fields = (pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').map(Number);
    } catch {
      return [];
    }
  };
  const own = (pid) => 10 * ((fields(pid)[11] ?? 0) + (fields(pid)[12] ?? 0));
  const server = fields(cluster.postgres.pid);
  return {
    api: own(cluster.part('api1').child.pid),
    worker: own(cluster.part('worker1').child.pid),
    node: own(cluster.store.child.pid),
    postgres: 10 * (server[13] + server[14]) + cluster.postgresPids().reduce((sum, pid) => sum + own(pid), 0),
  };
}

/** Waits until every view has what is in the log now. */
async function shown(cluster, store) {
  const head = await store.head();
  const least = async () => BigInt((await cluster.pool.query('SELECT min(position) AS least FROM view_checkpoints')).rows[0].least);
  for (const until = performance.now() + MOST_MS; (await least()) < head && performance.now() < until;)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

function residentMb(pid) {
  try {
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024);
  } catch {
    return 0;
  }
}

/** Events a second in the import's pattern: the rows of one order within a block are one append. */
async function appended(store, { data, metadata }, events) {
  const name = randomUUID().slice(0, 8);
  const begun = performance.now();
  const last = new Map();
  for (let block = 0; block * BLOCK < events; block += 1) {
    const orders = Array.from(
      { length: 40 },
      (_, n) => `work-order-bench.${name}-${40 * Math.floor((block * BLOCK) / (40 * ROWS_OF_AN_ORDER)) + n}`,
    );
    await Promise.all(
      orders.map(async (stream) => {
        const rows = Array.from({ length: BLOCK / 40 }, (_, n) => ({
          type: 'BenchObserved',
          data: { ...data, reportId: `${block}.${n}` },
          metadata: { ...metadata, commandId: randomUUID() },
        }));
        last.set(stream, (await store.append(stream, last.get(stream) ?? -1n, rows)).revision);
      }),
    );
  }
  return events / ((performance.now() - begun) / 1_000);
}
