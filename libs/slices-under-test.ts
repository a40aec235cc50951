import { customerOrder } from '#customer-order/customer-order';
import * as customerOrderCommands from '#customer-order/customer-order.commands';
import * as progressCommands from '#customer-order/progress.commands';
import { decision } from '#decision/decision';
import * as decisionCommands from '#decision/decision.commands';
import { facilityCapacity } from '#facility-capacity/facility-capacity';
import * as capacityCommands from '#facility-capacity/facility-capacity.commands';
import { workMaster } from '#work-master/work-master';
import * as workMasterCommands from '#work-master/work-master.commands';
import { allocationPlan } from '#allocation-plan/allocation-plan';
import * as planCommands from '#allocation-plan/allocation-plan.commands';
import { equipment } from '#equipment/equipment';
import * as equipmentCommands from '#equipment/equipment.commands';
import { facility } from '#facility/facility';
import * as facilityCommands from '#facility/facility.commands';
import { fileImport } from '#import/import';
import * as importCommands from '#import/import.commands';
import { inboundTransfer } from '#inbound-transfer/inbound-transfer';
import * as inboundCommands from '#inbound-transfer/inbound-transfer.commands';
import { interFacilityTransfer } from '#inter-facility-transfer/inter-facility-transfer';
import * as transferCommands from '#inter-facility-transfer/inter-facility-transfer.commands';
import { masterData } from '#master-data/master-data';
import * as masterDataCommands from '#master-data/master-data.commands';
import { materialLot } from '#material-lot/material-lot';
import * as lotCommands from '#material-lot/material-lot.commands';
import type { AnyDecider } from '#platform/commands/registry';
import { productionOrder } from '#production-order/production-order';
import * as orderCommands from '#production-order/production-order.commands';
import { shiftCalendar } from '#shift-calendar/shift-calendar';
import * as shiftCommands from '#shift-calendar/shift-calendar.commands';
import { transportLane } from '#transport-lane/transport-lane';
import * as laneCommands from '#transport-lane/transport-lane.commands';
import { workOrder } from '#work-order/work-order';
import * as holdCommands from '#work-order/hold.commands';
import * as reportCommands from '#work-order/report.commands';
import * as workCommands from '#work-order/work-order.commands';

/** Every slice's decider and command classes, in the order of their folders. */
export const slices: readonly (readonly [AnyDecider, object])[] = [
  [allocationPlan, planCommands],
  [customerOrder, { ...customerOrderCommands, ...progressCommands }],
  [decision, decisionCommands],
  [equipment, equipmentCommands],
  [facility, facilityCommands],
  [facilityCapacity, capacityCommands],
  [fileImport, importCommands],
  [inboundTransfer, inboundCommands],
  [interFacilityTransfer, transferCommands],
  [masterData, masterDataCommands],
  [materialLot, lotCommands],
  [productionOrder, orderCommands],
  [shiftCalendar, shiftCommands],
  [transportLane, laneCommands],
  [workMaster, workMasterCommands],
  [workOrder, { ...workCommands, ...holdCommands, ...reportCommands }],
];
