import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/bind-decider';
import { commandController, commandResolver } from '#platform/command-api';
import { materialLot } from './material-lot';
import * as commands from './material-lot.commands';

@Module({
  controllers: [commandController('material-lot', commands)],
  providers: [...bindDecider(materialLot, commands), commandResolver(commands)],
})
export class MaterialLotModule {}
