import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { compare, minus, plus } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import { madeBefore, scrapOf } from './operations';
import type { PlannedOperation, Terms, WorkOrderEvent } from './work-order.events';

/** What one operation of a work order has before and behind it, from the order's release until it is over. */
@Entity('work_in_progress')
@Index(['facilityId', 'product', 'operationId'], { where: 'started' })
@Index(['product'])
@Index(['workOrderId', 'sequence'])
@ObjectType('WorkInProgress', {})
export class WorkInProgress {
  /** The work order's id, a slash and the operation's. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('text')
  product: string;

  @Cell('text')
  operationId: string;

  @Cell('text')
  operation: string;

  @Cell('whole')
  sequence: number;

  @Cell('id')
  workOrderId: string;

  /** True once work on the order began. */
  @Cell('flag')
  started: boolean;

  /** True while the operation is under way on a machine. */
  @Cell('flag')
  running: boolean;

  /** What was passed on to the operation; the ordered amount for the first. */
  @Cell('amount')
  quantityIn: string;

  /** What left it good. */
  @Cell('amount')
  good: string;

  /** What left it as scrap. */
  @Cell('amount')
  scrap: string;

  /** What lies at it: in, less what left it; nothing where more left it than was passed on. */
  @Cell('amount')
  inProcess: string;

  @Cell('text')
  unit: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const keyOf = (workOrderId: string, operationId: string) => `${workOrderId}/${operationId}`;
const settled = (row: WorkInProgress): WorkInProgress => {
  const left = minus(row.quantityIn, plus(row.good, row.scrap));
  return { ...row, inProcess: compare(left, '0') > 0 ? left : '0' };
};

const entry = (workOrderId: string, terms: Terms, { operationId, name, sequence }: PlannedOperation, index: number) => ({
  entryId: keyOf(workOrderId, operationId),
  facilityId: facilityOf(workOrderId),
  product: terms.product,
  operationId,
  operation: name,
  sequence,
  workOrderId,
  unit: terms.unit,
  ...(index === 0 ? { quantityIn: terms.quantity } : {}),
});
const idle = { started: false, running: false, quantityIn: '0', good: '0', scrap: '0', inProcess: '0' };

type Read = Extract<WorkOrderEvent, { type: (typeof events)[number] }>;
const events = [
  'WorkOrderReleased',
  'WorkOrderAmended',
  'WorkOrderStarted',
  'OperationStarted',
  'OperationCompleted',
  'OperationStopped',
  'ProductionReported',
  'ProductionObserved',
  'ProductionReportReversed',
  'ProductionReportCorrected',
  'CounterRead',
  'WorkOrderEnded',
  'WorkOrderAborted',
  'WorkOrderCancelled',
] as const;

/** Work in progress, one row per operation of an order that is not over. */
export const workInProgress: View<WorkInProgress, Read> = {
  name: 'work-in-progress',
  version: 1,
  row: WorkInProgress,
  events,
  keys: ({ type, data }) => {
    const key = (operationId: string) => keyOf(data.workOrderId, operationId);
    if (type === 'WorkOrderReleased') return data.operations.map(({ operationId }) => key(operationId));
    if (type === 'WorkOrderAmended') return [...data.from.operations, ...data.to.operations].map(({ operationId }) => key(operationId));
    if ('operationIds' in data) return data.operationIds.map(key);
    return 'nextOperationId' in data && data.nextOperationId !== undefined
      ? [key(data.operationId), key(data.nextOperationId)]
      : [key(data.operationId)];
  },
  fold: (rows, event) => {
    const { type, data, position, recordedAt } = event;
    const change = (operationId: string, changes: (row: WorkInProgress) => Partial<WorkInProgress>) => {
      const row = rows.get(keyOf(data.workOrderId, operationId));
      if (row) rows.put(settled({ ...row, ...changes(row), position, recordedAt }));
    };
    const pass = (unit: string, good: string, scrap: string, way: typeof plus, operationId: string, next: string | undefined) => {
      change(operationId, (row) => (row.unit === unit ? { good: way(row.good, good), scrap: way(row.scrap, scrap) } : {}));
      if (next !== undefined) change(next, (row) => (row.unit === unit ? { quantityIn: way(row.quantityIn, good) } : {}));
    };
    const inOrder = (operations: readonly PlannedOperation[]) => [...operations].sort((a, b) => a.sequence - b.sequence);
    switch (type) {
      case 'WorkOrderReleased':
        inOrder(data.operations).forEach((operation, index) =>
          rows.put(settled({ ...idle, ...entry(data.workOrderId, data, operation, index), position, recordedAt })),
        );
        for (const { operationId, good, scrap, next } of madeBefore(data)) pass(data.unit, good, scrap, plus, operationId, next);
        break;
      case 'WorkOrderAmended': {
        const before = new Map(
          data.from.operations.map(({ operationId }) => [operationId, rows.get(keyOf(data.workOrderId, operationId))]),
        );
        for (const operationId of before.keys()) rows.remove(keyOf(data.workOrderId, operationId));
        const wasFirst = inOrder(data.from.operations)[0]!.operationId;
        inOrder(data.to.operations).forEach((operation, index) => {
          const row = before.get(operation.operationId);
          const moved = row && row.operationId === wasFirst ? { quantityIn: '0' } : {};
          rows.put(settled({ ...idle, ...row, ...moved, ...entry(data.workOrderId, data.to, operation, index), position, recordedAt }));
        });
        break;
      }
      case 'WorkOrderStarted':
        for (const operationId of data.operationIds) change(operationId, () => ({ started: true }));
        break;
      case 'OperationStarted':
        change(data.operationId, () => ({ running: true }));
        break;
      case 'OperationCompleted':
      case 'OperationStopped':
        change(data.operationId, () => ({ running: false }));
        break;
      case 'WorkOrderEnded':
      case 'WorkOrderAborted':
      case 'WorkOrderCancelled':
        for (const operationId of data.operationIds) rows.remove(keyOf(data.workOrderId, operationId));
        break;
      case 'CounterRead':
        pass(data.unit, data.delta, '0', plus, data.operationId, data.nextOperationId);
        break;
      case 'ProductionReported':
      case 'ProductionObserved':
      case 'ProductionReportCorrected':
        pass(data.unit, data.good, scrapOf(data.scrap), plus, data.operationId, data.nextOperationId);
        break;
      case 'ProductionReportReversed':
        pass(data.unit, data.good, scrapOf(data.scrap), minus, data.operationId, data.nextOperationId);
        break;
    }
  },
};
