/**
 * The stores that are compared: the node through the official client, and three event stores for Node on one PostgreSQL.
 * Each is driven from this process and keeps its data on the same disk; every acknowledgement is durable.
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres } from '#platform/embedded-postgres';
import { jsonEvent, listening, startProcess } from '../faults/parts.mjs';

const folder = fileURLToPath(new URL('./others/', import.meta.url));
const need = createRequire(new URL('./others/package.json', import.meta.url));

/** Installs the compared packages beside this file: they are no part of the product. */
export function install(say) {
  if (existsSync(path.join(folder, 'node_modules', '@eventide', 'message-db'))) return;
  say('Installing the compared event stores into tools/bench/others');
  execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export const text = 'x'.repeat(350);
const metadata = { commandId: '3f6c0a52-8b0e-4c1e-9d1a-5b7e2f1c9a10', actor: 'u-17', occurredAt: '2026-03-01T06:00:00+02:00' };

/** @returns a store with `append(stream, count, last)`: adds events after revision `last` (-1: new stream), durably. */
export const nodeStore = async (dataDir) => throughClient('node', await startProcess(dataDir));

/** What the official client can do at most: a server that answers at once and keeps nothing. */
export async function ceiling() {
  const script = fileURLToPath(new URL('./null-node.mjs', import.meta.url));
  return throughClient('client alone', await listening(spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })));
}

function throughClient(name, process) {
  const client = process.connect();
  const event = (n) => jsonEvent({ type: 'Counted', data: { n, text }, metadata });
  return {
    name,
    pid: process.child.pid,
    append: (stream, count, last) =>
      client.appendToStream(stream, [...Array(count).keys()].map(event), { expectedRevision: last < 0 ? 'no_stream' : BigInt(last) }),
    async close() {
      await client.dispose();
      await process.kill('SIGTERM');
    },
  };
}

export async function postgres(dataDir) {
  return startPostgres({ dataDir });
}

async function database(server, name) {
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.toString();
}

export async function emmett(server) {
  const { getPostgreSQLEventStore } = need('@event-driven-io/emmett-postgresql');
  const store = getPostgreSQLEventStore(await database(server, 'emmett'));
  await store.schema.migrate();
  return {
    name: 'emmett-postgresql',
    pid: server.pid,
    append: (stream, count, last) =>
      store.appendToStream(
        stream,
        [...Array(count).keys()].map((n) => ({ type: 'Counted', data: { n, text }, metadata })),
        { expectedStreamVersion: BigInt(last + 1) || 'STREAM_DOES_NOT_EXIST' },
      ),
    close: () => store.close(),
  };
}

export async function castore(server) {
  const { PostgresEventStorageAdapter: Adapter } = need('@castore/event-storage-adapter-postgres');
  const connectionString = await database(server, 'castore');
  await Adapter.createEventTable({ connectionString, aggregateId: { type: 'VARCHAR', length: 64 } });
  const adapter = new Adapter({ connectionString });
  const context = { eventStoreId: 'bench' };
  const detail = (aggregateId, version) => ({ aggregateId, version, type: 'Counted', payload: { n: version, text }, metadata });
  return {
    name: 'castore-postgres',
    pid: server.pid,
    append(stream, count, last) {
      if (count === 1) return adapter.pushEvent(detail(stream, last + 2), context);
      const events = [...Array(count).keys()].map((i) => adapter.groupEvent(detail(stream, last + 2 + i)));
      for (const event of events) event.context = context;
      return adapter.pushEventGroup({}, ...events);
    },
    close: () => adapter._sql.end(),
  };
}

export async function messageDb(server) {
  const root = path.join(path.dirname(need.resolve('@eventide/message-db/package.json')), 'database');
  const connectionString = await database(server, 'message_db');
  const pool = new pg.Pool({ connectionString, max: 64, options: '-c search_path=message_store,public' });
  pool.on('error', () => undefined);
  const files = [
    'roles/message-store.sql',
    'schema/message-store.sql',
    'extensions/pgcrypto.sql',
    'tables/messages.sql',
    'types/message.sql',
  ];
  const first = [
    'message-store-version',
    'hash-64',
    'acquire-lock',
    'category',
    'is-category',
    'id',
    'cardinal-id',
    'stream-version',
    'write-message',
  ];
  const functions = [
    ...first,
    ...readdirSync(path.join(root, 'functions'))
      .map((name) => name.slice(0, -4))
      .filter((name) => !first.includes(name)),
  ];
  for (const file of [
    ...files,
    ...functions.map((name) => `functions/${name}.sql`),
    ...readdirSync(path.join(root, 'indexes')).map((name) => `indexes/${name}`),
  ]) {
    await pool.query(readFileSync(path.join(root, file), 'utf8').replaceAll(/CREATE INDEX CONCURRENTLY/gi, 'CREATE INDEX'));
  }
  const sql = 'SELECT message_store.write_message($1, $2, $3, $4, $5, $6)';
  const batchSql = `SELECT message_store.write_message(r.id, $1, 'Counted', r.data, r.metadata, r.expected)
    FROM jsonb_to_recordset($2) AS r(id varchar, data jsonb, metadata jsonb, expected bigint)`;
  const values = (stream, n, last) => [randomUUID(), stream, 'Counted', JSON.stringify({ n, text }), JSON.stringify(metadata), last];
  return {
    name: 'message-db',
    pid: server.pid,
    async append(stream, count, last) {
      if (count === 1) return pool.query({ name: 'write', text: sql, values: values(stream, 0, last) });
      // One statement for the whole batch: the fastest way that its SQL interface offers.
      const rows = [...Array(count).keys()].map((n) => ({ id: randomUUID(), data: { n, text }, metadata, expected: last + n }));
      return pool.query({ name: 'write-batch', text: batchSql, values: [stream, JSON.stringify(rows)] });
    },
    close: () => pool.end(),
  };
}
