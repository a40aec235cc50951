import { Module } from '@nestjs/common';
import { bindDecider } from '#platform/commands/bind-decider';
import { commandController, commandResolver } from '#platform/commands/command-api';
import * as holds from './hold.commands';
import * as reports from './report.commands';
import { seriesController } from '#platform/http/command-series';
import { WipByFacilityController, WipByFacilityCsvController, WipByFacilityResolver } from './wip-by-facility.queries';
import { workOrder } from './work-order';
import * as orders from './work-order.commands';
import {
  operationSchedules,
  productionReports,
  dispatchEntries,
  machineOverlaps,
  operationsInProgress,
  reportExceptions,
  workOrders,
} from './work-order.queries';

const commands = { ...orders, ...holds, ...reports };

@Module({
  controllers: [
    commandController('work-order', commands),
    seriesController('work-order', 'observe-productions', reports.ObserveProduction),
    workOrders.controller,
    dispatchEntries.controller,
    operationsInProgress.controller,
    operationSchedules.controller,
    productionReports.controller,
    reportExceptions.controller,
    machineOverlaps.controller,
    WipByFacilityController,
    WipByFacilityCsvController,
  ],
  providers: [
    ...bindDecider(workOrder, commands),
    commandResolver(commands),
    workOrders.resolver,
    dispatchEntries.resolver,
    operationsInProgress.resolver,
    operationSchedules.resolver,
    productionReports.resolver,
    reportExceptions.resolver,
    machineOverlaps.resolver,
    WipByFacilityResolver,
  ],
})
export class WorkOrderModule {}
