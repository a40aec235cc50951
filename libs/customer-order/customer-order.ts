import type { Context, Decider } from '#kernel/decider';
import { streamOf } from '#kernel/identity';
import { alike, inUtc } from '#kernel/instant';
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import { MAX_CUSTOMER_ORDER_ID } from '#manufacturing/order-ids';
import { AMOUNT, compare, convert, fitsUnit, isPositive, type Quantity, type Unit } from '#manufacturing/quantity';
import type * as commands from './customer-order.commands';
import type { CustomerDemand, CustomerOrderEvent } from './customer-order.events';
import { balanceOf, legIn, type Leg, settledBy, withLeg } from './legs';
import type * as progressCommands from './progress.commands';
import { type CustomerOrder, inState, known, type KnownOrder, of, workMasterStreamOf } from './order-state';
import { type Events, progress } from './progress';

type Commands = typeof commands & typeof progressCommands;

/** A customer's order and its legs at the plants. */
export const customerOrder: Decider<Commands, CustomerOrder, CustomerOrderEvent> = {
  category: 'customer-order',
  initial: { status: 'Unknown' },
  id: ({ customerOrderId }) => customerOrderId,
  evolve,
  regards: (name, { customerOrderId, product, shipTo }, state) => {
    const id = customerOrderId as string;
    if (name === 'PlaceCustomerOrder') {
      const places = shipTo ? [{ stream: streamOf('facility', shipTo as string) }] : [];
      return [{ stream: workMasterStreamOf(id, product as string) }, ...places];
    }
    return name === 'RecordPlanChosen' && state.status !== 'Unknown' ? [{ stream: workMasterStreamOf(id, state.demand.product) }] : [];
  },
  decide: {
    PlaceCustomerOrder: place,
    AmendCustomerOrder: amend,
    HoldCustomerOrder: ({ reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Held') return [];
      inState(order, 'Open');
      return [{ type: 'CustomerOrderHeld', data: { ...of(order), reason, heldAt: occurredAt } }];
    },
    ResumeCustomerOrder: (_, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Open') return [];
      inState(order, 'Held');
      return [{ type: 'CustomerOrderResumed', data: { ...of(order), resumedAt: occurredAt } }];
    },
    CancelCustomerOrder: ({ running = 'Ask', reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Cancelling' || order.status === 'Cancelled') return [];
      if (order.status === 'Completed')
        throw new Rejected('customer-order-completed', 'An order that is complete cannot be cancelled. Arrange a return.', {
          status: order.status,
        });
      return [{ type: 'CustomerOrderCancellationRequested', data: { ...of(order), running, reason, requestedAt: occurredAt } }];
    },
    RetryCompensation: ({ leg, reason }, state) => unblocked('CompensationRetried', leg, reason, state),
    SettleCompensation: ({ leg, reason }, state) => unblocked('CompensationSettled', leg, reason, state),
    ...progress,
  },
};

function place(command: commands.PlaceCustomerOrder, state: CustomerOrder, { occurredAt, regarded }: Context): Events {
  const { customerOrderId, customer, product, quantity, shipTo, maxLegs } = command;
  if (customerOrderId.length > MAX_CUSTOMER_ORDER_ID)
    throw new Rejected(
      'customer-order-id-too-long',
      `\`customerOrderId\` must have at most ${MAX_CUSTOMER_ORDER_ID} characters: ids of its legs are made from it.`,
      { longest: MAX_CUSTOMER_ORDER_ID },
    );
  const demand: CustomerDemand = {
    customer,
    product,
    quantity: positive(quantity).amount,
    unit: quantity.unit,
    due: inUtc(command.due),
    priority: command.priority ?? 5,
    ...(shipTo ? { shipTo } : {}),
    partial: command.partial ?? 'Ask',
    ...(maxLegs ? { maxLegs } : {}),
    ...(command.planning === 'Batch' ? { planning: command.planning } : {}),
  };
  if (state.status !== 'Unknown') {
    if (same(state.demand, demand)) return [];
    throw new Rejected('customer-order-exists', `${customerOrderId} already exists with another demand. Choose another id, or amend it.`, {
      customerOrderId,
    });
  }
  rejectPast(demand.due, occurredAt);
  if (regarded?.[workMasterStreamOf(customerOrderId, product)] === null)
    throw new Rejected(
      'work-master-unknown',
      `${facilityOf(customerOrderId)} has no approved work master for ${product}. Draft and approve one first.`,
      { product },
    );
  const told = regarded?.[workMasterStreamOf(customerOrderId, product)] as Readonly<{ unit?: Unit }> | undefined;
  if (told?.unit && told.unit !== quantity.unit)
    throw new Rejected('unit-incompatible', `\`quantity\` must be in ${told.unit}, the unit of ${product}, was in ${quantity.unit}.`, {
      product,
      unit: told.unit,
    });
  if (shipTo && regarded?.[streamOf('facility', shipTo)] === null)
    throw new Rejected('facility-unknown', `\`shipTo\` must be a registered facility, was ${shipTo}. Register it first.`, { shipTo });
  return [{ type: 'CustomerOrderPlaced', data: { customerOrderId, ...demand, placedAt: occurredAt } }];
}

function amend(command: commands.AmendCustomerOrder, state: CustomerOrder, { occurredAt }: Context): Events {
  const order = known(state);
  const { demand: from, legs } = order;
  const to: CustomerDemand = {
    ...from,
    quantity: command.quantity ? inUnitOf(from, positive(command.quantity)) : from.quantity,
    due: command.due ? inUtc(command.due) : from.due,
    priority: command.priority ?? from.priority,
  };
  if (same(from, to)) return [];
  inState(order, 'Open', 'Held');
  if (command.due) rejectPast(to.due, occurredAt);
  const produced = settledBy(legs);
  if (compare(to.quantity, produced) < 0)
    throw new Rejected('below-produced', `\`quantity\` must be at least ${produced}, the quantity already made, was ${to.quantity}.`, {
      produced,
    });
  const balance = balanceOf(to.quantity, legs);
  return [{ type: 'CustomerOrderAmended', data: { ...of(order), from, to, ...balance, reason: command.reason, amendedAt: occurredAt } }];
}

function unblocked(type: 'CompensationRetried' | 'CompensationSettled', leg: number, reason: string, state: CustomerOrder): Events {
  const order = known(state);
  const { facilityId, blocked, freed } = legIn(order.legs, leg);
  if (!blocked) {
    if (freed) return [];
    throw new Rejected('compensation-not-blocked', `Leg ${leg} has no compensation that waits for a person.`, { leg });
  }
  return [{ type, data: { ...of(order), leg, facilityId, step: blocked, reason } }];
}

function evolve(order: CustomerOrder, event: CustomerOrderEvent): CustomerOrder {
  if (event.type === 'CustomerOrderPlaced') {
    const { customerOrderId, placedAt: _, ...demand } = event.data;
    return order.status === 'Unknown'
      ? { status: 'Open', customerOrderId, demand, legs: [], plans: [], decisions: {}, cancelling: '' }
      : order;
  }
  if (order.status === 'Unknown') return order;
  switch (event.type) {
    case 'CustomerOrderAmended':
      return { ...order, demand: event.data.to };
    case 'CustomerOrderHeld':
      return { ...order, status: 'Held' };
    case 'CustomerOrderResumed':
      return { ...order, status: 'Open' };
    case 'CustomerOrderCancellationRequested':
      return { ...order, status: 'Cancelling', cancelling: event.data.reason };
    case 'CustomerOrderCompleted':
      return { ...order, status: 'Completed' };
    case 'CustomerOrderCancelled':
      return { ...order, status: 'Cancelled' };
    case 'CustomerOrderResultCorrected':
      return order;
    case 'CustomerOrderDecisionAwaited':
      return { ...order, decisions: { ...order.decisions, [event.data.decisionId]: null } };
    case 'CustomerOrderDecided':
      return { ...order, decisions: { ...order.decisions, [event.data.decisionId]: event.data.option } };
    case 'PlanChosen': {
      const { planId, legs } = event.data;
      return legs.reduce<KnownOrder>(
        (folded, { leg, facilityId, quantity }) => ({
          ...folded,
          legs: withLeg(folded.legs, { leg, facilityId, quantity, status: 'Planned', done: [], attempts: [] }),
        }),
        { ...order, plans: [...order.plans, planId] },
      );
    }
    default: {
      const { leg } = event.data;
      const before = order.legs.find((each) => each.leg === leg);
      return before ? { ...order, legs: withLeg(order.legs, legAfter(before, event)) } : order;
    }
  }
}

type OfLeg = Extract<CustomerOrderEvent, { data: { leg: number } }>;

function legAfter(before: Leg, { type, data }: OfLeg): Leg {
  switch (type) {
    case 'CustomerLegStepDone':
      return {
        ...before,
        done: before.done.includes(data.step) ? before.done : [...before.done, data.step],
        status: data.step === 'Release' && before.status === 'Planned' ? 'Released' : before.status,
      };
    case 'CustomerLegStepUndone':
    case 'CompensationSettled': {
      const { blocked: _, ...leg } = before;
      const freed = type === 'CompensationSettled' ? { freed: true as const } : {};
      return { ...leg, done: leg.done.filter((step) => step !== data.step), ...freed };
    }
    case 'CustomerLegStepRefused': {
      const { freed: _, ...leg } = before;
      return { ...leg, attempts: [...leg.attempts, `${data.step} ${data.undo} ${data.attempt}`].slice(-100) };
    }
    case 'CompensationBlocked': {
      const { freed: _, ...leg } = before;
      return { ...leg, blocked: data.step };
    }
    case 'CompensationRetried': {
      const { blocked: _, ...leg } = before;
      return { ...leg, freed: true };
    }
    case 'CustomerLegUndone':
      return { ...before, status: 'Undone' };
    case 'CustomerLegReduced':
      return { ...before, quantity: data.to };
    case 'CustomerLegStarted':
      return { ...before, status: 'Started' };
    case 'CustomerLegEnded':
      return { ...before, status: before.delivery ? before.status : 'Ended', made: data.made };
    case 'CustomerLegDelivered':
      return { ...before, status: 'Delivered', delivery: data.delivery };
  }
}

/** @throws Rejected quantity-not-positive, fraction-of-a-piece */
function positive(quantity: Quantity): Quantity {
  const { amount, unit } = quantity;
  if (!AMOUNT.test(amount) || !isPositive(amount))
    throw new Rejected('quantity-not-positive', `\`quantity\` must be above 0, was ${amount}.`, { amount });
  if (!fitsUnit(amount, unit))
    throw new Rejected('fraction-of-a-piece', `\`quantity\` must be a whole number of pieces, was ${amount}.`, { amount });
  return quantity;
}

/** @throws Rejected unit-incompatible */
function inUnitOf({ unit }: CustomerDemand, quantity: Quantity): string {
  const amount = convert(quantity, unit);
  if (amount === undefined)
    throw new Rejected('unit-incompatible', `The quantity cannot be converted exactly to ${unit}, the unit of the order.`, { unit });
  return amount;
}

/** @throws Rejected due-passed */
function rejectPast(due: string, occurredAt: string): void {
  if (Date.parse(due) <= Date.parse(occurredAt))
    throw new Rejected('due-passed', `\`due\` must be after the order is placed or changed, was ${due}.`, { due });
}

const same = (a: object, b: object): boolean => {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<never>;
  return [...keys].every((key) => alike(a[key]) === alike(b[key]));
};
