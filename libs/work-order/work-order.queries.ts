import { listOf } from '#platform/queries/list';
import { DispatchEntry } from './dispatch-list.view';
import { ReportException } from './report-exception.view';
import { WorkInProgress } from './work-in-progress.view';
import { WorkOrderRow } from './work-order.view';

const READERS = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'] as const;

export const workOrders = listOf(WorkOrderRow, {
  path: 'work-order',
  one: 'workOrder',
  many: 'workOrders',
  moved: 'workOrderMoved',
  roles: READERS,
  filters: {
    status: 'equals',
    productionOrderId: 'equals',
    product: 'equals',
    plannedStart: 'range',
    lastReportAt: 'range',
    overproduced: 'equals',
    exceptionKinds: 'has',
    runningOn: 'has',
  },
  sorts: ['plannedStart', 'lastReportAt'],
  sortedBy: 'workOrderId',
  about: 'Work orders: their state, what was made at each operation, and what was odd.',
});

export const dispatchEntries = listOf(DispatchEntry, {
  path: 'dispatch-list',
  many: 'dispatchList',
  moved: 'dispatchEntryMoved',
  roles: [...READERS, 'device'],
  filters: {
    equipmentId: 'equals',
    equipmentClass: 'equals',
    workOrderId: 'equals',
    ready: 'equals',
    started: 'equals',
    plannedStart: 'range',
  },
  sorts: ['plannedStart'],
  sortedBy: 'plannedStart',
  about: 'What machines and pools have before them: operations still to be done, whether they can start, and what stands in the way.',
});

export const operationsInProgress = listOf(WorkInProgress, {
  path: 'work-in-progress',
  many: 'workInProgress',
  roles: READERS,
  filters: { product: 'equals', operationId: 'equals', workOrderId: 'equals', started: 'equals', running: 'equals' },
  sorts: ['product'],
  sortedBy: 'product',
  about: 'Work in progress, one entry per operation of an order that is not over.',
});

export const reportExceptions = listOf(ReportException, {
  path: 'report-exception',
  many: 'reportExceptions',
  roles: READERS,
  filters: { workOrderId: 'equals', kind: 'equals', occurredAt: 'range' },
  sorts: ['occurredAt'],
  sortedBy: 'occurredAtDescending',
  about: 'Rules that reports of the floor broke: over-production, overlaps, repeats, impossible times and the like.',
});
