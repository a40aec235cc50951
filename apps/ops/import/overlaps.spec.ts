import fc from 'fast-check';
import { Lanes } from './lanes';
import { Overlaps } from './overlaps';

const found = (...claims: readonly (readonly [machine: string, line: number, from: number, to: number])[]) => {
  const overlaps = new Overlaps();
  for (const [machine, line, from, to] of claims) overlaps.add(machine, { line, order: `o${line}`, from, to });
  return [...overlaps.found()].map(({ line, otherLine, order, otherOrder }) => [line, otherLine, order, otherOrder]);
};

describe('claims on machines', () => {
  it('overlap when one begins before another ends, on the same machine', () => {
    expect(found(['M4', 2, 0, 10], ['M4', 3, 5, 7], ['M4', 4, 9, 12], ['M5', 5, 0, 10])).toEqual([
      [3, 2, 'o3', 'o2'],
      [4, 2, 'o4', 'o2'],
    ]);
  });
  it('may follow one another, and take no time', () => expect(found(['M4', 2, 0, 10], ['M4', 3, 10, 12], ['M4', 4, 5, 5])).toEqual([]));

  it('are found exactly where comparing each with each finds them', () => {
    const claim = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(fc.array(claim, { maxLength: 40 }), (spans) => {
        const claims = spans.map(([from, lasts], index) => ['M', index, from, from + lasts] as const);
        const before = (a: (typeof claims)[0], b: (typeof claims)[0]) => a[2] < b[2] || (a[2] === b[2] && a[1] < b[1]);
        const slow = claims
          .filter((a) => a[3] > a[2] && claims.some((b) => b[3] > b[2] && before(b, a) && b[3] > a[2]))
          .map(([, line]) => line);
        expect(
          found(...claims)
            .map(([line]) => line)
            .sort(),
        ).toEqual(slow.sort());
      }),
    );
  });
});

describe('lanes', () => {
  it('keep the order of one key, bound what waits, and run others beside it', async () => {
    const lanes = new Lanes(4, 8);
    const done: string[] = [];
    let running = 0;
    let most = 0;
    for (let n = 0; n < 100; n += 1) {
      await lanes.add(`key${n % 10}`, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, (n * 7) % 5));
        running -= 1;
        done.push(`${n % 10}:${n}`);
      });
    }
    await lanes.idle();
    expect(done).toHaveLength(100);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    for (let key = 0; key < 10; key += 1) {
      const order = done.filter((entry) => entry.startsWith(`${key}:`)).map((entry) => Number(entry.split(':')[1]));
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }
  });

  it('stop at the first fault', async () => {
    const lanes = new Lanes(1, 2);
    let ran = 0;
    await lanes.add('a', () => Promise.reject(new Error('no')));
    await lanes.add('a', () => Promise.resolve(void (ran += 1)));
    await expect(lanes.idle()).rejects.toThrow('no');
    await expect(lanes.add('a', () => Promise.resolve())).rejects.toThrow('no');
    expect(ran).toBe(0);
  });
});
