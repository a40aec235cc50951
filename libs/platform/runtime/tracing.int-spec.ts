import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { withPostgres } from '#platform/testing/testing';

/** Jest's module loading bypasses the hooks of OpenTelemetry: the traced code runs in a separate OS process, as in production. */
const traced = `
  const { startTracing, stopTracing, traced, traceparent, traceIds } = require(process.env.TRACING);
  if (process.env.ENDPOINT) startTracing('spec', process.env.ENDPOINT);
  const http = require('node:http'), { Client } = require('pg');
  let carried, logged, unwatched;
  const server = http.createServer(async (request, response) => {
    await traced('append work-order', { events: 2 }, async () => {
      if (request.url === '/orders') { carried = traceparent(); logged = traceIds(); } else unwatched = traceIds();
    });
    const client = new Client({ connectionString: process.env.DATABASE }); await client.connect();
    await client.query('select 1 as board'); await client.end();
    response.end('ok');
  }).listen(0, '127.0.0.1', async () => {
    const at = 'http://127.0.0.1:' + server.address().port;
    await (await fetch(at + '/orders', { headers: { traceparent: '00-' + 'ab'.repeat(16) + '-' + 'cd'.repeat(8) + '-01' } })).text();
    await (await fetch(at + '/health/live')).text();
    server.close();
    await traced('view order-board', {}, async () => {}, carried);
    await stopTracing();
    console.log(JSON.stringify({ carried, logged, unwatched, sdk: Object.keys(require.cache).some((path) => path.includes('sdk-node')) }));
    process.exit(0);
  });
`;

describe('tracing', () => {
  const database = withPostgres();
  const received: Buffer[] = [];
  const collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request
      .on('data', (part: Buffer) => parts.push(part))
      .on('end', () => {
        if (request.url === '/v1/traces') received.push(Buffer.concat(parts));
        response.end();
      });
  });
  beforeAll(() => new Promise<void>((listening) => collector.listen(0, '127.0.0.1', listening)));
  afterAll(() => new Promise((closed) => collector.close(closed)));

  const run = async (endpoint?: string) => {
    const env = { ...process.env, TRACING: require.resolve('./tracing'), DATABASE: database.url, ...(endpoint && { ENDPOINT: endpoint }) };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', traced], { env });
    return JSON.parse(stdout) as { carried?: string; logged?: { traceId: string }; unwatched?: object; sdk: boolean };
  };

  it('follows one trace from the HTTP request over the append and PostgreSQL to the view, and sends it over OTLP', async () => {
    const said = await run(`http://127.0.0.1:${(collector.address() as AddressInfo).port}/`);
    const all = Buffer.concat(received);
    for (const expected of ['plantlog-spec', 'GET', 'append work-order', 'view order-board', 'pg.query:SELECT']) {
      expect(all.includes(expected)).toBe(true);
    }
    expect(said.logged?.traceId).toBe('ab'.repeat(16));
    expect(said.carried).toMatch(/^00-(ab){16}-[0-9a-f]{16}-01$/);
    // In OTLP's protobuf a span begins with field 1, its trace id: 0a 10 and 16 bytes. HTTP, append, connect, query, view.
    const spans = all.toString('hex').split(`0a10${'ab'.repeat(16)}`).length - 1;
    expect(spans).toBeGreaterThanOrEqual(4);
    expect(said.unwatched).toBeUndefined();
    expect(all.includes('/health/live')).toBe(false);
  });

  it('costs nothing without an endpoint: the SDK is not loaded and no id is generated', async () => {
    expect(await run()).toEqual({ sdk: false });
  });
});
