import { PasswordChecks, TooManyChecks } from './password-checks';
import type { Hash } from './password';

const stored = (password: string): Hash => ({ salt: '', hash: password });

/** Comparisons that end when the test ends them. */
const slow = () => {
  const open: (() => void)[] = [];
  const asked: string[] = [];
  const compare = (password: string, hash: Hash | undefined) =>
    new Promise<boolean>((resolve) => {
      asked.push(password);
      open.push(() => resolve(password === hash?.hash));
    });
  const settle = async () => {
    while (open.length > 0) {
      open.splice(0).forEach((end) => end());
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { open, asked, compare, settle };
};

describe('password checks', () => {
  it('a password known to be right is accepted at once while any number of others wait', async () => {
    const { compare, settle, asked } = slow();
    const checks = new PasswordChecks(compare);
    const first = checks.check({}, 'ada', 'right', stored('right'));
    await settle();
    expect(await first).toBe(true);
    const noisy = {};
    for (let i = 0; i < 200; i++) void checks.check(noisy, 'bob', `guess ${i}`, stored('right'));
    expect(await checks.check(noisy, 'ada', 'right', stored('right'))).toBe(true);
    expect(asked.filter((password) => password === 'right')).toHaveLength(1);
    await settle();
  });

  it('equal concurrent checks are made once, across connections', async () => {
    const { compare, settle, asked } = slow();
    const checks = new PasswordChecks(compare);
    const answers = Array.from({ length: 1_000 }, () => checks.check({}, 'ada', 'right', stored('right')));
    await settle();
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    expect(asked).toHaveLength(1);
  });

  it('the same password for another login is a separate check', async () => {
    const { compare, settle, asked } = slow();
    const checks = new PasswordChecks(compare);
    const answers = [
      checks.check({}, 'ada', 'x', stored('x')),
      checks.check({}, 'bob', 'x', stored('y')),
      checks.check({}, 'eve', 'x', undefined),
    ];
    await settle();
    expect(await Promise.all(answers)).toEqual([true, false, false]);
    expect(asked).toHaveLength(3);
  });

  it('at most two run at once, so that threads are left for the disk', async () => {
    const { compare, settle, open } = slow();
    const checks = new PasswordChecks(compare);
    const answers = Array.from({ length: 10 }, (_, i) => checks.check({}, `user ${i}`, 'x', stored('x')));
    expect(open).toHaveLength(2);
    await settle();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 10 }, () => true));
  });

  it('a connection with many wrong passwords does not hold up the first check of another', async () => {
    const { compare, settle, asked } = slow();
    const checks = new PasswordChecks(compare);
    const noisy = {};
    for (let i = 0; i < 100; i++) void checks.check(noisy, 'bob', `guess ${i}`, stored('right'));
    const other = checks.check({}, 'ada', 'right', stored('right'));
    await settle();
    expect(await other).toBe(true);
    expect(asked.indexOf('right')).toBeLessThan(5);
  });

  it('a stale password is checked once, and is accepted as soon as it becomes the current one', async () => {
    const { compare, settle, asked } = slow();
    const checks = new PasswordChecks(compare);
    const client = {};
    for (let i = 0; i < 3; i++) {
      const wrong = checks.check(client, 'ada', 'stale', stored('right'));
      await settle();
      expect(await wrong).toBe(false);
    }
    expect(asked).toHaveLength(1);
    const reset = checks.check(client, 'ada', 'stale', stored('stale'));
    await settle();
    expect(await reset).toBe(true);
  });

  it('after twenty wrong passwords no more of a connection are checked for a minute; known ones are still accepted', async () => {
    const { compare, settle, asked } = slow();
    let now = 0;
    const checks = new PasswordChecks(compare, () => now);
    const client = {};
    const right = checks.check(client, 'ada', 'right', stored('right'));
    const guesses = Array.from({ length: 50 }, (_, i) => checks.check(client, 'bob', `guess ${i}`, stored('right')));
    await settle();
    expect(await right).toBe(true);
    expect(new Set(await Promise.all(guesses))).toEqual(new Set([false]));
    // Two run at once, so one more may have begun before the twentieth was known to be wrong.
    expect(asked.length).toBeLessThanOrEqual(22);
    expect(await checks.check(client, 'ada', 'right', stored('right'))).toBe(true);
    now = 61_000;
    const later = checks.check(client, 'eve', 'x', stored('x'));
    await settle();
    expect(await later).toBe(true);
  });

  it('the queue of one connection is bounded', async () => {
    const { compare, settle } = slow();
    const checks = new PasswordChecks(compare);
    const client = {};
    const answers = Array.from({ length: 400 }, (_, i) =>
      checks.check(client, `user ${i}`, 'x', stored('x')).catch((error: unknown) => error),
    );
    const other = checks.check({}, 'ada', 'x', stored('x'));
    await settle();
    expect((await Promise.all(answers)).filter((answer) => answer instanceof TooManyChecks)).toHaveLength(400 - 256 - 2);
    expect(await other).toBe(true);
  });
});
