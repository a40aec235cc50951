/**
 * PostgreSQL as this system uses it. Hides: pg's defaults that surprise (bigint as text, unbounded waits). Promises: bigint columns arrive
 * as bigint, numerics and timestamps as text, and nobody waits for a connection for ever. Does not: hold state that the log could not
 * restore.
 */
import { join } from 'node:path';
import { Client, Pool, types, type PoolConfig } from 'pg';
import { DataSource, type QueryRunner } from 'typeorm';
import { APPLICATION } from './version';
import { ConfigFaults, type AppName } from './config';
import { gauge } from './metrics';

const INT8 = 20;
const TIMESTAMPTZ = 1184;
const parser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8
    ? BigInt
    : oid === TIMESTAMPTZ
      ? (value: string) => new Date(value).toISOString()
      : types.getTypeParser(oid, format as 'text');
/** int8 as bigint, timestamptz as ISO 8601 UTC, numeric as decimal text. */
export const EXACT_TYPES: PoolConfig['types'] = { getTypeParser: parser as never };

/** How long to wait for a connection. */
const CONNECT_MS = 5_000;

/** A pool of connections; `application` names it in pg_stat_activity. */
export const openPool = (url: string, application: string, max = 8): Pool =>
  survivingLosses(
    new Pool({ connectionString: url, application_name: application, max, connectionTimeoutMillis: CONNECT_MS, types: EXACT_TYPES }),
    application,
  );

/** Pools by the name that metrics give them. */
const pools = new Map<Pool, string>();
const opened = () => [...pools].filter(([pool]) => !pool.ended || !pools.delete(pool));
gauge('database_connections', 'Connections to PostgreSQL, by pool and state (busy, idle).', ['pool', 'state'], function () {
  this.reset();
  for (const [{ totalCount, idleCount }, pool] of opened()) {
    this.inc({ pool, state: 'idle' }, idleCount);
    this.inc({ pool, state: 'busy' }, totalCount - idleCount);
  }
});
gauge('database_connections_awaited', 'Queries that wait for a connection of a pool.', ['pool'], function () {
  this.reset();
  for (const [{ waitingCount }, pool] of opened()) this.inc({ pool }, waitingCount);
});

/**
 * A connection that the server closes is replaced by the next query. Without listeners it would crash the app: through the pool's error
 * event if it is idle, through its own between two statements of a transaction. `name` is that of the pool in metrics.
 */
export const survivingLosses = (pool: Pool, name: string): Pool => {
  pools.set(pool, name);
  return pool.on('error', () => undefined).on('connect', (client) => void client.on('error', () => undefined));
};

/** Whether this role made the tables, or may as well have; true in an empty database. */
const isOwner = async (runner: QueryRunner): Promise<boolean> =>
  (
    (await runner.query(
      `SELECT coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('migration')), true) AS owner`,
    )) as { owner: boolean }[]
  )[0]!.owner;

const MIGRATION_LOCK = `${APPLICATION}.migrate`;
const OLDEST = 16;

/**
 * Checks the version of the server. One that does not answer is no error here: its users report it.
 * @throws ConfigFaults if it is too old
 */
export async function refuseOldPostgres(app: AppName, url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000, application_name: app });
  client.on('error', () => undefined);
  let version: string;
  try {
    await client.connect();
    version = ((await client.query('SHOW server_version')).rows[0] as { server_version: string }).server_version;
  } catch {
    return;
  } finally {
    await client.end().catch(() => undefined);
  }
  if (parseInt(version) < OLDEST)
    throw new ConfigFaults(app, [`DATABASE_URL: this needs PostgreSQL ${OLDEST} or later, and the server is ${version}. Upgrade it.`]);
}

/**
 * Brings the fixed tables up to date, one migrator at a time. Returns the names of what ran.
 * @throws Error if something is missing and the role does not own the tables
 */
export async function migrate(url: string): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: [join(__dirname, '..', '..', '..', 'migrations', '*.js')],
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'all',
    // Without a limit, a connection that a dying server no longer accepts would be waited for without end.
    extra: { max: 2, connectionTimeoutMillis: CONNECT_MS, keepAlive: true },
  });
  await source.initialize();
  const lock = source.createQueryRunner();
  try {
    await lock.query(`SELECT pg_advisory_lock(hashtext($1))`, [MIGRATION_LOCK]);
    if (!(await isOwner(lock))) {
      if (!(await source.showMigrations())) return [];
      throw new Error(
        'This release needs migrations, and the role of DATABASE_URL may not run them: run `npm run ops -- migrate` as the owner.',
      );
    }
    return (await source.runMigrations()).map(({ name }) => name);
  } finally {
    await lock.query(`SELECT pg_advisory_unlock(hashtext($1))`, [MIGRATION_LOCK]).catch(() => undefined);
    await lock.release();
    await source.destroy();
  }
}
