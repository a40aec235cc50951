import { Client, Pool } from 'pg';
import { ensureAnalyst } from '#platform/views/analyst-role';
import { openPool } from '#platform/runtime/database';
import { views } from '#slices';
import { ApiUnderTest } from '../../api/test/api-under-test';
import { ops } from './command-line';

describe('accounts of analysts on the command line', () => {
  let under: ApiUnderTest;
  let pool: Pool;
  const run = (...args: string[]) =>
    ops(['analysts', ...args], { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl }).ended;
  const plantsSeenBy = async ({ account, password }: { account: string; password: string }) => {
    const url = Object.assign(new URL(under.system.databaseUrl), { username: account, password });
    const client = new Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query('SELECT DISTINCT facility_id AS id FROM facility_element ORDER BY id')).rows.map(({ id }) => id as string);
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    under = await ApiUnderTest.start();
    pool = openPool(under.system.databaseUrl, 'spec');
    await ensureAnalyst(pool, views, undefined, { seconds: 300 });
    for (const facilityId of ['haifa', 'lyon']) {
      const site = { facilityId, name: facilityId, enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
      const { body } = await under.post('/facility/register-facility', site);
      await under.get(`/facility/${facilityId}?waitFor=${body.token}`);
    }
  }, 180_000);
  afterAll(async () => {
    await pool?.end();
    await under?.stop();
  });

  it('are added with facilities, listed, changed and removed; each is an event with who and why', async () => {
    expect(await run('add', 'cli', '--facilities', 'haifa')).toMatchObject({ code: 64, err: expect.stringContaining('--reason') });
    expect(await run('add', 'Cli;', '--facilities', 'haifa', '--reason', 'study')).toMatchObject({ code: 64 });
    expect(await run('add', 'cli', '--reason', 'study')).toMatchObject({ code: 64, err: expect.stringContaining('--facilities') });
    expect(await run('add', 'cli', '--facilities', 'oslo', '--reason', 'study')).toMatchObject({
      err: 'Unknown facility oslo. GET /facility lists all.\n',
    });
    const first = (await run('add', 'cli', '--facilities', 'haifa', '--reason', 'study', '--json')).json;
    expect(await plantsSeenBy(first)).toEqual(['haifa']);
    const second = (await run('add', 'cli', '--facilities', 'haifa,lyon', '--reason', 'wider study', '--json')).json;
    expect(await plantsSeenBy(second)).toEqual(['haifa', 'lyon']);
    await expect(plantsSeenBy(first)).rejects.toMatchObject({ code: '28P01' });
    expect((await run('list', '--json')).json).toMatchObject([
      { account: 'analyst_cli', scopes: ['haifa', 'lyon'], auditor: false, reason: 'wider study', by: expect.stringMatching(/^ops-/) },
    ]);
    const elsewhere = openPool(Object.assign(new URL(under.system.databaseUrl), { pathname: '/postgres' }).href, 'spec', 1);
    await elsewhere.query('ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO analyst_cli');
    expect(await run('remove', 'cli', '--reason', 'study over')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/can no longer log in.*send this again/s),
    });
    expect((await run('list', '--json')).json).toEqual([]);
    await elsewhere.query('ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM analyst_cli');
    await elsewhere.end();
    expect(await run('remove', 'cli', '--reason', 'study over')).toMatchObject({ code: 0 });
    await expect(plantsSeenBy(second)).rejects.toMatchObject({ code: '28P01' });
    expect((await run('list', '--json')).json).toEqual([]);
    expect(await run('remove', 'cli', '--reason', 'study over')).toMatchObject({ code: 1 });
  }, 120_000);
});
