import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventStore } from '#platform/store/event-store';
import { testDirectory } from '#platform/testing/testing';
import { Start } from './start';

describe('the demo enterprise', () => {
  const dataDir = testDirectory('demo');
  let system: Start;
  const start = async () => {
    system = new Start({ DATA_DIR: dataDir, PORT: '0' });
    await system.says('Ready.', 60_000);
  };
  const log = async () => {
    const { eventstore } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as { eventstore: string };
    const store = new EventStore(eventstore);
    const { events, atEnd } = await store.readAll('start', 10_000);
    await store.close();
    expect(atEnd).toBe(true);
    // The processes react some time later.
    return events.filter(({ metadata }) => metadata.actor.startsWith('dev-'));
  };
  afterEach(() => system.stop(), 30_000);

  let first: Awaited<ReturnType<typeof log>>;

  it('is created on the first start by commands of people with roles: three plants, each with machines, orders, lots and a refusal', async () => {
    await start();
    first = await log();
    const types = (facility: string) => first.filter(({ metadata }) => metadata.facility === facility).map(({ type }) => type);
    for (const facility of ['haifa', 'lyon', 'pune']) {
      expect(types(facility)).toEqual(types('haifa'));
      expect(types(facility)).toEqual(
        expect.arrayContaining(['FacilityRegistered', 'EquipmentRegistered', 'StopClassified', 'ProductionOrderCreated', 'CommandRefused']),
      );
    }
    expect(types('office')).toEqual(['FacilityRegistered', 'WorkMasterDrafted', 'WorkMasterApproved', 'CustomerOrderPlaced']);
    for (const { metadata } of first) expect(Date.parse(metadata.occurredAt)).toBeLessThanOrEqual(Date.now());
  }, 90_000);

  it('has an order that the system splits over all plants', async () => {
    await start();
    const { api, tokens } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as {
      api: string;
      tokens: Record<string, string>;
    };
    const headers = { authorization: `Bearer ${tokens['planner']}` };
    const released = async () => {
      const response = await fetch(`${api}/customer-order-legs?customerOrderId=office.CO-2001&status=Released`, { headers });
      const { items } = (await response.json()) as { items?: { facilityId: string; quantity: string }[] };
      return items ?? [];
    };
    for (const end = Date.now() + 30_000; (await released()).length < 3 && Date.now() < end;)
      await new Promise((wait) => setTimeout(wait, 100));
    const legs = await released();
    expect(legs.map(({ facilityId }) => facilityId).sort()).toEqual(['haifa', 'lyon', 'pune']);
    expect(legs.reduce((total, { quantity }) => total + Number(quantity), 0)).toBe(300);
  }, 90_000);

  it('is created once and completely, even if its first creation was interrupted', async () => {
    const path = join(dataDir, 'state.json');
    const { demo, ...cutOff } = JSON.parse(readFileSync(path, 'utf8')) as { demo: string };
    expect(demo).toBe('created');
    writeFileSync(path, JSON.stringify(cutOff));
    await start();
    expect(system.output).toContain('Created a demo enterprise');
    expect((await log()).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
  }, 90_000);

  it('is not changed once it is complete', async () => {
    await start();
    expect(system.output).not.toContain('demo enterprise');
    expect(await log()).toHaveLength(first.length);
  }, 90_000);
});
