import * as fc from 'fast-check';
import { MachineState } from './equipment.events';
import { PAGE } from './rows';
import { around, beginnings, latest, seeing, type Sighting, type Sightings, until, without } from './sightings';

const at = (second: number) => new Date(Date.UTC(2026, 0, 5) + second * 1_000).toISOString();

/** The same in one list, by the words of the module. */
const plain = {
  seeing: (all: readonly Sighting[], time: string, state: MachineState): Sighting[] => {
    const known = all.find((each) => each.at === time);
    if (known?.state === state) return [...all];
    const before = all.filter((each) => each.at < time).at(-1);
    const again = before?.state === state && (!known || known.again === true);
    const later = all.filter((each) => each.at > time);
    const [next, ...rest] = later;
    const follows = next?.again && next.state !== state ? [{ at: next.at, state: next.state }, ...rest] : later;
    return [...all.filter((each) => each.at < time), { at: time, state, ...(again ? { again: true as const } : {}) }, ...follows];
  },
  around: (all: readonly Sighting[], time: string) => {
    const earlier = all.filter((each) => each.at <= time);
    return { before: earlier.at(-1), began: earlier.filter(({ again }) => !again).at(-1)?.at, after: all.find((each) => each.at > time) };
  },
};

describe('the sightings of a machine', () => {
  test('are those of a plain list, in whatever order they come', () => {
    const sighting = fc.tuple(fc.integer({ min: 0, max: 3 * PAGE }), fc.constantFrom('Execute', 'Held', 'Unknown'));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 * PAGE }),
        fc.array(sighting, { maxLength: 60 }),
        fc.tuple(fc.nat(4 * PAGE), fc.nat(4 * PAGE)),
        (many, inserted, [one, other]) => {
          let [paged, list]: [Sightings, Sighting[]] = [[], []];
          const see = (second: number, state: MachineState) => {
            paged = seeing(paged, at(second), state);
            list = plain.seeing(list, at(second), state);
          };
          for (let n = 0; n < many; n += 1) see(n, n % 7 < 5 ? 'Execute' : 'Held');
          for (const [second, state] of inserted) see(second, state);
          expect(paged.flat()).toEqual(list);
          expect(paged.every(({ length }) => length > 0 && length <= 2 * PAGE)).toBe(true);
          expect(latest(paged)).toEqual(list.at(-1));
          for (const second of [one, other]) expect(around(paged, at(second))).toEqual(plain.around(list, at(second)));
          const [from, to] = [at(Math.min(one, other)), at(Math.max(one, other))];
          expect(until(paged, from).flat()).toEqual(list.filter((each) => each.at <= from));
          expect(without(paged, from, to).flat()).toEqual(list.filter((each) => each.at <= from || each.at >= to));
          expect(beginnings(paged, from, to)).toEqual(
            list.filter((each) => !each.again && each.at > from && each.at < to).map((each) => each.at),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
