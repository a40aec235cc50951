import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { equipment } from './equipment';
import * as commands from './equipment.commands';
import {
  equipmentAssignmentList,
  equipmentExceptionList,
  equipmentNowList,
  equipmentStopList,
  equipmentTimelineList,
} from './equipment.queries';

const lists = [equipmentNowList, equipmentTimelineList, equipmentStopList, equipmentAssignmentList, equipmentExceptionList];

@Module({
  controllers: [commandController('equipment', commands), ...lists.map(({ controller }) => controller)],
  providers: [...bindDecider(equipment, commands), commandResolver(commands), ...lists.map(({ resolver }) => resolver)],
})
export class EquipmentModule {}
