/** A small issuer of OpenID Connect on this machine: authorization code with PKCE for a public client, without asking who it is. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const CLIENT = 'console-under-test';
type Asked = Readonly<{ redirectUri: string; challenge: string; nonce: string }>;

export class IssuerUnderTest {
  /** Codes that were redeemed. */
  redeemed = 0;
  /** What the next access token says. */
  claims: Readonly<{ sub: string; roles: string[]; facilities: string[] }> = { sub: 'ann', roles: ['supervisor'], facilities: ['*'] };
  private readonly asked = new Map<string, Asked>();

  private constructor(
    private readonly server: Server,
    private readonly key: Awaited<ReturnType<typeof generateKeyPair>>,
  ) {}

  static async start(): Promise<IssuerUnderTest> {
    const server = createServer();
    const issuer = new IssuerUnderTest(server, await generateKeyPair('ES256', { extractable: true }));
    server.on('request', (request, reply) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        reply.setHeader('access-control-allow-origin', '*');
        issuer.answer(new URL(request.url!, issuer.url), new URLSearchParams(body)).then(
          (answer) => {
            if (typeof answer === 'string') return reply.writeHead(302, { location: answer }).end();
            return reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
          },
          (error: Error) => reply.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ error: error.message })),
        );
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The settings of an api whose callers sign in here. */
  get settings(): Record<string, string> {
    return { JWT_ISSUER: this.url, JWKS_URL: `${this.url}/keys`, CONSOLE_CLIENT_ID: CLIENT };
  }

  async stop(): Promise<void> {
    await new Promise((done) => (this.server.close(done), this.server.closeAllConnections()));
  }

  /** @returns a body, or where to go */
  private async answer({ pathname, searchParams }: URL, body: URLSearchParams): Promise<object | string> {
    if (pathname === '/.well-known/openid-configuration')
      return {
        issuer: this.url,
        authorization_endpoint: `${this.url}/authorize`,
        token_endpoint: `${this.url}/token`,
        jwks_uri: `${this.url}/keys`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
        id_token_signing_alg_values_supported: ['ES256'],
      };
    if (pathname === '/keys') return { keys: [{ ...(await exportJWK(this.key.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    if (pathname === '/authorize') return this.authorize(searchParams);
    if (pathname === '/token') return this.redeem(body);
    throw new Error('not_found');
  }

  private authorize(asked: URLSearchParams): string {
    const of = (name: string) => asked.get(name) ?? '';
    if (of('client_id') !== CLIENT || of('response_type') !== 'code' || of('code_challenge_method') !== 'S256')
      throw new Error('invalid_request');
    const code = randomUUID();
    this.asked.set(code, { redirectUri: of('redirect_uri'), challenge: of('code_challenge'), nonce: of('nonce') });
    return `${of('redirect_uri')}?${new URLSearchParams({ code, state: of('state') }).toString()}`;
  }

  private async redeem(given: URLSearchParams): Promise<object> {
    const asked = this.asked.get(given.get('code') ?? '');
    this.asked.delete(given.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(given.get('code_verifier') ?? '')
      .digest('base64url');
    if (!asked || asked.challenge !== challenge || asked.redirectUri !== given.get('redirect_uri')) throw new Error('invalid_grant');
    this.redeemed += 1;
    const sign = (audience: string, claims: object) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
        .setIssuer(this.url)
        .setSubject(this.claims.sub)
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(this.key.privateKey);
    const { roles, facilities } = this.claims;
    return {
      access_token: await sign('plantlog', { roles, facilities }),
      id_token: await sign(CLIENT, { nonce: asked.nonce }),
      token_type: 'Bearer',
      expires_in: 3_600,
    };
  }
}
