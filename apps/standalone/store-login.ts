/**
 * Keeps other accounts of the machine out of the embedded event store. Hides: X.509. Promises: a certificate and a password of this installation,
 * made at its first start and readable by its account alone; the connection string that uses both. Does not: renew; it lasts ten years.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { now } from '#platform/runtime/clock';
import { replace } from './issuer';

const TEN_YEARS_MS = 3_652 * 86_400_000;

export type StoreLogin = Readonly<{
  /** Settings of the node. */
  env: Readonly<Record<'TLS_CERT' | 'TLS_KEY' | 'DEFAULT_ADMIN_PASSWORD', string>>;
  /** How its clients connect. */
  url(port: number): string;
}>;

export async function storeLogin(directory: string): Promise<StoreLogin> {
  const [certificate, key, password] = ['certificate.pem', 'key.pem', 'password'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(certificate)) {
    // Loaded here: no later start needs it.
    const { generate } = await import('selfsigned');
    const names = [
      { type: 2 as const, value: 'localhost' },
      { type: 7 as const, ip: '127.0.0.1' },
    ];
    const made = await generate([{ name: 'commonName', value: 'Embedded event store' }], {
      keyType: 'ec',
      curve: 'P-256',
      algorithm: 'sha256',
      notAfterDate: new Date(now().getTime() + TEN_YEARS_MS),
      extensions: [{ name: 'subjectAltName', altNames: names }],
    });
    replace(password, randomBytes(24).toString('base64url'), 0o600);
    replace(key, made.private, 0o600);
    replace(certificate, made.cert, 0o600);
  }
  const secret = readFileSync(password, 'utf8').trim();
  return {
    env: { TLS_CERT: certificate, TLS_KEY: key, DEFAULT_ADMIN_PASSWORD: secret },
    url: (port) => `esdb://admin:${secret}@localhost:${port}?tls=true&tlsCAFile=${encodeURIComponent(certificate)}`,
  };
}
