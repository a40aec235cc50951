import { shiftsIn, Weekday, type Calendar } from './shifts';

const daily = Object.values(Weekday);
const night = { shift: 'Night', weekdays: daily, startsAt: '22:00', endsAt: '06:00', breaks: [{ startsAt: '02:30', endsAt: '03:00' }] };
const day = { shift: 'Day', weekdays: daily, startsAt: '06:00', endsAt: '22:00', breaks: [] };
const calendar = (change: Partial<Calendar> = {}): Calendar => ({
  versions: [{ timeZone: 'Europe/Paris', effectiveFrom: '2026-01-01', shifts: [night, day] }],
  exceptions: {},
  ...change,
});
const at = (text: string) => Date.parse(text);
const hours = ({ from, to }: { from: number; to: number }) => (to - from) / 3_600_000;
const shiftsOf = (of: Calendar, from: string, to: string) => shiftsIn(of, { from: at(from), to: at(to) });

test('a night shift belongs to the day on which it began', () => {
  const [shift, ...others] = shiftsOf(calendar(), '2026-01-10T02:00:00+01:00', '2026-01-10T03:00:00+01:00');
  expect(others).toEqual([]);
  expect(shift).toMatchObject({
    day: '2026-01-09',
    shift: 'Night',
    from: at('2026-01-09T22:00:00+01:00'),
    to: at('2026-01-10T06:00:00+01:00'),
  });
  expect(shift!.breaks).toEqual([{ from: at('2026-01-10T02:30:00+01:00'), to: at('2026-01-10T03:00:00+01:00') }]);
});

test.each([
  ['a usual night', '2026-03-27T23:00:00+01:00', 8],
  ['the night in which clocks go forward', '2026-03-28T23:00:00+01:00', 7],
  ['the night in which clocks go back', '2026-10-24T23:00:00+02:00', 9],
])('%s has %s hours', (_, during, length) => {
  const [shift] = shiftsIn(calendar(), { from: at(during), to: at(during) + 1 });
  expect(hours(shift!)).toBe(length);
});

test('a break in the hour that is skipped begins when the clocks go on, and in the hour that is repeated, the first time', () => {
  const breakOf = (during: string) => shiftsIn(calendar(), { from: at(during), to: at(during) + 1 })[0]!.breaks[0]!;
  expect(breakOf('2026-10-24T23:00:00+02:00')).toEqual({ from: at('2026-10-25T02:30:00+02:00'), to: at('2026-10-25T03:00:00+01:00') });
  const skipped = breakOf('2026-03-28T23:00:00+01:00');
  expect(skipped.from).toBeGreaterThanOrEqual(at('2026-03-29T03:00:00+02:00'));
});

test('days are partitioned: with shifts round the clock nothing is left over or counted twice, for a whole year', () => {
  const year = { from: at('2026-01-02T00:00:00+01:00'), to: at('2027-01-01T00:00:00+01:00') };
  const shifts = shiftsIn(calendar(), year);
  for (const [index, { to }] of shifts.slice(0, -1).entries()) expect(shifts[index + 1]!.from).toBe(to);
  expect([shifts[0]!.from <= year.from, shifts.at(-1)!.to >= year.to]).toEqual([true, true]);
});

test('a version applies from its day on, and an exception replaces the shifts of its day', () => {
  const short = { ...day, endsAt: '12:00' };
  const of = calendar({
    versions: [...calendar().versions, { timeZone: 'Europe/Paris', effectiveFrom: '2026-02-02', shifts: [short] }],
    exceptions: { '2026-02-03': { shifts: [], reason: 'holiday' } },
  });
  const names = shiftsOf(of, '2026-02-01T12:00:00+01:00', '2026-02-05T00:00:00+01:00').map(({ day: on, shift, ...period }) => [
    on,
    shift,
    hours(period),
  ]);
  expect(names).toEqual([
    ['2026-02-01', 'Day', 16],
    ['2026-02-01', 'Night', 8],
    ['2026-02-02', 'Day', 6],
    ['2026-02-04', 'Day', 6],
  ]);
});

test('a shift ends where an exception lets the next one begin', () => {
  const of = calendar({ exceptions: { '2026-01-11': { shifts: [{ ...day, startsAt: '04:00' }], reason: 'early start' } } });
  const [shift] = shiftsOf(of, '2026-01-11T00:00:00+01:00', '2026-01-11T01:00:00+01:00');
  expect(hours(shift!)).toBe(6);
});

test('there are no shifts before the first version', () => {
  expect(shiftsOf(calendar(), '2025-12-01T00:00:00+01:00', '2025-12-31T00:00:00+01:00')).toEqual([]);
});
