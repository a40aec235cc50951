import { folded } from '#platform/testing/folded';
import { given } from '#platform/testing/given';
import { shiftCalendar } from './shift-calendar';
import { Weekday } from '#manufacturing/shifts';
import type { ShiftCalendarEvent } from './shift-calendar.events';
import { shiftCalendarView } from './shift-calendar.view';

const calendarId = 'lyon.machining';
const { Monday, Tuesday, Sunday } = Weekday;
// In the order of a recorded event.
const early = {
  shift: 'Early',
  startsAt: '06:00',
  endsAt: '14:00',
  breaks: [{ startsAt: '09:00', endsAt: '09:30' }],
  weekdays: [Monday, Tuesday],
};
const night = { shift: 'Night', startsAt: '22:00', endsAt: '06:00', breaks: [], weekdays: [Monday] };
const version = { timeZone: 'Europe/Paris', effectiveFrom: '2026-01-05', shifts: [early, night] };
const published: ShiftCalendarEvent = { type: 'CalendarVersionPublished', data: { calendarId, ...version } };
const publish = { calendarId, ...version };
const reason = 'stocktaking';
const closed: ShiftCalendarEvent = { type: 'CalendarExceptionAdded', data: { calendarId, day: '2026-02-02', shifts: [], reason } };
const close = { calendarId, day: '2026-02-02', shifts: [], reason };

describe('a shift calendar', () => {
  const calendar = given(shiftCalendar);
  test('publishes versions; the same one again changes nothing', () => {
    calendar.when('PublishCalendarVersion', publish).then(published);
    given(shiftCalendar, published).when('PublishCalendarVersion', publish).changesNothing();
    given(shiftCalendar, published)
      .when('PublishCalendarVersion', { ...publish, effectiveFrom: '2026-03-01', shifts: [early] })
      .then({ type: 'CalendarVersionPublished', data: { calendarId, ...version, effectiveFrom: '2026-03-01', shifts: [early] } });
  });
  test.each([
    ['a time zone that does not exist', { timeZone: 'Mars/Olympus' }, 'no-such-time-zone'],
    ['a night that runs into the morning', { shifts: [early, { ...night, endsAt: '06:01' }] }, 'shifts-overlap'],
    ['a Sunday night that runs into Monday', { shifts: [early, { ...night, weekdays: [Sunday], endsAt: '07:00' }] }, 'shifts-overlap'],
    ['a shift twice on one day', { shifts: [early, { ...early, startsAt: '14:00', endsAt: '20:00', breaks: [] }] }, 'shift-named-twice'],
    ['a break outside its shift', { shifts: [{ ...early, breaks: [{ startsAt: '13:30', endsAt: '14:30' }] }] }, 'break-outside-shift'],
    [
      'breaks that overlap',
      { shifts: [{ ...early, breaks: [...early.breaks, { startsAt: '09:15', endsAt: '10:00' }] }] },
      'shifts-overlap',
    ],
  ])('refuses %s', (_, change, code) => calendar.when('PublishCalendarVersion', { ...publish, ...change }).rejects(code));
  test('takes a break after midnight, and shifts that touch', () => {
    const shifts = [early, { ...night, breaks: [{ startsAt: '02:00', endsAt: '02:30' }] }];
    calendar
      .when('PublishCalendarVersion', { ...publish, shifts })
      .then({ ...published, data: { ...published.data, shifts } } as ShiftCalendarEvent);
  });
  test('works one day differently, until that is taken back', () => {
    given(shiftCalendar, published).when('AddCalendarException', close).then(closed);
    given(shiftCalendar, published, closed).when('AddCalendarException', close).changesNothing();
    const removed: ShiftCalendarEvent = { type: 'CalendarExceptionRemoved', data: { calendarId, day: '2026-02-02', reason } };
    given(shiftCalendar, published, closed).when('RemoveCalendarException', { calendarId, day: '2026-02-02', reason }).then(removed);
    given(shiftCalendar, published).when('RemoveCalendarException', { calendarId, day: '2026-02-02', reason }).changesNothing();
    calendar.when('AddCalendarException', close).rejects('day-without-calendar');
    given(shiftCalendar, published)
      .when('AddCalendarException', { ...close, day: '2026-01-04' })
      .rejects('day-without-calendar');
  });
  test('is listed whole', () => {
    const rows = folded(shiftCalendarView, ['shift-calendar-lyon.machining', [published, closed]]);
    expect(rows[calendarId]).toMatchObject({
      facilityId: 'lyon',
      versions: [version],
      exceptions: { '2026-02-02': { shifts: [], reason } },
      revision: 1n,
    });
  });
});
