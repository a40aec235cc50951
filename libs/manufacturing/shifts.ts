/**
 * The shifts of a calendar as periods of time. Hides: clock changes, versions, exceptions. Promises: shifts do not overlap, and one belongs to the
 * local day on which it began; a night shift has 7, 8 or 9 hours where clocks change. Does not: know machines.
 */
import { dayAfter, momentOf } from './local-time';

export enum Weekday {
  Monday = 'Monday',
  Tuesday = 'Tuesday',
  Wednesday = 'Wednesday',
  Thursday = 'Thursday',
  Friday = 'Friday',
  Saturday = 'Saturday',
  Sunday = 'Sunday',
}

/** Times of day on the clocks of the plant, e.g. 06:00. */
export type LocalTimes = Readonly<{ startsAt: string; endsAt: string }>;

/** A shift of one day. One that ends at or before its start ends on the next day, and belongs to the day on which it began. */
export type DayShift = LocalTimes & Readonly<{ shift: string; breaks: readonly LocalTimes[] }>;

/** A shift that repeats every week. */
export type WeeklyShift = DayShift & Readonly<{ weekdays: readonly Weekday[] }>;

/** Shifts that repeat every week, from a day on. */
export type CalendarVersion = Readonly<{ /** IANA name. */ timeZone: string; effectiveFrom: string; shifts: readonly WeeklyShift[] }>;

/** When a plant, or a part of it, works. */
export type Calendar = Readonly<{
  /** By the day from which they apply. */
  versions: readonly CalendarVersion[];
  /** Days that are worked differently. */
  exceptions: Readonly<Record<string, Readonly<{ shifts: readonly DayShift[]; reason: string }>>>;
}>;

/** In ms since 1970, without its end. */
type Period = Readonly<{ from: number; to: number }>;

export type Shift = Period & Readonly<{ /** Local day on which it began. */ day: string; shift: string; breaks: readonly Period[] }>;

export const WEEKDAYS = Object.values(Weekday);

const weekdayOf = (day: string): Weekday => WEEKDAYS[(new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7]!;

/** The period of local times that begins on that day, or on the next one if it would begin before `notBefore`. */
function periodOf(day: string, { startsAt, endsAt }: LocalTimes, timeZone: string, notBefore = -Infinity): Period {
  const onDay = momentOf(day, startsAt, timeZone);
  const begins = onDay >= notBefore ? day : dayAfter(day);
  const from = begins === day ? onDay : momentOf(begins, startsAt, timeZone);
  return { from, to: momentOf(endsAt > startsAt ? begins : dayAfter(begins), endsAt, timeZone) };
}

function beginningOn({ versions, exceptions }: Calendar, day: string): Shift[] {
  const version = versions.filter(({ effectiveFrom }) => effectiveFrom <= day).at(-1);
  if (!version) return [];
  const { timeZone, shifts } = version;
  const planned: readonly DayShift[] = exceptions[day]?.shifts ?? shifts.filter(({ weekdays }) => weekdays.includes(weekdayOf(day)));
  return planned.map(({ shift, breaks, ...times }) => {
    const period = periodOf(day, times, timeZone);
    return { day, shift, ...period, breaks: breaks.map((pause) => periodOf(day, pause, timeZone, period.from)) };
  });
}

/**
 * Shifts that have a part in the period, in order. Where an exception or a new version lets a shift begin before the one before it has ended,
 * the earlier one ends there.
 */
export function shiftsIn(calendar: Calendar, { from, to }: Period): Shift[] {
  const found: Shift[] = [];
  // Two days more on each side: local days lead or lag UTC, and a shift may begin the day before.
  const [first, last] = [from, to].map((at) => new Date(at).toISOString().slice(0, 10)) as [string, string];
  for (let day = dayAfter(first, -2); day <= dayAfter(last, 2); day = dayAfter(day)) found.push(...beginningOn(calendar, day));
  found.sort((a, b) => a.from - b.from);
  return found
    .map((shift, index) => ({ ...shift, to: Math.min(shift.to, found[index + 1]?.from ?? Infinity) }))
    .filter((shift) => shift.to > shift.from && shift.from < to && shift.to > from);
}
