import { Weekday } from '#manufacturing/shifts';
import { inShifts, overall, without } from './sections';

const HOUR = 3_600_000;
const at = (text: string) => Date.parse(text);
const breaks = [{ startsAt: '09:00', endsAt: '09:30' }];
const early = { shift: 'Early', weekdays: [Weekday.Monday], startsAt: '06:00', endsAt: '14:00', breaks };
const calendar = { versions: [{ timeZone: 'Europe/Paris', effectiveFrom: '2026-01-01', shifts: [early] }], exceptions: {} };
const length = (periods: readonly { from: number; to: number }[]) => periods.reduce((sum, { from, to }) => sum + to - from, 0);

test('without a calendar the whole period is planned', () => {
  expect(overall({ from: 1, to: 5 })).toEqual({
    from: 1,
    to: 5,
    shift: null,
    day: null,
    spans: [{ from: 1, to: 5 }],
    planned: [{ from: 1, to: 5 }],
  });
});

test('shifts, cut at the ends of the period, and the time outside make up the whole period', () => {
  const period = { from: at('2026-01-05T08:00:00+01:00'), to: at('2026-01-12T08:00:00+01:00') };
  const sections = inShifts(calendar, period);
  expect(sections.map(({ shift, day, planned }) => [shift, day, length(planned) / HOUR])).toEqual([
    ['Early', '2026-01-05', 5.5],
    ['Early', '2026-01-12', 2],
    [null, null, 0],
  ]);
  expect(length(sections.flatMap(({ spans }) => spans))).toBe(7 * 24 * HOUR);
});

test('what is left of a period without others', () => {
  const of = (...others: [number, number][]) =>
    without(
      { from: 10, to: 20 },
      others.map(([from, to]) => ({ from, to })),
    ).map(({ from, to }) => [from, to]);
  expect(of()).toEqual([[10, 20]]);
  expect(of([12, 13], [13, 15])).toEqual([
    [10, 12],
    [15, 20],
  ]);
  expect(of([0, 11], [10, 12], [19, 30])).toEqual([[12, 19]]);
  expect(of([0, 30])).toEqual([]);
  expect(of([20, 25])).toEqual([[10, 20]]);
});
