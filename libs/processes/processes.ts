import type { AnyProcess } from '#platform/processes';
import { whenEquipmentAbortedHoldWorkOrders } from './when-equipment-aborted-hold-work-orders';
import { whenWorkOrderEndedAdvanceProductionOrder } from './when-work-order-ended-advance-production-order';

/** The processes, one line each: what the worker runs. */
export const processes: readonly AnyProcess[] = [
  whenEquipmentAbortedHoldWorkOrders, //
  whenWorkOrderEndedAdvanceProductionOrder,
];
