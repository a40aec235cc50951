import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/bind-decider';
import { commandController, commandResolver } from '#platform/command-api';
import { facility } from './facility';
import * as commands from './facility.commands';

@Module({
  controllers: [commandController('facility', commands)],
  providers: [...bindDecider(facility, commands), commandResolver(commands)],
})
export class FacilityModule {}
