/**
 * The stores that are compared: the node through the official client, and three event stores for Node on one PostgreSQL. Each keeps its
 * data on the same disk, and every acknowledgement is durable.
 *
 * For each: `serve(dataDir, server)` starts or prepares it once and returns `{ pid, at, stop() }`; `connect(at)`, called in every load
 * client, returns `{ append(stream, count, last), close() }`, where append adds events after revision `last` (-1: new stream).
 */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { EventStoreDBClient, jsonEvent, listening, startProcess } from '../../faults/parts.mjs';

const folder = fileURLToPath(new URL('./others/', import.meta.url));
const need = createRequire(new URL('./others/package.json', import.meta.url));

/** Installs the compared packages next to this file: they are not part of the product. */
export function install(say) {
  const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  if (Object.keys(dependencies).every((name) => existsSync(path.join(folder, 'node_modules', name)))) return;
  say('Installing the compared packages into tools/bench/parts/others');
  execFileSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

const text = 'x'.repeat(350);
const metadata = { commandId: '3f6c0a52-8b0e-4c1e-9d1a-5b7e2f1c9a10', actor: 'u-17', occurredAt: '2026-03-01T06:00:00+02:00' };

const served = ({ port, child, kill }) => ({ pid: child.pid, at: `esdb://127.0.0.1:${port}?tls=false`, stop: () => kill('SIGTERM') });

function officialClient(at) {
  const client = EventStoreDBClient.connectionString(at);
  const event = (n) => jsonEvent({ type: 'Counted', data: { n, text }, metadata });
  return {
    append: (stream, count, last) =>
      client.appendToStream(stream, [...Array(count).keys()].map(event), { expectedRevision: last < 0 ? 'no_stream' : BigInt(last) }),
    close: () => client.dispose(),
  };
}

const node = { serve: async (dataDir) => served(await startProcess(dataDir)), connect: officialClient };

/** The upper limit of the official client: a server that answers at once and stores nothing. */
const clientAlone = {
  async serve() {
    const script = fileURLToPath(new URL('./null-node.mjs', import.meta.url));
    return served(await listening(spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })));
  },
  connect: officialClient,
};

async function database(server, name) {
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return { pid: server.pid, at: url.toString(), stop: () => undefined };
}

const emmett = {
  async serve(_, server) {
    const prepared = await database(server, 'emmett');
    const store = need('@event-driven-io/emmett-postgresql').getPostgreSQLEventStore(prepared.at);
    await store.schema.migrate();
    await store.close();
    return prepared;
  },
  connect(at) {
    const store = need('@event-driven-io/emmett-postgresql').getPostgreSQLEventStore(at, { schema: { autoMigration: 'None' } });
    return {
      append: (stream, count, last) =>
        store.appendToStream(
          stream,
          [...Array(count).keys()].map((n) => ({ type: 'Counted', data: { n, text }, metadata })),
          { expectedStreamVersion: BigInt(last + 1) || 'STREAM_DOES_NOT_EXIST' },
        ),
      close: () => store.close(),
    };
  },
};

const castore = {
  async serve(_, server) {
    const prepared = await database(server, 'castore');
    const { PostgresEventStorageAdapter: Adapter } = need('@castore/event-storage-adapter-postgres');
    await Adapter.createEventTable({ connectionString: prepared.at, aggregateId: { type: 'VARCHAR', length: 64 } });
    return prepared;
  },
  connect(at) {
    const { PostgresEventStorageAdapter: Adapter } = need('@castore/event-storage-adapter-postgres');
    const adapter = new Adapter({ connectionString: at });
    const context = { eventStoreId: 'bench' };
    const detail = (aggregateId, version) => ({ aggregateId, version, type: 'Counted', payload: { n: version, text }, metadata });
    return {
      append(stream, count, last) {
        if (count === 1) return adapter.pushEvent(detail(stream, last + 2), context);
        const events = [...Array(count).keys()].map((i) => adapter.groupEvent(detail(stream, last + 2 + i)));
        for (const event of events) event.context = context;
        return adapter.pushEventGroup({}, ...events);
      },
      close: () => adapter._sql.end(),
    };
  },
};

const SEARCH_PATH = '-c search_path=message_store,public';

const messageDb = {
  async serve(_, server) {
    const prepared = await database(server, 'message_db');
    const root = path.join(path.dirname(need.resolve('@eventide/message-db/package.json')), 'database');
    const client = new pg.Client({ connectionString: prepared.at, options: SEARCH_PATH });
    await client.connect();
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
      await client.query(readFileSync(path.join(root, file), 'utf8').replaceAll(/CREATE INDEX CONCURRENTLY/gi, 'CREATE INDEX'));
    }
    await client.end();
    return prepared;
  },
  connect(at) {
    const pool = new pg.Pool({ connectionString: at, max: 64, options: SEARCH_PATH });
    pool.on('error', () => undefined);
    const sql = 'SELECT message_store.write_message($1, $2, $3, $4, $5, $6)';
    const batchSql = `SELECT message_store.write_message(r.id, $1, 'Counted', r.data, r.metadata, r.expected)
      FROM jsonb_to_recordset($2) AS r(id varchar, data jsonb, metadata jsonb, expected bigint)`;
    const values = (stream, n, last) => [randomUUID(), stream, 'Counted', JSON.stringify({ n, text }), JSON.stringify(metadata), last];
    return {
      async append(stream, count, last) {
        if (count === 1) return pool.query({ name: 'write', text: sql, values: values(stream, 0, last) });
        // One statement for the whole batch: the fastest way in its SQL interface.
        const rows = [...Array(count).keys()].map((n) => ({ id: randomUUID(), data: { n, text }, metadata, expected: last + n }));
        return pool.query({ name: 'write-batch', text: batchSql, values: [stream, JSON.stringify(rows)] });
      },
      close: () => pool.end(),
    };
  },
};

export const OURS = 'node';
export const CEILING = 'client alone';
export const contenders = {
  [OURS]: node,
  [CEILING]: clientAlone,
  'emmett-postgresql': emmett,
  'castore-postgres': castore,
  'message-db': messageDb,
};
