import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NoAnswer, Refused, restTarget } from './target';

type Reply = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Reply =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify({ code, detail: `it is ${code}` }));
const receipt: Reply = (_request, response) => void response.end(JSON.stringify({ events: ['ImportStarted'], token: '88' }));
const hangUp: Reply = (request) => void request.socket.destroy();

describe('a system over REST', () => {
  let server: Server;
  let replies: Reply[];
  let asked: { path: string; headers: IncomingMessage['headers']; body: string }[];
  const target = (patienceMs?: number) =>
    restTarget({
      api: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      token: 't',
      correlationId: 'c-1',
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
  beforeEach(async () => {
    [replies, asked] = [[], []];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        asked.push({ path: request.url!, headers: request.headers, body });
        (replies.length > 1 ? replies.shift()! : replies[0]!)(request, response, body);
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterEach(() => new Promise((done) => (server.close(done), server.closeAllConnections())));

  it('gets commands at their path, with token, correlation id and clock source', async () => {
    replies = [receipt];
    expect(await target().send('StartImport', { importId: 'haifa.x' })).toEqual({ events: ['ImportStarted'], token: '88' });
    expect(asked).toMatchObject([
      {
        path: '/import/start-import',
        body: '{"importId":"haifa.x"}',
        headers: { authorization: 'Bearer t', 'x-correlation-id': 'c-1', 'x-clock-source': 'import' },
      },
    ]);
  });

  it('gets identical retries when it is busy, is down or hangs up', async () => {
    replies = [problem(429, 'too-many-requests', { 'retry-after': '1' }), problem(503, 'store-unavailable'), hangUp, receipt];
    const begun = Date.now();
    expect((await target().send('ObserveProduction', { commandId: 'x' })).token).toBe('88');
    expect(asked.map(({ body }) => body)).toEqual(Array(4).fill('{"commandId":"x"}'));
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  it('gets no retry when it refuses', async () => {
    for (const [status, code] of [
      [422, 'import-finished'],
      [409, 'command-id-reused'],
      [403, 'role-not-allowed'],
      [400, 'invalid-input'],
    ] as const) {
      replies = [problem(status, code)];
      await expect(target().send('FinishImport', {})).rejects.toEqual(
        expect.objectContaining({ name: 'Refused', status, code, message: `it is ${code}` }),
      );
    }
    expect(asked).toHaveLength(4);
  });

  it('is given up after the time limit, and at once on an internal error', async () => {
    replies = [problem(503, 'store-unavailable')];
    await expect(target(300).send('StartImport', {})).rejects.toBeInstanceOf(NoAnswer);
    replies = [problem(500, 'internal')];
    const before = asked.length;
    await expect(target().send('StartImport', {})).rejects.toBeInstanceOf(NoAnswer);
    expect(asked.length).toBe(before + 1);
    replies = [(_request, response) => void response.writeHead(502).end('<html>')];
    await expect(target(0).send('StartImport', {})).rejects.toMatchObject({ cause: expect.any(Refused) });
  });
});
