import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { interFacilityTransfer } from './inter-facility-transfer';
import * as commands from './inter-facility-transfer.commands';
import { transfers } from './inter-facility-transfer.queries';

@Module({
  controllers: [commandController('inter-facility-transfer', commands), transfers.controller],
  providers: [...bindDecider(interFacilityTransfer, commands), commandResolver(commands), transfers.resolver],
})
export class InterFacilityTransferModule {}
