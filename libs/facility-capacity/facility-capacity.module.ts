import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { facilityCapacity } from './facility-capacity';
import * as commands from './facility-capacity.commands';
import { capacityLoads, facilityCapacities } from './facility-capacity.queries';

@Module({
  controllers: [commandController('facility-capacity', commands), facilityCapacities.controller, capacityLoads.controller],
  providers: [...bindDecider(facilityCapacity, commands), commandResolver(commands), facilityCapacities.resolver, capacityLoads.resolver],
})
export class FacilityCapacityModule {}
