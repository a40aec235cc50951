// Hides: how passwords are kept and checked.
// Promises: scrypt with a salt of its own per password; a check takes as long for an unknown user as for a known one.
// Does not: keep a password, even in memory.

import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** What is stored of a password, base64. */
export type Hash = Readonly<{ salt: string; hash: string }>;

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password, salt, 32, { N: 16_384, r: 8, p: 1 }, (error, key) => (error ? reject(error) : resolve(key))),
  );

export const hashPassword = async (password: string): Promise<Hash> => {
  const salt = randomBytes(16);
  return { salt: salt.toString('base64'), hash: (await derive(password, salt)).toString('base64') };
};

const nobody: Hash = { salt: Buffer.alloc(16).toString('base64'), hash: Buffer.alloc(32).toString('base64') };

/** Checks a password; without a hash it takes the same time and says no. */
export const checkPassword = async (password: string, stored: Hash | undefined): Promise<boolean> => {
  const { salt, hash } = stored ?? nobody;
  const matches = timingSafeEqual(await derive(password, Buffer.from(salt, 'base64')), Buffer.from(hash, 'base64'));
  return matches && stored !== undefined;
};

/**
 * Remembers which passwords were right for which hash, because clients send theirs with every call and scrypt is slow by design.
 * Holds keyed digests only, under a key that lives as long as the process.
 */
export class CheckedPasswords {
  private readonly key = randomBytes(32);
  private readonly right = new Map<string, string>();

  constructor(private readonly limit = 1_000) {}

  async check(login: string, password: string, stored: Hash | undefined): Promise<boolean> {
    const digest = createHmac('sha256', this.key)
      .update(`${stored?.hash ?? ''}\0${password}`)
      .digest('base64');
    if (stored && this.right.get(login) === digest) return true;
    const matches = await checkPassword(password, stored);
    if (matches) {
      if (this.right.size >= this.limit) this.right.clear();
      this.right.set(login, digest);
    }
    return matches;
  }
}
