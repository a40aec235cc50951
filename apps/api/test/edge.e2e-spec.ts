import { createHmac, generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { SignJWT } from 'jose';
import { ApiUnderTest, ISSUER } from './api-under-test';

let api: ApiUnderTest;
beforeAll(async () => void (api = await ApiUnderTest.start({ METRICS_TOKEN: 'token-of-prometheus' })), 60_000);
afterAll(() => api?.stop());

describe('a request for another host', () => {
  it.each(['evil.example', 'evil.example:3000', '127.0.0.1.evil.example', 'localhost@evil.example'])('is refused: %s', async (host) => {
    const answer = await raw(`GET /health/live HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 421 [^]*"code":"host-not-allowed"/);
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
    expect(await raw(`GET /graphql HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n\r\n`)).toMatch(/^HTTP\/1.1 421 /);
  });
  it('is accepted for an IP address, which cannot be rebound', async () => {
    expect(await raw('GET /health/live HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 200 /);
  });
});

const now = () => Math.floor(Date.now() / 1000);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('access tokens', () => {
  const status = async (token: string) => (await api.get('/me', token)).status;

  it('open the api', async () => {
    const { status: code, body } = await api.get('/me', await api.issuer.token());
    expect([code, body]).toEqual([200, { actor: 'ann', roles: ['operator'], facilities: ['haifa'] }]);
  });

  it('are required, and only read from the Authorization header', async () => {
    const token = await api.issuer.token();
    for (const path of ['/me', `/me?access_token=${token}`, `/me?token=${token}`]) {
      const answer = await api.send('GET', path);
      expect([answer.status, answer.body.code, answer.headers.get('www-authenticate')]).toEqual([401, 'unauthenticated', 'Bearer']);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.text).not.toContain(token);
    }
    expect((await api.send('GET', '/me', { headers: { authorization: 'Basic YTpi' } })).status).toBe(401);
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('are refused without a signature: alg %p', async (alg) => {
    const claims = { iss: ISSUER, aud: 'plantlog', sub: 'ann', exp: now() + 600, roles: ['operator'], facilities: ['*'] };
    const unsigned = `${encode({ alg, typ: 'at+jwt', kid: 'k1' })}.${encode(claims)}.`;
    expect(await status(unsigned)).toBe(401);
    expect(await status(`${unsigned}c2ln`)).toBe(401);
  });

  it('are refused when signed with the public key as a secret', async () => {
    const head = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${encode({ iss: ISSUER, aud: 'plantlog', sub: 'ann', exp: now() + 600 })}`;
    for (const secret of [JSON.stringify(api.issuer.publicJwk), api.issuer.publicJwk.x as string]) {
      expect(await status(`${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`)).toBe(401);
    }
  });

  it('are refused with an unknown or hostile key id, and with keys of their own', async () => {
    for (const kid of ['unknown', '../../dev/null', "' UNION SELECT 1", '', '__proto__', 'x'.repeat(300)])
      expect(await status(await api.issuer.token({}, { kid }))).toBe(401);
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = own.publicKey.export({ format: 'jwk' });
    const forged = await new SignJWT({ iss: ISSUER, aud: 'plantlog', sub: 'ann', exp: now() + 600 })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', jwk: jwk as never })
      .sign(own.privateKey);
    expect(await status(forged)).toBe(401);
    for (const header of [{ jku: 'https://evil.test/jwks' }, { x5u: 'https://evil.test/cert' }])
      expect(await status(await api.issuer.token({}, header))).toBe(401);
  });

  it.each<[string, Record<string, unknown>]>([
    ['for the name of a process', { sub: 'process:when-lot-split-create-child' }],
    ['expired', { exp: now() - 60 }],
    ['not valid yet', { nbf: now() + 600 }],
    ['from the future', { iat: now() + 600 }],
    ['valid for ever', { exp: 1e15 }],
    ['with a fraction of a second', { exp: now() + 600.5 }],
    ['with a text as expiry', { exp: String(now() + 600) }],
    ['without expiry', { exp: undefined }],
    ['of another issuer', { iss: 'https://other.test' }],
    ['for another audience', { aud: 'other' }],
    ['for other audiences', { aud: ['a', 'b'] }],
    ['without a subject', { sub: undefined }],
    ['that are ID tokens', { nonce: 'x' }],
    ['that are refresh tokens', { typ: 'Refresh' }],
  ])('are refused when %s', async (_, claims) => expect(await status(await api.issuer.token(claims))).toBe(401));

  it('are refused when of another type or tampered with', async () => {
    for (const typ of ['id+jwt', 'logout+jwt', 'dpop+jwt']) expect(await status(await api.issuer.token({}, { typ }))).toBe(401);
    const token = await api.issuer.token();
    const [head, claims, signature] = token.split('.') as [string, string, string];
    const flipped = Buffer.from(signature, 'base64url');
    flipped[10]! ^= 1;
    const other = encode({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), roles: ['engineer'] });
    for (const forged of [
      `${head}.${claims}.`,
      `${head}.${claims}`,
      `${head}.${claims}.${flipped.toString('base64url')}`,
      `${head}.${other}.${signature}`,
      `${token}.x`,
      `${token}x=`,
      'x'.repeat(9_000),
    ]) {
      expect(await status(forged)).toBe(401);
    }
    expect(await status(token)).toBe(200);
  });

  it('may name several audiences if ours is among them', async () =>
    expect(await status(await api.issuer.token({ aud: ['other', 'plantlog'] }))).toBe(200));

  it('grant nothing beyond what they say', async () => {
    expect((await api.get('/me', await api.issuer.token({ roles: [] }))).status).toBe(403);
    expect((await api.get('/me', await api.issuer.token({ roles: 'operator' }))).status).toBe(403);
    expect(
      (await api.get('/me', await api.issuer.token({ roles: ['root', 'operator'], facilities: ['haifa', 'HAIFA', '../x', 7] }))).body,
    ).toMatchObject({ roles: ['operator'], facilities: ['haifa'] });
  });
});

describe('paths', () => {
  it('that do not exist get a problem, with and without a token', async () => {
    for (const path of [
      '/nothing',
      '/me/',
      '//me',
      '/me/.',
      '/ME',
      '/me;x',
      '/me%00',
      '/.git/config',
      '/%2e%2e/etc/passwd',
      '/metrics/',
      '/docs',
      '/graphiql',
    ]) {
      const answer = await api.get(path);
      expect([path, answer.status, answer.body?.code]).toEqual([path, 404, 'no-such-route']);
    }
  });
  it('in other spellings reach the same guard', async () => {
    for (const path of ['/%6de', '/m%65', '/x/../me']) expect([401, 404]).toContain((await api.send('GET', path)).status);
    expect((await api.send('HEAD', '/me')).status).toBe(401);
    expect((await api.send('HEAD', '/me', { token: api.tokens.operator })).status).toBe(200);
    expect((await api.get('/%6de')).status).toBe(200);
    expect((await api.get('/%ff')).body.code).toBe('malformed-request');
  });
  it('accept only their own methods', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS'])
      expect((await api.send(method, '/me', { token: api.tokens.operator })).status).toBe(404);
    expect(
      (await api.send('POST', '/me', { token: api.tokens.operator, body: {}, headers: { 'x-http-method-override': 'GET' } })).status,
    ).toBe(404);
  });
});

describe('header fields', () => {
  it("include one correlation id, the caller's if it is well formed", async () => {
    expect((await api.get('/me', undefined, { 'x-correlation-id': 'order-7:a.b' })).headers.get('x-correlation-id')).toBe('order-7:a.b');
    expect((await api.get('/me')).headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    for (const bad of ['a b', 'ä', '{"level":"info"', 'x'.repeat(65), '']) {
      const answer = await api.get('/me', undefined, { 'x-correlation-id': Buffer.from(bad).toString('latin1') });
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid-input']);
    }
  });
  it('protect browsers and caches', async () => {
    const { headers } = await api.get('/me');
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'strict-transport-security': expect.stringContaining('max-age='),
      'x-frame-options': expect.any(String),
      'referrer-policy': 'no-referrer',
    });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  });
  it('do not open the api to other origins', async () => {
    for (const origin of ['null', 'https://evil.test'])
      expect((await api.get('/me', undefined, { origin })).headers.get('access-control-allow-origin')).toBeNull();
  });
  it('that claim another caller or address are ignored', async () => {
    const spoofed = {
      'x-forwarded-for': '10.0.0.1',
      'x-user-id': 'eve',
      'x-tenant': 'lyon',
      'x-real-ip': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
    };
    expect((await api.get('/me', api.tokens.operator, spoofed)).body.actor).toBe('operator-1');
  });
  it('that are too large are refused', async () => {
    const answer = await raw(`GET /me HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(70_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toContain('headers-too-large');
  });
  it('that could smuggle a second request are refused', async () => {
    const answer = await raw('POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

/** Sends bytes as they are. */
const raw = (request: string): Promise<string> =>
  new Promise((done, fail) => {
    const socket = connect(Number(new URL(api.api.url).port), '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      if (text.includes('\r\n\r\n')) setTimeout(() => socket.destroy(), 20);
    });
    socket.on('error', () => done(text));
    socket.on('close', () => done(text));
    socket.setTimeout(5_000, () => fail(new Error('no answer')));
  });

describe('health', () => {
  it('tells live from ready, without a token', async () => {
    expect((await api.send('GET', '/health/live')).body).toEqual({ status: 'live' });
    expect((await api.send('GET', '/health/ready')).body).toEqual({
      status: 'ready',
      parts: { 'event-store': 'up', 'read-models': 'up', disk: 'up', views: 'up' },
    });
  });
  it('shows metrics to engineers, and to those with the token of Prometheus', async () => {
    expect((await api.send('GET', '/metrics')).status).toBe(401);
    expect((await api.get('/metrics', api.tokens.operator)).status).toBe(403);
    for (const token of [api.tokens.engineer, 'token-of-prometheus'])
      expect((await api.get('/metrics', token)).text).toContain('plantlog_');
    for (const path of ['/me', '/equipment', '/metrics/']) expect((await api.get(path, 'token-of-prometheus')).status).not.toBe(200);
    expect((await api.get('/metrics', 'token-of-prometheuS')).status).toBe(401);
  });
});

describe('a caller with too many requests', () => {
  it('has to wait, and others are not affected', async () => {
    const other = await api.another({ RATE_LIMIT: 60 });
    const ask = (token?: string) =>
      api.send('GET', '/me', { token, at: other.url, headers: { 'x-forwarded-for': `10.0.0.${Math.floor(Math.random() * 250)}` } });
    const answers = [];
    for (let i = 0; i < 12; i += 1) answers.push(await ask(api.tokens.operator));
    expect(answers.slice(0, 10).map(({ status }) => status)).toEqual(Array(10).fill(200));
    const { status, body, headers } = answers[11]!;
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too-many-requests', '1']);
    expect((await ask(api.tokens.planner)).status).toBe(200);
    for (let i = 0; i < 11; i += 1) await ask();
    expect((await ask()).status).toBe(429);
    expect((await ask(`${api.tokens.operator}x`)).status).toBe(429);
    await other.stop();
  });
});
