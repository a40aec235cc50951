import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { customerOrder } from './customer-order';
import * as orders from './customer-order.commands';
import { customerOrderLegs, customerOrders } from './customer-order.queries';
import * as progress from './progress.commands';

const commands = { ...orders, ...progress };

@Module({
  controllers: [commandController('customer-order', commands), customerOrders.controller, customerOrderLegs.controller],
  providers: [...bindDecider(customerOrder, commands), commandResolver(commands), customerOrders.resolver, customerOrderLegs.resolver],
})
export class CustomerOrderModule {}
