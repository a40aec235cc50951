/**
 * Who calls, by the claims of a token (`sessionOf` reads them). Hides: JWT, JWKS and key rotation. Promises: a principal is only made from
 * a token that its issuer signed, for this audience, and that is valid now; known keys stay in use for an hour while the issuer does not answer; a
 * route without roles is closed to all. Does not: issue tokens, or decide about scopes (queries and commands do).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { SCOPE_ID } from '#kernel/identity';
import { allowedRoles, grantedRole, inScope, type Principal } from './access';
import { currentContext } from './context';
import { parseJson } from '#platform/problem/json';
import { Problem } from '#platform/problem/problem';
import type { Issued } from './revocations';

/** A caller, and until when its token is valid, in seconds since 1970. */
export type Session = Readonly<{ principal: Principal; expiresAt: number; issued: Issued }>;

const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const LEEWAY_SECONDS = 5;
const LONGEST_LIFE_SECONDS = 366 * 86_400;
const LONGEST_TOKEN = 8_192;
/** How long a verified token is trusted before it is verified again; with STALE_MS, a withdrawn key works for 30 seconds at most. */
const REMEMBERED_MS = 5_000;
const REMEMBERED_TOKENS = 10_000;

export const unauthenticated = (detail: string): Problem =>
  new Problem(401, 'unauthenticated', detail, { whatToDo: 'Send a valid access token: Authorization: Bearer <token>.' });

/** Whose tokens are accepted, the roles that exist, and the claim that lists the caller's scopes. */
export type Issuer = Readonly<{ issuer: string; audience: string; jwksUrl: string; roles: readonly string[]; scopesClaim: string }>;

/** Verifies access tokens of one issuer. */
export class Tokens {
  private readonly keys: Keys;
  private readonly verified = new Map<string, { session: Session; until: number }>();

  /** `revoked` is called for each token that is otherwise valid. Its errors are passed on: it throws if it does not know. */
  constructor(
    private readonly issuer: Issuer,
    private readonly revoked: (issued: Issued) => Promise<boolean> = () => Promise.resolve(false),
  ) {
    this.keys = new Keys(issuer.jwksUrl);
  }

  /** Makes every token be verified again, after a revocation. */
  forget(): void {
    this.verified.clear();
  }

  /** The session of a token that was verified within the last five seconds. */
  remembered(token: string): Session | undefined {
    const known = this.verified.get(token);
    if (known && known.until > Date.now()) return known.session;
    return undefined;
  }

  /** @throws Problem 401; 503 if no key was ever fetched and the issuer does not answer */
  async verify(token: string): Promise<Session> {
    const known = this.remembered(token);
    if (known) return known;
    const session = await this.check(token);
    this.verified.delete(token);
    this.verified.set(token, { session, until: Math.min(Date.now() + REMEMBERED_MS, (session.expiresAt + LEEWAY_SECONDS) * 1000) });
    if (this.verified.size > REMEMBERED_TOKENS) this.verified.delete(this.verified.keys().next().value!);
    return session;
  }

  private async check(token: string): Promise<Session> {
    if (token.length > LONGEST_TOKEN || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
      throw unauthenticated('The bearer token is not a JWT of at most 8,192 characters.');
    try {
      const header = decodeProtectedHeader(token);
      // A token must not supply its own keys.
      if (header.jku || header.jwk || header.x5u || header.x5c || header.crit)
        throw unauthenticated('The token brings its own key (jku, jwk, x5u, x5c or crit), which is not accepted.');
      if (!/^((application\/)?at\+)?jwt$/i.test(header.typ ?? '')) throw unauthenticated("The token's `typ` must be JWT or at+jwt.");
      if (typeof header.kid !== 'string' || header.kid.length > 256) throw unauthenticated('The token has no `kid`: which key signed it?');
      const keys = await this.keys.holding(header.kid);
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: this.issuer.issuer,
        audience: this.issuer.audience,
        clockTolerance: LEEWAY_SECONDS,
        requiredClaims: ['sub', 'exp'],
      });
      parseJson(Buffer.from(token.split('.')[1]!, 'base64url'));
      const session = sessionOf(payload, this.issuer);
      if (await this.revoked(session.issued)) throw unauthenticated('The token was revoked.');
      return session;
    } catch (error) {
      if (error instanceof Problem && error.status !== 400) throw error;
      throw unauthenticated('The token is expired, not for this service, or its signature is wrong.');
    }
  }
}

function sessionOf(claims: JWTPayload & Record<string, unknown>, issuer: Issuer): Session {
  const { sub, exp, iat, jti, roles, device, typ, token_use: use } = claims;
  const now = Date.now() / 1000;
  if (!Number.isSafeInteger(exp) || exp! > now + LONGEST_LIFE_SECONDS)
    throw unauthenticated('The token has no `exp`, or one more than 366 days ahead.');
  if (iat !== undefined && (!Number.isSafeInteger(iat) || iat > now + LEEWAY_SECONDS))
    throw unauthenticated("The token's `iat` is in the future.");
  // An ID or refresh token describes the log-in; it grants no access.
  if ('nonce' in claims || 'at_hash' in claims || 'c_hash' in claims) throw unauthenticated('The token is not an access token.');
  if ((typ !== undefined && typ !== 'Bearer') || (use !== undefined && use !== 'access'))
    throw unauthenticated('The token is not an access token.');
  if (typeof sub !== 'string' || !/^[\w.@:|/+-]{1,128}$/.test(sub))
    throw unauthenticated("The token's `sub` must be 1 to 128 letters, digits or . _ @ : | / + -");
  // These names are reserved for processes.
  if (sub.startsWith('process:')) throw unauthenticated("The token's `sub` must not begin with `process:`.");
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
  return {
    principal: Object.freeze({
      actor: sub,
      roles: texts(roles).filter((role) => issuer.roles.includes(role)),
      scopes: texts(claims[issuer.scopesClaim]).filter((scope) => scope === '*' || SCOPE_ID.test(scope)),
      ...(typeof device === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/.test(device) ? { device } : {}),
    }),
    expiresAt: exp!,
    issued: { subject: sub, ...(typeof jti === 'string' ? { tokenId: jti } : {}), ...(iat === undefined ? {} : { issuedAt: iat }) },
  };
}

/** Keys are refreshed so often, whether anybody calls or not: a withdrawn key is gone in time also where its source is slow. */
const REFRESH_MS = 10_000;
/** From this age on a request waits for the refresh, but only briefly: a source that hangs must not delay known callers. */
const STALE_MS = 25_000;
const PATIENCE_MS = 500;
const COOLDOWN_MS = 5_000;
/** How long keys stay trusted when their source does not answer. */
const LAST_KNOWN_GOOD_MS = 3_600_000;
const LARGEST_KEY_SET = 262_144;

/** Keeps the issuer's public keys, from a URL or a file. */
class Keys {
  private set?: { keys: ReturnType<typeof createLocalJWKSet>; ids: ReadonlySet<string>; at: number };
  private lastLook = -Infinity;
  private looking?: Promise<void>;
  private timer?: NodeJS.Timeout;

  constructor(private readonly url: string) {}

  /** The keys, fetched again when they are old or do not include this one. */
  async holding(kid: string): Promise<ReturnType<typeof createLocalJWKSet>> {
    const age = Date.now() - (this.set?.at ?? -Infinity);
    const isKnown = this.set?.ids.has(kid) ?? false;
    if ((!isKnown || age > STALE_MS) && (this.looking || Date.now() - this.lastLook > COOLDOWN_MS || !this.set)) {
      this.looking ??= this.look();
      if (!isKnown) await this.looking;
      else await Promise.race([this.looking, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
    }
    if (!this.set || Date.now() - this.set.at > LAST_KNOWN_GOOD_MS) {
      throw new Problem(503, 'issuer-unavailable', "Could not fetch the token issuer's signing keys.", { retryAfterSeconds: 5 });
    }
    return this.set.keys;
  }

  private async look(): Promise<void> {
    this.lastLook = Date.now();
    try {
      const set = parseJson(await this.fetch()) as JSONWebKeySet;
      // Symmetric keys are ignored: whoever can verify with them can also sign.
      const keys = set.keys.filter(
        (key) => key.kty !== 'oct' && typeof key.kid === 'string' && (key.use === undefined || key.use === 'sig'),
      );
      this.set = { keys: createLocalJWKSet({ keys }), ids: new Set(keys.map((key) => key.kid!)), at: Date.now() };
    } catch {
      // The known keys stay in use until LAST_KNOWN_GOOD_MS have passed.
    } finally {
      this.looking = undefined;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void (this.looking ??= this.look()), REFRESH_MS).unref();
    }
  }

  private async fetch(): Promise<string> {
    if (this.url.startsWith('file:')) return readFile(fileURLToPath(this.url), 'utf8');
    const response = await fetch(this.url, {
      redirect: 'error',
      signal: AbortSignal.timeout(5_000),
      headers: { accept: 'application/json' },
    });
    const text = await response.text();
    if (!response.ok || text.length > LARGEST_KEY_SET) throw new Error(`no JSON key set at ${this.url}`);
    return text;
  }
}

const PUBLIC = 'public-route';
/** On a method that anybody may call, without a token: health and documentation only. */
export const Public = () => SetMetadata(PUBLIC, true);

const known = (principal: Principal | undefined): Principal => {
  if (!principal) throw unauthenticated('This request has no access token.');
  return principal;
};

/** The verified caller of the current request. @throws Problem 401 */
export const caller = (): Principal => known(currentContext()?.principal);

/**
 * Whether a caller may reach what is of a scope. If not, the access log says so: the answer is the same as for what does not exist.
 */
export function mayReach(principal: Principal, scope: string): boolean {
  if (inScope(principal, scope)) return true;
  const context = currentContext();
  if (context) context.denial = 'facility-not-in-scope';
  return false;
}

/** Lets a caller through if it has one of the roles. @throws Problem 401, 403 */
export function admit(principal: Principal | undefined, allowed: readonly string[]): void {
  const { roles } = known(principal);
  if (!grantedRole(principal!, allowed))
    throw new Problem(403, 'role-not-allowed', 'None of your roles allows this.', { facts: { roles } });
}

/** Denies everything that is not allowed. Global, and run after routing, so that no spelling of a path bypasses it. */
@Injectable()
export class AccessGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    if (Reflect.getMetadata(PUBLIC, handler) === true) return true;
    const allowed = allowedRoles(handler);
    admit(currentContext()?.principal, allowed.length > 0 ? allowed : allowedRoles(context.getClass()));
    return true;
  }
}
