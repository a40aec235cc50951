import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { masterData } from './master-data';
import * as commands from './master-data.commands';
import { masterDataList } from './master-data.queries';

@Module({
  controllers: [commandController('master-data', commands), masterDataList.controller],
  providers: [...bindDecider(masterData, commands), commandResolver(commands), masterDataList.resolver],
})
export class MasterDataModule {}
