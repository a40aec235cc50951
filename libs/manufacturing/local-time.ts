/** Days and times of day on the clocks of a plant. Hides: offsets of time zones. Does not: know shifts. */
import { Rejected } from '#kernel/rejected';

/** True for an existing day from 1900 to 9998: YYYY-MM-DD. */
export const isDay = (value: unknown): value is string => {
  if (typeof value !== 'string' || !/^(19|[2-9]\d)\d\d-\d\d-\d\d$/.test(value) || value >= '9999') return false;
  const at = Date.parse(`${value}T00:00:00Z`);
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(value);
};

/** @throws Rejected no-such-time-zone unless it is an IANA name that this runtime knows */
export function checkTimeZone(timeZone: string): void {
  const named = /^(UTC|[A-Z][A-Za-z]+(\/[A-Z][A-Za-z0-9_+-]*){1,2})$/.test(timeZone);
  try {
    if (named) return void new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    // The runtime does not know the zone: refused below, as a name of another form is.
  }
  throw new Rejected('no-such-time-zone', `\`timeZone\` must be an IANA time zone such as Asia/Jerusalem, was ${timeZone}.`, { timeZone });
}

const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock of the zone shows, as if it were UTC, in ms since 1970. */
function shownAt(timeZone: string, at: number): number {
  let format = formats.get(timeZone);
  if (!format) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    formats.set(timeZone, (format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'iso8601', ...parts })));
  }
  const of = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(of.year!, of.month! - 1, of.day, of.hour, of.minute, of.second);
}

const MOST_DAYS = 50_000;
/** Per zone and UTC midnight: how far clocks are ahead of UTC, in ms. */
const ahead = new Map<string, number>();

/** How far clocks of the zone are ahead of UTC at the beginning of a UTC day, in ms. */
function aheadAtMidnight(timeZone: string, midnight: number): number {
  const key = `${timeZone} ${midnight}`;
  let known = ahead.get(key);
  if (known === undefined) {
    if (ahead.size >= MOST_DAYS) ahead.clear();
    ahead.set(key, (known = shownAt(timeZone, midnight) - midnight));
  }
  return known;
}

/**
 * The moment at which clocks of the zone show a day and a time of day, in ms since 1970. Of a time that a clock change repeats the first one; one
 * that it skips is moved on by the change.
 * @param day e.g. 2026-03-29 @param time e.g. 06:00
 */
export function momentOf(day: string, time: string, timeZone: string): number {
  const shown = Date.parse(`${day}T${time}:00Z`);
  const midnight = Math.floor(shown / DAY_MS) * DAY_MS;
  const [start, end] = [aheadAtMidnight(timeZone, midnight - DAY_MS), aheadAtMidnight(timeZone, midnight + 2 * DAY_MS)];
  // Clocks do not change twice within three days.
  if (start === end) return shown - start;
  const [before, after] = [-DAY_MS, DAY_MS].map((away) => shown - (shownAt(timeZone, shown + away) - (shown + away))) as [number, number];
  const found = [before, after].filter((at) => shownAt(timeZone, at) === shown);
  return found.length > 0 ? Math.min(...found) : before;
}

/** The day that is so many days later. */
export const dayAfter = (day: string, days = 1): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
