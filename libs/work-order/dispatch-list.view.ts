import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { JobState } from './job-states.events';
import { OPERATION_PROGRESS, entryIdOf, operationRows, type OperationEvent, type ProgressEvent } from './operation-rows';

/** One operation that is still to be done: the queue of a machine or a pool, in order. */
@Entity('dispatch_list')
@Index(['equipmentId', 'plannedStart'])
@Index(['equipmentClass', 'plannedStart'])
@Index(['facilityId', 'plannedStart'])
@Index(['workOrderId', 'sequence'])
@Index(['facilityId'], { where: 'ready' })
@ObjectType('DispatchEntry', {})
export class DispatchEntry {
  /** The work order's id, a slash and the operation's. */
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

  /** The pool that can do it. */
  @Cell('text', { optional: true })
  equipmentClass: string | null;

  /** The machine that it was dispatched to or is planned for. */
  @Cell('id', { optional: true })
  equipmentId: string | null;

  @Cell('text', { optional: true })
  person: string | null;

  @Cell('text')
  product: string;

  /** Ordered amount. */
  @Cell('amount')
  quantity: string;

  @Cell('text')
  unit: string;

  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  /** What the operation upstream has passed on; the ordered amount for the first. */
  @Cell('amount')
  passedOn: string;

  @CellOneOf(JobState)
  orderStatus: JobState;

  /** True once it is under way. */
  @Cell('flag')
  started: boolean;

  /** True when it can be started now. */
  @Cell('flag')
  ready: boolean;

  /** What keeps it from starting. */
  @Cell('texts')
  blockers: string[];

  /** What the order waits for. */
  @Cell('texts')
  orderBlockers: string[];

  /** True where pieces may be passed on before the operation upstream reports them. */
  @Cell('flag')
  overlapAllowed: boolean;

  @Cell('instant', { optional: true })
  plannedStart: string | null;

  @Cell('instant', { optional: true })
  plannedEnd: string | null;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** What keeps an operation from starting; nothing once it has started. */
function blockersOf(row: DispatchEntry): string[] {
  if (row.started) return [];
  const blockers = [...row.orderBlockers];
  if (row.orderStatus === 'NotAllowedToStart') blockers.push('the order is not allowed to start');
  if (row.orderStatus === 'Interrupted') blockers.push('the order is interrupted');
  if (!row.equipmentId && !blockers.includes('no machine dispatched')) blockers.push('no machine dispatched');
  if (!row.overlapAllowed && row.passedOn === '0') blockers.push('no pieces from upstream');
  return blockers;
}

const settled = (row: DispatchEntry): DispatchEntry => {
  const blockers = blockersOf(row);
  return { ...row, blockers, ready: !row.started && blockers.length === 0 };
};

const untouched = { person: null, good: '0', scrap: '0', started: false, ready: false, blockers: [] };

/** That no machine is dispatched concerns one operation, and each row says it for itself. */
const blockersOfOrder = (blockers: readonly string[]): string[] => blockers.filter((blocker) => blocker !== 'no machine dispatched');

function changes({ type, data }: ProgressEvent): Partial<DispatchEntry> | 'remove' {
  switch (type) {
    case 'WorkOrderStartAllowed':
      return { orderStatus: 'AllowedToStart', orderBlockers: blockersOfOrder(data.blockers) };
    case 'WorkOrderStaged':
      return { orderBlockers: blockersOfOrder(data.blockers) };
    case 'WorkOrderStartRevoked':
      return { orderStatus: 'NotAllowedToStart', orderBlockers: [] };
    case 'WorkOrderStarted':
    case 'WorkOrderResumed':
      return { orderStatus: 'Running', orderBlockers: [] };
    case 'WorkOrderHeld':
    case 'WorkOrderSuspended':
      return { orderStatus: 'Interrupted' };
    case 'OperationDispatched':
      return { equipmentId: data.equipmentId, person: data.person ?? null };
    case 'OperationStarted':
      return { equipmentId: data.equipmentId, person: data.person ?? null, started: true };
    case 'OperationCompleted':
    case 'OperationStopped':
      return 'remove';
  }
}

/** The operations that are still to be done, until their order is over. */
export const dispatchList: View<DispatchEntry, OperationEvent> = {
  name: 'dispatch-list',
  version: 3,
  row: DispatchEntry,
  events: [
    'WorkOrderReleased',
    'WorkOrderAmended',
    'WorkOrderStartAllowed',
    'WorkOrderStartRevoked',
    'WorkOrderStaged',
    'OperationDispatched',
    ...OPERATION_PROGRESS,
    'WorkOrderHeld',
    'WorkOrderSuspended',
    'WorkOrderResumed',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
  ],
  ...operationRows<DispatchEntry>({
    planned: ({ workOrderId, terms, operation, passedOn }, before, [other]) => ({
      ...(before ?? {
        ...untouched,
        orderStatus: other?.orderStatus ?? JobState.NotAllowedToStart,
        orderBlockers: other?.orderBlockers ?? [],
      }),
      entryId: entryIdOf(workOrderId, operation.operationId),
      facilityId: facilityOf(workOrderId),
      workOrderId,
      operationId: operation.operationId,
      name: operation.name,
      sequence: operation.sequence,
      equipmentClass: operation.equipmentClass ?? null,
      equipmentId: operation.equipmentId ?? null,
      product: terms.product,
      quantity: terms.quantity,
      unit: terms.unit,
      passedOn,
      overlapAllowed: operation.overlapAllowed,
      plannedStart: terms.plannedStart ?? null,
      plannedEnd: terms.plannedEnd ?? null,
    }),
    passedOn: ({ passedOn }) => passedOn,
    passOn: (passedOn) => ({ passedOn }),
    settled,
    changes,
  }),
};
