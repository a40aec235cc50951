import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/bind-decider';
import { commandController, commandResolver } from '#platform/command-api';
import { equipment } from './equipment';
import * as commands from './equipment.commands';

@Module({
  controllers: [commandController('equipment', commands)],
  providers: [...bindDecider(equipment, commands), commandResolver(commands)],
})
export class EquipmentModule {}
