/** Resources that an attacker may exhaust: size, time, number. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { gzipSync } from 'node:zlib';
import { first, unless } from './target.mjs';

const many = (count, make) => Array.from({ length: count }, (_, n) => make(n));

export const checks = [
  [
    'C58',
    'large, chunked, slow, compressed',
    async (target) => {
      const { operator: token } = target.tokens;
      const before = target.rss();
      const post = `POST /equipment/reset-equipment HTTP/1.1\r\nHost: ${target.host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n`;
      const [large, chunked, headers] = await Promise.all([
        target.raw(`${post}Content-Length: 1048577\r\nConnection: close\r\n\r\n`),
        target.raw(
          `${post}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${`10000\r\n${'x'.repeat(65_536)}\r\n`.repeat(20)}0\r\n\r\n`,
        ),
        target.raw(`GET /me HTTP/1.1\r\nHost: ${target.host}\r\nX: ${'x'.repeat(64_000)}\r\nConnection: close\r\n\r\n`),
      ]);
      const zipped = await target.send('POST', '/equipment/reset-equipment', {
        token,
        body: gzipSync(Buffer.alloc(50_000_000)),
        headers: { 'content-encoding': 'gzip' },
      });
      const idle = many(500, () => connect(Number(new URL(target.api).port), '127.0.0.1').on('error', () => undefined));
      const alive = await target.get('/health/live');
      for (const socket of idle) socket.destroy();
      return first(
        unless(/^HTTP\/1.1 413/.test(large), `large: ${large.slice(0, 60)}`),
        unless(/^HTTP\/1.1 413/.test(chunked), `chunked: ${chunked.slice(0, 60)}`),
        unless(/^HTTP\/1.1 431/.test(headers), `headers: ${headers.slice(0, 60)}`),
        unless(zipped.status === 415, `compressed: ${zipped.status}`),
        unless(alive.status === 200, 'with 500 idle connections the api does not answer'),
        unless(target.rss() - before < 100, `memory grew by ${Math.round(target.rss() - before)} MB`),
      );
    },
  ],
  [
    'C59',
    'limits per caller, however the path is spelled',
    async (target) => {
      const commands = `mutation { ${many(15, (n) => `a${n}: observeEquipmentState(input: { equipmentId: "north.M1", state: Idle }) { id }`).join(' ')} }`;
      const answers = await Promise.all(many(500, () => target.graphql(commands, {}, target.tokens.device)));
      const limited = answers.filter(({ status }) => status === 429);
      const other = await target.get('/me', target.tokens.quality);
      return first(
        unless(limited.length > 0, '7,500 concurrent commands passed, although the limit is 12,000 a minute in bursts of ten seconds'),
        unless(Number(limited[0]?.headers.get('retry-after')) > 0, 'no Retry-After'),
        unless(other.status === 200, 'another caller is limited, too'),
      );
    },
  ],
  [
    'C60',
    'request smuggling',
    async (target) => {
      const both = await target.raw(
        `POST /graphql HTTP/1.1\r\nHost: ${target.host}\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`,
      );
      const twice = await target.raw(
        `POST /graphql HTTP/1.1\r\nHost: ${target.host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
      );
      const h2c = await target.raw(
        `GET /me HTTP/1.1\r\nHost: ${target.host}\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      );
      return first(
        unless(/^HTTP\/1.1 400/.test(both), both.slice(0, 60)),
        unless(/^HTTP\/1.1 400/.test(twice), twice.slice(0, 60)),
        unless(!/^HTTP\/1.1 101/.test(h2c), 'h2c is accepted'),
      );
    },
  ],
  [
    'A18',
    'commands hidden in series of a thousand',
    async (target) => {
      const token = await target.issuer.token({ sub: 'bulk', roles: ['device', 'operator'] });
      const body = { commands: many(1_000, () => ({})) };
      const answers = await Promise.all(many(40, () => target.post('/work-order/observe-productions', body, token)));
      const limited = answers.filter(({ status }) => status === 429).length;
      const passed = answers.filter(({ status }) => status === 200).length;
      return unless(limited > 0 && passed > 0, `of 40,000 commands ${passed},000 passed, ${limited},000 were limited`);
    },
  ],
  [
    'C61',
    'TLS of the event store: old versions, weak ciphers, another certificate',
    async (target) => {
      const [, port] = /@localhost:(\d+)/.exec(target.endpoints.eventstore);
      const ca = readFileSync(join(target.dataDir, 'event-store-login/certificate.pem'));
      const shake = (options) =>
        new Promise((resolve) => {
          const socket = tls.connect({ port: Number(port), host: 'localhost', ca, ...options }, () => resolve(socket.getProtocol()));
          socket.once('error', (error) => resolve(error.code)).setTimeout(5_000, () => resolve('silence'));
        });
      const old = await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' });
      const weak = await shake({ maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA:AES256-SHA:DES-CBC3-SHA:NULL:@SECLEVEL=0' });
      const good = [await shake({ minVersion: 'TLSv1.3' }), await shake({ maxVersion: 'TLSv1.2' })];
      const unknown = await shake({ ca: [] });
      return first(
        unless(!String(old).startsWith('TLS'), `${old} is spoken`),
        unless(!String(weak).startsWith('TLS'), 'a cipher without forward secrecy is taken'),
        unless(good.join() === 'TLSv1.3,TLSv1.2', `TLS 1.3 and 1.2: ${good}`),
        unless(!String(unknown).startsWith('TLS'), 'anybody’s client trusts it'),
      );
    },
  ],
  [
    'C62',
    'header fields for browsers',
    async (target) => {
      const { headers } = await target.send('GET', '/me', { token: target.tokens.operator, headers: { origin: 'https://evil.test' } });
      const wanted = {
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': /default-src 'none'/,
        'strict-transport-security': /max-age/,
        'x-frame-options': 'DENY',
      };
      const missing = Object.entries(wanted).find(([name, value]) =>
        value instanceof RegExp ? !value.test(headers.get(name) ?? '') : headers.get(name) !== value,
      );
      return first(
        unless(!missing, `${missing?.[0]} is ${missing && headers.get(missing[0])}`),
        unless(!headers.get('access-control-allow-origin'), 'a foreign origin can read answers'),
        unless(!headers.get('set-cookie') && !headers.get('x-powered-by') && !headers.get('server'), 'headers reveal the software'),
      );
    },
  ],
  [
    'C65',
    'while the issuer’s keys cannot be read, known keys work and no other (other parts: faults -- system)',
    async (target) => {
      const { generateKeyPair } = await import('jose');
      const stranger = await target.issuer.token({}, { kid: 'k9' }, (await generateKeyPair('RS256')).privateKey);
      target.issuer.set('no keys');
      const known = await target.get('/me', target.tokens.operator);
      const unknown = await target.get('/me', stranger);
      target.issuer.set([target.jwk]);
      return first(
        unless(known.status === 200, `a known key: ${known.text}`),
        unless([401, 503].includes(unknown.status), `an unknown key: ${unknown.status}`),
      );
    },
  ],
  [
    'A06',
    '90,000 unknown keys, 60,000 empty objects',
    async (target) => {
      const { planner: token } = target.tokens;
      const keys = `{${many(90_000, (n) => `"k${n}":1`).join()}}`;
      const objects = `{"workOrderId":"north.W1","operations":[${many(60_000, () => '{}').join()}]}`;
      const before = target.cpu();
      for (const body of [keys, objects])
        for (let n = 0; n < 5; n += 1) {
          const { status } = await target.send('POST', '/work-order/release-work-order', { token, body });
          if (status !== 400) return `answered ${status}`;
        }
      const each = (target.cpu() - before) / 10;
      return unless(each < 60, `${each} ms of CPU for each`);
    },
  ],
  [
    'A07',
    '200 sockets that never authenticate, and one that does',
    async (target) => {
      const { default: WebSocket } = await import('ws');
      const open = () =>
        new Promise((resolve) => {
          const socket = new WebSocket(`${target.api.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
          socket
            .once('open', () => resolve(socket))
            .once('unexpected-response', () => resolve(socket))
            .on('error', () => undefined);
        });
      const silent = await Promise.all(many(200, open));
      const own = await open();
      const answered = new Promise((resolve) =>
        own.once('message', (text) => resolve(JSON.parse(String(text)).type)).once('close', resolve),
      );
      own.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${target.tokens.planner}` } }));
      const answer = await answered;
      const left = silent.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
      for (const socket of [...silent, own]) socket.terminate();
      if (answer !== 'connection_ack') return `they keep out who has a token: ${answer}`;
      return unless(left <= 50, `${left} of 200 are open`);
    },
  ],
];
