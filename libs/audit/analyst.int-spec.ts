import { Client, Pool } from 'pg';
import { ANALYST, ensureAnalyst } from '#platform/views/analyst-role';
import { openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { ensureBookkeeping, openView } from '#platform/views/tables';
import { commandLog } from './command-log.view';

describe('an analyst', () => {
  const database = withPostgres();
  const password = 'correct horse battery';
  let pool: Pool;
  let analyst: Client;
  const logIn = async (secret = password) => {
    const url = new URL(database.url);
    [url.username, url.password] = [ANALYST, encodeURIComponent(secret)];
    const client = new Client({ connectionString: url.href });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  /** The SQLSTATE of a statement. */
  const fails = (sql: string, client = analyst) =>
    client.query(sql).then(
      () => 'ok',
      ({ code }: { code: string }) => code,
    );

  beforeAll(async () => {
    pool = openPool(database.url, 'spec');
    await ensureBookkeeping(pool);
    await openView(pool, commandLog, 1);
    await Promise.all([ensureAnalyst(pool, password), ensureAnalyst(pool, password)]);
    analyst = await logIn();
  }, 60_000);
  afterAll(async () => {
    await analyst?.end();
    await pool?.end();
  });

  it('reads the views of the schema analytics, with their comments', async () => {
    expect((await analyst.query('SELECT command_id, outcome FROM command_log')).rows).toEqual([]);
    const { rows } = await analyst.query(
      `SELECT count(*)::int AS views, bool_and(has_table_privilege(c.oid, 'SELECT')) AS all FROM pg_class c WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'v'`,
    );
    expect(rows).toEqual([{ views: 1, all: true }]);
    const words = await analyst.query(
      `SELECT col_description('analytics.command_log'::regclass, attnum) AS said FROM pg_attribute WHERE attrelid = 'analytics.command_log'::regclass AND attname = 'code'`,
    );
    expect(words.rows[0].said).toMatch(/Code of the refusal/);
  });

  it('reads views that are newer than the role', async () => {
    await pool.query('CREATE VIEW analytics.later AS SELECT 1 AS one');
    expect((await analyst.query('SELECT one FROM later')).rows).toEqual([{ one: 1 }]);
  });

  it('sees no other schema', async () => {
    for (const table of ['public.command_log', 'public.command_log_v1', 'public.view_checkpoints'])
      expect(await fails(`SELECT * FROM ${table}`)).toBe('42501');
    const { rows } = await analyst.query(
      `SELECT DISTINCT table_schema FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(rows).toEqual([{ table_schema: 'analytics' }]);
    expect(await fails(`COPY (SELECT 1) TO '/tmp/ops-analyst'`)).toBe('42501');
    expect(await fails(`SELECT pg_read_file('/etc/passwd')`)).toBe('42501');
  });

  it('cannot write, even in a transaction that it declares read-write', async () => {
    expect(await fails('CREATE TABLE analytics.mine (a int)')).toBe('25006');
    expect(await fails(`INSERT INTO command_log ("command_id") VALUES ('x')`)).toBe('42501');
    await analyst.query('SET default_transaction_read_only = off');
    expect(await fails(`INSERT INTO command_log ("command_id") VALUES ('x')`)).toBe('42501');
    expect(await fails('CREATE TABLE analytics.mine (a int)')).toBe('42501');
    expect(await fails('CREATE TABLE public.mine (a int)')).toBe('42501');
    expect(await fails('CREATE TEMP TABLE mine (a int)')).toBe('42501');
    expect(await fails('CREATE SCHEMA mine')).toBe('42501');
    expect(await fails('SELECT lo_create(0)')).toBe('42501');
    expect(await fails('SELECT pg_advisory_lock(7236487201)')).toBe('42501');
    expect(await fails('ALTER ROLE analyst SUPERUSER')).toBe('42501');
  });

  it('has limits of time and connections', async () => {
    const fresh = await logIn();
    const { rows } = await fresh.query(
      `SELECT current_setting('statement_timeout') AS statement, current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('search_path') AS path`,
    );
    expect(rows).toEqual([{ statement: '5min', idle: '1min', path: 'analytics' }]);
    const limit = await pool.query('SELECT rolconnlimit FROM pg_roles WHERE rolname = $1', [ANALYST]);
    expect(limit.rows).toEqual([{ rolconnlimit: 8 }]);
    await fresh.end();
  });

  it('gets a new password, and loses it when none is set', async () => {
    await ensureAnalyst(pool, 'another password');
    await expect(logIn()).rejects.toMatchObject({ code: '28P01' });
    await (await logIn('another password')).end();
    await ensureAnalyst(pool, undefined);
    await expect(logIn('another password')).rejects.toMatchObject({ code: '28P01' });
    await ensureAnalyst(pool, password);
  });
});
