import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/bind-decider';
import { commandController, commandResolver } from '#platform/command-api';
import { productionOrder } from './production-order';
import * as commands from './production-order.commands';

@Module({
  controllers: [commandController('production-order', commands)],
  providers: [...bindDecider(productionOrder, commands), commandResolver(commands)],
})
export class ProductionOrderModule {}
