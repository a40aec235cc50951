import * as fc from 'fast-check';
import { holds, type Rows, withRow } from './rows';

describe('a list in pages', () => {
  test('knows its rows like a search through all of them, whichever branch is asked in whichever order', () => {
    const long = (rows: number): Rows<string> =>
      Array.from({ length: rows }, (_, n) => `old${n}`).reduce<Rows<string>>((list, row) => withRow(list, row), []);
    const growth = fc.record({ onto: fc.nat(), row: fc.integer({ min: 0, max: 99 }), times: fc.integer({ min: 1, max: 400 }) });
    const question = fc.record({ of: fc.nat(), row: fc.constantFrom('a', 'b', 'old'), n: fc.integer({ min: 0, max: 1_000 }) });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_500 }),
        fc.array(growth, { maxLength: 8 }),
        fc.array(question, { maxLength: 30 }),
        (length, growths, questions) => {
          const lists = [long(length)];
          for (const { onto, row, times } of growths) {
            let list = lists[onto % lists.length]!;
            for (let n = 0; n < times; n += 1) list = withRow(list, `${onto % 2 ? 'a' : 'b'}${row + n}`);
            lists.push(list);
          }
          for (const { of, row, n } of questions) {
            const list = lists[of % lists.length]!;
            expect(holds(list, `${row}${n}`)).toBe(list.flat().includes(`${row}${n}`));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([1_000, 100_000])('of %d rows is not searched through for one more', (count) => {
    let steps = 0;
    class Page extends Array<string> {
      override includes(row: string): boolean {
        steps += 1;
        return super.includes(row);
      }
      override [Symbol.iterator]() {
        steps += 1;
        return super[Symbol.iterator]();
      }
    }
    const rows = Array.from({ length: Math.ceil(count / 256) }, (_, page) => Page.from({ length: 256 }, (_row, n) => `${page}.${n}`));
    expect(holds(rows, '0.7')).toBe(true);
    steps = 0;
    expect(holds(withRow(rows, 'new'), 'newer')).toBe(false);
    expect(holds(withRow(rows, 'new'), '0.8')).toBe(true);
    expect(steps).toBeLessThan(10);
  });
});
