import '#analytics/columns.words';
import '#analytics/star.sql';
import { auditTrail } from '#audit/audit-trail.view';
import { AuditModule } from '#audit/audit.module';
import { commandLog } from '#audit/command-log.view';
import { customerOrderLeg } from '#customer-order/customer-order-leg.view';
import { CustomerOrderModule } from '#customer-order/customer-order.module';
import { customerOrderView } from '#customer-order/customer-order.view';
import { decisionQueue } from '#decision/decision-queue.view';
import { DecisionModule } from '#decision/decision.module';
import { equipmentAssignment } from '#equipment/equipment-assignment.view';
import { equipmentException } from '#equipment/equipment-exception.view';
import { equipmentNow } from '#equipment/equipment-now.view';
import { equipmentStop } from '#equipment/equipment-stop.view';
import { equipmentTimeline } from '#equipment/equipment-timeline.view';
import { EquipmentModule } from '#equipment/equipment.module';
import { FacilityCapacityModule } from '#facility-capacity/facility-capacity.module';
import { facilityCapacityView } from '#facility-capacity/facility-capacity.view';
import { capacityLoad } from '#facility-capacity/capacity-load.view';
import { WorkMasterModule } from '#work-master/work-master.module';
import { workMasterView } from '#work-master/work-master.view';
import { AllocationPlanModule } from '#allocation-plan/allocation-plan.module';
import { allocationPlanView } from '#allocation-plan/allocation-plan.view';
import { facilityElement } from '#facility/facility-element.view';
import { FacilityModule } from '#facility/facility.module';
import { ImportModule } from '#import/import.module';
import { InboundTransferModule } from '#inbound-transfer/inbound-transfer.module';
import { inboundTransferView } from '#inbound-transfer/inbound-transfer.view';
import { InterFacilityTransferModule } from '#inter-facility-transfer/inter-facility-transfer.module';
import { transferView } from '#inter-facility-transfer/transfer.view';
import type { View } from '#kernel/view';
import { MasterDataModule } from '#master-data/master-data.module';
import { masterDataView } from '#master-data/master-data.view';
import { genealogyEdge } from '#material-lot/genealogy-edge.view';
import { lotDiscrepancy } from '#material-lot/lot-discrepancy.view';
import { lotException } from '#material-lot/lot-exception.view';
import { lotStock } from '#material-lot/lot-stock.view';
import { MaterialLotModule } from '#material-lot/material-lot.module';
import { PerformanceModule } from '#performance/performance.module';
import { processInstance } from '#platform/processes/process-instance.view';
import { orderBoard } from '#production-order/order-board.view';
import { ProductionOrderModule } from '#production-order/production-order.module';
import { ShiftCalendarModule } from '#shift-calendar/shift-calendar.module';
import { shiftCalendarView } from '#shift-calendar/shift-calendar.view';
import { transportLaneView } from '#transport-lane/transport-lane.view';
import { TransportLaneModule } from '#transport-lane/transport-lane.module';
import { dispatchList } from '#work-order/dispatch-list.view';
import { machineOverlap } from '#work-order/machine-overlap.view';
import { operationSchedule } from '#work-order/operation-schedule.view';
import { productionReport } from '#work-order/production-report.view';
import { reportException } from '#work-order/report-exception.view';
import { workInProgress } from '#work-order/work-in-progress.view';
import { WorkOrderModule } from '#work-order/work-order.module';
import { workOrderView } from '#work-order/work-order.view';

/** The slices, one line each: what an app loads. */
export const slices: (new () => object)[] = [
  AuditModule,
  CustomerOrderModule,
  DecisionModule,
  EquipmentModule,
  FacilityModule,
  AllocationPlanModule,
  WorkMasterModule,
  FacilityCapacityModule,
  ImportModule,
  InboundTransferModule,
  InterFacilityTransferModule,
  MasterDataModule,
  MaterialLotModule,
  PerformanceModule,
  ProductionOrderModule,
  ShiftCalendarModule,
  TransportLaneModule,
  WorkOrderModule,
];

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyView = View<any, any>;
/** The read models, one line each: what the worker keeps and the api reads. */
export const views: readonly AnyView[] = [
  auditTrail,
  commandLog,
  customerOrderLeg,
  customerOrderView,
  decisionQueue,
  dispatchList,
  equipmentAssignment,
  equipmentException,
  equipmentNow,
  equipmentStop,
  equipmentTimeline,
  facilityElement,
  allocationPlanView,
  workMasterView,
  capacityLoad,
  facilityCapacityView,
  genealogyEdge,
  inboundTransferView,
  lotDiscrepancy,
  lotException,
  lotStock,
  machineOverlap,
  masterDataView,
  operationSchedule,
  orderBoard,
  processInstance,
  productionReport,
  reportException,
  transferView,
  shiftCalendarView,
  transportLaneView,
  workInProgress,
  workOrderView,
];
