import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { compare, convert, millionths, minus, plus, sum, type Unit } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, CellMany, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { countedBy } from '#work-order/report.events';
import type { WorkOrderEvent } from '#work-order/work-order.events';
import { isOver, OrderRisk, riskOf } from './order-risk';
import { OrderState, type Demand, type ProductionOrderEvent } from './production-order.events';

registerEnumType(OrderState, { name: 'OrderState', description: 'Status of a production order.' });
registerEnumType(OrderRisk, { name: 'OrderRisk', description: 'Risk of a production order: the gravest one.' });

/** A work order that makes part of a production order. */
@ObjectType('OrderLeg', {})
class OrderLeg {
  @Cell('id')
  workOrderId: string;

  /** The state of the work order; Linked while it is not released. */
  @Cell('text')
  status: string;

  /** Planned quantity. */
  @Cell('amount')
  quantity: string;

  /** Good of its last operation so far. */
  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  @Cell('amount')
  rework: string;

  @Cell('instant', { optional: true })
  plannedEnd: string | null;

  /** True while it waits for a supervisor's decision. */
  @Cell('flag')
  decisionNeeded: boolean;
}

/** A production order on the board: demand, progress and risk. */
@Entity('order_board')
@Index(['facilityId', 'status', 'due'])
@Index(['status', 'due'])
@Index(['due'])
@Index(['priority', 'due'])
@Index(['customerRef'])
@Index(['product'])
@ObjectType('OrderBoardEntry', {})
export class OrderBoardEntry {
  @Key()
  productionOrderId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('text')
  product: string;

  /** Revision of the product's definition. */
  @Cell('text', { optional: true })
  productRevision: string | null;

  @CellOneOf(OrderState)
  status: OrderState;

  @CellOneOf(OrderRisk)
  risk: OrderRisk;

  /** Ordered amount. */
  @Cell('amount')
  quantity: string;

  @Cell('text')
  unit: Unit;

  @Cell('amount')
  overPercent: string;

  @Cell('amount')
  underPercent: string;

  /** Good pieces of the work orders so far, running ones included. */
  @Cell('amount')
  good: string;

  @Cell('amount')
  scrap: string;

  @Cell('amount')
  rework: string;

  /** Good pieces in percent of the ordered amount, rounded down; above 100 where more was made. */
  @Cell('amount')
  percentDone: string;

  /** Quantity not yet allocated to work orders. */
  @Cell('amount')
  unallocated: string;

  @Cell('instant')
  due: string;

  /** Latest planned end of its open work orders. */
  @Cell('instant', { optional: true })
  projectedEnd: string | null;

  /** 1 is the most urgent, 9 the least. */
  @Cell('whole')
  priority: number;

  @Cell('text', { optional: true })
  customerRef: string | null;

  /** Why it is held, cancelled or closed short. */
  @Cell('text', { optional: true })
  reason: string | null;

  @CellMany(() => OrderLeg)
  legs: OrderLeg[];

  /** Revision of the order's own stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** The columns that follow from the legs. */
function settled(row: OrderBoardEntry): OrderBoardEntry {
  const good = sum(row.legs.map((leg) => leg.good));
  const rest = minus(row.quantity, sum(row.legs.map((leg) => (isOver(leg) ? leg.good : leg.quantity))));
  const ends = row.legs.filter((leg) => !isOver(leg) && leg.plannedEnd !== null).map((leg) => leg.plannedEnd!);
  const after = {
    ...row,
    good,
    scrap: sum(row.legs.map((leg) => leg.scrap)),
    rework: sum(row.legs.map((leg) => leg.rework)),
    percentDone: String((millionths(good) * 100n) / millionths(row.quantity)),
    unallocated: compare(rest, '0') > 0 ? rest : '0',
    projectedEnd: ends.reduce<string | null>(
      (latest, end) => (latest !== null && Date.parse(latest) > Date.parse(end) ? latest : end),
      null,
    ),
  };
  return { ...after, risk: riskOf(after) };
}

const demandIn = (demand: Demand) => ({
  product: demand.product,
  productRevision: demand.revision ?? null,
  quantity: demand.quantity,
  unit: demand.unit,
  overPercent: demand.overPercent,
  underPercent: demand.underPercent,
  due: demand.due,
  priority: demand.priority,
  customerRef: demand.customerRef ?? null,
});

type Change = Partial<OrderBoardEntry>;
const leg = (row: OrderBoardEntry, workOrderId: string, changes: Partial<OrderLeg>): Change => ({
  legs: row.legs.map((known) => (known.workOrderId === workOrderId ? { ...known, ...changes } : known)),
});
const join = (row: OrderBoardEntry, workOrderId: string, changes: Partial<OrderLeg>): Change => {
  if (row.legs.some((known) => known.workOrderId === workOrderId)) return leg(row, workOrderId, changes);
  const fresh = {
    workOrderId,
    status: 'Linked',
    quantity: '0',
    good: '0',
    scrap: '0',
    rework: '0',
    plannedEnd: null,
    decisionNeeded: false,
  };
  return { legs: [...row.legs, { ...fresh, ...changes }] };
};

/** Adds amounts to a leg, in the unit of the row; amounts that cannot be converted are not counted. */
function count(row: OrderBoardEntry, workOrderId: string, unit: Unit, add: typeof plus, good: string, scrap = '0', rework = '0'): Change {
  const before = row.legs.find((known) => known.workOrderId === workOrderId);
  const amounts = [good, scrap, rework].map((amount) => convert({ amount, unit }, row.unit));
  if (!before || amounts.some((amount) => amount === undefined)) return {};
  const [goodToo, scrapToo, reworkToo] = amounts as [string, string, string];
  return leg(row, workOrderId, {
    good: add(before.good, goodToo),
    scrap: add(before.scrap, scrapToo),
    rework: add(before.rework, reworkToo),
  });
}

type Quantities = Extract<
  WorkOrderEvent,
  { type: 'ProductionReported' | 'ProductionObserved' | 'ProductionReportReversed' | 'ProductionReportCorrected' | 'CounterRead' }
>;
type OfWork =
  | Quantities
  | Extract<
      WorkOrderEvent,
      {
        type: `WorkOrder${'Released' | 'Attached' | 'Detached' | 'Amended' | 'StartAllowed' | 'StartRevoked' | 'Started' | 'Held' | 'Suspended' | 'Resumed' | 'Ended' | 'Aborted' | 'Cancelled'}`;
      }
    >
  | Extract<WorkOrderEvent, { type: `SupervisorDecision${string}` | 'EquipmentHoldLifted' }>;
type Read = ProductionOrderEvent | OfWork;

/** What an event changes in the row of its order. */
function changes(row: OrderBoardEntry, event: Exclude<Read, { type: 'ProductionOrderCreated' }>): Change {
  const { type, data } = event;
  switch (type) {
    case 'ProductionOrderAmended':
      return demandIn(data.to);
    case 'ProductionOrderHeld':
      return { status: 'Held', reason: data.reason };
    case 'ProductionOrderResumed':
    case 'ProductionOrderReopened':
      return { status: row.legs.some(({ status }) => started(status)) ? 'InProgress' : 'Open', reason: null };
    case 'ProductionOrderCancelled':
      return { status: 'Cancelled', reason: data.reason };
    case 'ProductionOrderCompleted':
      return { status: 'Completed' };
    case 'ProductionOrderClosed':
      return { status: 'Closed', reason: data.reason ?? null };
    case 'LegStarted':
    case 'LegEnded':
    case 'LegResized':
    case 'LegCorrected':
    case 'OverAllocationDetected':
    case 'DemandExceededDetected':
    case 'CompletionShortDetected':
    case 'OrphanLegDetected':
    case 'LegOnClosedOrderDetected':
      return {};
    case 'WorkOrderLinked':
      return join(row, data.workOrderId, { quantity: data.quantity });
    case 'WorkOrderUnlinked':
      return { legs: row.legs.filter(({ workOrderId }) => workOrderId !== data.workOrderId) };
    case 'WorkOrderReleased': {
      const quantity = convert({ amount: data.quantity, unit: data.unit }, row.unit);
      const { good = '0', scrap = '0', rework = '0' } = data.soFar?.totals ?? {};
      const [goodHere, scrapHere, reworkHere] = [good, scrap, rework].map((amount) => convert({ amount, unit: data.unit }, row.unit));
      return quantity === undefined || goodHere === undefined || scrapHere === undefined || reworkHere === undefined
        ? {}
        : join(row, data.workOrderId, {
            status: 'NotAllowedToStart',
            quantity,
            plannedEnd: data.plannedEnd ?? null,
            ...(data.soFar ? { good: goodHere, scrap: scrapHere, rework: reworkHere } : {}),
          });
    }
    case 'WorkOrderAttached': {
      const { unit } = data.totals;
      const [quantity, good, scrap, rework] = [data.quantity ?? '0', data.totals.good, data.totals.scrap, data.totals.rework].map(
        (amount) => convert({ amount, unit }, row.unit),
      );
      if (quantity === undefined || good === undefined || scrap === undefined || rework === undefined) return {};
      const joined = join(row, data.workOrderId, {
        status: data.status,
        quantity,
        good,
        scrap,
        rework,
        plannedEnd: data.plannedEnd ?? null,
      });
      return { ...joined, ...(row.status === 'Open' && started(data.status) ? { status: OrderState.InProgress } : {}) };
    }
    case 'WorkOrderDetached':
      return { legs: row.legs.filter(({ workOrderId }) => workOrderId !== data.workOrderId) };
    case 'WorkOrderAmended': {
      const quantity = convert({ amount: data.to.quantity, unit: data.to.unit }, row.unit);
      return quantity === undefined ? {} : leg(row, data.workOrderId, { quantity, plannedEnd: data.to.plannedEnd ?? null });
    }
    case 'WorkOrderStartAllowed':
      return leg(row, data.workOrderId, { status: 'AllowedToStart' });
    case 'WorkOrderStartRevoked':
      return leg(row, data.workOrderId, { status: 'NotAllowedToStart' });
    case 'WorkOrderStarted':
      return { ...leg(row, data.workOrderId, { status: 'Running' }), ...(row.status === 'Open' ? { status: OrderState.InProgress } : {}) };
    case 'WorkOrderResumed':
      return leg(row, data.workOrderId, { status: 'Running', decisionNeeded: false });
    case 'WorkOrderHeld':
    case 'WorkOrderSuspended':
      return leg(row, data.workOrderId, { status: 'Interrupted' });
    case 'SupervisorDecisionRequested':
      return leg(row, data.workOrderId, { decisionNeeded: true });
    case 'SupervisorDecisionMade':
      return leg(row, data.workOrderId, { decisionNeeded: false });
    case 'EquipmentHoldLifted':
      return data.questionWithdrawn ? leg(row, data.workOrderId, { decisionNeeded: false }) : {};
    case 'WorkOrderEnded':
      return leg(row, data.workOrderId, { status: 'Ended', decisionNeeded: false });
    case 'WorkOrderAborted':
      return leg(row, data.workOrderId, { status: 'Aborted', decisionNeeded: false });
    case 'WorkOrderCancelled':
      return leg(row, data.workOrderId, { status: 'Cancelled' });
    case 'CounterRead':
      return count(row, data.workOrderId, data.unit, plus, data.output ? countedBy(data) : '0');
    case 'ProductionReported':
    case 'ProductionObserved':
    case 'ProductionReportCorrected':
    case 'ProductionReportReversed': {
      const scrap = sum(data.scrap.map(({ quantity }) => quantity));
      return count(
        row,
        data.workOrderId,
        data.unit,
        type === 'ProductionReportReversed' ? minus : plus,
        data.output ? data.good : '0',
        scrap,
        data.rework,
      );
    }
  }
}

const started = (status: string) => status === 'Running' || status === 'Interrupted' || status === 'Ended' || status === 'Aborted';
const orderOf = ({ data }: Read): string | undefined => data.productionOrderId;

/** Every production order with the progress of its work orders. */
export const orderBoard: View<OrderBoardEntry, Read> = {
  name: 'order-board',
  version: 2,
  row: OrderBoardEntry,
  events: [
    'ProductionOrderCreated',
    'ProductionOrderAmended',
    'ProductionOrderHeld',
    'ProductionOrderResumed',
    'ProductionOrderCancelled',
    'WorkOrderLinked',
    'WorkOrderUnlinked',
    'ProductionOrderCompleted',
    'ProductionOrderClosed',
    'ProductionOrderReopened',
    // These only change the revision, which is that of the order's own stream.
    'LegStarted',
    'LegEnded',
    'LegResized',
    'LegCorrected',
    'OverAllocationDetected',
    'DemandExceededDetected',
    'CompletionShortDetected',
    'OrphanLegDetected',
    'LegOnClosedOrderDetected',
    'WorkOrderReleased',
    'WorkOrderAttached',
    'WorkOrderDetached',
    'WorkOrderAmended',
    'WorkOrderStartAllowed',
    'WorkOrderStartRevoked',
    'WorkOrderStarted',
    'WorkOrderHeld',
    'WorkOrderSuspended',
    'WorkOrderResumed',
    'SupervisorDecisionRequested',
    'EquipmentHoldLifted',
    'SupervisorDecisionMade',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
    'ProductionReported',
    'ProductionObserved',
    'ProductionReportReversed',
    'ProductionReportCorrected',
    'CounterRead',
  ],
  keys: (event) => {
    const productionOrderId = orderOf(event);
    return productionOrderId === undefined ? [] : [productionOrderId];
  },
  // Rows are written from the order's own stream and from those of its work orders.
  partition: (event) => orderOf(event) ?? event.stream,
  fold: (rows, event) => {
    const productionOrderId = orderOf(event);
    if (productionOrderId === undefined) return;
    const { position, recordedAt } = event;
    if (event.type === 'ProductionOrderCreated') {
      const facilityId = facilityOf(productionOrderId);
      const none = { good: '0', scrap: '0', rework: '0', percentDone: '0', unallocated: '0', projectedEnd: null, reason: null, legs: [] };
      const row = { productionOrderId, facilityId, ...demandIn(event.data), ...none, status: OrderState.Open, risk: OrderRisk.None };
      rows.put(settled({ ...row, revision: event.revision, position, recordedAt }));
      return;
    }
    const row = rows.get(productionOrderId);
    if (!row) return;
    const revision = event.stream.startsWith('production-order-') ? event.revision : row.revision;
    rows.put(settled({ ...row, ...changes(row, event), revision, position, recordedAt }));
  },
};
