import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { inboundTransfer } from './inbound-transfer';
import * as commands from './inbound-transfer.commands';
import { inboundTransfers } from './inbound-transfer.queries';

@Module({
  controllers: [commandController('inbound-transfer', commands), inboundTransfers.controller],
  providers: [...bindDecider(inboundTransfer, commands), commandResolver(commands), inboundTransfers.resolver],
})
export class InboundTransferModule {}
