/** The three sources as plain data: the client's ledger, the log as the official client reads it, and the rows of PostgreSQL. */
import { createRequire } from 'node:module';
import { logReader } from '#platform/store/log-reader';
import { verifyView } from '#platform/views/verify';
import { OPERATIONS_STREAM } from '#platform/views/skip';
import { views } from '#slices';
import { until } from './cluster.mjs';

const { START, FORWARDS } = createRequire(import.meta.url)('@eventstore/db-client');

/** Everything in the log except the store's own events. */
export async function readLog(cluster) {
  const client = cluster.reader();
  const events = [];
  try {
    for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
      if (!event || event.streamId.startsWith('$')) continue;
      const { id, type, data, metadata, revision, streamId: stream, position, created } = event;
      events.push({ id, type, data, metadata, revision, stream, position: position?.commit, created: new Date(created).toISOString() });
    }
  } finally {
    await client.dispose();
  }
  return events;
}

/** Splits and merges whose other half was neither recorded nor compensated. */
export function unfinished(events) {
  const open = new Map();
  const count = (key, by) => open.set(key, (open.get(key) ?? 0) + by);
  for (const { type, data } of events) {
    if (type === 'LotSplit') count(`split ${data.lotId} > ${data.childLotId}`, 1);
    if (type === 'LotSplitUndone') count(`split ${data.lotId} > ${data.childLotId}`, -1);
    if (type === 'LotCreatedFromSplit') count(`split ${data.parentLotId} > ${data.lotId}`, -1);
    if (type === 'LotMerged') count(`merge ${data.lotId} > ${data.intoLotId}`, 1);
    if (type === 'LotMergeUndone') count(`merge ${data.lotId} > ${data.intoLotId}`, -1);
    if (type === 'MergedLotAdded') count(`merge ${data.fromLotId} > ${data.lotId}`, -1);
  }
  return [...open]
    .filter(([, left]) => left !== 0)
    .map(([what, left]) => `${what}: ${left > 0 ? 'not finished' : 'finished more than once'}`);
}

/** Waits until processes have finished and every view has read the whole log; returns what did not finish in time. */
export async function settle(cluster, patience) {
  const faults = [];
  try {
    await cluster.allReady(patience);
  } catch (error) {
    faults.push(error.message);
  }
  let events = [];
  const still = async () => {
    const before = events.length;
    events = await readLog(cluster);
    return events.length === before && unfinished(events).length === 0;
  };
  if (!(await until(still, patience, 500))) faults.push(...unfinished(events));
  const last = events.at(-1)?.position ?? -1n;
  const behind = async () => {
    const { rows } = await cluster.pool
      .query(
        `SELECT t.view, min(c.position)::text AS position FROM view_tables t JOIN view_checkpoints c USING (table_name)
         WHERE t.status = 'live' GROUP BY t.view`,
      )
      .catch(() => ({ rows: [] }));
    const found = new Map(rows.map(({ view, position }) => [view, BigInt(position)]));
    return views.filter(({ name }) => (found.get(name) ?? -1n) < last).map(({ name }) => name);
  };
  let late = [];
  if (!(await until(async () => (late = await behind()).length === 0, patience, 200)))
    faults.push(`views have not read the whole log after ${patience / 1000} s: ${late.join(', ')}`);
  return faults;
}

/**
 * The three sources at one point of the log: on a busy machine a process may still record something while rows are read.
 * @returns { ledger, events, views, stock, machines, audit }
 */
export async function collect(cluster, client) {
  for (let tries = 1; ; tries += 1) {
    const found = await collectOnce(cluster, client);
    if (tries === 5 || (await readLog(cluster)).length === found.events.length) return found;
    await settle(cluster, 30_000);
  }
}

async function collectOnce(cluster, client) {
  const events = await readLog(cluster);
  const { pool } = cluster;
  const reader = cluster.reader();
  const verified = [];
  try {
    for (const view of views) {
      const found = await verifyView({ view, pool, log: logReader(reader), operationsStream: OPERATIONS_STREAM }).catch((error) => ({
        view: view.name,
        equal: false,
        firstDifference: error.message,
      }));
      verified.push(found);
    }
  } finally {
    await reader.dispose();
  }
  const rows = async (sql) => (await pool.query(sql).catch(() => ({ rows: [] }))).rows;
  return {
    ledger: [...client.ledger.values()],
    events,
    views: verified,
    stock: await rows('SELECT "lotId" AS id, "onHand"::text AS "onHand", revision::text FROM lot_stock'),
    machines: await rows('SELECT "equipmentId" AS id, state, revision::text FROM equipment_now'),
    audit: await rows(
      `SELECT stream, count(*)::int AS entries FROM audit_trail WHERE event NOT IN ('CommandRefused', 'CommandUnchanged') GROUP BY stream`,
    ),
  };
}
