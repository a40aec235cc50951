import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { facilityElement } from '#facility/facility-element.view';
import { EventStore } from '#platform/store/event-store';
import { ApiUnderTest } from '../../api/test/api-under-test';
import { recordUnfoldable } from '../../api/test/strange';
import { ops } from './command-line';

const TABLE = `facility_element_v${facilityElement.version}`;

describe('views on the command line', () => {
  let under: ApiUnderTest;
  let store: EventStore;
  const run = (...args: string[]) =>
    ops(['views', ...args], { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl }).ended;
  const parked = async () =>
    (await run('parked', 'list', '--view', 'facility-element', '--json')).json as {
      table: string;
      partition: string;
      waiting: number;
      head: { type: string };
    }[];
  const until = async (holds: () => Promise<boolean>) => {
    while (!(await holds())) await sleep(100);
  };

  beforeAll(async () => {
    under = await ApiUnderTest.start();
    store = new EventStore(under.system.eventStoreUrl, 10_000);
    const { body } = await under.post('/facility/register-facility', {
      facilityId: 'haifa',
      name: 'Haifa',
      enterpriseId: 'acme',
      enterpriseName: 'Acme',
      timeZone: 'UTC',
    });
    await under.get(`/facility/haifa?waitFor=${body.token}`);
  }, 180_000);
  afterAll(async () => {
    await store?.close();
    await under?.stop();
  });

  it('show how far they have read the log', async () => {
    const { json } = await run('lag', '--json');
    expect(json.views.find(({ view }: { view: string }) => view === 'facility-element')).toMatchObject({
      status: 'live',
      parked: 0,
      table: TABLE,
    });
    expect((await run('list')).out).toMatch(new RegExp(`facility-element +${TABLE} +live[^]*The log ends at \\d+\\.`));
  }, 120_000);

  it('are rebuilt beside the live table and verified against the log', async () => {
    expect((await run('rebuild', 'facility-element', '--json')).json).toMatchObject({
      view: 'facility-element',
      status: 'live',
      table: `${TABLE}_g2`,
    });
    expect(await run('verify', 'facility-element', '--json')).toMatchObject({
      code: 0,
      json: [{ equal: true, table: `${TABLE}_g2`, rows: '1' }],
    });
    expect(await run('rebuild', 'no-such-view')).toMatchObject({ code: 64, err: expect.stringMatching(/Unknown view "?no-such-view/) });
  }, 180_000);

  it('show an event that cannot be folded, retry it, and skip it by a decision that the log keeps', async () => {
    const id = await recordUnfoldable(store);
    await until(async () => (await parked()).length === 1);
    const [held] = await parked();
    expect(held).toMatchObject({ partition: 'facility-lyon', waiting: 1, head: { type: 'FacilityRegistered' } });
    expect(await run('parked', 'retry', held!.table, held!.partition)).toMatchObject({ code: 0 });
    expect(await run('parked', 'skip', held!.table, held!.partition)).toMatchObject({ code: 64, err: expect.stringMatching(/reason/) });
    expect(await run('parked', 'skip', held!.table, held!.partition, '--reason', 'sent by a broken terminal')).toMatchObject({ code: 0 });
    await until(async () => (await parked()).length === 0);
    const [decision] = await store.read('view-operations-enterprise');
    expect(decision).toMatchObject({
      type: 'ViewEventSkipped',
      data: { view: 'facility-element', eventId: id, reason: 'sent by a broken terminal' },
      metadata: { role: 'engineer', reason: 'sent by a broken terminal' },
    });
    expect((await run('verify', 'facility-element', '--json')).json).toMatchObject([{ equal: true, leftOut: 1 }]);
    expect(await run('parked', 'retry', held!.table, 'facility-lyon')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/is not parked/),
    });
  }, 300_000);

  it('detect a table that was changed by hand', async () => {
    const client = new Client({ connectionString: under.system.databaseUrl });
    await client.connect();
    await client.query(`UPDATE facility_element SET name = 'Hacked' WHERE "elementId" = 'haifa'`);
    await client.end();
    expect(await run('verify', 'facility-element')).toMatchObject({ code: 2, out: expect.stringMatching(/DIFFERS[^]*haifa: name/) });
  }, 120_000);

  it('say clearly that PostgreSQL does not answer', async () => {
    const gone = { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' };
    expect(await ops(['views', 'lag'], gone).ended).toMatchObject({ code: 1, err: expect.stringMatching(/PostgreSQL does not answer/) });
    expect(await ops(['views', 'lag']).ended).toMatchObject({
      code: 78,
      err: expect.stringMatching(/EVENTSTORE_URL is missing[^]*DATABASE_URL is missing/),
    });
  }, 120_000);
});
