/** What an account of a person may try against its limits, its plants and its removal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { lotStock } from '#platform/testing/view-examples';
import { ANALYST, ensureAnalyst, removeAnalyst, setAnalyst } from './analyst-role';
import { ensureBookkeeping, openView, rebuild, switchOver } from './tables';

jest.setTimeout(60_000);

describe('an account of a person that attacks', () => {
  const database = withPostgres();
  const password = 'correct horse battery';
  const limits = { seconds: 300 };
  const opened: Client[] = [];
  let pool: Pool;
  let names = 0;

  const logIn = async (account: string): Promise<Client> => {
    const url = new URL(database.url);
    [url.username, url.password] = [account, encodeURIComponent(password)];
    const client = new Client({ connectionString: url.href });
    client.on('error', () => undefined);
    await client.connect();
    opened.push(client);
    return client;
  };
  const given = async (scopes: readonly string[], auditor = false) => {
    const account = `analyst_attacks${names++}`;
    await setAnalyst(pool, { account, scopes, auditor }, password, limits);
    return { account, client: await logIn(account) };
  };
  /** The SQLSTATE of a statement. */
  const code = (client: Client, sql: string) =>
    client.query(sql).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    );
  const rolesNamed = async (account: string) => (await pool.query('SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [account])).rows;

  beforeAll(async () => {
    pool = openPool(database.url, 'spec');
    await ensureBookkeeping(pool);
    await openView(pool, lotStock, 1);
    await ensureAnalyst(pool, [lotStock], password, limits);
    await pool.query(
      `INSERT INTO lot_stock_v1 SELECT p || '.L' || n, p, 'steel', n, NULL, 1, '', n, now()
       FROM unnest(ARRAY['haifa', 'lyon']) p, generate_series(1, 2) n`,
    );
  });
  afterAll(async () => {
    for (const client of opened) await client.end().catch(() => undefined);
    await pool.end();
  });

  test('is removed, although rights that it granted hold on to it', async () => {
    const { account, client } = await given(['haifa']);
    await client.query('SET default_transaction_read_only = off');
    await client.query('ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC');
    expect(await removeAnalyst(pool, account)).toBe(true);
    expect(await rolesNamed(account)).toEqual([]);
    await expect(client.query('SELECT 1')).rejects.toThrow();
  });

  test('cannot log in nor read once its removal has begun, although the role cannot be dropped yet', async () => {
    const { account, client } = await given(['haifa']);
    const url = Object.assign(new URL(database.url), { pathname: '/postgres' });
    const other = openPool(url.href, 'spec', 1);
    try {
      // A right in another database is out of reach from this one.
      await other.query(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${account}`);
      const recorded: unknown[] = [];
      const record = async () => void recorded.push(...(await rolesNamed(account)));
      await expect(removeAnalyst(pool, account, record)).rejects.toThrow(/can no longer log in.*\n.*database postgres/);
      // What is recorded is true already.
      expect(recorded).toEqual([{ rolcanlogin: false }]);
      await expect(client.query('SELECT 1')).rejects.toThrow();
      await expect(logIn(account)).rejects.toMatchObject({ code: '28P01' });
      expect((await pool.query('SELECT FROM view_readers WHERE account = $1', [account])).rowCount).toBe(0);
      await other.query(`ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM ${account}`);
      expect(await removeAnalyst(pool, account)).toBe(true);
      expect(await rolesNamed(account)).toEqual([]);
    } finally {
      await other.end();
    }
  });

  test('loses its sessions when its rights change: a session older than a promotion would not be logged', async () => {
    const { account, client } = await given(['haifa']);
    await setAnalyst(pool, { account, scopes: ['haifa'], auditor: true }, password, limits);
    await expect(client.query('SELECT 1')).rejects.toThrow();
    const again = await logIn(account);
    expect((await again.query(`SELECT current_setting('log_statement') AS log`)).rows).toEqual([{ log: 'all' }]);
  });

  test('leaves no settings behind for those who share its role', async () => {
    const client = await logIn(ANALYST);
    await client.query('SET default_transaction_read_only = off');
    for (const where of ['', 'IN DATABASE ' + new URL(database.url).pathname.slice(1)])
      await client.query(`ALTER ROLE analyst ${where} SET extra_float_digits = -15`);
    await ensureAnalyst(pool, [lotStock], password, limits);
    const { rows } = await (
      await logIn(ANALYST)
    ).query(
      `SELECT current_setting('extra_float_digits') AS digits, current_setting('temp_file_limit') AS files, current_setting('search_path') AS path`,
    );
    expect(rows).toEqual([{ digits: '1', files: '2GB', path: 'analytics' }]);
  });

  test('writes nothing to the log of the server, unless it is an auditor: there is the record of auditors', async () => {
    const [plain, auditor] = [await given(['haifa']), await given(['haifa'], true)];
    expect(await code(plain.client, `DO $$ BEGIN RAISE LOG 'flood of a block'; END $$`)).toBe('42501');
    expect(await code(plain.client, `SELECT 1 / 0 AS "flood of a statement that fails"`)).toBe('22012');
    await plain.client.query('SET debug_print_parse = on');
    await plain.client.query('SELECT 1 AS "flood of a parser"');
    expect(await code(plain.client, 'SET log_min_messages = log')).toBe('42501');
    await auditor.client.query('SELECT 1 AS "record of an auditor"');
    const { rows } = await pool.query(`SELECT current_setting('data_directory') AS path`);
    const log = readFileSync(join(String(rows[0].path), '..', 'postgres.log'), 'utf8');
    expect(log).toContain('record of an auditor');
    expect(log).not.toContain('flood of a');
  });

  describe('learns nothing of rows of other plants', () => {
    let client: Client;
    beforeAll(async () => {
      await pool.query('ANALYZE lot_stock_v1');
      ({ client } = await given(['lyon']));
      await client.query('SET enable_seqscan = off');
    });
    const plan = async (options: string, condition: string) =>
      (await client.query(`EXPLAIN (${options}) SELECT FROM lot_stock WHERE ${condition}`)).rows
        .map((row) => String(row['QUERY PLAN']).replace(/'.*'/, '?'))
        .filter((line) => !line.includes('Planning'));

    test('from the counts of EXPLAIN ANALYZE', async () => {
      const counts = (start: string) =>
        plan('ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF', `lot_id >= '${start}.' AND lot_id < '${start}/'`);
      expect(await counts('haifa')).toEqual(await counts('hania'));
    });

    test('from estimates', async () => {
      expect(await plan('COSTS ON', `material = 'steel'`)).toEqual(await plan('COSTS ON', `material = 'brass'`));
    });

    test('from which conditions are evaluated', async () => {
      // The subquery fails if it is needed: if a row passed the conditions before it.
      const probe = (conditions: string) =>
        code(client, `SELECT FROM lot_stock WHERE ${conditions} AND trail = (SELECT (1 / (pg_backend_pid() * 0))::text)`);
      expect(await probe(`lot_id = 'lyon.L1' AND pieces = 1`)).toBe('22012');
      for (const pieces of ['pieces = 1', 'pieces = 2', 'place IS NULL'])
        expect(await probe(`lot_id = 'haifa.L1' AND ${pieces}`)).toBe('ok');
    });
  });

  test('holds up a switch of its view, but not the reads of the application meanwhile', async () => {
    const { account, client } = await given(['haifa']);
    const api = await pool.connect();
    await api.query(`SET statement_timeout = '300ms'`);
    try {
      await client.query('BEGIN; SELECT FROM lot_stock');
      await rebuild(pool, lotStock, 1);
      const switched = switchOver(pool, lotStock).catch((error: Error) => error.message);
      for (let i = 0; i < 10; i += 1) {
        await api.query('SELECT FROM lot_stock');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await switched).toContain(account);
      await client.query('COMMIT');
      expect(await switchOver(pool, lotStock)).toBe(true);
      expect((await api.query('SELECT FROM lot_stock')).rowCount).toBe(0);
    } finally {
      await client.query('ROLLBACK').catch(() => undefined);
      api.release(true);
    }
  });
});
