/** Each app has a role of its own in PostgreSQL, with what it needs and no more. */
import { Client, Pool } from 'pg';
import { migrate, openPool } from '#platform/runtime/database';
import { withPostgres } from '#platform/testing/testing';
import { lotStock, machineNow } from '#platform/testing/view-examples';
import { ensureAnalyst, setAnalyst } from './analyst-role';
import { endLongSessions } from './analyst-sessions';
import { ensureRoles, urlOfRole, type RoleApp } from './database-roles';
import { ensureBookkeeping, openView, rebuild, switchOver } from './tables';

jest.setTimeout(60_000);

describe('the roles of the apps', () => {
  const database = withPostgres();
  const passwords = { api: 'api-secret', worker: 'worker-secret', ops: 'ops-secret' };
  const pools: Pool[] = [];
  let owner: Pool;
  const urlOf = (app: RoleApp) => urlOfRole(database.url, app, passwords[app]);
  const as = (app: RoleApp): Pool => {
    const pool = openPool(urlOf(app), 'spec', 2);
    pools.push(pool);
    return pool;
  };
  /** The SQLSTATE of a statement. */
  const code = (pool: Pool, sql: string) =>
    pool.query(sql).then(
      () => 'ok',
      (error: { code?: string }) => error.code,
    );
  const ownerOf = async (table: string) =>
    (await owner.query('SELECT relowner::regrole::text AS owner FROM pg_class WHERE oid = to_regclass($1)', [table])).rows[0]
      ?.owner as string;

  beforeAll(async () => {
    owner = openPool(database.url, 'spec', 2);
    pools.push(owner);
    await migrate(database.url);
    await ensureBookkeeping(owner);
    // As an earlier release left it: everything belongs to the owner.
    await openView(owner, lotStock, 1);
    await owner.query(`INSERT INTO lot_stock_v1 VALUES ('haifa.L1', 'haifa', 'steel', 1, NULL, 1, '', 1, now())`);
    await owner.query('CREATE SCHEMA queue; CREATE TABLE queue.left_over (a int)');
    for (let twice = 0; twice < 2; twice += 1) {
      await ensureRoles(database.url, passwords);
      await ensureAnalyst(owner, [lotStock, machineNow], undefined, { seconds: 300 });
    }
  });
  afterAll(async () => {
    for (const pool of pools) await pool.end();
  });

  test('the api reads the views and writes nothing but the decision of an operator', async () => {
    const api = as('api');
    await owner.query(
      `INSERT INTO view_parked (table_name, shard, partition, position, stream, revision, type, event_id) VALUES ('lot_stock_v1', 0, 'p', 1, 's', 0, 'T', 'e')`,
    );
    expect((await api.query('SELECT "lotId" FROM lot_stock')).rows).toEqual([{ lotId: 'haifa.L1' }]);
    expect(await code(api, `UPDATE view_parked SET wish = 'retry' WHERE table_name = 'lot_stock_v1'`)).toBe('ok');
    for (const statement of [
      'UPDATE lot_stock SET pieces = 2',
      'DELETE FROM lot_stock_v1',
      'TRUNCATE lot_stock_v1',
      'UPDATE view_parked SET error = NULL',
      'DELETE FROM view_parked',
      `UPDATE view_checkpoints SET position = 1`,
      `UPDATE view_readers SET scopes = '{*}'`,
      'DELETE FROM process_timer',
      'DELETE FROM migration',
      'CREATE TABLE mine (a int)',
      'CREATE TEMP TABLE mine (a int)',
      'CREATE SCHEMA mine',
      'SET ROLE plantlog_worker',
      'CREATE ROLE mine',
    ])
      expect([statement, await code(api, statement)]).toEqual([statement, '42501']);
  });

  test('the worker keeps views, timers and the queue, and changes no fixed table', async () => {
    const worker = as('worker');
    expect(await ownerOf('lot_stock_v1')).toBe('plantlog_worker');
    await openView(worker, lotStock, 1);
    await openView(worker, machineNow, 1);
    for (const statement of [
      'UPDATE lot_stock_v1 SET pieces = 2',
      'CREATE TEMP TABLE stage (LIKE lot_stock_v1)',
      `INSERT INTO process_timer VALUES ('p', 'i', 't', now(), 1)`,
      'CREATE SCHEMA IF NOT EXISTS queue',
    ])
      expect([statement, await code(worker, statement)]).toEqual([statement, 'ok']);
    for (const statement of [
      'ALTER TABLE process_timer ADD COLUMN a int',
      'DELETE FROM migration',
      'CREATE ROLE mine',
      'ALTER ROLE analyst LOGIN',
    ])
      expect([statement, await code(worker, statement)]).toEqual([statement, '42501']);
    expect((await as('api').query('SELECT * FROM machine_now')).rows).toEqual([]);
  });

  test('what an operator rebuilds belongs to the worker', async () => {
    const { table } = await rebuild(as('ops'), lotStock, 1);
    expect(await ownerOf(table)).toBe('plantlog_worker');
    expect(await switchOver(as('worker'), lotStock)).toBe(true);
    expect((await as('api').query('SELECT * FROM lot_stock')).rows).toEqual([]);
  });

  test('a worker finds the fixed tables up to date, or says who must migrate', async () => {
    expect(await migrate(urlOf('worker'))).toEqual([]);
    const { rows } = await owner.query('DELETE FROM migration WHERE id = (SELECT max(id) FROM migration) RETURNING timestamp, name');
    await expect(migrate(urlOf('worker'))).rejects.toThrow(/ops -- migrate/);
    await owner.query('INSERT INTO migration (timestamp, name) VALUES ($1, $2)', [rows[0].timestamp, rows[0].name]);
    expect(await migrate(database.url)).toEqual([]);
  });

  test('the worker lets analysts read new views, and ends their sessions', async () => {
    await ensureAnalyst(as('worker'), [lotStock, machineNow], 'ignored here', { seconds: 300 });
    await setAnalyst(owner, { account: 'analyst_roles', scopes: ['haifa'], auditor: false }, 'analyst secret', { seconds: 300 });
    const url = Object.assign(new URL(database.url), { username: 'analyst_roles', password: 'analyst%20secret' });
    const analyst = new Client({ connectionString: url.href });
    analyst.on('error', () => undefined);
    await analyst.connect();
    expect((await analyst.query('SELECT * FROM machine_now')).rows).toEqual([]);
    const long = analyst.query('SELECT pg_sleep(600)').catch((error: { code?: string }) => error.code);
    expect((await endLongSessions(as('worker'), 0)).map(({ account }) => account)).toEqual(['analyst_roles']);
    expect(await long).not.toBe('ok');
    await analyst.end().catch(() => undefined);
  });
});
