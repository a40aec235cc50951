import * as fc from 'fast-check';
import type { Entry, Ledger } from './ledger-entry';
import { correctionOf, isKept, overlappedBy, repeatedBy, reportOf, sameStory, standing } from './ledger';
import type { Told } from './report.events';
import { told } from './work-order-pasts';

/** The answers by a walk through the whole list: what the index must say, too. */
const naive = {
  *entries(ledger: Ledger): Generator<Entry> {
    for (let entry = ledger; entry; entry = entry.before) yield entry;
  },
  reportOf: (ledger: Ledger, id: string) => [...naive.entries(ledger)].find((entry) => entry.counted && entry.told.reportId === id),
  correctionOf: (ledger: Ledger, id: string) => [...naive.entries(ledger)].find(({ replaces }) => replaces === id),
  isKept: (ledger: Ledger, report: Told) =>
    [...naive.entries(ledger)].some((entry) => entry.told.reportId === report.reportId && sameStory(entry.told, report)),
  repeatedBy: (ledger: Ledger, report: Told) =>
    [...standing(ledger)].filter((other) => other.reportId !== report.reportId && sameStory(other, report)).at(-1)?.reportId,
  overlappedBy(ledger: Ledger, report: Told, most: number): string[] {
    const [from, to] = [Date.parse(report.from), Date.parse(report.to)];
    const overlaps = [...standing(ledger)].flatMap(({ reportId, equipmentId, from: begins, to: ends }) => {
      const [began, ended] = [Date.parse(begins), Date.parse(ends)];
      if (reportId === report.reportId || equipmentId !== report.equipmentId || !(began < to && from < ended)) return [];
      return [{ reportId, began: Math.max(began, from), ended }];
    });
    const together = overlaps.map(({ began }) => overlaps.filter((other) => other.began <= began && began < other.ended).length);
    return Math.max(0, ...together) < most ? [] : overlaps.map(({ reportId }) => reportId).reverse();
  },
};

const minute = (n: number) => new Date(Date.UTC(2026, 0, 5) + n * 60_000).toISOString();
const id = fc.integer({ min: 1, max: 8 }).map((n) => `r${n}`);
const report = fc
  .record({
    reportId: id,
    equipmentId: fc.constantFrom('haifa.M1', 'haifa.M2'),
    good: fc.constantFrom('1', '2'),
    begins: fc.integer({ min: 0, max: 40 }),
    // Some end before they begin, some take no time, some much.
    lasts: fc.constantFrom(-3, 0, 1, 2, 5, 5, 9, 30),
  })
  .map(({ begins, lasts, ...rest }) => told({ ...rest, from: minute(begins), to: minute(begins + lasts) }));
/** Grows one of the ledgers that exist: the list has branches, as after a decision that was not recorded. */
const growth = fc.record({ onto: fc.nat(), told: report, counted: fc.boolean(), replaces: fc.option(id, { nil: undefined }) });

describe('a ledger', () => {
  test('answers like a walk through all its reports, whichever branch is asked in whichever order', () => {
    fc.assert(
      fc.property(
        fc.array(growth, { maxLength: 30 }),
        fc.array(fc.record({ of: fc.nat(), told: report, most: fc.constantFrom(1, 2, 3) }), { minLength: 1, maxLength: 30 }),
        (growths, questions) => {
          const ledgers: Ledger[] = [null];
          for (const { onto, told: what, counted, replaces } of growths)
            // Mostly the newest grows.
            ledgers.push({
              told: what,
              counted,
              ...(replaces ? { replaces } : {}),
              before: ledgers.at(onto % 4 === 0 ? onto % ledgers.length : -1)!,
            });
          for (const { of, told: asked, most } of questions) {
            const ledger = ledgers[of % ledgers.length]!;
            expect(reportOf(ledger, asked.reportId)).toBe(naive.reportOf(ledger, asked.reportId));
            expect(correctionOf(ledger, asked.reportId)).toBe(naive.correctionOf(ledger, asked.reportId));
            expect(isKept(ledger, asked)).toBe(naive.isKept(ledger, asked));
            expect(repeatedBy(ledger, asked)).toBe(naive.repeatedBy(ledger, asked));
            expect(overlappedBy(ledger, asked, most)).toEqual(naive.overlappedBy(ledger, asked, most));
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([10, 100_000])('of %d reports is not walked through for one more', (reports) => {
    let steps = 0;
    const grown = (before: Ledger, n: number): Entry => ({
      told: told({ reportId: `r${n}`, from: minute(10 * n), to: minute(10 * n + 10) }),
      counted: true,
      get before() {
        steps += 1;
        return before;
      },
    });
    let ledger: Ledger = null;
    for (let n = 0; n < reports; n += 1) ledger = grown(ledger, n);
    expect(reportOf(ledger, 'r1')?.told.reportId).toBe('r1');
    steps = 0;
    ledger = grown(ledger, reports);
    const next = told({ reportId: 'next', from: minute(10 * reports + 5), to: minute(10 * reports + 20) });
    expect(reportOf(ledger, 'next')).toBeUndefined();
    expect(isKept(ledger, next)).toBe(false);
    expect(repeatedBy(ledger, next)).toBeUndefined();
    expect(overlappedBy(ledger, next, 1)).toEqual([`r${reports}`]);
    expect(steps).toBeLessThan(10);
  });

  it('names some of very many reports that overlap', () => {
    let ledger: Ledger = null;
    for (let n = 0; n < 5_000; n += 1)
      ledger = { told: told({ reportId: `r${n}`, from: minute(0), to: minute(1_440) }), counted: true, before: ledger };
    expect(overlappedBy(ledger, told({ reportId: 'next', from: minute(0), to: minute(1_440) }), 1)).toHaveLength(101);
  });
});
