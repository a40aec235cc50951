import { listOf } from '#platform/queries/list';
import { DispatchEntry } from './dispatch-list.view';
import { MachineOverlap } from './machine-overlap.view';
import { OperationSchedule } from './operation-schedule.view';
import { ProductionReport } from './production-report.view';
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
    plannedEnd: 'range',
    endedAt: 'range',
    lastReportAt: 'range',
    overproduced: 'equals',
    exceptionKinds: 'has',
    runningOn: 'has',
  },
  sorts: ['plannedStart', 'lastReportAt'],
  sortedBy: 'workOrderId',
  about: 'Work orders: state, quantities of each operation, and exceptions.',
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
  about: 'Queue of machines and pools: operations still to be done, whether they can start, and what blocks them.',
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
  about: 'Rules that floor reports broke: over-production, overlaps, repeats, implausible times and others.',
});

export const machineOverlaps = listOf(MachineOverlap, {
  path: 'machine-overlaps',
  many: 'machineOverlaps',
  roles: READERS,
  filters: { equipmentId: 'equals', latestAt: 'range' },
  sorts: ['latestAt'],
  sortedBy: 'equipmentId',
  about: 'Orders reported on one machine at the same time beyond its capacity, started on it or not.',
});

export const productionReports = listOf(ProductionReport, {
  path: 'production-report',
  many: 'productionReports',
  roles: READERS,
  filters: {
    equipmentId: 'equals',
    workOrderId: 'equals',
    operationId: 'equals',
    person: 'equals',
    kind: 'equals',
    reversed: 'equals',
    scrapReasons: 'has',
    endedAt: 'range',
  },
  sorts: ['endedAt'],
  sortedBy: 'endedAtDescending',
  about: 'What was reported: good, scrap and rework of each report and counter reading, with what corrections replaced.',
});

export const operationSchedules = listOf(OperationSchedule, {
  path: 'operation-schedule',
  many: 'operationSchedule',
  roles: READERS,
  filters: {
    equipmentId: 'equals',
    workOrderId: 'equals',
    product: 'equals',
    completed: 'equals',
    withdrawn: 'equals',
    plannedStart: 'range',
    plannedEnd: 'range',
    startedAt: 'range',
    endedAt: 'range',
  },
  sorts: ['plannedEnd', 'startedAt'],
  sortedBy: 'plannedEnd',
  about: 'Operations as planned and as done, also of orders that are over.',
});
