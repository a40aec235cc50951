import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { facility } from './facility';
import * as commands from './facility.commands';
import { facilityElements } from './facility.queries';
import { FacilityTreeController, FacilityTreeResolver, FacilityTrees } from './facility-tree.queries';

@Module({
  controllers: [commandController('facility', commands), facilityElements.controller, FacilityTreeController],
  providers: [
    ...bindDecider(facility, commands),
    commandResolver(commands),
    facilityElements.resolver,
    FacilityTrees,
    FacilityTreeResolver,
  ],
})
export class FacilityModule {}
