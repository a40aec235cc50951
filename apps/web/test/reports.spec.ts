import { sourceOf } from './source';

type Line = { reasonCode: string; quantity: string; of?: string };
type Lines = {
  linesOf(reported: readonly Line[]): Line[];
  withLine(lines: readonly Line[]): Line[];
  changed(lines: readonly Line[], index: number, to: Partial<Line>): Line[];
  isLine(line: Line): boolean;
  scrapOf(lines: readonly Line[]): Line[];
};
type Typed = { local: string; which?: number };
type Times = {
  momentsOf(local: string, zone: string): number[];
  momentOf(local: string, zone: string, notBefore?: number): number;
  momentIn(typed: Typed | undefined, given: number, zone: string, notBefore?: number): number;
};

describe('the scrap of a report', () => {
  const { linesOf, withLine, changed, isLine, scrapOf } = sourceOf<Lines>('pages/work-order/scrap-lines.ts');
  const reported = [
    { reasonCode: 'burr', quantity: '150' },
    { reasonCode: 'crack', quantity: '50' },
  ];

  it('keeps each reason with its quantity, unless a correction changes that one', () => {
    expect(scrapOf(linesOf(reported))).toEqual(reported);
    expect(scrapOf(changed(linesOf(reported), 1, { quantity: '40' }))).toEqual([reported[0], { reasonCode: 'crack', quantity: '40' }]);
    expect(scrapOf(changed(linesOf(reported), 0, { reasonCode: ' dent ' }))).toEqual([
      { reasonCode: 'dent', quantity: '150' },
      reported[1],
    ]);
    expect(scrapOf(changed(linesOf(reported), 0, { quantity: '0' }))).toEqual([reported[1]]);
  });

  it('is one empty line where there is none, to which others can be added', () => {
    expect(scrapOf(linesOf([]))).toEqual([]);
    const two = changed(changed(withLine(linesOf(reported)), 2, { quantity: '1.5' }), 2, { reasonCode: 'scratch' });
    expect(scrapOf(two)).toEqual([...reported, { reasonCode: 'scratch', quantity: '1.5' }]);
  });

  it('needs a reason for every quantity', () => {
    const wrong = [
      { reasonCode: ' ', quantity: '1' },
      { reasonCode: 'burr', quantity: '-1' },
      { reasonCode: 'burr', quantity: 'many' },
    ];
    expect(wrong.map(isLine)).toEqual([false, false, false]);
    expect([...linesOf([]), ...linesOf(reported), { reasonCode: '', quantity: '' }].every(isLine)).toBe(true);
  });
});

describe('the times of a report', () => {
  const { momentsOf, momentOf, momentIn } = sourceOf<Times>('parts/local-times.ts');
  const zone = 'Europe/Paris';
  const at = (text: string) => Date.parse(text);
  // On that night 02:00 to 03:00 comes twice: from 00:00Z in summer time, from 01:00Z in winter time.
  const second = at('2026-10-25T01:30:20.500Z');

  it('are exactly those that were known, until somebody types others', () => {
    expect(momentIn(undefined, second, zone)).toBe(second);
    expect(momentIn({ local: '2026-10-25T01:45' }, second, zone)).toBe(at('2026-10-24T23:45:00Z'));
    expect(momentIn({ local: 'soon' }, second, zone)).toBeNaN();
  });

  it('are the later ones of an hour that comes twice, where the earlier lie before the beginning', () => {
    const to = { local: '2026-10-25T02:50' };
    expect(momentIn(to, second, zone, at('2026-10-25T00:10:00Z'))).toBe(at('2026-10-25T00:50:00Z'));
    expect(momentIn(to, second, zone, at('2026-10-25T01:05:00Z'))).toBe(at('2026-10-25T01:50:00Z'));
    expect(momentOf(to.local, zone, at('2026-10-26T00:00:00Z'))).toBe(at('2026-10-25T01:50:00Z'));
  });

  it('can be chosen where both are meant by the same text', () => {
    expect(momentsOf('2026-10-25T02:30', zone)).toEqual([at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')]);
    expect(momentsOf('2026-10-25T03:30', zone)).toHaveLength(1);
    expect(momentsOf('', zone)).toEqual([]);
    expect(momentIn({ local: '2026-10-25T02:30', which: 1 }, 0, zone)).toBe(at('2026-10-25T01:30:00Z'));
    expect(momentIn({ local: '2026-10-25T04:30', which: 1 }, 0, zone)).toBe(at('2026-10-25T03:30:00Z'));
  });
});
