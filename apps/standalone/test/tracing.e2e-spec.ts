import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { testDirectory } from '#platform/testing/testing';
import { Start, until } from './start';

/** A trace as a collector gets it, in OTLP's protobuf: found by the bytes of its id, which precede every span's name. */
const spansOf = (traceId: string, bodies: readonly Buffer[]): string[] =>
  bodies.flatMap((body) => {
    const service = /plantlog-(api|worker)/.exec(body.toString('latin1'))?.[1] ?? '?';
    const mark = Buffer.from(`0a10${traceId}`, 'hex');
    const names: string[] = [];
    for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) {
      // Fields as tag, length, bytes: span id (12), trace state (1a), parent id (22), until the name (2a).
      let field = at + mark.length;
      while (body[field] !== 0x2a) field += 2 + body[field + 1]!;
      names.push(`${service} ${body.subarray(field + 2, field + 2 + body[field + 1]!).toString()}`);
    }
    return names;
  });

describe('a trace', () => {
  const bodies: Buffer[] = [];
  const collector = createServer((request, response) => {
    const parts: Buffer[] = [];
    request
      .on('data', (part: Buffer) => parts.push(part))
      .on('end', () => {
        bodies.push(Buffer.concat(parts));
        response.end();
      });
  });
  let system: Start;
  const dataDir = testDirectory('tracing');

  beforeAll(async () => {
    await new Promise<void>((listening) => collector.listen(0, '127.0.0.1', listening));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    system = new Start({ DATA_DIR: dataDir, PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '200' }, '--empty');
    await system.says('Ready.');
  }, 90_000);
  afterAll(async () => {
    await system.stop();
    await new Promise((closed) => collector.close(closed));
  }, 30_000);

  it("leads from the HTTP request through the command and its append to the worker's views", async () => {
    const { api, tokens } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as {
      api: string;
      tokens: Record<string, string>;
    };
    const traceId = 'ab'.repeat(16);
    const answer = await fetch(`${api}/facility/register-facility`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokens.engineer}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-${'cd'.repeat(8)}-01`,
      },
      body: JSON.stringify({
        facilityId: 'haifa',
        name: 'Haifa',
        enterpriseId: 'acme',
        enterpriseName: 'Acme',
        timeZone: 'Asia/Jerusalem',
      }),
    });
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('"changed":true')]);
    const names = () => spansOf(traceId, bodies);
    await until(
      () => names().some((name) => name.startsWith('worker view ')),
      20_000,
      () => `no view in the trace: ${names().join(', ')}`,
    );
    expect(names()).toEqual(
      expect.arrayContaining(['api POST', 'api command RegisterFacility', 'api append', expect.stringMatching(/^worker view /)]),
    );
  }, 60_000);
});
