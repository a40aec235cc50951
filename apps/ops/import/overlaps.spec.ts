import fc from 'fast-check';
import { Overlaps } from './overlaps';

const found = (...claims: readonly (readonly [machine: string, line: number, from: number, to: number])[]) => {
  const overlaps = new Overlaps();
  for (const [machine, line, from, to] of claims) overlaps.add(machine, { line, order: `o${line}`, from, to });
  return [...overlaps.found()].map(({ line, otherLine, order, otherOrder }) => [line, otherLine, order, otherOrder]);
};

describe('spans on machines', () => {
  it('overlap when one begins before another ends, on the same machine', () => {
    expect(found(['M4', 2, 0, 10], ['M4', 3, 5, 7], ['M4', 4, 9, 12], ['M5', 5, 0, 10])).toEqual([
      [3, 2, 'o3', 'o2'],
      [4, 2, 'o4', 'o2'],
    ]);
  });
  it('may be adjacent or empty', () => expect(found(['M4', 2, 0, 10], ['M4', 3, 10, 12], ['M4', 4, 5, 5])).toEqual([]));

  it('are found exactly where a comparison of all pairs finds them', () => {
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
