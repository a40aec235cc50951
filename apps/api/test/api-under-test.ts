import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload, type KeyLike } from 'jose';
import { readConfig, type Config } from '#platform/runtime/config';
import { migrate } from '#platform/runtime/database';
import { runViews, type RunningViews } from '#platform/views/engine';
import { views } from '#slices';
import { startTestSystem, testDirectory, type TestSystem } from '#platform/testing/testing';
import { startApi, type Api } from '../api';

export const ISSUER = 'https://issuer.test';

/** An issuer of tokens with keys of its own. */
export class TestIssuer {
  private constructor(
    readonly privateKey: KeyLike,
    readonly publicJwk: Record<string, unknown>,
    readonly url: string,
  ) {}

  static async create(): Promise<TestIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    const file = join(testDirectory('issuer'), 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [jwk] }));
    return new TestIssuer(privateKey, jwk, pathToFileURL(file).href);
  }

  token(claims: JWTPayload & Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      iss: ISSUER,
      aud: 'plantlog',
      sub: 'ann',
      iat: now,
      exp: now + 600,
      roles: ['operator'],
      facilities: ['haifa'],
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1', ...header })
      .sign(this.privateKey);
  }
}

export type Answer = Readonly<{ status: number; headers: Headers; body: any; text: string }>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** The whole api on real parts. */
export class ApiUnderTest {
  private constructor(
    readonly api: Api,
    readonly system: TestSystem,
    readonly issuer: TestIssuer,
    /** One token per role, for haifa; `everywhere` has all roles and facilities. */
    readonly tokens: Readonly<Record<string, string>>,
    private readonly running: RunningViews,
    private readonly config: Config,
  ) {}

  /** `wire` may put something between the api and its database. */
  static async start(
    env: NodeJS.ProcessEnv = {},
    wire: (databaseUrl: string) => Promise<string> = async (url) => url,
  ): Promise<ApiUnderTest> {
    const [system, issuer] = await Promise.all([startTestSystem(), TestIssuer.create()]);
    await migrate(system.databaseUrl);
    const config = readConfig('api', [], {
      PORT: '0',
      EVENTSTORE_URL: system.eventStoreUrl,
      DATABASE_URL: await wire(system.databaseUrl),
      JWT_ISSUER: ISSUER,
      JWKS_URL: issuer.url,
      BODY_LIMIT: '65536',
      RATE_LIMIT: '0',
      ...env,
    });
    const api = await startApi(config);
    const roles = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer', 'device'];
    const tokens: Record<string, string> = { everywhere: await issuer.token({ sub: 'eve', roles, facilities: ['*'] }) };
    for (const role of roles) tokens[role] = await issuer.token({ sub: `${role}-1`, roles: [role] });
    tokens.elsewhere = await issuer.token({ sub: 'otto', roles, facilities: ['lyon'] });
    const running = await runViews({ store: system.eventStoreUrl, databaseUrl: system.databaseUrl, views });
    return new ApiUnderTest(api, system, issuer, tokens, running, config);
  }

  /** Registers plants. */
  async plants(...facilityIds: readonly string[]): Promise<void> {
    for (const facilityId of facilityIds) {
      const plant = { facilityId, name: facilityId, enterpriseId: 'acme', enterpriseName: 'Acme', timeZone: 'UTC' };
      const { status, text } = await this.post('/facility/register-facility', plant, this.tokens.everywhere);
      if (status !== 200) throw new Error(text);
    }
  }

  async send(
    method: string,
    path: string,
    init: { token?: string; headers?: Record<string, string>; body?: unknown; at?: string } = {},
  ): Promise<Answer> {
    const { token, headers = {}, body, at = this.api.url } = init;
    const response = await fetch(at + path, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: parsed };
  }

  post(path: string, body: unknown, token = this.tokens.everywhere, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, { body, token, headers });
  }

  get(path: string, token: string | undefined = this.tokens.everywhere, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, { token, headers });
  }

  graphql(query: string, variables?: Record<string, unknown>, token: string | undefined = this.tokens.everywhere): Promise<Answer> {
    return this.send('POST', '/graphql', { token, body: { query, ...(variables ? { variables } : {}) } });
  }

  /** Another api on the same parts, as if it ran in another process. */
  another(changes: Partial<Config> = {}): Promise<Api> {
    return startApi({ ...this.config, ...changes });
  }

  async stop(): Promise<void> {
    await this.api.stop();
    await this.running.stop();
    await this.system.stop();
  }
}
