import { Client, Pool } from 'pg';
import { ANALYST, ensureAnalyst } from '#platform/views/analyst-role';
import { openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { ensureBookkeeping, openView } from '#platform/views/tables';
import { lotStock, machineNow } from '#platform/testing/view-examples';
import { auditTrail } from './audit-trail.view';
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
  const views = [commandLog, lotStock];
  const setUp = (secret: string | undefined) => ensureAnalyst(pool, views, secret, { seconds: 300 });
  /** The SQLSTATE of a statement. */
  const fails = (sql: string, client = analyst) =>
    client.query(sql).then(
      () => 'ok',
      ({ code }: { code: string }) => code,
    );

  beforeAll(async () => {
    pool = openPool(database.url, 'spec');
    await ensureBookkeeping(pool);
    for (const view of [commandLog, lotStock]) await openView(pool, view, 1);
    await Promise.all([setUp(password), setUp(password)]);
    analyst = await logIn();
  }, 60_000);
  afterAll(async () => {
    await analyst?.end();
    await pool?.end();
  });

  it('reads the views of the schema analytics, with their comments', async () => {
    expect((await analyst.query('SELECT lot_id, behind FROM lot_stock')).rows).toEqual([]);
    const words = await analyst.query(
      `SELECT col_description('analytics.command_log'::regclass, attnum) AS said FROM pg_attribute WHERE attrelid = 'analytics.command_log'::regclass AND attname = 'code'`,
    );
    expect(words.rows[0].said).toMatch(/Code of the refusal/);
  });

  it('reads a view that is newer than the role; those of the audit are closed', async () => {
    for (const view of [auditTrail, machineNow]) await openView(pool, view, 1);
    expect((await analyst.query('SELECT * FROM machine_now')).rows).toEqual([]);
    for (const view of ['audit_trail', 'command_log']) expect(await fails(`SELECT * FROM ${view}`)).toBe('42501');
  });

  it('sees no other schema', async () => {
    for (const table of ['public.command_log', 'public.lot_stock_v1', 'public.view_checkpoints', 'public.view_readers'])
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
    expect(await fails(`DELETE FROM lot_stock`)).toBe('55000');
    await analyst.query('SET default_transaction_read_only = off');
    expect(await fails(`DELETE FROM lot_stock`)).toBe('55000');
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
    await setUp('another password');
    await expect(logIn()).rejects.toMatchObject({ code: '28P01' });
    await (await logIn('another password')).end();
    await setUp(undefined);
    await expect(logIn('another password')).rejects.toMatchObject({ code: '28P01' });
    await setUp(password);
  });
});
