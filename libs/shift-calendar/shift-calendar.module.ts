import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { shiftCalendar } from './shift-calendar';
import * as commands from './shift-calendar.commands';
import { shiftCalendars } from './shift-calendar.queries';

@Module({
  controllers: [commandController('shift-calendar', commands), shiftCalendars.controller],
  providers: [...bindDecider(shiftCalendar, commands), commandResolver(commands), shiftCalendars.resolver],
})
export class ShiftCalendarModule {}
