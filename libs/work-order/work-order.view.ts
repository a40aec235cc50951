import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { compare, millionths } from '#manufacturing/quantity';
import { excess } from '#manufacturing/tolerance';
import type { Recorded } from '#kernel/event';
import type { View } from '#kernel/view';
import { Cell, CellMany, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { OperationProgress, operationsIn, progressOf } from './operation-progress.view';
import { OPERATION_PROGRESS } from './operation-rows';
import { change, replan, runningOf, tally, totalsOf, type Operation } from './operations';
import { countedBy } from './report.events';
import { reportExceptionTypes } from './report-exception.events';
import { HoldCause, JobState } from './job-states.events';
import type { Terms, WorkOrderEvent } from './work-order.events';

registerEnumType(JobState, { name: 'JobState', description: 'Job order states of OPC 10031-4, plus Observed and Cancelled.' });

/** The current state of a work order: status, quantities, exceptions. */
@Entity('work_order')
@Index(['facilityId', 'status', 'plannedStart'])
@Index(['productionOrderId'])
@Index(['product'])
@Index(['plannedStart'])
@Index(['lastReportAt'])
@Index(['facilityId', 'endedAt'])
@Index(['facilityId', 'plannedEnd'])
@ObjectType('WorkOrder', {})
export class WorkOrderRow {
  @Key()
  workOrderId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id', { optional: true })
  productionOrderId: string | null;

  @CellOneOf(JobState)
  status: JobState;

  /** Waiting, Ready or Loaded; Held or Suspended; Completed or Closed. */
  @Cell('text', { optional: true })
  subStatus: string | null;

  @Cell('text', { optional: true })
  product: string | null;

  /** Ordered amount; absent for an observed order. */
  @Cell('amount', { optional: true })
  quantity: string | null;

  @Cell('text')
  unit: string;

  /** Allowed over-production, in percent. */
  @Cell('amount')
  overPercent: string;

  /** Under-production that still counts as complete, in percent. */
  @Cell('amount')
  underPercent: string;

  /** Good of the last operation. */
  @Cell('amount')
  good: string;

  /** Scrap of all operations. */
  @Cell('amount')
  scrap: string;

  /** Rework of all operations. */
  @Cell('amount')
  rework: string;

  /** Good pieces in percent of the ordered amount, rounded down. */
  @Cell('amount', { optional: true })
  percentDone: string | null;

  /** True while an operation has made more than the ordered amount with its tolerance. */
  @Cell('flag')
  overproduced: boolean;

  @CellMany(() => OperationProgress)
  operations: OperationProgress[];

  /** Machines with a running operation. */
  @Cell('ids')
  runningOn: string[];

  /** What is missing before it can start. */
  @Cell('texts')
  blockers: string[];

  @CellOneOf(HoldCause, { optional: true })
  holdCause: HoldCause | null;

  @Cell('text', { optional: true })
  holdReason: string | null;

  /** Machines that it is held for. */
  @Cell('ids')
  heldFor: string[];

  /** The open question to a supervisor. */
  @Cell('text', { optional: true })
  question: string | null;

  @Cell('text', { optional: true })
  directiveId: string | null;

  @Cell('text', { optional: true })
  directiveVersion: string | null;

  @Cell('instant', { optional: true })
  plannedStart: string | null;

  @Cell('instant', { optional: true })
  plannedEnd: string | null;

  /** Floor time of its first release; absent for an order that was only observed. */
  @Cell('instant', { optional: true })
  releasedAt: string | null;

  @Cell('instant', { optional: true })
  startedAt: string | null;

  @Cell('instant', { optional: true })
  endedAt: string | null;

  /** Number of reports; a correction is not counted again. */
  @Cell('whole')
  reports: number;

  @Cell('whole')
  corrections: number;

  /** Number of rules that floor reports broke. */
  @Cell('whole')
  exceptions: number;

  /** Their kinds, e.g. OverlapDetected. */
  @Cell('texts')
  exceptionKinds: string[];

  /** Floor time of the end of the latest report. */
  @Cell('instant', { optional: true })
  lastReportAt: string | null;

  /** When its terms, its times or its quantities were last recorded to have changed. */
  @Cell('instant', { optional: true })
  figuresAt: string | null;

  /** Revision of the order's stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const blank = (workOrderId: string) =>
  ({
    workOrderId,
    facilityId: facilityOf(workOrderId),
    productionOrderId: null,
    status: JobState.Observed,
    subStatus: null,
    product: null,
    quantity: null,
    unit: 'pcs',
    overPercent: '0',
    underPercent: '0',
    good: '0',
    scrap: '0',
    rework: '0',
    percentDone: null,
    overproduced: false,
    operations: [],
    runningOn: [],
    blockers: [],
    holdCause: null,
    holdReason: null,
    heldFor: [],
    question: null,
    directiveId: null,
    directiveVersion: null,
    plannedStart: null,
    plannedEnd: null,
    releasedAt: null,
    startedAt: null,
    endedAt: null,
    reports: 0,
    corrections: 0,
    exceptions: 0,
    exceptionKinds: [],
    lastReportAt: null,
    figuresAt: null,
    revision: -1n,
    position: -1n,
    recordedAt: '',
  }) satisfies WorkOrderRow;

/** Percentage of the ordered amount, rounded down. */
const percentDone = (good: string, quantity: string | null): string | null =>
  quantity === null || compare(quantity, '0') === 0 ? null : String((millionths(good) * 100n) / millionths(quantity));

type Asked = Pick<WorkOrderRow, 'quantity' | 'overPercent' | 'underPercent'>;
/** What follows from the operations for the whole order. */
const made = (operations: readonly Operation[], asked: Asked): Partial<WorkOrderRow> => {
  const totals = totalsOf(operations);
  return {
    ...totals,
    percentDone: percentDone(totals.good, asked.quantity),
    overproduced: asked.quantity !== null && operations.some(({ good }) => excess(good, asked.quantity!, asked) !== undefined),
    runningOn: [...new Set(runningOf(operations).map(({ equipmentId }) => equipmentId))],
    operations: operations.map(progressOf),
  };
};

const termsOf = (row: WorkOrderRow, terms: Terms): Partial<WorkOrderRow> => ({
  product: terms.product,
  quantity: terms.quantity,
  unit: terms.unit,
  overPercent: terms.overPercent,
  underPercent: terms.underPercent,
  plannedStart: terms.plannedStart ?? null,
  plannedEnd: terms.plannedEnd ?? null,
  directiveId: terms.directiveId ?? null,
  directiveVersion: terms.directiveVersion ?? null,
  ...made(replan(operationsIn(row.operations), terms.operations), terms),
});

/** Events that change terms, times or quantities. */
const FIGURES: ReadonlySet<string> = new Set<WorkOrderEvent['type']>([
  'WorkOrderReleased',
  'WorkOrderAmended',
  'WorkOrderStarted',
  'ProductionReported',
  'ProductionObserved',
  'ProductionReportReversed',
  'ProductionReportCorrected',
  'CounterRead',
  'WorkOrderEnded',
  'WorkOrderAborted',
  'WorkOrderCancelled',
]);

const later = (a: string | null, b: string): string => (a !== null && Date.parse(a) > Date.parse(b) ? a : b);
const goes = { subStatus: null, blockers: [], holdCause: null, holdReason: null, heldFor: [], question: null };

/** What an event changes of its order's row. */
function changes(row: WorkOrderRow, { type, data, metadata }: Recorded<WorkOrderEvent>): Partial<WorkOrderRow> {
  const after = (operations: readonly Operation[]) => made(operations, row);
  switch (type) {
    case 'WorkOrderReleased':
      return {
        ...goes,
        ...termsOf(row, data),
        status: 'NotAllowedToStart',
        productionOrderId: data.productionOrderId ?? row.productionOrderId,
        releasedAt: row.releasedAt ?? metadata.occurredAt,
      };
    case 'WorkOrderObserved':
      return {
        product: data.product ?? null,
        quantity: data.quantity ?? null,
        unit: data.unit,
        productionOrderId: data.productionOrderId ?? null,
      };
    case 'WorkOrderAmended':
      return termsOf(row, data.to);
    case 'WorkOrderAttached':
      return { productionOrderId: data.productionOrderId };
    case 'WorkOrderDetached':
      return { productionOrderId: null };
    case 'WorkOrderStartAllowed':
      return { ...goes, status: 'AllowedToStart', subStatus: data.readiness, blockers: [...data.blockers] };
    case 'WorkOrderStartRevoked':
      return { ...goes, status: 'NotAllowedToStart' };
    case 'WorkOrderStaged':
      return { subStatus: data.to, blockers: [...data.blockers] };
    case 'OperationDispatched':
      return after(
        change(operationsIn(row.operations), data.operationId, {
          phase: 'Dispatched',
          dispatchedTo: data.equipmentId,
          person: data.person,
        }),
      );
    case 'WorkOrderStarted':
      return { ...goes, status: 'Running', startedAt: data.startedAt };
    case 'OperationStarted':
      return after(
        change(operationsIn(row.operations), data.operationId, { phase: 'Started', dispatchedTo: data.equipmentId, person: data.person }),
      );
    case 'OperationCompleted':
      return after(change(operationsIn(row.operations), data.operationId, { phase: 'Completed' }));
    case 'OperationStopped':
      return after(change(operationsIn(row.operations), data.operationId, { phase: 'Stopped' }));
    case 'ProductionReported':
    case 'ProductionObserved': {
      const name = type === 'ProductionObserved' ? data.operationName : undefined;
      const counted = { reports: row.reports + 1, lastReportAt: later(row.lastReportAt, data.to) };
      return data.unit === row.unit ? { ...counted, ...after(tally(operationsIn(row.operations), data, 'add', name)) } : counted;
    }
    case 'ProductionReportReversed':
      return data.unit === row.unit ? after(tally(operationsIn(row.operations), data, 'take')) : {};
    case 'ProductionReportCorrected':
      return {
        corrections: row.corrections + 1,
        ...(data.unit === row.unit ? after(tally(operationsIn(row.operations), data, 'add')) : {}),
      };
    case 'CounterRead':
      return after(tally(operationsIn(row.operations), { operationId: data.operationId, good: countedBy(data) }, 'add'));
    case 'WorkOrderHeld':
      return {
        status: 'Interrupted',
        subStatus: 'Held',
        holdCause: data.cause,
        holdReason: data.reason,
        ...heldFor(row, data.equipmentId),
      };
    case 'WorkOrderSuspended':
      return { status: 'Interrupted', subStatus: 'Suspended', holdCause: data.cause, holdReason: data.reason };
    case 'EquipmentHoldPlaced':
      return heldFor(row, data.equipmentId);
    case 'EquipmentHoldLifted':
      return {
        heldFor: row.heldFor.filter((equipmentId) => equipmentId !== data.equipmentId),
        ...(data.questionWithdrawn ? { question: null } : {}),
      };
    case 'WorkOrderResumed':
      return { ...goes, status: 'Running' };
    case 'SupervisorDecisionRequested':
      return { question: data.question };
    case 'SupervisorDecisionMade':
      return { question: null };
    case 'WorkOrderEnded':
      return { ...goes, status: 'Ended', subStatus: data.ending, endedAt: data.endedAt };
    case 'WorkOrderAborted':
      return { ...goes, status: 'Aborted', endedAt: data.abortedAt };
    case 'WorkOrderClosed':
      return { subStatus: 'Closed' };
    case 'WorkOrderCancelled':
      return { ...goes, status: 'Cancelled', endedAt: data.cancelledAt };
    default:
      return exception(row, type);
  }
}

const heldFor = (row: WorkOrderRow, equipmentId: string | undefined): Partial<WorkOrderRow> =>
  equipmentId && !row.heldFor.includes(equipmentId) ? { heldFor: [...row.heldFor, equipmentId] } : {};

const exception = (row: WorkOrderRow, kind: string): Partial<WorkOrderRow> => ({
  exceptions: row.exceptions + 1,
  exceptionKinds: row.exceptionKinds.includes(kind) ? row.exceptionKinds : [...row.exceptionKinds, kind].sort(),
});

/** The current state of every work order. */
export const workOrderView: View<WorkOrderRow, WorkOrderEvent> = {
  name: 'work-order',
  version: 5,
  row: WorkOrderRow,
  events: [
    'WorkOrderReleased',
    'WorkOrderObserved',
    'WorkOrderAmended',
    'WorkOrderAttached',
    'WorkOrderDetached',
    'WorkOrderStartAllowed',
    'WorkOrderStartRevoked',
    'WorkOrderStaged',
    'OperationDispatched',
    ...OPERATION_PROGRESS,
    'WorkOrderHeld',
    'WorkOrderSuspended',
    'EquipmentHoldPlaced',
    'EquipmentHoldLifted',
    'WorkOrderResumed',
    'SupervisorDecisionRequested',
    'SupervisorDecisionMade',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderClosed',
    'WorkOrderCancelled',
    ...reportExceptionTypes,
  ],
  keys: ({ data }) => [data.workOrderId],
  fold: (rows, event: Recorded<WorkOrderEvent>) => {
    const row = rows.get(event.data.workOrderId) ?? blank(event.data.workOrderId);
    const { revision, position, recordedAt } = event;
    const figuresAt = FIGURES.has(event.type) ? recordedAt : row.figuresAt;
    rows.put({ ...row, ...changes(row, event), figuresAt, revision, position, recordedAt });
  },
};
