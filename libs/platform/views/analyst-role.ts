/**
 * The read-only SQL role `analyst`. Hides: roles and grants of PostgreSQL. Promises: it can read the views of schema `analytics` and nothing
 * else, for a bounded time, and cannot write, whatever it sets in its session. Does not: restrict facilities: it sees all of them.
 */
import { escapeIdentifier, escapeLiteral, type Pool, type PoolClient } from 'pg';
import { APPLICATION } from '#platform/runtime/version';

export const ANALYST = 'analyst';

/** A session cannot hold a lock that the engine needs, store a large object, or use more than these limits. */
const CONNECTIONS = 8;
const STATEMENT_SECONDS = 300;
/** Limit per session, for sorts and joins that do not fit in memory; only a superuser can change it. */
const TEMPORARY_FILES = '2GB';

/**
 * Creates the role if it is missing and sets its rights. With a password it can log in, without one it cannot. Safe to repeat and to run
 * concurrently.
 */
export async function ensureAnalyst(pool: Pool, password: string | undefined): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    // Roles belong to the whole server: two apps, or two databases, must not set them at the same time.
    await client.query(`SELECT pg_advisory_xact_lock(hashtext($1))`, [`${APPLICATION}.analyst`]);
    await grant(client, password);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function grant(client: PoolClient, password: string | undefined): Promise<void> {
  const { rows } = await client.query<{ there: boolean; database: string; owner: string; superuser: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS there, current_database() AS database, current_user AS owner,
            (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`,
    [ANALYST],
  );
  const { there, database, owner, superuser } = rows[0]!;
  const role = escapeIdentifier(ANALYST);
  if (!there) await client.query(`CREATE ROLE ${role} NOINHERIT`);
  const logIn = password === undefined ? 'NOLOGIN PASSWORD NULL' : `LOGIN PASSWORD ${escapeLiteral(password)}`;
  await client.query(`ALTER ROLE ${role} ${logIn} NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${CONNECTIONS}`);
  if (superuser) await client.query(`ALTER ROLE ${role} NOSUPERUSER NOREPLICATION NOBYPASSRLS`);
  for (const setting of [
    'default_transaction_read_only = on',
    `statement_timeout = '${STATEMENT_SECONDS}s'`,
    `idle_in_transaction_session_timeout = '60s'`,
    'search_path = analytics',
    `TimeZone = 'UTC'`,
  ])
    await client.query(`ALTER ROLE ${role} IN DATABASE ${escapeIdentifier(database)} SET ${setting}`);

  await client.query('CREATE SCHEMA IF NOT EXISTS analytics');
  await client.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC, ${role}`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${escapeIdentifier(owner)}`);
  await client.query(`REVOKE ALL ON DATABASE ${escapeIdentifier(database)} FROM PUBLIC, ${role}`);
  await client.query(`GRANT ALL ON DATABASE ${escapeIdentifier(database)} TO ${escapeIdentifier(owner)}`);
  await client.query(`GRANT CONNECT ON DATABASE ${escapeIdentifier(database)} TO ${role}`);
  await client.query(`REVOKE ALL ON SCHEMA analytics FROM PUBLIC, ${role}`);
  await client.query(`GRANT USAGE ON SCHEMA analytics TO ${role}`);
  await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO ${role}`);
  // Views that are created later, such as a new version of an existing one.
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA analytics GRANT SELECT ON TABLES TO ${role}`);
  if (superuser) {
    await client.query(WITHOUT_SIDE_EFFECTS);
    // On a server of our own (we are superuser there): the analyst must not reach its other databases.
    await client.query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
    await client.query(`ALTER ROLE ${role} SET temp_file_limit = '${TEMPORARY_FILES}'`);
  }
}

/** Functions that everybody may call and that would let a reader take the engine's locks or fill the disk. Only a superuser can revoke them. */
const WITHOUT_SIDE_EFFECTS = `
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'pg_catalog' AND (p.proname LIKE 'pg\\_advisory%' OR p.proname LIKE 'pg\\_try\\_advisory%'
      OR p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_open', 'lowrite', 'lo_put', 'pg_notify'))
      AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
  LOOP EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f.name || ' FROM PUBLIC'; END LOOP;
END $$`;
