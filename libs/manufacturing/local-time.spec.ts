import { dayAfter, momentOf } from './local-time';

const TIMES = ['00:00', '02:30', '06:00', '14:00', '23:59'];

/** What a clock of the zone shows, e.g. 2026-03-29 06:00. */
const clockOf = (timeZone: string) => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (at: number) => format.format(at);
};

test.each([
  'UTC',
  'Europe/Berlin',
  'Asia/Jerusalem',
  'America/New_York',
  'Africa/Casablanca',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Asia/Kolkata',
])('the clocks of %s show the day and time of each moment, for a year', (timeZone) => {
  const shows = clockOf(timeZone);
  const skipped: string[] = [];
  for (let day = '2025-01-01'; day < '2026-01-01'; day = dayAfter(day))
    for (const time of TIMES) {
      const at = momentOf(day, time, timeZone);
      if (shows(at) !== `${day} ${time}`) skipped.push(`${day} ${time} ${shows(at)}`);
      // Of a time that is repeated, the first.
      else for (const minutes of [30, 60]) expect(shows(at - minutes * 60_000)).not.toBe(`${day} ${time}`);
    }
  // A clock goes on once a year at most, and skips at most one of these times.
  expect(skipped.length).toBeLessThanOrEqual(1);
  for (const text of skipped) expect(text).toMatch(/02:30 .* 03:[03]0$/);
});

test('a time that the clocks skip is moved on by the change', () => {
  expect(new Date(momentOf('2026-03-29', '02:30', 'Europe/Berlin')).toISOString()).toBe('2026-03-29T01:30:00.000Z');
});
