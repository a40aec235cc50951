import { setTimeout as sleep } from 'node:timers/promises';
import { EventStore } from '#platform/store/event-store';
import { ApiUnderTest } from './api-under-test';
import { recordUnfoldable } from './strange';

describe('views by REST', () => {
  let api: ApiUnderTest;
  let store: EventStore;
  let engineer: string;

  beforeAll(async () => {
    api = await ApiUnderTest.start();
    store = new EventStore(api.system.eventStoreUrl, 10_000);
    engineer = api.tokens.everywhere!;
  }, 180_000);
  afterAll(async () => {
    await store?.close();
    await api?.stop();
  });

  it('show only engineers of all plants how far they have read the log', async () => {
    const { status, body } = await api.get('/views', engineer);
    expect(status).toBe(200);
    expect(body.items.find(({ view }: { view: string }) => view === 'facility-element')).toMatchObject({
      status: 'live',
      parked: 0,
      position: expect.stringMatching(/^-?\d+$/),
    });
    expect((await api.get('/views', api.tokens.engineer)).status).toBe(403);
    expect((await api.get('/views', api.tokens.auditor)).status).toBe(403);
  });

  it('list parked partitions, retry them, and skip an event with a reason that the log keeps', async () => {
    const id = await recordUnfoldable(store);
    const parked = async () =>
      (await api.get('/views/parked?view=facility-element', engineer)).body.items as {
        table: string;
        partition: string;
        head: { id: string };
      }[];
    while ((await parked()).length === 0) await sleep(50);
    const [{ table, partition, head }] = (await parked()) as [{ table: string; partition: string; head: { id: string } }];
    expect(head.id).toBe(id);
    expect((await api.get(`/views/parked-events?table=${table}&partition=${partition}`, engineer)).body.items).toHaveLength(1);
    expect(await api.post('/views/retry-parked', { table, partition }, engineer)).toMatchObject({ status: 200, body: { retried: true } });
    expect((await api.post('/views/skip-parked', { table, partition }, engineer)).status).toBe(400);
    expect(await api.post('/views/skip-parked', { table, partition, reason: 'sent by a broken terminal' }, engineer)).toMatchObject({
      status: 200,
      body: { skipped: true },
    });
    while ((await parked()).length > 0) await sleep(50);
    const [decision] = await store.read('view-operations-enterprise');
    expect(decision).toMatchObject({
      type: 'ViewEventSkipped',
      data: { eventId: id },
      metadata: { reason: 'sent by a broken terminal', actor: expect.any(String) },
    });
    expect(await api.post('/views/retry-parked', { table, partition }, engineer)).toMatchObject({
      status: 404,
      body: { code: 'nothing-parked' },
    });
  });
});
