/**
 * The tables behind views: one per version and generation, and the bookkeeping beside them (ADR 0002). Hides: DDL, the switch from one table to
 * the next. Promises: readers of `<name>` see one table or the other, never none; a switch happens only when the new table has overtaken the old
 * one. Does not: fill tables (projector.ts) or decide who may (leases.ts).
 */
import { escapeLiteral, type ClientBase, type Pool, type PoolClient } from 'pg';
import { APPLICATION } from '#platform/runtime/version';
import { quoted, shapeOf, tableSql, toSql, type AnyView, type Shape } from './shape';
import { lockForAnalysts, show, showIfChanged } from './shown';

export type TableStatus = 'building' | 'live' | 'kept' | 'stopped';
export type ViewTable = Readonly<{ table: string; view: string; version: number; generation: number; shards: number; status: TableStatus }>;

/** The role of the api, where each app has its own (database-roles.ts). */
export const API_ROLE = `${APPLICATION}_api`;

const BOOKKEEPING = `
CREATE TABLE IF NOT EXISTS view_tables (
  table_name text PRIMARY KEY, view text NOT NULL, version integer NOT NULL, generation integer NOT NULL, shards integer NOT NULL,
  status text NOT NULL CHECK (status IN ('building', 'live', 'kept', 'stopped')), columns text NOT NULL, indexed boolean NOT NULL DEFAULT false,
  started_at timestamptz NOT NULL DEFAULT now(), live_at timestamptz, stopped_because text, UNIQUE (view, version, generation));
CREATE UNIQUE INDEX IF NOT EXISTS view_tables_live ON view_tables (view) WHERE status = 'live';
CREATE UNIQUE INDEX IF NOT EXISTS view_tables_building ON view_tables (view) WHERE status = 'building';
CREATE TABLE IF NOT EXISTS view_checkpoints (
  table_name text NOT NULL REFERENCES view_tables ON DELETE CASCADE, shard integer NOT NULL, position bigint NOT NULL DEFAULT -1,
  guard text NOT NULL DEFAULT '', epoch bigint NOT NULL DEFAULT 0, events bigint NOT NULL DEFAULT 0, recorded_at timestamptz,
  caught_up_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (table_name, shard)) WITH (fillfactor = 40);
CREATE TABLE IF NOT EXISTS view_leases (
  table_name text NOT NULL REFERENCES view_tables ON DELETE CASCADE, shard integer NOT NULL, owner text, epoch bigint NOT NULL DEFAULT 0,
  until timestamptz NOT NULL DEFAULT '-infinity', PRIMARY KEY (table_name, shard)) WITH (fillfactor = 40);
CREATE TABLE IF NOT EXISTS view_workers (worker text PRIMARY KEY, seen_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS view_parked (
  table_name text NOT NULL REFERENCES view_tables ON DELETE CASCADE, shard integer NOT NULL, partition text NOT NULL, position bigint NOT NULL,
  stream text NOT NULL, revision bigint NOT NULL, type text NOT NULL, event_id text NOT NULL, error text, attempts integer NOT NULL DEFAULT 0,
  parked_at timestamptz NOT NULL DEFAULT now(), wish text CHECK (wish IN ('retry', 'skip')), PRIMARY KEY (table_name, shard, position));
CREATE INDEX IF NOT EXISTS view_parked_partition ON view_parked (table_name, shard, partition, position);
ALTER TABLE view_checkpoints ADD COLUMN IF NOT EXISTS changes bigint NOT NULL DEFAULT 0;
ALTER TABLE view_checkpoints ADD COLUMN IF NOT EXISTS log text;
ALTER TABLE view_parked ADD COLUMN IF NOT EXISTS keys text[];
ALTER TABLE view_tables ADD COLUMN IF NOT EXISTS shown text;
CREATE TABLE IF NOT EXISTS view_readers (account text PRIMARY KEY, scopes text[] NOT NULL);
CREATE TABLE IF NOT EXISTS view_changes (
  table_name text NOT NULL, shard integer NOT NULL, change bigint NOT NULL, keys text[], made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (table_name, shard, change));
CREATE TABLE IF NOT EXISTS view_states (
  table_name text NOT NULL REFERENCES view_tables ON DELETE CASCADE, shard integer NOT NULL, worker text NOT NULL, trouble text,
  other_log boolean NOT NULL DEFAULT false, since timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (table_name, shard));
CREATE SCHEMA IF NOT EXISTS analytics;
DO $$ BEGIN IF to_regrole('${API_ROLE}') IS NOT NULL THEN GRANT UPDATE (wish) ON view_parked TO ${API_ROLE}; END IF; END $$`;

// Two workers may start at once; their DDL must not run concurrently.
const DDL_LOCK = 7_236_487_201;

/** Runs work in one durable transaction, one DDL at a time. */
async function exclusively<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL synchronous_commit = on');
    await client.query('SELECT pg_advisory_xact_lock($1)', [DDL_LOCK]);
    const result = await work(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      () => client.release(true),
    );
    throw error;
  }
}

/** Creates the bookkeeping if it is missing. */
export const ensureBookkeeping = (pool: Pool): Promise<void> =>
  exclusively(pool, async (client) => {
    const { rows } = await client.query(
      `SELECT to_regclass('view_states') IS NOT NULL AND to_regclass('view_readers') IS NOT NULL AND to_regnamespace('analytics') IS NOT NULL
         AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('view_tables') AND attname = 'shown') AS there`,
    );
    if (!rows[0].there) await client.query(BOOKKEEPING);
  });

const columnsOf = (shape: Shape): string =>
  shape.columns.map(({ name, type, nullable }) => `${name} ${type}${nullable ? '' : '!'}`).join(', ');

const asTable = (row: Record<string, unknown>): ViewTable => ({
  table: row.table_name as string,
  view: row.view as string,
  version: row.version as number,
  generation: row.generation as number,
  shards: row.shards as number,
  status: row.status as TableStatus,
});

/** Why a build stopped although nothing was wrong with it. */
const OUTRUN = 'another version came';

const tablesOf = async (client: ClientBase, view: string): Promise<(ViewTable & { columns: string; because: string | null })[]> => {
  const { rows } = await client.query('SELECT * FROM view_tables WHERE view = $1 ORDER BY version, generation FOR UPDATE', [view]);
  return rows.map((row) => ({ ...asTable(row), columns: row.columns as string, because: row.stopped_because as string | null }));
};

/**
 * Makes sure that the view's version has a table: the first one of a view is live at once, a later version is built beside the live one. A
 * release that comes back after an older one continues with its former table, which becomes live again once it has overtaken the live one. Throws
 * if the columns changed and the version did not.
 */
export const openView = (pool: Pool, view: AnyView, shards: number): Promise<void> =>
  exclusively(pool, async (client) => {
    const shape = shapeOf(view);
    await client.query(`DELETE FROM view_tables t WHERE view = $1 AND (${BROKEN})`, [view.name]);
    const tables = await tablesOf(client, view.name);
    const own = tables.filter((table) => table.version === view.version);
    const changed = own.find((table) => table.columns !== columnsOf(shape));
    if (changed) {
      throw new Error(
        `view ${view.name}: columns changed, so raise its version: v${view.version} has (${changed.columns}), the class has (${columnsOf(shape)})`,
      );
    }
    const live = tables.find((table) => table.status === 'live');
    if (live && live.version > view.version) return;
    if (live?.version === view.version) await showIfChanged(client, view, shape, live.table);
    if (own.some(({ status }) => status === 'live' || status === 'building')) return;
    const left = own.filter(({ status, because }) => status === 'kept' || because === OUTRUN).at(-1);
    if (own.length > 0 && !left) return;
    await client.query(`UPDATE view_tables SET status = 'stopped', stopped_because = $2 WHERE view = $1 AND status = 'building'`, [
      view.name,
      OUTRUN,
    ]);
    if (!left) await create(client, view, shape, 1, shards, live ? 'building' : 'live');
    else await client.query(`UPDATE view_tables SET status = 'building', stopped_because = NULL WHERE table_name = $1`, [left.table]);
  });

/** Starts a rebuild of the view's version in a table of its own; if one is under way already, returns that. */
export const rebuild = (pool: Pool, view: AnyView, shards: number): Promise<ViewTable> =>
  exclusively(pool, async (client) => {
    const tables = await tablesOf(client, view.name);
    const building = tables.find((table) => table.status === 'building');
    if (building) return building;
    const generation = Math.max(0, ...tables.filter((table) => table.version === view.version).map((table) => table.generation)) + 1;
    const live = tables.some((table) => table.status === 'live');
    return create(client, view, shapeOf(view), generation, shards, live ? 'building' : 'live');
  });

async function create(
  client: ClientBase,
  view: AnyView,
  shape: Shape,
  generation: number,
  shards: number,
  status: TableStatus,
): Promise<ViewTable> {
  const table = tableSql(view.name, view.version, generation);
  const columns = shape.columns.map(({ name, type, nullable }) => `${quoted(name)} ${type}${nullable ? '' : ' NOT NULL'}`);
  const constraints = shape.constraints.map(({ name, sql }, i) => `CONSTRAINT ${quoted(`${table}_${name}${i}`)} ${sql}`);
  const key = `PRIMARY KEY (${quoted(shape.columns[shape.key]!.name)})`;
  // A table without a bookkeeping record is left over from a partly emptied database: its content is unknown.
  await client.query(`DROP TABLE IF EXISTS ${quoted(table)} CASCADE`);
  await client.query(`CREATE TABLE ${quoted(table)} (${[...columns, key, ...constraints].join(', ')}) WITH (fillfactor = 80)`);
  await client.query(
    `INSERT INTO view_tables (table_name, view, version, generation, shards, status, columns, live_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $6 = 'live' THEN now() END)`,
    [table, view.name, view.version, generation, shards, status, columnsOf(shape)],
  );
  // Epochs and changes start at the current time, so that no number is used twice if the database is emptied while a worker runs.
  for (const bookkeeping of ['view_checkpoints', 'view_leases']) {
    await client.query(
      `INSERT INTO ${bookkeeping} (table_name, shard, epoch)
       SELECT $1, generate_series(0, $2::int - 1), (extract(epoch FROM clock_timestamp()) * 1000)::bigint`,
      [table, shards],
    );
  }
  await client.query('UPDATE view_checkpoints SET changes = epoch WHERE table_name = $1', [table]);
  if (status === 'live') {
    await index(client, table, shape);
    await show(client, view, shape, table);
  }
  return { table, view: view.name, version: view.version, generation, shards, status };
}

/** Secondary indexes; a table that is being built gets them at the end, when they cost least. */
async function index(client: ClientBase, table: string, shape: Shape): Promise<void> {
  for (const [i, { columns, unique, where, using }] of shape.indexes.entries()) {
    await client.query(
      `CREATE ${unique ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS ${quoted(`${table}_i${i}`)} ON ${quoted(table)}` +
        ` ${using ? `USING ${using} ` : ''}(${columns.map(quoted).join(', ')})${where ? ` WHERE ${where}` : ''}`,
    );
  }
  await client.query('UPDATE view_tables SET indexed = true WHERE table_name = $1', [table]);
}

/** Tables with missing parts, in a partly emptied database. */
const BROKEN = `to_regclass(quote_ident(table_name)) IS NULL
  OR shards <> (SELECT count(*) FROM view_checkpoints c WHERE c.table_name = t.table_name)
  OR shards <> (SELECT count(*) FROM view_leases l WHERE l.table_name = t.table_name)`;

/** The views without an intact table, for example because the database was emptied while the worker runs. */
export async function viewsWithoutTable(pool: Pool, views: readonly AnyView[]): Promise<AnyView[]> {
  const { rows } = await pool.query(`SELECT DISTINCT view FROM view_tables t WHERE NOT (${BROKEN})`);
  const known = new Set(rows.map((row) => row.view as string));
  return views.filter(({ name }) => !known.has(name));
}

/** True if a table or schema of the engine is missing. */
export const isEmptied = (error: unknown): boolean => ['42P01', '3F000'].includes((error as { code?: string }).code ?? '');

/** The tables that a worker with this code runs: those of its own version that are live, being built, or kept while a newer version is live. */
export async function tablesToRun(pool: Pool, views: readonly AnyView[]): Promise<ViewTable[]> {
  const { rows } = await pool.query(
    `SELECT t.* FROM view_tables t JOIN unnest($1::text[], $2::int[]) AS v (view, version) USING (view, version)
     LEFT JOIN view_tables l ON l.view = t.view AND l.status = 'live'
     WHERE t.status IN ('live', 'building') OR (t.status = 'kept' AND l.version > t.version)`,
    [views.map((view) => view.name), views.map((view) => view.version)],
  );
  return rows.map(asTable);
}

const allBookkeeping = (table: string) =>
  `SELECT min(position) AS low, max(position) AS high FROM view_checkpoints WHERE table_name = ${escapeLiteral(table)}`;

/**
 * Makes the table being built the live one, if it has overtaken the live one. The live table's checkpoints are locked meanwhile, so that the new
 * one cannot fall behind under traffic. The old table is kept for going back; one that was kept before is dropped.
 * @throws HeldByAnalysts
 */
export async function switchOver(pool: Pool, view: AnyView, waitMs = 1_000): Promise<boolean> {
  const shape = shapeOf(view);
  const { rows } = await pool.query(
    `SELECT table_name, indexed FROM view_tables WHERE view = $1 AND version = $2 AND status = 'building'`,
    [view.name, view.version],
  );
  if (!rows[0]) return false;
  const fresh = rows[0].table_name as string;
  if (!rows[0].indexed) await exclusively(pool, (client) => index(client, fresh, shape));
  return exclusively(pool, async (client) => {
    const tables = await tablesOf(client, view.name);
    const building = tables.find((table) => table.table === fresh && table.status === 'building');
    const live = tables.find((table) => table.status === 'live');
    if (!building) return false;
    // Before the checkpoints: while this waits for an analyst, the live table goes on.
    await lockForAnalysts(client, view);
    if (live && !(await isOfAnotherLog(client, live.table, fresh))) {
      await client.query('SELECT 1 FROM view_checkpoints WHERE table_name = $1 ORDER BY shard FOR UPDATE', [live.table]);
      const { high } = (await client.query(allBookkeeping(live.table))).rows[0] as { high: string };
      const passed = async () => BigInt((await client.query(allBookkeeping(fresh))).rows[0].low as string) >= BigInt(high);
      const until = performance.now() + waitMs;
      while (!(await passed())) {
        if (performance.now() > until) return false;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    await promote(client, view, shape, tables, fresh);
    return true;
  });
}

/** The positions of a table folded from another log may never be reached in this log. */
const isOfAnotherLog = async (client: ClientBase, table: string, fresh: string): Promise<boolean> =>
  (
    await client.query(
      `SELECT FROM view_states WHERE table_name = $1 AND other_log
       UNION ALL SELECT FROM view_checkpoints a, view_checkpoints b WHERE a.table_name = $1 AND b.table_name = $2 AND a.log <> b.log`,
      [table, fresh],
    )
  ).rows.length > 0;

/** Goes back to a kept table of this version or generation; it shows its rows and follows the log from there. */
export const goBack = (pool: Pool, view: AnyView, table: string): Promise<void> =>
  exclusively(pool, async (client) => {
    const tables = await tablesOf(client, view.name);
    if (!tables.some((kept) => kept.table === table && kept.status === 'kept'))
      throw new Error(`view ${view.name}: there is no kept table ${table}`);
    await promote(client, view, shapeOf(view), tables, table);
  });

async function promote(client: ClientBase, view: AnyView, shape: Shape, tables: readonly ViewTable[], fresh: string): Promise<void> {
  const live = tables.find((table) => table.status === 'live');
  if (live) await client.query(`UPDATE view_tables SET status = 'kept' WHERE table_name = $1`, [live.table]);
  await client.query(`UPDATE view_tables SET status = 'live', live_at = now() WHERE table_name = $1`, [fresh]);
  await show(client, view, shape, fresh);
  for (const old of tables) {
    if (old.table !== fresh && old.table !== live?.table && old.status !== 'building') await drop(client, old.table);
  }
}

async function drop(client: ClientBase, table: string): Promise<void> {
  await client.query('DELETE FROM view_tables WHERE table_name = $1', [table]);
  await client.query('DELETE FROM view_changes WHERE table_name = $1', [table]);
  await client.query(`DROP TABLE ${quoted(table)}`);
}

/** Stops a build that cannot continue, with the reason. */
export const stopBuilding = async (pool: Pool, table: string, because: string): Promise<void> => {
  await pool.query(`UPDATE view_tables SET status = 'stopped', stopped_because = $2 WHERE table_name = $1 AND status = 'building'`, [
    table,
    because.replaceAll('\0', '\ufffd'),
  ]);
};

/** Upserts rows with one statement, for batches too small for COPY. */
export const upsertSql = (shape: Shape, table: string, source: string): string => {
  const names = shape.columns.map((column) => quoted(column.name));
  const key = names[shape.key]!;
  const set = names.filter((name) => name !== key).map((name) => `${name} = excluded.${name}`);
  return `INSERT INTO ${quoted(table)} (${names.join(', ')}) ${source} ON CONFLICT (${key}) DO UPDATE SET ${set.join(', ')}`;
};

/** `SELECT` over one text array per column, cast to the columns' types. */
export const unnestSql = (shape: Shape): string => {
  const list = shape.columns.map(({ type }, i) => `c${i}::${type}`).join(', ');
  return `SELECT ${list} FROM unnest(${shape.columns.map((_, i) => `$${i + 1}::text[]`).join(', ')}) AS u (${shape.columns.map((_, i) => `c${i}`).join(', ')})`;
};

export const columnArrays = (shape: Shape, tuples: readonly (readonly (string | null)[])[]): (string | null)[][] =>
  shape.columns.map((column, i) => tuples.map((tuple) => toSql(column, tuple[i]!)));
