import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { workMaster } from './work-master';
import * as commands from './work-master.commands';
import { workMasters } from './work-master.queries';

@Module({
  controllers: [commandController('work-master', commands), workMasters.controller],
  providers: [...bindDecider(workMaster, commands), commandResolver(commands), workMasters.resolver],
})
export class WorkMasterModule {}
