import { checkPassword, hashPassword } from './password';

it('accepts the right password and no other', async () => {
  const stored = await hashPassword('changeit');
  expect(await checkPassword('changeit', stored)).toBe(true);
  expect(await checkPassword('changeIt', stored)).toBe(false);
  expect(await checkPassword('', undefined)).toBe(false);
});

it('salts each hash', async () => {
  expect((await hashPassword('changeit')).hash).not.toBe((await hashPassword('changeit')).hash);
});
