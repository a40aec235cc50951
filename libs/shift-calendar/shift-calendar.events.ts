import type { Event } from '#kernel/event';
import type { DayShift, WeeklyShift } from '#manufacturing/shifts';

/** From this day on the plant works in these shifts; earlier days keep the version before. */
export type CalendarVersionPublished = Event<
  'CalendarVersionPublished',
  {
    calendarId: string;
    /** IANA name. */ timeZone: string;
    /** Local day, e.g. 2026-03-30. */ effectiveFrom: string;
    shifts: readonly WeeklyShift[];
  }
>;

/** One day is worked differently: the shifts that begin on it are these, or none. */
export type CalendarExceptionAdded = Event<
  'CalendarExceptionAdded',
  { calendarId: string; day: string; shifts: readonly DayShift[]; reason: string }
>;

/** The day is worked like every week again. */
export type CalendarExceptionRemoved = Event<'CalendarExceptionRemoved', { calendarId: string; day: string; reason: string }>;

export type ShiftCalendarEvent = CalendarVersionPublished | CalendarExceptionAdded | CalendarExceptionRemoved;
