/**
 * Who may read the read models with SQL: the role `analyst`, which sees all scopes but not the audit, and accounts of persons, each with its scopes.
 * Hides: roles and grants of PostgreSQL. Promises: an account reads its rows of the views of schema `analytics` (shown.ts) and nothing else, and
 * cannot write, whatever it sets in its session. Does not: end sessions that exceed their limits (analyst-sessions.ts).
 */
import { randomBytes } from 'node:crypto';
import { escapeIdentifier, escapeLiteral, type Pool, type PoolClient } from 'pg';
import { APPLICATION } from '#platform/runtime/version';
import type { AnyView } from './shape';
import { ANALYSTS, AUDITORS, letRead, WORKER_ROLE } from './shown';

export const ANALYST = 'analyst';
/** The longest transaction without a statement under way, in seconds. */
export const IDLE_SECONDS = 60;

/** For each account. */
const CONNECTIONS = 8;
/** Limit per session, for sorts and joins that do not fit in memory; only a superuser can change it. */
const TEMPORARY_FILES = '2GB';

/** The login of a person; `name` is lower case. */
export const accountOf = (name: string): string => `${ANALYST}_${name}`;

export type Account = Readonly<{ account: string; scopes: readonly string[]; auditor: boolean }>;
type Limits = Readonly<{ seconds: number }>;
type Server = Readonly<{ database: string; owner: string; superuser: boolean; mayCreate: boolean }>;

const LOCK = `${APPLICATION}.analyst`;
/** How long a session that was told to end may take. */
const END_MS = 5_000;

/** Neither statements that fail nor what a session says reaches the server's log; only a superuser can change it. */
const SILENT = `log_min_messages = 'fatal'`;

/** Roles belong to the whole server: two apps, or two databases, must not set them at the same time. Work may commit in several transactions. */
async function exclusively<T>(pool: Pool, work: (client: PoolClient, server: Server) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query(`SELECT pg_advisory_lock(hashtext($1))`, [LOCK]);
    const { rows } = await client.query<Server>(
      `SELECT current_database() AS database, current_user AS owner, rolsuper AS superuser, rolsuper OR rolcreaterole AS "mayCreate"
       FROM pg_roles WHERE rolname = current_user`,
    );
    return await work(client, rows[0]!);
  } finally {
    // A connection that cannot give the lock back is closed, which does.
    await client.query(`SELECT pg_advisory_unlock(hashtext($1))`, [LOCK]).catch((error: Error) => (broken = error));
    client.release(broken);
  }
}

async function together(client: PoolClient, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/**
 * Creates the groups and the role `analyst`, and grants the views. With a password `analyst` can log in, without one it cannot. A role that may not
 * create others grants the views only. Safe to repeat and to run concurrently.
 */
export const ensureAnalyst = (pool: Pool, views: readonly AnyView[], password: string | undefined, limits: Limits): Promise<void> =>
  exclusively(pool, (client, server) =>
    together(client, async () => {
      // The worker's own role makes no accounts; it owns the views and lets the groups read them.
      if (server.mayCreate) {
        await grantGroups(client, server, views);
        await setAccount(client, server, { account: ANALYST, scopes: ['*'], auditor: false }, password ?? null, limits);
      } else {
        for (const view of views) await letRead(client, view);
        await noteScopes(client, ANALYST, ['*']);
      }
    }),
  );

/**
 * Creates an account, or changes its scopes and its password; its sessions end, since what is logged and allowed is fixed when a session begins.
 * Groups and grants must be there already: the worker sets them when it starts. `record` is called first, under the lock that removal takes too.
 * @throws Error if the connection may not create roles
 */
export const setAnalyst = (pool: Pool, account: Account, password: string, limits: Limits, record = async () => {}): Promise<void> =>
  exclusively(pool, async (client, server) => {
    await record();
    await together(client, () => setAccount(client, server, account, password, limits));
    await endSessions(client, account.account);
  });

/** The account can do nothing any more, but PostgreSQL keeps its role. */
export class RoleLeft extends Error {
  constructor(account: string, { message, detail = '' }: Error & { detail?: string }) {
    super(
      `${account} can no longer log in and its sessions have ended, but PostgreSQL could not drop the role: ${message}.\n${detail}\n` +
        'Take away what it names, then send this again.',
    );
  }
}

/**
 * Closes the account, ends its sessions and removes it; false if there is none. `record` is called once the account can do nothing any more. Safe
 * to repeat.
 * @throws RoleLeft if something still depends on the role
 */
export const removeAnalyst = (pool: Pool, account: string, record = async () => {}): Promise<boolean> =>
  exclusively(pool, async (client) => {
    const role = escapeIdentifier(account);
    const there = await exists(client, account);
    // Committed first: whoever can log in can make things that depend on its role, and so hold up the rest.
    await together(client, async () => {
      await client.query('DELETE FROM view_readers WHERE account = $1', [account]);
      if (there) await client.query(`ALTER ROLE ${role} NOLOGIN PASSWORD ${escapeLiteral(randomBytes(24).toString('base64url'))}`);
    });
    if (there) await endSessions(client, account);
    await record();
    if (!there) return false;
    // A login that was under way at first.
    await endSessions(client, account);
    await together(client, async () => {
      await client.query(`DROP OWNED BY ${role}`);
      await client.query(`DROP ROLE ${role}`);
    }).catch((error: Error) => {
      throw new RoleLeft(account, error);
    });
    return true;
  });

const endSessions = async (client: PoolClient, account: string): Promise<void> =>
  void (await client.query('SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE usename = $1', [account, END_MS]));

/** Restores which scopes the accounts have, where that was lost with the database: roles belong to the server, scopes to the database. */
export async function restoreScopes(pool: Pool, accounts: readonly Account[]): Promise<void> {
  for (const { account, scopes } of accounts) await noteScopes(pool, account, scopes);
}

const noteScopes = async (client: Pool | PoolClient, account: string, scopes: readonly string[]): Promise<void> =>
  void (await client.query(
    `INSERT INTO view_readers (account, scopes) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET scopes = excluded.scopes
     WHERE view_readers.scopes <> excluded.scopes`,
    [account, scopes],
  ));

const exists = async (client: PoolClient, role: string): Promise<boolean> =>
  (await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role])).rowCount === 1;

async function grantGroups(client: PoolClient, server: Server, views: readonly AnyView[]): Promise<void> {
  const [analysts, database, owner] = [ANALYSTS, server.database, server.owner].map(escapeIdentifier) as [string, string, string];
  for (const group of [ANALYSTS, AUDITORS])
    if (!(await exists(client, group))) await client.query(`CREATE ROLE ${escapeIdentifier(group)} NOLOGIN`);
  await client.query(`GRANT ${analysts} TO ${escapeIdentifier(AUDITORS)}`);
  if (!(await exists(client, ANALYST))) await client.query(`CREATE ROLE ${ANALYST} NOLOGIN`);

  await client.query('CREATE SCHEMA IF NOT EXISTS analytics');
  await client.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC, ${ANALYST}, ${analysts}`);
  await client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${owner}`);
  await client.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${ANALYST}`);
  await client.query(`GRANT ALL ON DATABASE ${database} TO ${owner}`);
  await client.query(`GRANT CONNECT ON DATABASE ${database} TO ${analysts}`);
  // Earlier releases granted everything to the one role directly.
  await client.query(`REVOKE ALL ON SCHEMA analytics FROM PUBLIC, ${ANALYST}`);
  await client.query(`REVOKE ALL ON ALL TABLES IN SCHEMA analytics FROM PUBLIC, ${ANALYST}`);
  await client.query(`ALTER DEFAULT PRIVILEGES IN SCHEMA analytics REVOKE ALL ON TABLES FROM ${ANALYST}`);
  await client.query(`GRANT USAGE ON SCHEMA analytics TO ${analysts}`);
  for (const view of views) await letRead(client, view);
  if (!server.superuser) return;
  await client.query(WITHOUT_SIDE_EFFECTS);
  // Accounts that an earlier release made.
  const { rows } = await client.query<{ account: string }>(
    `SELECT account FROM view_readers JOIN pg_roles ON rolname = account WHERE NOT pg_has_role(account, $1, 'MEMBER')`,
    [AUDITORS],
  );
  for (const { account } of rows) await client.query(`ALTER ROLE ${escapeIdentifier(account)} SET ${SILENT}`);
  // On a server of our own (we are superuser there): analysts must not reach its other databases.
  await client.query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
}

async function setAccount(
  client: PoolClient,
  { database, owner, superuser }: Server,
  { account, scopes, auditor }: Account,
  password: string | null,
  { seconds }: Limits,
): Promise<void> {
  const role = escapeIdentifier(account);
  if (!(await exists(client, account))) await client.query(`CREATE ROLE ${role}`);
  const logIn = password === null ? 'NOLOGIN PASSWORD NULL' : `LOGIN PASSWORD ${escapeLiteral(password)}`;
  await client.query(`ALTER ROLE ${role} ${logIn} INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${CONNECTIONS}`);
  await client.query(`GRANT ${escapeIdentifier(ANALYSTS)} TO ${role} WITH INHERIT TRUE`);
  if (auditor) await client.query(`GRANT ${escapeIdentifier(AUDITORS)} TO ${role} WITH INHERIT TRUE`);
  else await client.query(`REVOKE ${escapeIdentifier(AUDITORS)} FROM ${role}`);
  // An account may set what its later sessions begin with, and the shared one is that of others too.
  for (const where of ['', `IN DATABASE ${escapeIdentifier(database)}`]) await client.query(`ALTER ROLE ${role} ${where} RESET ALL`);
  for (const setting of [
    'default_transaction_read_only = on',
    `statement_timeout = '${seconds}s'`,
    `idle_in_transaction_session_timeout = '${IDLE_SECONDS}s'`,
    'search_path = analytics',
    `TimeZone = 'UTC'`,
  ])
    await client.query(`ALTER ROLE ${role} IN DATABASE ${escapeIdentifier(database)} SET ${setting}`);
  if (superuser) {
    await client.query(`ALTER ROLE ${role} NOSUPERUSER NOREPLICATION NOBYPASSRLS`);
    await client.query(`ALTER ROLE ${role} SET temp_file_limit = '${TEMPORARY_FILES}'`);
    // Reading who did what leaves a record: the server's log has each statement, and the account cannot turn that off. Others could push it out.
    await client.query(`ALTER ROLE ${role} SET ${auditor ? "log_statement = 'all'" : SILENT}`);
  } else {
    // Otherwise an owner without superuser, and its worker, could neither see nor end the account's sessions.
    for (const member of [owner, WORKER_ROLE])
      if (await exists(client, member)) await client.query(`GRANT ${role} TO ${escapeIdentifier(member)} WITH INHERIT TRUE`);
  }
  await noteScopes(client, account, scopes);
}

/** What everybody may call, and what would let a reader take the engine's locks or fill disk and log. Only a superuser can revoke it. */
const WITHOUT_SIDE_EFFECTS = `
DO $$ DECLARE f record; BEGIN
  FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'pg_catalog' AND (p.proname LIKE 'pg\\_advisory%' OR p.proname LIKE 'pg\\_try\\_advisory%'
      OR p.proname IN ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_open', 'lowrite', 'lo_put', 'pg_notify', 'pg_logical_emit_message'))
      AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
  LOOP EXECUTE 'REVOKE EXECUTE ON FUNCTION ' || f.name || ' FROM PUBLIC'; END LOOP;
  REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
END $$`;
