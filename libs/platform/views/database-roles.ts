/**
 * The roles of the apps in PostgreSQL. Hides: roles, grants and owners. Promises: the api reads the read models and can change nothing but an
 * operator's decision about a parked event and what callers have used of their limits; the worker owns the read models and the queue; only the owner
 * of the database, who is no app, can change the fixed tables or make accounts. Does not: restrict what the worker writes into the read models: that is its work.
 */
import { escapeIdentifier, escapeLiteral, type PoolClient } from 'pg';
import { openPool } from '#platform/runtime/database';
import { APPLICATION } from '#platform/runtime/version';
import { WORKER_ROLE } from './shown';
import { API_ROLE, ensureBookkeeping } from './tables';

/** The apps that connect to PostgreSQL. */
export type RoleApp = 'api' | 'worker' | 'ops';
const OPS_ROLE = `${APPLICATION}_ops`;
const ROLES: Readonly<Record<RoleApp, string>> = { api: API_ROLE, worker: WORKER_ROLE, ops: OPS_ROLE };
const FIXED = ['process_checkpoint', 'process_timer', 'process_worker', 'process_shelf', 'queue_report'];

/** The connection string of an app's role. */
export function urlOfRole(owner: string, app: RoleApp, password: string): string {
  const url = new URL(owner);
  [url.username, url.password] = [ROLES[app], encodeURIComponent(password)];
  return url.href;
}

/**
 * Creates the roles, or sets their passwords, and gives them what they need, also in a database where one role did everything. Call it as the owner,
 * after the migrations and before the worker starts. Safe to repeat.
 */
export async function ensureRoles(owner: string, passwords: Readonly<Record<RoleApp, string>>): Promise<void> {
  const pool = openPool(owner, 'roles', 2);
  try {
    await ensureBookkeeping(pool);
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      // Roles belong to the whole server: two databases must not set them at the same time.
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`${APPLICATION}.analyst`]);
      await setRoles(client, passwords);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}

async function setRoles(client: PoolClient, passwords: Readonly<Record<RoleApp, string>>): Promise<void> {
  const { rows } = await client.query<{ database: string; owner: string; superuser: boolean }>(
    `SELECT current_database() AS database, current_user AS owner, rolsuper AS superuser FROM pg_roles WHERE rolname = current_user`,
  );
  const { superuser } = rows[0]!;
  const [database, owner] = [rows[0]!.database, rows[0]!.owner].map(escapeIdentifier);
  const [api, worker, ops] = [API_ROLE, WORKER_ROLE, OPS_ROLE].map(escapeIdentifier) as [string, string, string];
  for (const app of ['api', 'worker', 'ops'] as const) {
    const role = escapeIdentifier(ROLES[app]);
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [ROLES[app]]);
    if (!rowCount) await client.query(`CREATE ROLE ${role}`);
    await client.query(`ALTER ROLE ${role} LOGIN NOCREATEDB NOCREATEROLE PASSWORD ${escapeLiteral(passwords[app])}`);
    if (superuser) await client.query(`ALTER ROLE ${role} NOSUPERUSER NOREPLICATION NOBYPASSRLS`);
  }
  // An owner without superuser must be able to become the worker, to hand its tables over.
  if (!superuser) await client.query(`GRANT ${worker} TO ${owner}`);
  await client.query(`GRANT ${worker} TO ${ops}`);
  // What an operator builds belongs to the worker, as if it had built it.
  await client.query(`ALTER ROLE ${ops} IN DATABASE ${database} SET role = ${worker}`);
  if (superuser) {
    await client.query(`GRANT pg_signal_backend, pg_read_all_stats TO ${worker}`);
    await client.query(SIDE_EFFECTS);
  }

  await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${api}, ${ops}`);
  await client.query(`GRANT ALL ON DATABASE ${database} TO ${owner}`);
  await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${api}, ${ops}`);
  // TEMPORARY: rows are staged. CREATE: the queue makes its own schema.
  await client.query(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${database} TO ${worker}`);
  await client.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${owner}, ${worker}`);
  await client.query(`GRANT USAGE ON SCHEMA public TO ${api}`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA analytics TO ${worker}`);
  await handOver(client, worker);
  await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${api}, ${worker}`);
  await client.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${worker} IN SCHEMA public GRANT SELECT ON TABLES TO ${api}`);
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO ${api}, ${worker}`);
  await client.query(`GRANT UPDATE (wish) ON view_parked TO ${api}`);
  await client.query(`GRANT INSERT, UPDATE, DELETE ON caller_debt TO ${api}`);
  for (const table of FIXED) await client.query(`GRANT INSERT, UPDATE, DELETE, TRUNCATE ON ${table} TO ${worker}`);
}

/** Gives the engine's tables and views, made by an earlier release, to the worker. Extensions keep theirs; the queue is filled again. */
async function handOver(client: PoolClient, worker: string): Promise<void> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    `SELECT c.oid::regclass::text AS name, c.relkind AS kind FROM pg_class c
     WHERE c.relkind IN ('r', 'v') AND c.relowner <> to_regrole($1) AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
       AND (c.relnamespace = 'analytics'::regnamespace OR c.relnamespace = 'public'::regnamespace
         AND (c.relkind = 'v' OR c.relname LIKE 'view\\_%' OR c.relname IN (SELECT table_name FROM view_tables)))`,
    [WORKER_ROLE],
  );
  for (const { name, kind } of rows) await client.query(`ALTER ${kind === 'v' ? 'VIEW' : 'TABLE'} ${name} OWNER TO ${worker}`);
  const queue = await client.query(`SELECT FROM pg_namespace WHERE nspname = 'queue' AND nspowner <> to_regrole($1)`, [WORKER_ROLE]);
  if (queue.rowCount) await client.query('DROP SCHEMA queue CASCADE');
}

/** Everybody else lost these (analyst-role.ts). Only a superuser can grant them. */
const SIDE_EFFECTS = `
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
    AND (p.proname LIKE 'pg\\_advisory%' OR p.proname LIKE 'pg\\_try\\_advisory%' OR p.proname = 'pg_notify')
  LOOP EXECUTE 'GRANT EXECUTE ON FUNCTION ' || f.name || ' TO ${WORKER_ROLE}'; END LOOP;
  GRANT USAGE ON LANGUAGE plpgsql TO ${WORKER_ROLE};
END $$`;
