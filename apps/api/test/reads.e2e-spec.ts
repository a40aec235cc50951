import { parseToken } from '#platform/store/log-mark';
import { readParquet } from '#platform/testing/parquet-under-test';
import { ApiUnderTest } from './api-under-test';

const positionOf = (token: string) => parseToken(token)!.position;

let api: ApiUnderTest;
let token: string;
beforeAll(async () => {
  api = await ApiUnderTest.start();
  for (const facilityId of ['haifa', 'lyon']) {
    await api.post('/facility/register-facility', {
      facilityId,
      name: `Works ${facilityId}`,
      enterpriseId: 'acme',
      enterpriseName: 'Acme',
      timeZone: 'UTC',
    });
    for (let i = 0; i < 12; i += 1) {
      const { body, status } = await api.post('/facility/add-hierarchy-element', {
        elementId: `${facilityId}.area${i}`,
        level: 'Area',
        name: i === 0 ? '=1+1' : `area ${i}`,
      });
      expect([status, body.detail]).toEqual([200, undefined]);
      token = body.token;
    }
  }
}, 60_000);
afterAll(() => api?.stop());

describe('a read', () => {
  it('shows what a command did when it gets the token of its receipt', async () => {
    const { body } = await api.post('/facility/rename-facility', { facilityId: 'haifa', name: `Works ${Date.now()}` });
    const { body: page } = await api.get(`/facility?level=Site&facilityId=haifa&waitFor=${body.token}`);
    expect(page).toMatchObject({ nextCursor: null, behind: false, items: [{ elementId: 'haifa', level: 'Site' }] });
    expect(BigInt(page.position)).toBeGreaterThanOrEqual(positionOf(body.token));
    const one = await api.get(`/facility/haifa?waitFor=${body.token}`);
    expect(one.body).toMatchObject({ elementId: 'haifa', position: String(positionOf(body.token)) });
    expect([one.headers.get('x-behind'), one.headers.get('x-position')]).toEqual(['false', expect.stringMatching(/^\d+$/)]);
  });

  it('refuses tokens of another log, and says so', async () => {
    const { body } = await api.post('/facility/rename-facility', { facilityId: 'haifa', name: 'Haifa' });
    const other = body.token.replace(/-.*$/, '-00000000');
    await api.get(`/facility?waitFor=${body.token}`);
    for (const path of [
      `/facility?waitFor=${other}`,
      `/facility/haifa?waitFor=${other}`,
      `/audit/history?entity=facility-haifa&after=${other}`,
    ]) {
      const { status, body: problem } = await api.get(path);
      expect({ path, status, code: problem.code }).toEqual({ path, status: 409, code: 'position-of-another-log' });
    }
    const { body: page } = await api.get(`/audit/trail?first=1`);
    const [mark, name, place, key] = JSON.parse(Buffer.from(page.nextCursor, 'base64url').toString());
    const cursor = Buffer.from(JSON.stringify([mark, name, place, key, '00000000'])).toString('base64url');
    expect((await api.get(`/audit/trail?first=1&after=${cursor}`)).body.code).toBe('position-of-another-log');
    expect((await api.get(`/audit/trail?first=1&after=${page.nextCursor}`)).status).toBe(200);
    // Tokens of earlier releases have no mark.
    expect((await api.get(`/facility?waitFor=${positionOf(body.token)}`)).body.behind).toBe(false);
  });

  it('says that it is behind when the token lies ahead', async () => {
    const begin = Date.now();
    const { body } = await api.get(`/facility?waitFor=${10n ** 17n}`);
    expect(body).toMatchObject({ behind: true });
    expect(Date.now() - begin).toBeLessThan(4_000);
    expect((await api.get(`/facility/haifa.nowhere?waitFor=${10n ** 17n}`)).body).toMatchObject({
      code: 'view-behind',
      status: 503,
      retryAfterSeconds: 1,
    });
    for (const bad of ['x', '-1', '1e3', '99999999999999999999', '']) expect((await api.get(`/facility?waitFor=${bad}`)).status).toBe(400);
    expect((await api.get('/facility?waitFor=1&waitFor=2')).status).toBe(400);
  });

  it('is paged, filtered and sorted in the same way by REST and GraphQL', async () => {
    const seen: string[] = [];
    let after = '';
    do {
      const { body } = await api.get(`/facility?first=5&level=Area&sort=elementIdDescending&waitFor=${token}${after && `&after=${after}`}`);
      seen.push(...body.items.map(({ elementId }: { elementId: string }) => elementId));
      after = body.nextCursor ?? '';
    } while (after);
    expect(seen).toHaveLength(24);
    const query =
      '{ facilityElements(first: 500, sort: elementIdDescending, filter: { level: [Area] }) { items { elementId level position } nextCursor behind } }';
    const { body } = await api.graphql(query);
    expect(body.errors).toBeUndefined();
    expect(body.data.facilityElements.items.map(({ elementId }: { elementId: string }) => elementId)).toEqual(seen);
    expect(body.data.facilityElements).toMatchObject({ nextCursor: null, behind: false });
  });

  it.each([
    'first=0',
    'first=501',
    'first=1e9',
    'sort=name;drop',
    'sort=constructor',
    'level=Nowhere',
    'after=x',
    'nonsense=1',
    'id[]=1',
    'level=Area&level=Site',
    '__proto__=x',
    'filter={"$ne":1}',
    'parentId=%00',
  ])('refuses ?%s', async (query) => {
    const { status, body } = await api.get(`/facility?${query}`);
    expect([status, body.code]).toEqual([400, 'invalid-input']);
    expect(body.errors.length).toBeGreaterThan(0);
  });

  it('treats text that looks like SQL as a value', async () => {
    for (const value of ["' OR 1=1 --", '%', "haifa' UNION SELECT 1", '*'])
      expect((await api.get(`/facility?parentId=${encodeURIComponent(value)}`)).body.items).toEqual([]);
  });
});

describe('what is outside the facilities of the caller', () => {
  it('is not found in lists, filters, exports or by id, and looks like what does not exist', async () => {
    const { operator } = api.tokens;
    const ids = (await api.get(`/facility?first=500&waitFor=${token}`, operator)).body.items.map(
      ({ elementId }: { elementId: string }) => elementId,
    );
    expect(ids).toHaveLength(13);
    expect(ids.every((id: string) => id.startsWith('haifa'))).toBe(true);
    expect((await api.get('/facility?facilityId=lyon', operator)).body.items).toEqual([]);
    expect((await api.get('/facility.csv?facilityId=lyon', operator)).text.trimEnd().split('\r\n')).toHaveLength(1);
    const withoutId = ({ text, headers }: { text: string; headers: Headers }) => [
      text.replace(/"correlationId":"[^"]*"/, ''),
      headers.get('etag'),
      headers.get('content-length'),
    ];
    const [outside, absent] = [await api.get('/facility/lyon.area1', operator), await api.get('/facility/lyon.area99', operator)];
    expect([outside.status, absent.status]).toEqual([404, 404]);
    expect(withoutId(outside)).toEqual(withoutId(absent));
    expect((await api.get('/facility/lyon.area1', api.tokens.elsewhere)).status).toBe(200);
    const { body } = await api.graphql(
      '{ a: facilityElement(id: "lyon.area1") { name } b: facilityElement(id: "lyon.area99") { name } facilityElements(filter: { facilityId: ["lyon"] }) { items { name } } }',
      undefined,
      operator,
    );
    expect(body).toEqual({ data: { a: null, b: null, facilityElements: { items: [] } } });
  });

  it('is out of reach for a caller without facilities', async () => {
    const nobody = await api.issuer.token({ facilities: [] });
    expect((await api.get('/facility', nobody)).body.items).toEqual([]);
    expect((await api.get('/facility', await api.issuer.token({ facilities: [''] }))).body.items).toEqual([]);
  });
});

describe('CSV', () => {
  it('gives every list as a whole, and contains no active formula', async () => {
    for (const answer of [
      await api.get('/facility.csv?level=Area&facilityId=haifa'),
      await api.get('/facility?level=Area&facilityId=haifa', undefined, { accept: 'text/csv' }),
    ]) {
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="facility-element.csv"');
      const lines = answer.text.trimEnd().split('\r\n');
      expect(lines[0]).toMatch(/^elementId,facilityId,level,/);
      expect(lines).toHaveLength(13);
      expect(answer.text).toContain('"\'=1+1"');
    }
    expect((await api.send('HEAD', '/facility.csv', { token: api.tokens.operator })).status).toBe(200);
    expect((await api.get('/facility.csv', '')).status).toBe(401);
  });
});

/** The bytes of an answer. */
const bytesOf = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(api.api.url + path, { headers: { authorization: `Bearer ${api.tokens.operator}`, ...headers } });
  return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
};

describe('Parquet', () => {
  it('has the rows and columns of the list, of the plants of the caller', async () => {
    const { body: page } = await api.get('/facility?level=Area&first=100', api.tokens.operator);
    for (const file of [
      await bytesOf('/facility.parquet?level=Area'),
      await bytesOf('/facility?level=Area', { accept: 'application/vnd.apache.parquet' }),
    ]) {
      expect([file.status, file.type]).toEqual([200, 'application/vnd.apache.parquet']);
      const { rows, types } = await readParquet(file.bytes);
      expect(types).toMatchObject({
        elementId: 'UTF8',
        retired: 'BOOLEAN',
        checks: 'JSON',
        position: 'INT64',
        recordedAt: 'TIMESTAMP_MILLIS',
      });
      const plain = rows.map(({ recordedAt, position, ...row }) => ({
        ...row,
        recordedAt: (recordedAt as Date).toISOString(),
        position: String(position),
      }));
      expect(plain).toEqual(page.items);
      expect(plain).toHaveLength(12);
    }
    expect((await api.get('/facility.parquet', '')).status).toBe(401);
    expect((await api.get('/facility.parquet?level=Cellar')).body.errors).toMatchObject([{ field: 'level' }]);
    expect((await api.get('/audit/trail.parquet', api.tokens.operator)).status).toBe(403);
  });
});

describe('OCEL 2.0', () => {
  it('has the events of a plant, each with declared types and with objects that are there', async () => {
    const { status, body, headers } = await api.get(`/audit/events.ocel.json?facilityId=haifa&waitFor=${token}`, api.tokens.auditor);
    expect([status, headers.get('content-type'), headers.get('x-behind')]).toEqual([200, 'application/json; charset=utf-8', 'false']);
    expect(faultsOf(body)).toEqual([]);
    expect(body.eventTypes.map(({ name }: { name: string }) => name)).toContain('HierarchyElementAdded');
    const registered = body.events.find(({ type }: { type: string }) => type === 'FacilityRegistered');
    expect(registered.relationships).toEqual([{ objectId: 'facility:haifa', qualifier: 'subject' }]);
  });
  it('is for those who may read the audit trail, of their plants', async () => {
    expect((await api.get('/audit/events.ocel.json?facilityId=haifa', api.tokens.operator)).status).toBe(403);
    const { body } = await api.get('/audit/events.ocel.json?facilityId=lyon', api.tokens.auditor);
    expect(body).toEqual({ objectTypes: [], eventTypes: [], objects: [], events: [] });
    const { body: problem } = await api.get(
      '/audit/events.ocel.json?facilityId=haifa&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      api.tokens.auditor,
    );
    expect(problem.errors).toMatchObject([{ field: 'to' }]);
  });
});

type Attribute = { name: string; type?: string; value?: unknown; time?: string };
type Thing = { id: string; type: string; time?: string; attributes: Attribute[]; relationships: { objectId: string; qualifier: string }[] };
type Log = Record<'objectTypes' | 'eventTypes', { name: string; attributes: Attribute[] }[]> & Record<'objects' | 'events', Thing[]>;

/** What breaks the schema of OCEL 2.0 (ocel-standard.org): its required properties, its types, and that names and ids are declared once. */
function faultsOf(log: Log): string[] {
  const faults: string[] = [];
  const instant = (time: unknown) => typeof time === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(time);
  const check = (good: boolean, what: string) => void (good || faults.push(what));
  const unique = (names: string[], what: string) => check(new Set(names).size === names.length, `${what} repeat`);
  const objects = new Set(log.objects.map(({ id }) => id));
  for (const [types, things] of [
    [log.objectTypes, log.objects],
    [log.eventTypes, log.events],
  ] as const) {
    unique(
      types.map(({ name }) => name),
      'types',
    );
    unique(
      things.map(({ id }) => id),
      'ids',
    );
    for (const { attributes } of types)
      for (const { name, type } of attributes)
        check(!!name && ['string', 'time', 'integer', 'float', 'boolean'].includes(type!), `type of ${name}`);
    for (const { id, type, attributes, relationships } of things) {
      const declared = types.find(({ name }) => name === type);
      check(typeof id === 'string' && declared !== undefined, `${id} is of no declared type`);
      for (const { name, value } of attributes) {
        const of = declared?.attributes.find((attribute) => attribute.name === name);
        check(of?.type === 'time' ? instant(value) : typeof value === of?.type, `${id}: ${name}`);
      }
      for (const { objectId, qualifier } of relationships)
        check(objects.has(objectId) && typeof qualifier === 'string', `${id} leads to ${objectId}`);
    }
  }
  for (const { id, time } of log.events) check(instant(time), `${id} has no time`);
  for (const { id, attributes } of log.objects) for (const { time } of attributes) check(instant(time), `${id}: an attribute has no time`);
  return faults;
}
