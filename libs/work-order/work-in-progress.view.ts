import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { compare, minus, plus } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import { OPERATION_PROGRESS, entryIdOf, operationRows, type OperationEvent } from './operation-rows';

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

const settled = (row: WorkInProgress): WorkInProgress => {
  const left = minus(row.quantityIn, plus(row.good, row.scrap));
  return { ...row, inProcess: compare(left, '0') > 0 ? left : '0' };
};

const idle = { started: false, running: false, good: '0', scrap: '0', inProcess: '0' };

/** Work in progress, one row per operation of an order that is not over. */
export const workInProgress: View<WorkInProgress, OperationEvent> = {
  name: 'work-in-progress',
  version: 2,
  row: WorkInProgress,
  events: ['WorkOrderReleased', 'WorkOrderAmended', ...OPERATION_PROGRESS, 'WorkOrderEnded', 'WorkOrderAborted', 'WorkOrderCancelled'],
  ...operationRows<WorkInProgress>({
    planned: ({ workOrderId, terms, operation: { operationId, name, sequence }, passedOn }, before) => ({
      ...idle,
      ...before,
      entryId: entryIdOf(workOrderId, operationId),
      facilityId: facilityOf(workOrderId),
      product: terms.product,
      operationId,
      operation: name,
      sequence,
      workOrderId,
      quantityIn: passedOn,
      unit: terms.unit,
    }),
    passedOn: ({ quantityIn }) => quantityIn,
    passOn: (quantityIn) => ({ quantityIn }),
    settled,
    changes: ({ type }) => {
      switch (type) {
        case 'WorkOrderStarted':
          return { started: true };
        case 'OperationStarted':
          return { running: true };
        case 'OperationCompleted':
        case 'OperationStopped':
          return { running: false };
        default:
          return {};
      }
    },
  }),
};
