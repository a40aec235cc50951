import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { productionOrder } from './production-order';
import * as commands from './production-order.commands';
import { orderBoardEntries } from './production-order.queries';

@Module({
  controllers: [commandController('production-order', commands), orderBoardEntries.controller],
  providers: [...bindDecider(productionOrder, commands), commandResolver(commands), orderBoardEntries.resolver],
})
export class ProductionOrderModule {}
