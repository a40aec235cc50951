/** How old an answer may be: one row by id is current, lists say their position, and what is behind says so in REST and GraphQL. */
import { ApiUnderTest } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  const site = { facilityId: 'haifa', name: 'Haifa', enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
  expect((await api.post('/facility/register-facility', site)).status).toBe(200);
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

describe('a list', () => {
  it('says in GraphQL that it is behind, even if the query does not select it', async () => {
    const { body } = await api.graphql(`{ auditTrail(waitFor: "${AHEAD}") { items { event } } }`);
    expect(body.extensions.behind).toMatchObject([{ field: 'auditTrail' }]);
  });

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
