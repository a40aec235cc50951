/**
 * Appends of one event by 1, 8 and 64 callers, each to its own stream at an expected revision: alternately through our own calls and
 * through the official client, on one node. Measures rates, and this app's CPU for a thousand appends.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EventStore } from '#platform/store/event-store';
import { jsonEvent, quantile, startProcess } from '../faults/parts.mjs';

const metadata = {
  commandId: randomUUID(),
  command: 'RenameFacility',
  commandDigest: 'x'.repeat(64),
  actor: 'bench',
  role: 'planner',
  schema: 1,
};
const data = (n) => ({ facilityId: 'haifa', from: `name ${n}`, to: `name ${n + 1}` });

export async function run({ short, say }) {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-appends-'));
  const node = await startProcess(work);
  const store = new EventStore(`esdb://127.0.0.1:${node.port}?tls=false`, 20_000);
  const client = node.connect();
  const ways = {
    ours: () => {
      const stream = `facility-${randomUUID()}`;
      let last = -1n;
      return async (n) => ({ revision: last } = await store.append(stream, last, [{ type: 'FacilityRenamed', data: data(n), metadata }]));
    },
    official: () => {
      const stream = `facility-${randomUUID()}`;
      let expectedRevision = 'no_stream';
      return async (n) => {
        const event = jsonEvent({ type: 'FacilityRenamed', data: data(n), metadata });
        ({ nextExpectedRevision: expectedRevision } = await client.appendToStream(stream, event, { expectedRevision }));
      };
    },
  };
  const rows = [];
  try {
    for (const callers of [1, 8, 64]) {
      const found = { ours: [], official: [] };
      for (let round = 0; round < (short ? 3 : 7); round++)
        for (const way of round % 2 ? ['ours', 'official'] : ['official', 'ours'])
          found[way].push(await measure(ways[way], callers, short ? 500 : 2_000));
      const row = { callers };
      for (const way of ['ours', 'official'])
        row[way] = {
          perSecond: Math.round(
            quantile(
              found[way].map(({ perSecond }) => perSecond),
              0.5,
            ),
          ),
          cpuMsPer1000: Math.round(
            quantile(
              found[way].map(({ cpuMsPer1000 }) => cpuMsPer1000),
              0.5,
            ),
          ),
        };
      row.rate = Number((row.ours.perSecond / row.official.perSecond).toFixed(2));
      row.cpu = Number((row.ours.cpuMsPer1000 / row.official.cpuMsPer1000).toFixed(2));
      rows.push(row);
      say(
        `${String(callers).padStart(3)} callers: ours ${row.ours.perSecond}/s, ${row.ours.cpuMsPer1000} ms CPU for 1,000; official client ${row.official.perSecond}/s, ${row.official.cpuMsPer1000} ms: rate ${row.rate}, CPU ${row.cpu}`,
      );
    }
    return { rows };
  } finally {
    await Promise.all([store.close(), client.dispose()]);
    await node.kill();
    fs.rmSync(work, { recursive: true, force: true });
  }
}

async function measure(way, callers, ms) {
  const writers = Array.from({ length: callers }, way);
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let appended = 0;
  await Promise.all(
    writers.map(async (append) => {
      for (let n = 0; performance.now() - begun < ms; n++) {
        await append(n);
        appended += 1;
      }
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: appended / ((performance.now() - begun) / 1_000), cpuMsPer1000: (user + system) / appended };
}
