import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { facilityOf } from '#manufacturing/facility';
import { minus, sum, type Unit } from '#manufacturing/quantity';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { type CustomerDemand, type CustomerOrderEvent, CustomerOrderState, PartialPolicy, PlanningMode } from './customer-order.events';

registerEnumType(CustomerOrderState, { name: 'CustomerOrderState', description: 'Status of a customer order.' });

/** A customer order on the board: demand, what is planned and made, and what it waits for. */
@Entity('customer_order')
@Index(['facilityId', 'status', 'due'])
@Index(['status', 'due'])
@Index(['customer', 'due'])
@Index(['product'])
@ObjectType('CustomerOrder', {})
export class CustomerOrderEntry {
  @Key()
  customerOrderId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('text')
  customer: string;

  @Cell('text')
  product: string;

  @CellOneOf(CustomerOrderState)
  status: CustomerOrderState;

  /** Ordered amount. */
  @Cell('amount')
  quantity: string;

  @Cell('text')
  unit: Unit;

  @Cell('instant')
  due: string;

  /** 1 is the most urgent, 9 the least. */
  @Cell('whole')
  priority: number;

  /** The facility to which all is shipped. */
  @Cell('id', { optional: true })
  shipTo: string | null;

  @CellOneOf(PartialPolicy)
  partial: PartialPolicy;

  /** Largest number of plants that a plan may use. */
  @Cell('whole', { optional: true })
  maxLegs: number | null;

  /** Batch: it waits for a plan of many orders until `plans` is 1. */
  @CellOneOf(PlanningMode)
  planning: PlanningMode;

  /** Quantity of its legs, of which made: good. */
  @Cell('amount')
  allocated: string;

  /** Quantity that no leg makes; allocated and unallocated add up to the ordered amount and the surplus. */
  @Cell('amount')
  unallocated: string;

  /** Made beyond what is ordered. */
  @Cell('amount')
  surplus: string;

  /** Plans that were chosen so far. */
  @Cell('whole')
  plans: number;

  /** Legs of all plans. */
  @Cell('whole')
  legs: number;

  /** Compensations that wait for a person. */
  @Cell('whole')
  blocked: number;

  /** The decision that it waits for. */
  @Cell('id', { optional: true })
  decisionId: string | null;

  /** What a person is asked. */
  @Cell('text', { optional: true })
  question: string | null;

  /** Why it is held or cancelled. */
  @Cell('text', { optional: true })
  reason: string | null;

  /** Good pieces, when it is over; as corrected since, like the other figures of its end. */
  @Cell('amount', { optional: true })
  produced: string | null;

  @Cell('amount', { optional: true })
  scrapped: string | null;

  /** Of a completed order: what has arrived where it is shipped to. */
  @Cell('amount', { optional: true })
  delivered: string | null;

  /** Of a completed order: what is missing; it was accepted, or a correction since then says so. */
  @Cell('amount', { optional: true })
  short: string | null;

  /** Of a cancelled order: what was made and is in stock. */
  @Cell('amount', { optional: true })
  stocked: string | null;

  @Cell('amount', { optional: true })
  returned: string | null;

  /** When the figures of its end were last corrected. */
  @Cell('instant', { optional: true })
  correctedAt: string | null;

  /** Revision of the stream after its last event; give it as If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const demanded = ({ customer, product, quantity, unit, due, priority, shipTo, partial, maxLegs, planning }: CustomerDemand) => ({
  customer,
  product,
  quantity,
  unit,
  due,
  priority,
  shipTo: shipTo ?? null,
  partial,
  maxLegs: maxLegs ?? null,
  planning: planning ?? 'AtOnce',
});
const balance = (quantity: string, { unallocated, surplus }: Readonly<{ unallocated: string; surplus: string }>) => ({
  allocated: minus(sum([quantity, surplus]), unallocated),
  unallocated,
  surplus,
});

/** What an event changes in the row of its order. */
function changes(
  row: CustomerOrderEntry,
  { type, data }: Exclude<CustomerOrderEvent, { type: 'CustomerOrderPlaced' }>,
): Partial<CustomerOrderEntry> {
  switch (type) {
    case 'CustomerOrderAmended':
      return { ...demanded(data.to), ...balance(data.to.quantity, data) };
    case 'CustomerOrderHeld':
      return { status: 'Held', reason: data.reason };
    case 'CustomerOrderResumed':
      return { status: 'Open', reason: null };
    case 'CustomerOrderCancellationRequested':
      return { status: 'Cancelling', reason: data.reason };
    case 'PlanChosen':
      return { ...balance(row.quantity, data), plans: row.plans + 1, legs: row.legs + data.legs.length };
    case 'CustomerLegUndone':
    case 'CustomerLegReduced':
    case 'CustomerLegEnded':
    case 'CustomerLegDelivered':
      return balance(row.quantity, data);
    case 'CompensationBlocked':
      return { blocked: row.blocked + 1 };
    case 'CompensationRetried':
    case 'CompensationSettled':
      return { blocked: Math.max(0, row.blocked - 1) };
    case 'CustomerOrderDecisionAwaited':
      return { decisionId: data.decisionId, question: data.question };
    case 'CustomerOrderDecided':
      return row.decisionId === data.decisionId ? { decisionId: null, question: null } : {};
    case 'CustomerOrderCompleted':
      return {
        status: 'Completed',
        produced: data.produced,
        scrapped: data.scrapped,
        delivered: data.delivered,
        short: data.short ?? null,
      };
    case 'CustomerOrderCancelled':
      return { status: 'Cancelled', produced: data.produced, scrapped: data.scrapped, stocked: data.stocked, returned: data.returned };
    case 'CustomerOrderResultCorrected': {
      const { produced, scrapped, delivered = null, short = null, stocked = null, returned = null, correctedAt } = data;
      return { produced, scrapped, delivered, short, stocked, returned, correctedAt };
    }
    case 'CustomerLegStepDone':
    case 'CustomerLegStepRefused':
    case 'CustomerLegStepUndone':
    case 'CustomerLegStarted':
      return {};
  }
}

/** Every customer order as it is now. */
export const customerOrderView: View<CustomerOrderEntry, CustomerOrderEvent> = {
  name: 'customer-order',
  version: 3,
  row: CustomerOrderEntry,
  events: [
    'CustomerOrderPlaced',
    'CustomerOrderAmended',
    'CustomerOrderHeld',
    'CustomerOrderResumed',
    'CustomerOrderCancellationRequested',
    'PlanChosen',
    'CustomerLegStepDone',
    'CustomerLegStepRefused',
    'CustomerLegStepUndone',
    'CustomerLegUndone',
    'CustomerLegReduced',
    'CustomerLegStarted',
    'CustomerLegEnded',
    'CustomerLegDelivered',
    'CompensationBlocked',
    'CompensationRetried',
    'CompensationSettled',
    'CustomerOrderDecisionAwaited',
    'CustomerOrderDecided',
    'CustomerOrderCompleted',
    'CustomerOrderCancelled',
    'CustomerOrderResultCorrected',
  ],
  keys: ({ data: { customerOrderId } }) => [customerOrderId],
  fold: (rows, event) => {
    const { customerOrderId } = event.data;
    const { revision, position, recordedAt } = event;
    if (event.type === 'CustomerOrderPlaced') {
      const none = { decisionId: null, question: null, reason: null, produced: null, scrapped: null, delivered: null };
      const nothing = { ...none, short: null, stocked: null, returned: null, correctedAt: null, plans: 0, legs: 0, blocked: 0 };
      const begun = balance(event.data.quantity, { unallocated: event.data.quantity, surplus: '0' });
      const facilityId = facilityOf(customerOrderId);
      const row = { customerOrderId, facilityId, ...demanded(event.data), ...begun, ...nothing, status: CustomerOrderState.Open };
      return rows.put({ ...row, revision, position, recordedAt });
    }
    const row = rows.get(customerOrderId);
    if (row) rows.put({ ...row, ...changes(row, event), revision, position, recordedAt });
  },
};
