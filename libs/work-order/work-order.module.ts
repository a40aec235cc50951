import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/bind-decider';
import { commandController, commandResolver } from '#platform/command-api';
import { workOrder } from './work-order';
import * as commands from './work-order.commands';

@Module({
  controllers: [commandController('work-order', commands)],
  providers: [...bindDecider(workOrder, commands), commandResolver(commands)],
})
export class WorkOrderModule {}
