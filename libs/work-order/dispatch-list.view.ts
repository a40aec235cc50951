import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { minus, plus } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { madeBefore, scrapOf } from './operations';
import { JobState } from './job-states.events';
import type { PlannedOperation, WorkOrderEvent, Terms } from './work-order.events';

/** One operation that is still to be done: what a machine or a pool has before it, in order. */
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

  /** The machine that it was given to or is planned for. */
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

  /** Why not, in words. */
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

/** What stands in the way of starting an operation. Work under way has nothing before it. */
function blockersOf(row: DispatchEntry): string[] {
  if (row.started) return [];
  const blockers = [...row.orderBlockers];
  if (row.orderStatus === 'NotAllowedToStart') blockers.push('the order may not start yet');
  if (row.orderStatus === 'Interrupted') blockers.push('the order stands still');
  if (!row.equipmentId && !blockers.includes('no machine dispatched')) blockers.push('no machine dispatched');
  if (!row.overlapAllowed && row.passedOn === '0') blockers.push('nothing passed on from upstream');
  return blockers;
}

const settled = (row: DispatchEntry): DispatchEntry => {
  const blockers = blockersOf(row);
  return { ...row, blockers, ready: !row.started && blockers.length === 0 };
};

const keyOf = (workOrderId: string, operationId: string) => `${workOrderId}/${operationId}`;
const inOrder = (operations: readonly PlannedOperation[]) => [...operations].sort((a, b) => a.sequence - b.sequence);

const planned = (workOrderId: string, terms: Terms, operation: PlannedOperation, index: number) => ({
  entryId: keyOf(workOrderId, operation.operationId),
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
  passedOn: index === 0 ? terms.quantity : '0',
  overlapAllowed: operation.overlapAllowed,
  plannedStart: terms.plannedStart ?? null,
  plannedEnd: terms.plannedEnd ?? null,
});

type Read = Exclude<
  WorkOrderEvent,
  | { type: `${string}Detected` }
  | { type: `Supervisor${string}` }
  | { type: 'WorkOrderObserved' | 'WorkOrderClosed' | 'WorkOrderAttached' | 'WorkOrderDetached' | `EquipmentHold${string}` }
>;

/** The operations that are still to be done, until their order is over. */
export const dispatchList: View<DispatchEntry, Read> = {
  name: 'dispatch-list',
  version: 1,
  row: DispatchEntry,
  events: [
    'WorkOrderReleased',
    'WorkOrderAmended',
    'WorkOrderStartAllowed',
    'WorkOrderStartRevoked',
    'WorkOrderStaged',
    'OperationDispatched',
    'WorkOrderStarted',
    'OperationStarted',
    'OperationCompleted',
    'OperationStopped',
    'ProductionReported',
    'ProductionObserved',
    'ProductionReportReversed',
    'ProductionReportCorrected',
    'CounterRead',
    'WorkOrderHeld',
    'WorkOrderSuspended',
    'WorkOrderResumed',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
  ],
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
    const change = (operationId: string, changes: (row: DispatchEntry) => Partial<DispatchEntry>) => {
      const row = rows.get(keyOf(data.workOrderId, operationId));
      if (row) rows.put(settled({ ...row, ...changes(row), position, recordedAt }));
    };
    const changeAll = (operationIds: readonly string[], changes: Partial<DispatchEntry>) => {
      for (const operationId of operationIds) change(operationId, () => changes);
    };
    /** Amounts of an operation go into its own row, and its good ones to the next. */
    const pass = (unit: string, good: string, scrap: string, way: typeof plus, operationId: string, next: string | undefined) => {
      change(operationId, (row) => (row.unit === unit ? { good: way(row.good, good), scrap: way(row.scrap, scrap) } : {}));
      if (next !== undefined) change(next, (row) => (row.unit === unit ? { passedOn: way(row.passedOn, good) } : {}));
    };
    switch (type) {
      case 'WorkOrderReleased':
        inOrder(data.operations).forEach((operation, index) => {
          const state = {
            person: null,
            good: '0',
            scrap: '0',
            orderStatus: JobState.NotAllowedToStart,
            started: false,
            ready: false,
            blockers: [],
            orderBlockers: [],
          };
          rows.put(settled({ ...planned(data.workOrderId, data, operation, index), ...state, position, recordedAt }));
        });
        for (const { operationId, good, scrap, next } of madeBefore(data)) pass(data.unit, good, scrap, plus, operationId, next);
        break;
      case 'WorkOrderAmended': {
        const before = new Map(
          data.from.operations.map(({ operationId }) => [operationId, rows.get(keyOf(data.workOrderId, operationId))]),
        );
        const wasFirst = inOrder(data.from.operations)[0]!.operationId;
        const any = [...before.values()].find((row) => row !== undefined);
        for (const operationId of before.keys()) rows.remove(keyOf(data.workOrderId, operationId));
        inOrder(data.to.operations).forEach((operation, index) => {
          const row = before.get(operation.operationId);
          const plan = planned(data.workOrderId, data.to, operation, index);
          const state = row ?? {
            person: null,
            good: '0',
            scrap: '0',
            started: false,
            ready: false,
            blockers: [],
            orderStatus: any?.orderStatus ?? JobState.NotAllowedToStart,
            orderBlockers: any?.orderBlockers ?? [],
          };
          rows.put(
            settled({
              ...state,
              ...plan,
              ...(row && index > 0 && row.operationId !== wasFirst ? { passedOn: row.passedOn } : {}),
              position,
              recordedAt,
            }),
          );
        });
        break;
      }
      case 'WorkOrderStartAllowed':
        changeAll(data.operationIds, { orderStatus: 'AllowedToStart', orderBlockers: blockersOfOrder(data.blockers) });
        break;
      case 'WorkOrderStaged':
        changeAll(data.operationIds, { orderBlockers: blockersOfOrder(data.blockers) });
        break;
      case 'WorkOrderStartRevoked':
        changeAll(data.operationIds, { orderStatus: 'NotAllowedToStart', orderBlockers: [] });
        break;
      case 'WorkOrderStarted':
      case 'WorkOrderResumed':
        changeAll(data.operationIds, { orderStatus: 'Running', orderBlockers: [] });
        break;
      case 'WorkOrderHeld':
      case 'WorkOrderSuspended':
        changeAll(data.operationIds, { orderStatus: 'Interrupted' });
        break;
      case 'OperationDispatched':
        change(data.operationId, () => ({ equipmentId: data.equipmentId, person: data.person ?? null }));
        break;
      case 'OperationStarted':
        change(data.operationId, () => ({ equipmentId: data.equipmentId, person: data.person ?? null, started: true }));
        break;
      case 'OperationCompleted':
      case 'OperationStopped':
        rows.remove(keyOf(data.workOrderId, data.operationId));
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

/** That no machine is dispatched concerns one operation, and is told of each. */
const blockersOfOrder = (blockers: readonly string[]): string[] => blockers.filter((blocker) => blocker !== 'no machine dispatched');
