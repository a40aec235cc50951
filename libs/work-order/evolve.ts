import { entryOf } from '#kernel/identity';
import { readingAfter } from './counter';
import { later } from './floor-time';
import type { KnownOrder, ReleasedOrder, Seen, WorkOrder } from './job-states';
import { change, operationOf, replan, tally } from './operations';
import type { HoldCause, Interruption } from './job-states.events';
import { countedBy, type Placed, type Told } from './report.events';
import type { Terms, WorkOrderEvent } from './work-order.events';

/** Folds one event into the order. An event that is impossible in its state, as in a damaged history, changes nothing. */
export function evolve(order: WorkOrder, event: WorkOrderEvent): WorkOrder {
  switch (event.type) {
    case 'WorkOrderReleased': {
      const { workOrderId, productionOrderId, releasedAt, soFar: _, firstOfKind: __, ...terms } = event.data;
      const before: Partial<Seen> = order.status === 'Unknown' ? {} : order;
      return {
        status: 'NotAllowedToStart',
        workOrderId,
        productionOrderId: productionOrderId ?? before.productionOrderId,
        releasedAt,
        terms: terms as Terms,
        ...asked(terms as Terms, before.operations ?? []),
        ledger: before.ledger ?? null,
        counters: before.counters ?? {},
      };
    }
    case 'WorkOrderObserved': {
      if (order.status !== 'Unknown') return order;
      const { workOrderId, productionOrderId, product, quantity, unit } = event.data;
      return {
        status: 'Observed',
        workOrderId,
        productionOrderId,
        product,
        ordered: quantity,
        unit,
        operations: [],
        ledger: null,
        counters: {},
      };
    }
    default:
      return order.status === 'Unknown' ? order : evolveKnown(order, event);
  }
}

type Later = Exclude<WorkOrderEvent, { type: 'WorkOrderReleased' | 'WorkOrderObserved' }>;

function evolveKnown(order: KnownOrder, { type, data }: Later): WorkOrder {
  switch (type) {
    case 'WorkOrderAmended':
      return onReleased(order, (released) => ({ ...released, terms: data.to, ...asked(data.to, released.operations) }));
    case 'WorkOrderAttached':
      return { ...order, productionOrderId: data.productionOrderId };
    case 'WorkOrderDetached':
      return { ...order, productionOrderId: undefined };
    case 'WorkOrderStartAllowed':
      return onReleased(order, (released) => ({
        ...bare(released),
        status: 'AllowedToStart',
        readiness: data.readiness,
        blockers: data.blockers,
      }));
    case 'WorkOrderStartRevoked':
      return onReleased(order, (released) => ({ ...bare(released), status: 'NotAllowedToStart' }));
    case 'WorkOrderStaged':
      return order.status === 'AllowedToStart' ? { ...order, readiness: data.to, blockers: data.blockers } : order;
    case 'OperationDispatched':
      return {
        ...order,
        operations: change(order.operations, data.operationId, {
          phase: operationOf(order.operations, data.operationId)?.phase === 'Started' ? 'Started' : 'Dispatched',
          dispatchedTo: data.equipmentId,
          person: data.person,
        }),
      };
    case 'WorkOrderStarted':
      return onReleased(order, (released) => ({ ...bare(released), status: 'Running', startedAt: data.startedAt, since: data.startedAt }));
    case 'OperationStarted':
      return {
        ...order,
        operations: change(order.operations, data.operationId, {
          phase: 'Started',
          dispatchedTo: data.equipmentId,
          person: data.person,
          since: data.startedAt,
        }),
      };
    case 'OperationCompleted':
      return {
        ...order,
        operations: change(order.operations, data.operationId, {
          phase: 'Completed',
          ...(data.completedAt === undefined ? {} : { since: data.completedAt }),
        }),
      };
    case 'OperationStopped':
      return { ...order, operations: change(order.operations, data.operationId, { phase: 'Stopped' }) };
    case 'ProductionReported':
      return { ...count(order, data, 'add'), ledger: { told: told(data), counted: true, before: order.ledger } };
    case 'ProductionObserved':
      return { ...count(order, data, 'add', data.operationName), ledger: { told: told(data), counted: true, before: order.ledger } };
    case 'ProductionReportReversed':
      return { ...count(order, data, 'take'), ledger: { told: told(data), replaces: data.reportId, counted: false, before: order.ledger } };
    case 'ProductionReportCorrected':
      return { ...count(order, data, 'add'), ledger: { told: told(data), replaces: data.replaces, counted: true, before: order.ledger } };
    case 'ConflictingReportDetected':
      return { ...order, ledger: { told: told(data), counted: false, before: order.ledger } };
    case 'CounterRead':
      return {
        ...count(order, { operationId: data.operationId, good: countedBy(data), unit: data.unit }, 'add'),
        counters: { ...order.counters, [data.counterId]: readingAfter(entryOf(order.counters, data.counterId), data) },
      };
    case 'WorkOrderHeld':
      return onReleased(order, (released) => interrupted(released, 'Held', data.cause, data.heldAt, data.equipmentId));
    case 'WorkOrderSuspended':
      return onReleased(order, (released) => interrupted(released, 'Suspended', data.cause, data.suspendedAt));
    case 'EquipmentHoldPlaced':
      return order.status === 'Interrupted'
        ? interrupted(order, order.interruption, order.cause, later(order.since, data.placedAt), data.equipmentId)
        : order;
    case 'EquipmentHoldLifted':
      return order.status === 'Interrupted'
        ? {
            ...order,
            equipmentIds: without(order.equipmentIds, data.equipmentId),
            asked: without(order.asked, data.equipmentId),
            since: later(order.since, data.liftedAt),
          }
        : order;
    case 'WorkOrderResumed':
      return onReleased(order, (released) => ({ ...bare(released), status: 'Running', since: data.resumedAt }));
    case 'SupervisorDecisionRequested':
      return order.status === 'Interrupted' ? { ...order, asked: [...order.asked, data.equipmentId ?? ''] } : order;
    case 'SupervisorDecisionMade':
      return order.status === 'Interrupted' ? { ...order, asked: [] } : order;
    case 'WorkOrderEnded':
      return onReleased(order, (released) => ({
        ...bare(released),
        status: 'Ended',
        since: data.endedAt,
        ending: data.ending,
        closed: false,
      }));
    case 'WorkOrderAborted':
      return onReleased(order, (released) => ({ ...bare(released), status: 'Aborted', since: data.abortedAt, closed: false }));
    case 'WorkOrderClosed':
      return order.status === 'Ended' || order.status === 'Aborted' ? { ...order, closed: true } : order;
    case 'WorkOrderCancelled':
      return onReleased(order, (released) => ({ ...bare(released), status: 'Cancelled', since: data.cancelledAt }));
    case 'OverproductionDetected':
    case 'OverlapDetected':
    case 'MachineOccupiedDetected':
    case 'UnknownReferenceDetected':
    case 'CounterDiscontinuityDetected':
    case 'ScrapBeyondOrderDetected':
    case 'FractionOfPieceDetected':
    case 'RepeatedReportDetected':
    case 'ReportOnClosedOrderDetected':
    case 'ReportBeforeStartDetected':
    case 'ZeroQuantityDetected':
    case 'ImplausibleTimeDetected':
    case 'UpstreamShortfallDetected':
    case 'UnplannedOperationDetected':
    case 'OrderMismatchDetected':
      return order;
  }
}

const onReleased = (order: KnownOrder, next: (released: ReleasedOrder) => WorkOrder): WorkOrder =>
  order.status === 'Observed' ? order : next(order);

/** Machines that the order is held for, and a question to the supervisor, outlast a change of the cause. */
const interrupted = (
  order: ReleasedOrder,
  interruption: Interruption,
  cause: HoldCause,
  since: string,
  equipmentId?: string,
): WorkOrder => {
  const before = order.status === 'Interrupted' ? order : { equipmentIds: [], asked: [] };
  const others = equipmentId ? without(before.equipmentIds, equipmentId) : before.equipmentIds;
  return {
    ...bare(order),
    status: 'Interrupted',
    since,
    interruption,
    cause,
    equipmentIds: equipmentId ? [...others, equipmentId] : others,
    asked: before.asked,
  };
};

const without = (list: readonly string[], item: string) => list.filter((other) => other !== item);

const asked = (terms: Terms, operations: Seen['operations']) => ({
  product: terms.product,
  ordered: terms.quantity,
  unit: terms.unit,
  operations: replan(operations, terms.operations),
});

/** The order without the fields of its state. */
const bare = ({
  workOrderId,
  productionOrderId,
  product,
  ordered,
  unit,
  operations,
  ledger,
  counters,
  terms,
  releasedAt,
  startedAt,
  since,
}: ReleasedOrder) => ({
  workOrderId,
  productionOrderId,
  product,
  ordered,
  unit,
  operations,
  ledger,
  counters,
  terms,
  releasedAt,
  startedAt,
  since,
});

/** Amounts in a unit that cannot be converted to the order's are kept in the ledger and not counted. */
const count = (
  order: KnownOrder,
  amounts: Pick<Told, 'operationId' | 'good' | 'unit'> & Partial<Told>,
  way: 'add' | 'take',
  name?: string,
): KnownOrder => (amounts.unit === order.unit ? { ...order, operations: tally(order.operations, amounts, way, name) } : order);

const told = ({ reportId, kind, operationId, equipmentId, person, good, scrap, rework, unit, from, to }: Told & Partial<Placed>): Told => ({
  reportId,
  kind,
  operationId,
  equipmentId,
  ...(person === undefined ? {} : { person }),
  good,
  scrap,
  rework,
  unit,
  from,
  to,
});
