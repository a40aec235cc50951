import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { ShiftCalendarRow } from './shift-calendar.view';

export const shiftCalendars = listOf(ShiftCalendarRow, {
  path: 'shift-calendar',
  one: 'shiftCalendar',
  many: 'shiftCalendars',
  roles: ROLES,
  filters: {},
  sorts: [],
  sortedBy: 'calendarId',
  about: 'Shift calendars: weekly shifts in versions, and days that are worked differently.',
});
