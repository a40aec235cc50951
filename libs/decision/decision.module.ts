import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { decision } from './decision';
import * as commands from './decision.commands';
import { decisions } from './decision.queries';

@Module({
  controllers: [commandController('decision', commands), decisions.controller],
  providers: [...bindDecider(decision, commands), commandResolver(commands), decisions.resolver],
})
export class DecisionModule {}
