/** Authentication: forged, stale and stolen tokens. */
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair } from 'jose';
import WebSocket from 'ws';
import { first, ISSUER, seconds, statuses, unless } from './target.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = () => ({ iss: ISSUER, aud: 'plantlog', sub: 'ann', exp: seconds() + 600, roles: ['operator'], facilities: ['*'] });
const me = (target, tokens) => tokens.map((token) => target.get('/me', token));
const made = (target, list) => Promise.all(list.map((args) => target.issuer.token(...args)));

export const checks = [
  [
    'C01',
    'alg none in every spelling',
    async (target) => {
      const heads = ['none', 'None', 'NONE', 'nOnE', ''].map((alg) => `${encode({ alg, typ: 'at+jwt', kid: 'k1' })}.${encode(claims())}.`);
      return statuses(401, me(target, [...heads, ...heads.map((head) => `${head}c2ln`)]));
    },
  ],
  [
    'C02',
    'HMAC with the public key as secret',
    async (target) => {
      const head = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${encode(claims())}`;
      const forged = [JSON.stringify(target.jwk), target.jwk.n].map(
        (secret) => `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`,
      );
      return statuses(401, me(target, forged));
    },
  ],
  [
    'C03',
    'hostile key ids',
    async (target) =>
      statuses(
        401,
        me(
          target,
          await made(
            target,
            ['unknown', '../../dev/null', "' UNION SELECT 1", '', '__proto__', 'x'.repeat(300)].map((kid) => [{}, { kid }]),
          ),
        ),
      ),
  ],
  [
    'C04',
    'a token that supplies its own key',
    async (target) => {
      const { privateKey, publicKey } = await generateKeyPair('RS256');
      const jwk = await exportJWK(publicKey);
      const headers = [{ jwk }, { jku: 'https://evil.test/jwks' }, { x5u: 'https://evil.test/cert' }, { x5c: ['AA=='] }];
      return statuses(
        401,
        me(
          target,
          await made(
            target,
            headers.map((header) => [{}, header, privateKey]),
          ),
        ),
      );
    },
  ],
  [
    'C05',
    'expired, not yet valid, absurd times',
    async (target) => {
      const times = [
        { exp: seconds() - 60 },
        { exp: seconds() - 7 },
        { nbf: seconds() + 600 },
        { iat: seconds() + 600 },
        { exp: 1e15 },
        { exp: seconds() + 4e7 },
      ];
      const texts = ['9999999999', 9_999_999_999.5].map((exp) => [{ exp }]);
      const tokens = await Promise.all(
        [...times.map((time) => [time]), ...texts].map((args) => target.issuer.token(...args).catch(() => 'a.b.c')),
      );
      return statuses(401, me(target, tokens));
    },
  ],
  [
    'C06',
    'another issuer or audience',
    async (target) =>
      statuses(
        401,
        me(target, await made(target, [[{ iss: 'https://evil.test' }], [{ aud: 'other' }], [{ aud: ['a', 'b'] }], [{ aud: undefined }]])),
      ),
  ],
  [
    'C07',
    'ID and refresh tokens',
    async (target) =>
      statuses(
        401,
        me(
          target,
          await made(target, [
            [{}, { typ: 'refresh+jwt' }],
            [{ nonce: 'x' }],
            [{ at_hash: 'x' }],
            [{ token_use: 'id' }],
            [{ typ: 'Refresh' }],
          ]),
        ),
      ),
  ],
  [
    'C08',
    'broken signatures, doubled claims, trailing data',
    async (target) => {
      const good = await target.issuer.token();
      const [head, body, signature] = good.split('.');
      const claims = Buffer.from(body, 'base64url').toString();
      // Its signature is good.
      const doubled = await target.issuer.signed(claims.replace('"sub":"ann"', '"sub":"ann","sub":"eve"'));
      const flipped = `${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`;
      return statuses(401, me(target, [`${head}.${body}.`, `${head}.${body}.${flipped}`, doubled, `${good}.x`, `${good}x.y`, 'a.b.c']));
    },
  ],
  [
    'C09',
    'a token in the query string',
    async (target) => {
      const token = await target.issuer.token();
      const wrong = await statuses(401, [target.get(`/me?access_token=${token}`), target.get(`/me?token=${token}`)]);
      return first(wrong, unless(!target.log().includes(token), 'the token is in the log'));
    },
  ],
  [
    'C10',
    'a revoked subject is out within seconds',
    async (target) => {
      const token = await target.issuer.token({ sub: 'leaver', iat: seconds() - 60 });
      const before = await target.get('/me', token);
      const done = target.ops('tokens', 'revoke', '--subject', 'leaver', '--reason', 'attack drill');
      if (done.status !== 0) return `could not revoke: ${done.stderr}`;
      // Five seconds are promised; the machine may be busy.
      for (const end = Date.now() + 15_000; Date.now() < end; await sleep(200))
        if ((await target.get('/me', token)).status === 401) return unless(before.status === 200, 'the token never worked');
      return 'still in after 15 seconds';
    },
  ],
  [
    'C11',
    'a withdrawn key stops working within 30 seconds',
    async (target) => {
      const next = await generateKeyPair('RS256', { extractable: true });
      const jwk = { ...(await exportJWK(next.publicKey)), kid: 'k2', alg: 'RS256', use: 'sig' };
      target.issuer.set([target.jwk, jwk]);
      const token = await target.issuer.token({}, { kid: 'k2' }, next.privateKey);
      let taken = false;
      for (const end = Date.now() + 15_000; !taken && Date.now() < end; await sleep(250))
        taken = (await target.get('/me', token)).status === 200;
      target.issuer.set([target.jwk]);
      const began = Date.now();
      for (; Date.now() < began + 40_000; await sleep(250))
        if ((await target.get('/me', token)).status === 401)
          return first(unless(taken, 'the new key was never accepted'), unless(Date.now() - began < 32_000, 'later than 30 s'));
      return 'the key still works after 40 s';
    },
  ],
  [
    'C12',
    'passwords of the event store: guessed by the hundred, unknown users (the api takes tokens only)',
    async (target) => {
      const [, port] = /@localhost:(\d+)/.exec(target.endpoints.eventstore);
      const ca = readFileSync(join(target.dataDir, 'event-store-login/certificate.pem'));
      const session = http2.connect(`https://localhost:${port}`, { ca }).on('error', () => undefined);
      const guess = (login, n) =>
        new Promise((resolve) => {
          const began = performance.now();
          session
            .request({
              ':method': 'POST',
              ':path': '/event_store.client.streams.Streams/Read',
              'content-type': 'application/grpc',
              te: 'trailers',
              authorization: `Basic ${Buffer.from(`${login}:guess-${n}`).toString('base64')}`,
            })
            .on('response', (head) => resolve({ code: head['grpc-status'], ms: performance.now() - began }))
            .on('error', () => resolve({ code: 'error', ms: 0 }))
            .end();
        });
      // In turns, so that other load on the machine slows both down.
      const times = { 'plantlog-ops': [], nobody: [] };
      const codes = new Set();
      for (let n = 0; n < 15; n += 1)
        for (const login of Object.keys(times)) {
          const { code, ms } = await guess(login, n);
          times[login].push(ms);
          codes.add(code);
        }
      const [known, unknown] = Object.values(times).map((all) => all.sort((a, b) => a - b)[7]);
      // This connection has used up its wrong passwords: no more are checked.
      const began = performance.now();
      await Promise.all(Array.from({ length: 300 }, (_, n) => guess('plantlog-ops', `x${n}`)));
      const flood = performance.now() - began;
      const ready = await target.get('/health/ready');
      session.destroy();
      return first(
        unless([...codes].join() === '16', `wrong passwords were answered ${[...codes]}`),
        unless(known < 3 * unknown && unknown < 3 * known, `a known user takes ${known} ms, an unknown one ${unknown} ms`),
        unless(flood < 50 * known, `300 guesses were checked in ${flood} ms, one takes ${known} ms`),
        unless(ready.json?.parts['event-store'] === 'up', `the api: ${ready.text}`),
      );
    },
  ],
  ['C13', 'client certificates', 'the api authenticates by tokens; TLS ends at the balancer (docs/security.md)'],
  [
    'C14',
    'a socket must not outlive its token; foreign origins',
    async (target) => {
      const url = `${target.api.replace('http', 'ws')}/graphql`;
      const token = await target.issuer.token({ exp: seconds() + 3, iat: seconds() - 1 });
      const closed = await new Promise((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws');
        const timer = setTimeout(() => resolve('open after a minute'), 60_000);
        socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } })));
        socket.on('close', () => (clearTimeout(timer), resolve(undefined)));
        socket.on('error', () => undefined);
      });
      const foreign = await new Promise((resolve) => {
        const socket = new WebSocket(url, 'graphql-transport-ws', { headers: { origin: 'https://evil.test' } });
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.on('open', () => resolve('open'));
        socket.on('error', () => undefined);
      });
      return first(closed, unless(foreign === 403, `a foreign origin was answered ${foreign}`));
    },
  ],
  [
    'A01',
    'a token in the name of a process',
    async (target) => statuses(401, me(target, await made(target, [[{ sub: 'process:when-lot-split-create-child' }]]))),
  ],
];
