import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { selfSigned } from '../contract/certificate';
import type { NewEvent } from '../log/frame';
import { type RunningNode, startNode } from '../node';
import { uuidBytes } from '../bytes/uuid';

const event = (data: string | Buffer, changes: Partial<NewEvent> = {}): NewEvent => ({
  id: uuidBytes(randomUUID())!,
  type: 'Counted',
  json: true,
  data: Buffer.from(data),
  metadata: Buffer.alloc(0),
  ...changes,
});

describe('streams over HTTP', () => {
  const { certificate, key } = selfSigned();
  let dataDir: string;
  let node: RunningNode;
  beforeAll(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'event-log-http-'));
    node = await startNode({ dataDir, tls: { cert: certificate, key }, adminPassword: 'changeit', opsPassword: 'changeit' });
  });
  afterAll(async () => {
    await node.close();
    fs.rmSync(dataDir, { recursive: true, force: true });
  });

  const get = (where: string, auth: string | null = 'admin:changeit', method = 'GET') =>
    new Promise<{ code: number; body: any }>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: node.port, path: where, method, ca: certificate, agent: false, ...(auth && { auth }) };
      const sent = https.request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ code: response.statusCode!, body: text === '' ? undefined : (JSON.parse(text) as unknown) }));
      });
      sent.on('error', reject).end();
    });
  const numbers = ({ body }: { body: { events: { eventNumber: string }[] } }) => body.events.map(({ eventNumber }) => Number(eventNumber));

  it('are paged, newest first by default', async () => {
    for (let i = 0; i < 45; i++) await node.log.append('pages', 'any', [event(`{"i":${i}}`)]);
    const newest = await get('/streams/pages');
    expect(newest).toMatchObject({ code: 200, body: { streamId: 'pages', direction: 'backwards', next: '24' } });
    expect(numbers(newest)).toEqual([...Array(20).keys()].map((i) => 44 - i));
    const found: number[] = [];
    for (let from: string | undefined = '0'; from !== undefined;) {
      const page = await get(`/streams/pages?direction=forwards&count=7&from=${from}`);
      found.push(...numbers(page));
      from = page.body.next;
    }
    expect(found).toEqual([...Array(45).keys()]);
    expect(numbers(await get('/streams/pages?count=1000'))).toHaveLength(45);
    expect(numbers(await get('/streams/pages?direction=forwards&from=99999999999999999999'))).toEqual([]);
    expect((await get('/streams/pages', undefined, 'HEAD')).body).toBeUndefined();
  });

  it('show $all from any position in both directions', async () => {
    const many = Array.from({ length: 120 }, () => event('{}'));
    await node.log.append('many', 'no_stream', many);
    const newest = await get('/streams/$all?count=1');
    const [last] = newest.body.events;
    const onward = await get(`/streams/%24all?direction=forwards&from=${last.position}`);
    expect(onward.body.events[0]).toEqual(last);
    expect((await get('/streams/$all?direction=forwards&count=1000')).body.events).toHaveLength(100);
    expect((await get('/streams/$all?direction=forwards&from=1&count=1')).code).toBe(200);
  });

  it('show JSON as JSON, other data as base64, and invalid JSON as text', async () => {
    const id = randomUUID();
    await node.log.append('würde/1', 'no_stream', [
      event('{"a":[1]}', { id: uuidBytes(id)!, metadata: Buffer.from('{"who":"ada"}') }),
      event(Buffer.from([0, 255]), { json: false, metadata: Buffer.from([7]) }),
      event('****'),
    ]);
    const where = `/streams/${encodeURIComponent('würde/1')}`;
    const page = await get(`${where}?direction=forwards`);
    const first = { streamId: 'würde/1', eventNumber: '0', eventId: id, isJson: true, data: { a: [1] }, metadata: { who: 'ada' } };
    expect(page.body.events).toMatchObject([first, { isJson: false, data: 'AP8=', metadata: 'Bw==' }, { isJson: true, data: '****' }]);
    expect(await get(`${where}/0`)).toMatchObject({ code: 200, body: first });
    expect((await get(`${where}/end`)).body.data).toBe('****');
    expect((await get(`${where}/3`)).code).toBe(404);
  });

  it('keep all digits of numbers, when read and when written as a list', async () => {
    const data = '{"n":12345678901234567890, "price":1.10, "__proto__":{"a":1}}';
    const list = `[{"eventType":"Priced","data":${data},"metadata":{"n":0.30}}, {"data":null,"eventType":"Nothing"}]`;
    const text = await new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', port: node.port, ca: certificate, agent: false, auth: 'admin:changeit', path: '/streams/exact' };
      const read = () =>
        https.get({ ...options, path: '/streams/exact/0' }, (response) => {
          let heard = '';
          response.on('data', (part: Buffer) => (heard += part.toString())).on('end', () => resolve(heard));
        });
      const headers = { 'content-type': 'application/vnd.eventstore.events+json' };
      https
        .request({ ...options, method: 'POST', headers }, read)
        .on('error', reject)
        .end(list);
    });
    expect(node.log.event('exact', 0)!.data.toString()).toBe(data);
    expect(text).toContain(`"data":${data},"metadata":{"n":0.30}`);
    expect(node.log.event('exact', 1)!.data).toHaveLength(0);
  });

  it('are shown only to callers who may read them', async () => {
    await node.log.append('secret', 'no_stream', [event('{}')]);
    const acl = event('{"$acl":{"$r":"ada"}}', { type: '$metadata' });
    await node.log.append('$$secret', 'any', [acl]);
    for (const where of ['/streams/secret', '/streams/secret/0', '/streams/$all', '/streams/$users', '/streams/$$pages']) {
      expect((await get(where, null)).code).toBe(401);
      expect((await get(where, 'admin:wrong')).code).toBe(401);
      expect((await get(where)).code).toBe(where === '/streams/$$pages' ? 404 : 200);
    }
    for (const where of ['/streams/secret', '/streams/secret/0', '/streams/$all', '/streams/$users']) {
      expect((await get(where, 'ops:changeit')).code).toBe(401);
    }
    expect((await get('/streams/pages', 'ops:changeit')).code).toBe(200);
  });

  it('answer 404 if missing or soft-deleted, 410 if tombstoned, and refuse invalid parameters', async () => {
    await node.log.append('buried', 'no_stream', [event('{}')]);
    await node.log.tombstone('buried', 'any');
    await node.log.append('deleted', 'no_stream', [event('{}')]);
    await node.log.delete('deleted', 'any');
    expect((await get('/streams/buried')).code).toBe(410);
    expect((await get('/streams/buried/0')).code).toBe(410);
    expect((await get('/streams/deleted')).code).toBe(404);
    expect((await get('/streams/missing')).code).toBe(404);
    for (const query of ['from=-1', 'from=1e3', 'count=0', 'count=many', 'direction=sideways'])
      expect((await get(`/streams/pages?${query}`)).code).toBe(400);
    expect((await get('/streams/pages/one')).code).toBe(400);
    expect((await get('/streams/pages/1/2')).code).toBe(404);
    expect((await get('/streams/%E0%A4%A')).code).toBe(400);
  });
});
