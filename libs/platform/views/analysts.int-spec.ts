/** Accounts of persons: their scopes, the audit, parked rows, and sessions that lift their own limits. */
import { Client, Pool } from 'pg';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { View } from '#kernel/view';
import { openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { lotStock } from '#platform/testing/view-examples';
import { ensureAnalyst, removeAnalyst, restoreScopes, setAnalyst, type Account } from './analyst-role';
import { endLongSessions } from './analyst-sessions';
import { insertParked } from './parking';
import { ForAuditors, Scope } from './scope';
import { ensureBookkeeping, openView } from './tables';

jest.setTimeout(60_000);

@Entity('who_did_it')
@ForAuditors()
class WhoDidIt {
  @PrimaryColumn('text') id: string;
  @Scope() @Column('text') plantId: string;
  @Column('bigint') position: bigint;
  @Column('timestamptz') recordedAt: string;
}
const whoDidIt: View<WhoDidIt> = { name: 'who-did-it', version: 1, row: WhoDidIt, events: [], keys: () => [], fold: () => undefined };
const views = [lotStock, whoDidIt];
const limits = { seconds: 300 };

describe('an account of a person', () => {
  const database = withPostgres();
  const password = 'correct horse battery';
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
  const given = async (scopes: readonly string[], auditor = false, within: Account['account'] = `analyst_spec${names++}`) => {
    await setAnalyst(pool, { account: within, scopes, auditor }, password, limits);
    return { account: within, client: await logIn(within) };
  };
  const lots = async (client: Client, where = 'true') =>
    (await client.query(`SELECT lot_id FROM lot_stock WHERE ${where} ORDER BY lot_id`)).rows.map((row) => row.lot_id as string);
  /** The SQLSTATE of a statement. */
  const code = (client: Client, sql: string) =>
    client.query(sql).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    );

  beforeAll(async () => {
    pool = openPool(database.url, 'spec');
    await ensureBookkeeping(pool);
    for (const view of views) await openView(pool, view, 1);
    await ensureAnalyst(pool, views, password, limits);
    await pool.query(
      `INSERT INTO lot_stock_v1 SELECT p || '.L' || n, p, 'steel', n, NULL, 1, '', n, now()
       FROM unnest(ARRAY['haifa', 'lyon']) p, generate_series(1, 2) n`,
    );
    await pool.query(`INSERT INTO who_did_it_v1 VALUES ('a', 'haifa', 1, now()), ('b', 'lyon', 1, now())`);
  });
  afterAll(async () => {
    for (const client of opened) await client.end().catch(() => undefined);
    await pool.end();
  });

  test('sees the rows of its plants, and `*` sees all; one without a record sees none', async () => {
    const [haifa, both] = [await given(['haifa']), await given(['*'])];
    expect(await lots(haifa.client)).toEqual(['haifa.L1', 'haifa.L2']);
    expect(await lots(both.client)).toEqual(['haifa.L1', 'haifa.L2', 'lyon.L1', 'lyon.L2']);
    await pool.query('DELETE FROM view_readers WHERE account = $1', [haifa.account]);
    expect(await lots(haifa.client)).toEqual([]);
    await restoreScopes(pool, [{ ...haifa, scopes: ['lyon'], auditor: false }]);
    expect(await lots(haifa.client)).toEqual(['lyon.L1', 'lyon.L2']);
    await setAnalyst(pool, { account: haifa.account, scopes: ['haifa', 'lyon'], auditor: false }, password, limits);
    expect(await lots(await logIn(haifa.account))).toHaveLength(4);
  });

  test('does not learn of other rows by becoming its group, or from functions that fail on them', async () => {
    const { client } = await given(['haifa']);
    await client.query('SET ROLE plantlog_analysts');
    expect(await lots(client)).toEqual(['haifa.L1', 'haifa.L2']);
    await client.query('RESET ROLE');
    expect(await code(client, 'SET ROLE plantlog_auditors')).toBe('42501');
    expect(await code(client, 'SET SESSION AUTHORIZATION analyst')).toBe('42501');
    // A condition that would fail on any row of the other plant is not evaluated there.
    expect(await lots(client, `1 / (CASE WHEN lot_id LIKE 'lyon%' THEN 0 ELSE 1 END) = 1`)).toHaveLength(2);
    expect(await code(client, `UPDATE public.view_readers SET scopes = '{*}'`)).toBe('42501');
  });

  test('reads the audit if it is an auditor, of its plants only', async () => {
    const [plain, auditor] = [await given(['*']), await given(['lyon'], true)];
    expect(await code(plain.client, 'SELECT * FROM who_did_it')).toBe('42501');
    expect((await auditor.client.query('SELECT id FROM who_did_it')).rows).toEqual([{ id: 'b' }]);
    expect((await auditor.client.query(`SELECT current_setting('log_statement') AS log`)).rows).toEqual([{ log: 'all' }]);
    expect(await code(auditor.client, `SET log_statement = 'none'`)).toBe('42501');
    await setAnalyst(pool, { account: auditor.account, scopes: ['lyon'], auditor: false }, password, limits);
    expect(await code(await logIn(auditor.account), 'SELECT * FROM who_did_it')).toBe('42501');
  });

  test('sees which rows are behind because an event about them is parked', async () => {
    const { client } = await given(['haifa']);
    const behind = async () => (await client.query('SELECT lot_id FROM lot_stock WHERE behind')).rows.map((row) => row.lot_id as string);
    const park = async (position: bigint, keys: readonly string[] | null) => {
      const entry = { partition: 'p', keys, position, stream: 's', revision: 0n, type: 'T', id: 'e', error: 'because', attempts: 1 };
      const connection = await pool.connect();
      await insertParked(connection, 'lot_stock_v1', 0, [entry]);
      connection.release();
    };
    expect(await behind()).toEqual([]);
    await park(10n, ['haifa.L2', 'lyon.L1', 'with "quotes", \0 and \ud800']);
    expect(await behind()).toEqual(['haifa.L2']);
    await park(11n, null);
    expect(await behind()).toEqual(['haifa.L1', 'haifa.L2']);
    await pool.query('DELETE FROM view_parked');
    expect(await behind()).toEqual([]);
  });

  test('loses a session whose statement or transaction lasts too long, whatever limits the session sets', async () => {
    const [{ account, client }, other] = [await given(['haifa']), await given(['haifa'])];
    await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET default_transaction_read_only = off');
    const long = code(client, 'SELECT pg_sleep(600)');
    await other.client.query('SET idle_in_transaction_session_timeout = 0; BEGIN');
    expect(await endLongSessions(pool, 300)).toEqual([]);
    // Time passes: the limit is in the past.
    const ended = await endLongSessions(pool, 0);
    expect(ended.map(({ what }) => what).sort()).toEqual(['idle transaction', 'statement']);
    expect(ended.map((session) => session.account)).toContain(account);
    expect(await long).toMatch(/57P01|undefined/);
    expect((await pool.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }]);
  });

  test('is removed with its sessions', async () => {
    const { account, client } = await given(['haifa']);
    expect(await removeAnalyst(pool, account)).toBe(true);
    expect(await removeAnalyst(pool, account)).toBe(false);
    await expect(client.query('SELECT 1')).rejects.toThrow();
    await expect(logIn(account)).rejects.toMatchObject({ code: '28P01' });
  });

  test('a view that an older release showed without scopes is shown again at the next start', async () => {
    await pool.query(`DROP VIEW analytics.lot_stock; CREATE VIEW analytics.lot_stock AS SELECT "lotId" AS lot_id FROM lot_stock_v1`);
    await pool.query('GRANT SELECT ON analytics.lot_stock TO plantlog_analysts; UPDATE view_tables SET shown = NULL');
    const { client } = await given(['lyon']);
    expect(await lots(client)).toHaveLength(4);
    await openView(pool, lotStock, 1);
    expect(await lots(client)).toEqual(['lyon.L1', 'lyon.L2']);
  });
});
