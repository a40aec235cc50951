import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from 'jose';
import { ROLES } from '#manufacturing/roles';
import { DEVELOPMENT_ISSUER } from '#platform/runtime/version';

const LIFETIME = '30d';

/** Issues access tokens for one installation on one machine; its private key never leaves the data directory. */
export type Issuer = Readonly<{
  issuer: string;
  /** A file: URL of the public keys. */
  jwksUrl: string;
  /** One token for each role over all facilities, and `<role>@<facility>` for each facility. */
  tokens(audience: string, facilities: readonly string[]): Promise<Record<string, string>>;
}>;

/** Creates the key pair on the first start and keeps it. */
export async function developmentIssuer(directory: string): Promise<Issuer> {
  const keyPath = join(directory, 'private-key.json');
  const jwksPath = join(directory, 'jwks.json');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(keyPath)) {
    const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
    const jwk = await exportJWK(privateKey);
    replace(keyPath, JSON.stringify({ ...jwk, alg: 'RS256', use: 'sig', kid: await calculateJwkThumbprint(jwk) }), 0o600);
  }
  const { kty, n, e, alg, use, kid, ...rest } = JSON.parse(readFileSync(keyPath, 'utf8')) as JWK;
  replace(jwksPath, JSON.stringify({ keys: [{ kty, n, e, alg, use, kid }] }), 0o644);
  const key = await importJWK({ kty, n, e, alg, ...rest }, 'RS256');

  const token = (audience: string, role: string, facility: string) =>
    new SignJWT({ roles: [role], facilities: [facility], ...(role === 'device' && { device: 'dev-terminal' }) })
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt' })
      .setSubject(facility === '*' ? `dev-${role}` : `dev-${role}-${facility}`)
      .setIssuer(DEVELOPMENT_ISSUER)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(LIFETIME)
      .sign(key);

  return {
    issuer: DEVELOPMENT_ISSUER,
    jwksUrl: pathToFileURL(jwksPath).href,
    tokens: async (audience, facilities) => {
      const wanted = ROLES.flatMap((role) => [
        [role, role, '*'] as const,
        ...facilities.map((facility) => [`${role}@${facility}`, role, facility] as const),
      ]);
      return Object.fromEntries(
        await Promise.all(wanted.map(async ([name, role, facility]) => [name, await token(audience, role, facility)] as const)),
      );
    },
  };
}

/** A reader sees the old file or the new one, never a partial one. */
export function replace(path: string, text: string, mode: number): void {
  writeFileSync(`${path}.new`, text, { mode });
  renameSync(`${path}.new`, path);
}
