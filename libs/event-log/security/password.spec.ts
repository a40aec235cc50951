import { CheckedPasswords, checkPassword, hashPassword } from './password';

it('knows the right password and no other', async () => {
  const stored = await hashPassword('changeit');
  expect(await checkPassword('changeit', stored)).toBe(true);
  expect(await checkPassword('changeIt', stored)).toBe(false);
  expect(await checkPassword('', undefined)).toBe(false);
});

it('salts each hash', async () => {
  expect((await hashPassword('changeit')).hash).not.toBe((await hashPassword('changeit')).hash);
});

it('forgets a remembered password when the hash changes', async () => {
  const checked = new CheckedPasswords();
  const first = await hashPassword('one');
  expect(await checked.check('ada', 'one', first)).toBe(true);
  expect(await checked.check('ada', 'one', first)).toBe(true);
  const second = await hashPassword('two');
  expect(await checked.check('ada', 'one', second)).toBe(false);
  expect(await checked.check('ada', 'two', second)).toBe(true);
  expect(await checked.check('ada', 'one', undefined)).toBe(false);
});
