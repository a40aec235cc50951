// Hides: how passwords are stored and compared.
// Promises: scrypt with a separate salt per password; a check takes as long for an unknown user as for a known one; at most two hashes are
// computed at once in this OS process. Does not: keep a password, even in memory.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** The stored form of a password, base64. */
export type Hash = Readonly<{ salt: string; hash: string }>;

/** scrypt occupies one of libuv's four threads for about 50 ms; disk writes need them, too. */
export const HASHES_AT_ONCE = 2;
let hashing = 0;
const line: (() => void)[] = [];

async function derive(password: string, salt: Buffer): Promise<Buffer> {
  if (hashing >= HASHES_AT_ONCE) await new Promise<void>((resolve) => line.push(resolve));
  else hashing++;
  try {
    return await new Promise<Buffer>((resolve, reject) =>
      scrypt(password, salt, 32, { N: 16_384, r: 8, p: 1 }, (error, key) => (error ? reject(error) : resolve(key))),
    );
  } finally {
    const next = line.shift();
    if (next) next();
    else hashing--;
  }
}

export const hashPassword = async (password: string): Promise<Hash> => {
  const salt = randomBytes(16);
  return { salt: salt.toString('base64'), hash: (await derive(password, salt)).toString('base64') };
};

const nobody: Hash = { salt: Buffer.alloc(16).toString('base64'), hash: Buffer.alloc(32).toString('base64') };

/** Checks a password; without a hash it takes the same time and returns false. */
export const checkPassword = async (password: string, stored: Hash | undefined): Promise<boolean> => {
  const { salt, hash } = stored ?? nobody;
  const matches = timingSafeEqual(await derive(password, Buffer.from(salt, 'base64')), Buffer.from(hash, 'base64'));
  return matches && stored !== undefined;
};
