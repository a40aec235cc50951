import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type KeyLike } from 'jose';
import { Tokens } from './auth';

/** An issuer over HTTP whose keys can be changed. */
class Issuer {
  keys: object[] = [];
  asked = 0;
  broken = false;
  hangs = false;
  answered = 0;
  private constructor(private readonly server: Server) {}
  static async start(): Promise<Issuer> {
    const server = createServer((request, response) => {
      issuer.asked += 1;
      if (issuer.hangs) return;
      issuer.answered += 1;
      response.writeHead(issuer.broken ? 500 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: issuer.keys }));
    });
    const issuer: Issuer = new Issuer(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return issuer;
  }
  get url() {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/keys`;
  }
  async key(kid: string, alg: 'ES256' | 'RS256' | 'EdDSA' | 'PS256' = 'ES256'): Promise<(subject?: string) => Promise<string>> {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    this.keys.push({ ...(await exportJWK(publicKey)), kid, use: 'sig' });
    return (subject = 'ann') => sign(privateKey, kid, alg, subject);
  }
  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

const sign = (key: KeyLike, kid: string, alg: string, subject: string) =>
  new SignJWT({ roles: ['operator'], facilities: ['haifa'] })
    .setProtectedHeader({ alg, kid, typ: 'JWT' })
    .setIssuer('me')
    .setAudience('us')
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(key);

describe('the keys of an issuer', () => {
  let issuer: Issuer;
  let tokens: Tokens;
  let clock: jest.SpyInstance<number, []>;
  let ahead = 0;
  const accepts = (token: string) =>
    tokens.verify(token).then(
      ({ principal }) => principal.actor,
      (error: { status: number }) => error.status,
    );

  beforeEach(async () => {
    issuer = await Issuer.start();
    tokens = new Tokens({ issuer: 'me', audience: 'us', jwksUrl: issuer.url, roles: ['operator'], scopesClaim: 'facilities' });
    ahead = 0;
    const now = Date.now.bind(Date);
    clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
  });
  afterEach(() => {
    clock.mockRestore();
    issuer.stop();
  });

  it('can be of three types, and no other', async () => {
    for (const alg of ['ES256', 'RS256', 'EdDSA'] as const) {
      expect(await accepts(await (await issuer.key(alg, alg))())).toBe('ann');
      ahead += 6_000;
    }
    expect(await accepts(await (await issuer.key('PS256', 'PS256'))())).toBe(401);
  });

  it('can change: the new key works at once, the old one as long as it is published', async () => {
    const old = await issuer.key('old');
    expect(await accepts(await old())).toBe('ann');
    const next = await issuer.key('next');
    ahead += 6_000;
    expect(await accepts(await next())).toBe('ann');
    expect(await accepts(await old('bob'))).toBe('bob');
    issuer.keys.shift();
    ahead += 61_000;
    expect(await accepts(await old('cid'))).toBe(401);
    expect(await accepts(await next('cid'))).toBe('cid');
  });

  it('invalidate all tokens that they signed when they are withdrawn, cached or not', async () => {
    const token = await (await issuer.key('only'))();
    expect(await accepts(token)).toBe('ann');
    issuer.keys = [];
    ahead += 30_000;
    expect(await accepts(token)).toBe(401);
  });

  it('invalidate them for each of several requests after a quiet time', async () => {
    const key = await issuer.key('only');
    const tokens = await Promise.all(['ann', 'bob', 'cid'].map((subject) => key(subject)));
    expect(await accepts(await key())).toBe('ann');
    issuer.keys = [];
    ahead += 3_000_000;
    expect(await Promise.all(tokens.map(accepts))).toEqual([401, 401, 401]);
  });

  it('are refreshed in the background, and a source that hangs does not delay callers with known keys', async () => {
    const token = await (await issuer.key('only'))();
    expect(await accepts(token)).toBe('ann');
    issuer.hangs = true;
    ahead += 12_000;
    expect(await accepts(token)).toBe('ann');
    ahead += 20_000;
    expect(await accepts(token)).toBe('ann');
    expect(issuer.asked).toBe(2);
    expect(issuer.answered).toBe(1);
  });

  it('are fetched seldom, however many unknown keys tokens name', async () => {
    const good = await issuer.key('good');
    expect(await accepts(await good())).toBe('ann');
    const { privateKey } = await generateKeyPair('ES256');
    for (let i = 0; i < 20; i += 1) expect(await accepts(await sign(privateKey, `unknown-${i}`, 'ES256', 'eve'))).toBe(401);
    expect(issuer.asked).toBeLessThanOrEqual(2);
  });

  it('stay in use for an hour when the issuer is down, and no longer', async () => {
    const key = await issuer.key('k');
    expect(await accepts(await key())).toBe('ann');
    issuer.broken = true;
    ahead += 1_800_000;
    expect(await accepts(await key('bob'))).toBe('bob');
    ahead += 1_900_000;
    expect(await accepts(await key('cid'))).toBe(503);
    issuer.broken = false;
    ahead += 6_000;
    expect(await accepts(await key('cid'))).toBe('cid');
  });

  it('must have been fetched once, or nobody gets in', async () => {
    const key = await issuer.key('k');
    issuer.broken = true;
    expect(await accepts(await key())).toBe(503);
  });
});
