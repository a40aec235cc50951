/** How old an answer may be: one row by id is current, lists say their position, and what is behind says so in REST and GraphQL. */
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphQLSchemaHost } from '@nestjs/graphql';
import { isRequiredArgument } from 'graphql';
import { EventStore } from '#platform/store/event-store';
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  const site = { facilityId: 'haifa', name: 'Haifa', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
  const { status, body } = await api.post('/facility/register-facility', site);
  expect(status).toBe(200);
  // The views may still be starting.
  while ((await api.get(`/facility?waitFor=${body.token}`)).body.behind !== false) await sleep(50);
}, 60_000);
afterAll(() => api?.stop());

const AHEAD = String(10n ** 17n);
const rename = async (name: string) => (await api.post('/facility/rename-facility', { facilityId: 'haifa', name })).body;

describe('a row by id', () => {
  it('is current right after a command, without a token', async () => {
    for (let i = 0; i < 16; i++) {
      const { position } = await rename(`Works ${i}`);
      const rest = await api.get('/facility/haifa');
      expect([rest.body.name, rest.headers.get('x-behind')]).toEqual([`Works ${i}`, 'false']);
      expect(position === undefined || BigInt(rest.body.position) >= BigInt(position)).toBe(true);
      await rename(`Works ${i}b`);
      const { body } = await api.graphql('{ facilityElement(id: "haifa") { name } }');
      expect(body).toEqual({ data: { facilityElement: { name: `Works ${i}b` } } });
    }
  });

  it('says in GraphQL, too, that it is behind the token that it should wait for', async () => {
    const { body, headers } = await api.graphql(`{ facilityElement(id: "haifa", waitFor: "${AHEAD}") { name } }`);
    expect(body.data.facilityElement.name).toMatch(/^Works/);
    expect(body.extensions).toEqual({ behind: [{ field: 'facilityElement', position: expect.stringMatching(/^\d+$/) }] });
    expect(headers.get('x-behind')).toBe('true');
  });
});

describe('every query of GraphQL that waits for a token', () => {
  it('says that it is behind, even if the client does not select it', async () => {
    const schema = api.api.app.get(GraphQLSchemaHost).schema;
    const waiting = Object.values(schema.getQueryType()!.getFields()).filter(({ args }) => args.some(({ name }) => name === 'waitFor'));
    const given: Record<string, string> = {
      id: '"haifa.L1"',
      direction: 'FORWARD',
      facilityId: '"haifa"',
      equipmentId: '"haifa.L1"',
      from: '"2026-01-01T00:00:00Z"',
      to: '"2026-01-02T00:00:00Z"',
    };
    const answers = await Promise.all(
      waiting.map(async ({ name, args }) => {
        const needed = args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${given[arg.name]}`);
        const { body } = await api.graphql(`{ ${name}(${[...needed, `waitFor: "${AHEAD}"`].join(', ')}) { __typename } }`);
        // A row that does not exist yet is not shown as missing.
        return [name, body.extensions?.behind?.[0].field ?? body.errors?.[0].extensions.code];
      }),
    );
    expect(answers.length).toBeGreaterThan(40);
    expect(answers.filter(([name, told]) => told !== name && told !== 'view-behind')).toEqual([]);
  });
});

describe('a row about which an event could not be folded', () => {
  it('says that it is behind, by id and for the token of that event; others do not', async () => {
    await api.plants('lyon', 'oslo');
    const store = new EventStore(api.system.eventStoreUrl);
    const [last] = await store.readBackwards('facility-lyon', 1);
    const renamed = { type: 'FacilityRenamed', data: { facilityId: 'lyon', name: null }, metadata: last!.metadata };
    const { position } = await store.append('facility-lyon', last!.revision, [renamed]).finally(() => store.close());
    const folded = async () => BigInt((await api.get('/facility?first=1')).body.position) >= position;
    while (!(await folded())) await sleep(50);
    const lyon = await api.get('/facility/lyon');
    expect([lyon.status, lyon.body.name, lyon.headers.get('x-behind')]).toEqual([200, 'lyon', 'true']);
    const { body } = await api.graphql('{ facilityElement(id: "lyon") { name } oslo: facilityElement(id: "oslo") { name } }');
    expect(body.extensions.behind).toMatchObject([{ field: 'facilityElement' }]);
    expect((await api.get(`/facility?waitFor=${position}`)).body.behind).toBe(true);
    expect((await api.get('/facility-tree?id=lyon')).body.behind).toBe(true);
    const { status, details } = (await api.get('/health/ready', '')).body;
    expect([status, details.views.reason]).toEqual(['degraded', expect.stringMatching(/facility-element \(1 events are parked/)]);
    const oslo = await api.get('/facility/oslo');
    expect([oslo.body.name, oslo.headers.get('x-behind')]).toEqual(['oslo', 'false']);
    expect((await api.get(`/facility?waitFor=${(await rename('Haifa')).token}`)).body.behind).toBe(false);
  });
});

describe('a part of the hierarchy', () => {
  it('is current right after a command, without a token', async () => {
    for (let i = 0; i < 8; i++) {
      await api.post('/facility/add-hierarchy-element', { elementId: `haifa.area${i}`, level: 'Area', name: 'area' });
      expect((await api.get(`/facility-tree?id=haifa.area${i}`)).status).toBe(200);
    }
  });
});

describe('a list', () => {
  it('accepts several events in one filter', async () => {
    const { token } = await rename('Works');
    const { body } = await api.get(`/audit/trail?event=FacilityRenamed,FacilityRegistered&waitFor=${token}`);
    const found = new Set(body.items.map(({ event }: { event: string }) => event));
    expect([...found].sort()).toEqual(['FacilityRegistered', 'FacilityRenamed']);
  });

  it('names its filters, and the values of closed lists', async () => {
    expect((await api.get('/facility?colour=red')).body.detail).toMatch(/^Unknown filter `colour`; known: facilityId, .*level/);
    expect((await api.get('/facility?level=Attic')).body.detail).toMatch(/level must be one of Enterprise, Site, Area.*was Attic$/);
    expect((await api.get('/facility/haifa?colour=red')).body.detail).toBe('Unknown parameter `colour`; known: waitFor');
  });

  it('comes as CSV with a byte-order mark for spreadsheets that need one', async () => {
    const bytes = async (path: string) =>
      Buffer.from(await (await fetch(api.api.url + path, { headers: { authorization: `Bearer ${api.tokens.everywhere}` } })).arrayBuffer());
    expect((await bytes('/facility.csv?byteOrderMark=true')).subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect((await bytes('/facility.csv')).toString('utf8')).toMatch(/^elementId,/);
    expect((await bytes('/wip-by-facility.csv')).toString('utf8')).toMatch(/^facilityId,product,operationId,/);
    expect((await api.get('/facility.csv?byteOrderMark=perhaps')).status).toBe(400);
  });
});
