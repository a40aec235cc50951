import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { fileImport } from './import';
import * as commands from './import.commands';
import { ImportQueries } from './import.queries';

@Module({
  controllers: [commandController('import', commands), ImportQueries],
  providers: [...bindDecider(fileImport, commands), commandResolver(commands)],
})
export class ImportModule {}
