import { InputType, registerEnumType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { LocalDay, TimeOfDay } from '#manufacturing/local-time.fields';
import { Command } from '#platform/commands/command';
import { Code, Id, Many, ManyOf, Reason, Text } from '#platform/commands/fields';
import { Weekday } from '#manufacturing/shifts';

registerEnumType(Weekday, { name: 'Weekday', description: 'A day of the week on which a shift begins.' });

@InputType('BreakInput', {})
class BreakInput {
  @TimeOfDay()
  readonly startsAt: string;

  @TimeOfDay()
  readonly endsAt: string;
}

/** A shift of one day. */
@InputType('DayShiftInput', {})
class DayShiftInput {
  /** Name of the shift, once a day. */
  @Code()
  readonly shift: string;

  /** Local time. In an hour that a clock change repeats, the first one. */
  @TimeOfDay()
  readonly startsAt: string;

  /** Local time; on the next day if it is not later than startsAt. */
  @TimeOfDay()
  readonly endsAt: string;

  /** Time within the shift that is not planned operation time. */
  @Many(() => BreakInput, 12, { optional: true, min: 0 })
  readonly breaks?: BreakInput[];
}

/** A shift that repeats every week. */
@InputType('WeeklyShiftInput', {})
class WeeklyShiftInput extends DayShiftInput {
  /** Days on which it begins. */
  @ManyOf(Weekday, { min: 1 })
  readonly weekdays: Weekday[];
}

@InputType({ isAbstract: true })
abstract class CalendarCommand extends Command {
  /** The facility, a dot, and a name: haifa.machining. */
  @Id()
  readonly calendarId: string;
}

/** Publish the shifts from a day on. A version from the same day replaces the earlier one. */
@InputType()
@Allow('planner', 'supervisor', 'engineer')
export class PublishCalendarVersion extends CalendarCommand {
  /** IANA time zone, e.g. Europe/Paris. */
  @Text(1, 60)
  readonly timeZone: string;

  /** The first local day on which these shifts begin. */
  @LocalDay()
  readonly effectiveFrom: string;

  @Many(() => WeeklyShiftInput, 42)
  readonly shifts: WeeklyShiftInput[];
}

/** Work one day differently: other shifts, or none. */
@InputType()
@Allow('planner', 'supervisor', 'engineer')
export class AddCalendarException extends CalendarCommand {
  @LocalDay()
  readonly day: string;

  /** The shifts that begin on that day; empty for a day off. */
  @Many(() => DayShiftInput, 12, { min: 0 })
  readonly shifts: DayShiftInput[];

  /** Why the day is worked differently. */
  @Reason()
  declare readonly reason: string;
}

/** Work a day like every week again. */
@InputType()
@Allow('planner', 'supervisor', 'engineer')
export class RemoveCalendarException extends CalendarCommand {
  @LocalDay()
  readonly day: string;

  /** Why the exception is taken back. */
  @Reason()
  declare readonly reason: string;
}
