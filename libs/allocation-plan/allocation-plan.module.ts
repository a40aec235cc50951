import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { allocationPlan } from './allocation-plan';
import * as commands from './allocation-plan.commands';
import { allocationPlans } from './allocation-plan.queries';

@Module({
  controllers: [commandController('allocation-plan', commands), allocationPlans.controller],
  providers: [...bindDecider(allocationPlan, commands), commandResolver(commands), allocationPlans.resolver],
})
export class AllocationPlanModule {}
