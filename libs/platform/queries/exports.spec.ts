import { Exports } from './exports';

test('an export that cannot begin gives its connection and its place back', async () => {
  const release = jest.fn();
  const broken = {
    query: () => {
      throw new Error('the connection is closed');
    },
    release,
  };
  const exports = new Exports({ connect: () => Promise.resolve(broken) } as never);
  for (let n = 1; n <= 7; n += 1) {
    await expect(exports.stream('ann', 'SELECT 1', [])).rejects.toThrow('the connection is closed');
    expect(release).toHaveBeenCalledTimes(n);
  }
});
