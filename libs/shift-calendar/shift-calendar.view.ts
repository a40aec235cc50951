import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { Cell, CellJson, Key, ScopeCell } from '#platform/views/cells';
import type { Calendar } from '#manufacturing/shifts';
import { shiftCalendar } from './shift-calendar';
import type { ShiftCalendarEvent } from './shift-calendar.events';

/** When a plant, or a part of it, works. */
@Entity('shift_calendar')
@Index(['facilityId'])
@ObjectType('ShiftCalendar', {})
export class ShiftCalendarRow {
  @Key()
  calendarId: string;

  @ScopeCell()
  facilityId: string;

  /** Versions by the day from which they apply, each with its time zone and its weekly shifts. */
  @CellJson()
  versions: object;

  /** Days that are worked differently, with their shifts and the reason. */
  @CellJson()
  exceptions: object;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** All shift calendars. */
export const shiftCalendarView: View<ShiftCalendarRow, ShiftCalendarEvent> = {
  name: 'shift-calendar',
  version: 1,
  row: ShiftCalendarRow,
  events: ['CalendarVersionPublished', 'CalendarExceptionAdded', 'CalendarExceptionRemoved'],
  keys: ({ data }) => [data.calendarId],
  fold: (rows, event) => {
    const { calendarId } = event.data;
    const calendar = (rows.get(calendarId) ?? shiftCalendar.initial) as Calendar;
    const { versions, exceptions } = shiftCalendar.evolve({ versions: calendar.versions, exceptions: calendar.exceptions }, event);
    const { revision, position, recordedAt } = event;
    rows.put({ calendarId, facilityId: facilityOf(calendarId), versions, exceptions, revision, position, recordedAt });
  },
};
