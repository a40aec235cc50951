import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import { Genealogy, GenealogyController, GenealogyResolver } from './genealogy.queries';
import { materialLot } from './material-lot';
import * as commands from './material-lot.commands';
import { UsableStock } from './usable-stock.queries';
import { genealogyEdgeList, lotDiscrepancyList, lotExceptionList, lotStockList } from './material-lot.queries';

const lists = [lotStockList, genealogyEdgeList, lotDiscrepancyList, lotExceptionList];

@Module({
  controllers: [commandController('material-lot', commands), ...lists.map(({ controller }) => controller), GenealogyController],
  providers: [
    ...bindDecider(materialLot, commands),
    commandResolver(commands),
    ...lists.map(({ resolver }) => resolver),
    Genealogy,
    GenealogyResolver,
    UsableStock,
  ],
})
export class MaterialLotModule {}
