import { Slots } from './slots';

describe('places for instances that work at once', () => {
  const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('are as many as given, first come, first served', async () => {
    const [slots, begun, ends]: [Slots, string[], (() => void)[]] = [new Slots(2), [], []];
    const all = ['a', 'b', 'c', 'd'].map((name) =>
      slots.through(() => new Promise((resolve) => (begun.push(name), ends.push(() => resolve())))),
    );
    await tick();
    expect(begun).toEqual(['a', 'b']);
    for (let n = 0; n < 4; n += 1, await tick()) ends[n]!();
    await Promise.all(all);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('go to those that wait when one gives way, and come back to it after them', async () => {
    const [slots, done]: [Slots, string[]] = [new Slots(2), []];
    const act = (name: string) =>
      slots.through(async () => {
        done.push(`${name} begins`);
        await tick();
        await slots.giveWay();
        done.push(`${name} ends`);
      });
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map(act));
    const names = ['a', 'b', 'c', 'd', 'e'];
    expect(done).toEqual([...names.map((name) => `${name} begins`), ...names.map((name) => `${name} ends`)]);
    const alone: string[] = [];
    await slots.through(async () => {
      await slots.giveWay();
      alone.push('goes on');
    });
    expect(alone).toEqual(['goes on']);
  });
});
