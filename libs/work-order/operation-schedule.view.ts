import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { Recorded } from '#kernel/event';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { Cell, Key, ScopeCell } from '#platform/views/cells';
import { entryIdOf } from './operation-rows';
import type { PlannedOperation, Terms, WorkOrderEvent } from './work-order.events';

/** One operation of an order as planned, and when it was really done. It stays when the order is over. */
@Entity('operation_schedule')
@Index(['facilityId', 'plannedEnd'])
@Index(['equipmentId', 'startedAt'])
@Index(['workOrderId', 'sequence'])
@ObjectType('OperationSchedule', {})
export class OperationSchedule {
  /** The work order and the operation. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('id')
  workOrderId: string;

  @Cell('text')
  operationId: string;

  @Cell('text')
  name: string;

  /** Place in the routing of its order. */
  @Cell('whole')
  sequence: number;

  @Cell('text')
  product: string;

  /** Ordered amount. */
  @Cell('amount')
  quantity: string;

  @Cell('text')
  unit: string;

  /** The machine that did it, or is planned for it. */
  @Cell('id', { optional: true })
  equipmentId: string | null;

  /** Ideal run time of one unit, in seconds; absent where the plan has none. */
  @Cell('amount', { optional: true })
  idealCycleSeconds: string | null;

  /** Planned times of the order. */
  @Cell('instant', { optional: true })
  plannedStart: string | null;

  @Cell('instant', { optional: true })
  plannedEnd: string | null;

  /** Floor time of the first start. */
  @Cell('instant', { optional: true })
  startedAt: string | null;

  /** Floor time at which it was completed, or stopped with its order. */
  @Cell('instant', { optional: true })
  endedAt: string | null;

  /** False where the order was stopped before the operation was complete; absent until it is over. */
  @Cell('flag', { optional: true })
  completed: boolean | null;

  /** True where the plan has it no longer, or the order was cancelled. */
  @Cell('flag')
  withdrawn: boolean;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type ScheduleEvent = Extract<
  WorkOrderEvent,
  {
    type:
      | 'WorkOrderReleased'
      | 'WorkOrderAmended'
      | 'OperationDispatched'
      | 'OperationStarted'
      | 'OperationCompleted'
      | 'OperationStopped'
      | 'WorkOrderCancelled';
  }
>;

const planned = (workOrderId: string, terms: Terms, operation: PlannedOperation) => ({
  entryId: entryIdOf(workOrderId, operation.operationId),
  facilityId: facilityOf(workOrderId),
  workOrderId,
  operationId: operation.operationId,
  name: operation.name,
  sequence: operation.sequence,
  product: terms.product,
  quantity: terms.quantity,
  unit: terms.unit,
  idealCycleSeconds: operation.idealCycleSeconds ?? null,
  plannedStart: terms.plannedStart ?? null,
  plannedEnd: terms.plannedEnd ?? null,
  withdrawn: false,
});

function changes(row: OperationSchedule, { type, data, metadata }: Recorded<ScheduleEvent>): Partial<OperationSchedule> {
  switch (type) {
    case 'OperationDispatched':
      return row.startedAt === null ? { equipmentId: data.equipmentId } : {};
    case 'OperationStarted':
      return { equipmentId: data.equipmentId, startedAt: row.startedAt ?? data.startedAt };
    case 'OperationCompleted':
      return { endedAt: metadata.occurredAt, completed: true };
    case 'OperationStopped':
      return { endedAt: metadata.occurredAt, completed: false };
    default:
      return { withdrawn: true };
  }
}

/** Plan and execution of every planned operation. */
export const operationSchedule: View<OperationSchedule, ScheduleEvent> = {
  name: 'operation-schedule',
  version: 1,
  row: OperationSchedule,
  events: [
    'WorkOrderReleased',
    'WorkOrderAmended',
    'OperationDispatched',
    'OperationStarted',
    'OperationCompleted',
    'OperationStopped',
    'WorkOrderCancelled',
  ],
  keys: ({ type, data }) => {
    const key = (operationId: string) => entryIdOf(data.workOrderId, operationId);
    if (type === 'WorkOrderReleased') return data.operations.map(({ operationId }) => key(operationId));
    if (type === 'WorkOrderAmended')
      return [...new Set([...data.from.operations, ...data.to.operations].map(({ operationId }) => key(operationId)))];
    return 'operationIds' in data ? data.operationIds.map(key) : [key(data.operationId)];
  },
  fold: (rows, event) => {
    const { type, data, position, recordedAt } = event;
    const { workOrderId } = data;
    const plan = (terms: Terms, operation: PlannedOperation) => {
      const row = planned(workOrderId, terms, operation);
      const before = rows.get(row.entryId);
      const actual = before ?? { equipmentId: null, startedAt: null, endedAt: null, completed: null };
      const equipmentId = before?.startedAt ? before.equipmentId : (operation.equipmentId ?? actual.equipmentId);
      rows.put({ ...actual, ...row, equipmentId, position, recordedAt });
    };
    const change = (entryId: string) => {
      const row = rows.get(entryId);
      if (row) rows.put({ ...row, ...changes(row, event), position, recordedAt });
    };
    if (type === 'WorkOrderReleased') data.operations.forEach((operation) => plan(data, operation));
    else if (type === 'WorkOrderAmended') {
      const stays = new Set(data.to.operations.map(({ operationId }) => operationId));
      data.from.operations
        .filter(({ operationId }) => !stays.has(operationId))
        .forEach(({ operationId }) => change(entryIdOf(workOrderId, operationId)));
      data.to.operations.forEach((operation) => plan(data.to, operation));
    } else operationSchedule.keys(event).forEach(change);
  },
};
