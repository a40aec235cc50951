import type { Told } from './report.events';
import type { PlannedOperation, Terms, WorkOrderEvent, WorkOrderReleased } from './work-order.events';

/** Named pasts: what specs of this slice begin from. */
export const workOrderId = 'haifa.WO1';
export const at = '2026-01-05T08:00:00.000Z';
export const turning: PlannedOperation = {
  operationId: '10',
  name: 'Turning',
  sequence: 10,
  equipmentId: 'haifa.M4',
  overlapAllowed: false,
};
export const packing: PlannedOperation = { operationId: '20', name: 'Packing', sequence: 20, overlapAllowed: false };
export const terms: Terms = {
  product: 'flange',
  quantity: '100',
  unit: 'pcs',
  overPercent: '5',
  underPercent: '2',
  operations: [turning, packing],
  resumeWithinMinutes: 30,
};
export const { resumeWithinMinutes: _, ...wanted } = { ...terms, quantity: { amount: '100', unit: 'pcs' as const } };
export const release = { workOrderId, ...wanted, operations: [...terms.operations] };
export const operationIds = ['10', '20'];

export const released: WorkOrderReleased = {
  type: 'WorkOrderReleased',
  data: { workOrderId, ...terms, releasedAt: '2026-01-05T06:00:00.000Z' },
};
export const allowed: WorkOrderEvent = {
  type: 'WorkOrderStartAllowed',
  data: { workOrderId, readiness: 'Ready', blockers: [], operationIds },
};
export const begun: WorkOrderEvent = {
  type: 'WorkOrderStarted',
  data: { workOrderId, operationId: '10', equipmentId: 'haifa.M4', operationIds, startedAt: at },
};
export const startedOn = (operationId: string, equipmentId: string): WorkOrderEvent => ({
  type: 'OperationStarted',
  data: { workOrderId, operationId, equipmentId, resumeWithinMinutes: 30, startedAt: at },
});
export const running = [released, allowed, begun, startedOn('10', 'haifa.M4')];
export const underWay = { running: [{ operationId: '10', equipmentId: 'haifa.M4' }], operationIds };

export const report = {
  workOrderId,
  reportId: 'r1',
  operationId: '10',
  equipmentId: 'haifa.M4',
  good: '50',
  from: '2026-01-05T06:10:00Z',
  to: '2026-01-05T07:00:00Z',
};
export const told = (over: Partial<Told> = {}): Told => {
  const { workOrderId: __, ...rest } = report;
  return { ...rest, kind: 'Production', scrap: [], rework: '0', unit: 'pcs', ...over };
};
export const reported = (over: Partial<Told> = {}): WorkOrderEvent => {
  const last = over.operationId === '20';
  return { type: 'ProductionReported', data: { workOrderId, ...told(over), ...(last ? {} : { nextOperationId: '20' }), output: last } };
};
export const held: WorkOrderEvent = {
  type: 'WorkOrderHeld',
  data: { workOrderId, cause: 'Equipment', equipmentId: 'haifa.M4', reason: 'spindle', ...underWay, heldAt: at },
};
export const ended: WorkOrderEvent = {
  type: 'WorkOrderEnded',
  data: { workOrderId, ending: 'Stopped', totals: { good: '0', scrap: '0', rework: '0', unit: 'pcs' }, operationIds, endedAt: at },
};
