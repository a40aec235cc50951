import { streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import type { CustomerDemand, CustomerOrderState } from './customer-order.events';
import type { Leg } from './legs';

type Known = Readonly<{
  customerOrderId: string;
  demand: CustomerDemand;
  legs: readonly Leg[];
  plans: readonly string[];
  /** Decisions that were asked for, and taken. */
  decisions: Readonly<Record<string, string | null>>;
  /** Why it is being cancelled. */
  cancelling: string;
}>;
/** A customer order by its state. */
export type CustomerOrder = Readonly<{ status: 'Unknown' }> | (Known & Readonly<{ status: CustomerOrderState }>);
export type KnownOrder = Extract<CustomerOrder, { demand: CustomerDemand }>;

export const workMasterStreamOf = (customerOrderId: string, product: string): string =>
  streamOf('work-master', `${facilityOf(customerOrderId)}.${product}`);

export const of = ({ customerOrderId }: Known) => ({ customerOrderId });

/** @throws Rejected customer-order-unknown */
export function known(order: CustomerOrder): KnownOrder {
  if (order.status === 'Unknown') throw new Rejected('customer-order-unknown', 'Unknown customer order. Place it first.');
  return order;
}

/** @throws Rejected customer-order-state */
export function inState({ status }: KnownOrder, ...allowed: readonly CustomerOrderState[]): void {
  if (!allowed.includes(status))
    throw new Rejected('customer-order-state', `Not possible in state ${status}; possible in: ${allowed.join(', ')}.`, { status, allowed });
}
