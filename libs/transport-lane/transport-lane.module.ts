import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { transportLane } from './transport-lane';
import * as commands from './transport-lane.commands';
import { transportLanes } from './transport-lane.queries';

@Module({
  controllers: [commandController('transport-lane', commands), transportLanes.controller],
  providers: [...bindDecider(transportLane, commands), commandResolver(commands), transportLanes.resolver],
})
export class TransportLaneModule {}
