import type { Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { checkTimeZone } from '#manufacturing/local-time';
import { WEEKDAYS, type Calendar, type DayShift, type LocalTimes, type WeeklyShift } from '#manufacturing/shifts';
import { ofPlants } from '#manufacturing/references';
import type * as commands from './shift-calendar.commands';
import type { ShiftCalendarEvent } from './shift-calendar.events';

const DAY = 24 * 60;
const WEEK = 7 * DAY;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const lengthOf = ({ startsAt, endsAt }: LocalTimes): number => (minutesOf(endsAt) - minutesOf(startsAt) + DAY) % DAY || DAY;

const refuse = (code: string, message: string, facts: Readonly<Record<string, unknown>>): never => {
  throw new Rejected(code, message, facts);
};

/** Minutes from a common origin: the beginning of the week, the day or the shift. */
type Span = Readonly<{ name: string; from: number; to: number }>;

/**
 * `repeatsAfter`: minutes after which the spans repeat, a week for example, so that the last is compared with the first.
 * @throws Rejected shifts-overlap
 */
function rejectOverlaps(spans: readonly Span[], repeatsAfter = Infinity): void {
  const sorted = [...spans].sort((a, b) => a.from - b.from);
  sorted.forEach((span, index) => {
    const next = sorted[index + 1] ?? { ...sorted[0]!, from: sorted[0]!.from + repeatsAfter };
    if (span.to > next.from)
      refuse('shifts-overlap', `${span.name} must not end after ${next.name} begins.`, { first: span.name, second: next.name });
  });
}

/** @throws Rejected break-outside-shift, shifts-overlap for breaks that overlap */
function checkBreaks({ shift, startsAt, endsAt, breaks }: DayShift): void {
  const spans = breaks.map((pause): Span => {
    const from = (minutesOf(pause.startsAt) - minutesOf(startsAt) + DAY) % DAY;
    const to = from + lengthOf(pause);
    if (to > lengthOf({ startsAt, endsAt }))
      refuse('break-outside-shift', `The break ${pause.startsAt}–${pause.endsAt} must lie within ${shift}, ${startsAt}–${endsAt}.`, {
        shift,
      });
    return { name: `The break ${pause.startsAt}–${pause.endsAt} of ${shift}`, from, to };
  });
  if (spans.length > 0) rejectOverlaps(spans);
}

function spansOn(day: number, shifts: readonly DayShift[], at = ''): Span[] {
  const names = shifts.map(({ shift }) => shift);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    refuse('shift-named-twice', `The shift ${twice} must begin once a day${at && `, but does twice on ${at}`}.`, { shift: twice });
  return shifts.map((shift) => {
    const from = day * DAY + minutesOf(shift.startsAt);
    return { name: `The shift ${shift.shift}${at && ` of ${at}`}`, from, to: from + lengthOf(shift) };
  });
}

function checkWeek(shifts: readonly WeeklyShift[]): void {
  shifts.forEach(checkBreaks);
  const spans = WEEKDAYS.flatMap((weekday, day) =>
    spansOn(
      day,
      shifts.filter(({ weekdays }) => weekdays.includes(weekday)),
      weekday,
    ),
  );
  rejectOverlaps(spans, WEEK);
}

const dayShift = ({ shift, startsAt, endsAt, breaks = [] }: commands.AddCalendarException['shifts'][number]): DayShift => ({
  shift,
  startsAt,
  endsAt,
  breaks: breaks.map((pause) => ({ startsAt: pause.startsAt, endsAt: pause.endsAt })),
});

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const rules: Decider<typeof commands, Calendar, ShiftCalendarEvent> = {
  category: 'shift-calendar',
  initial: { versions: [], exceptions: {} },
  id: ({ calendarId }) => calendarId,
  evolve: (calendar, event) => {
    switch (event.type) {
      case 'CalendarVersionPublished': {
        const { timeZone, effectiveFrom, shifts } = event.data;
        const others = calendar.versions.filter((version) => version.effectiveFrom !== effectiveFrom);
        const versions = [...others, { timeZone, effectiveFrom, shifts }].sort((a, b) => (a.effectiveFrom < b.effectiveFrom ? -1 : 1));
        return { ...calendar, versions };
      }
      case 'CalendarExceptionAdded': {
        const { day, shifts, reason } = event.data;
        return { ...calendar, exceptions: { ...calendar.exceptions, [day]: { shifts, reason } } };
      }
      case 'CalendarExceptionRemoved': {
        const { [event.data.day]: _, ...exceptions } = calendar.exceptions;
        return { ...calendar, exceptions };
      }
    }
  },
  decide: {
    PublishCalendarVersion: ({ calendarId, timeZone, effectiveFrom, shifts: asked }, { versions }) => {
      checkTimeZone(timeZone);
      const shifts = asked.map((shift) => ({
        ...dayShift(shift),
        weekdays: WEEKDAYS.filter((weekday) => shift.weekdays.includes(weekday)),
      }));
      checkWeek(shifts);
      const version = { timeZone, effectiveFrom, shifts };
      if (versions.some((known) => same(known, version))) return [];
      return [{ type: 'CalendarVersionPublished', data: { calendarId, ...version } }];
    },
    AddCalendarException: ({ calendarId, day, shifts: asked, reason }, { versions, exceptions }) => {
      if (!versions[0] || day < versions[0].effectiveFrom)
        refuse('day-without-calendar', `${calendarId} has no shifts on ${day}. Publish a version from that day or earlier.`, {
          calendarId,
          day,
        });
      const shifts = asked.map(dayShift);
      shifts.forEach(checkBreaks);
      if (shifts.length > 0) rejectOverlaps(spansOn(0, shifts));
      if (same(entryOf(exceptions, day)?.shifts, shifts)) return [];
      return [{ type: 'CalendarExceptionAdded', data: { calendarId, day, shifts, reason } }];
    },
    RemoveCalendarException: ({ calendarId, day, reason }, { exceptions }) =>
      entryOf(exceptions, day) ? [{ type: 'CalendarExceptionRemoved', data: { calendarId, day, reason } }] : [],
  },
};

/** When a plant, or a part of it, works: shifts that repeat every week, in versions, and days that differ. */
export const shiftCalendar: typeof rules = ofPlants(rules);
