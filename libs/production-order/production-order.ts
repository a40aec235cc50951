import type { Context, Decider } from '#kernel/decider';
import { facilityOf } from '#manufacturing/facility';
import { compare, convert } from '#manufacturing/quantity';
import { checking, ofPlants, regardsOf } from '#manufacturing/references';
import { alike, inUtc } from '#kernel/instant';
import { Rejected } from '#kernel/rejected';
import { excess, shortfall, upperLimit } from '#manufacturing/tolerance';
import { allocatedTo, legOf, madeBy, openLegs, startedLegs, unallocated, withLeg, withoutLeg, type Leg } from './legs';
import { inUnitOf, positive, tolerable } from './demand';
import type * as commands from './production-order.commands';
import { LegState, OrderState, upcasts, type Demand, type Made, type ProductionOrderEvent } from './production-order.events';

type Known = Readonly<{ productionOrderId: string; demand: Demand; legs: readonly Leg[] }>;
/** A production order by its state. Work orders that name an unknown one are kept, so that each is flagged once. */
export type ProductionOrder =
  Readonly<{ status: 'Unknown'; orphans: readonly string[] }> | (Known & Readonly<{ status: OrderState; orphans: readonly string[] }>);
type KnownOrder = Extract<ProductionOrder, { demand: Demand }>;
type Events = readonly ProductionOrderEvent[];

type Rules = Decider<typeof commands, ProductionOrder, ProductionOrderEvent>;

const rules: Rules = {
  category: 'production-order',
  initial: { status: 'Unknown', orphans: [] },
  id: ({ productionOrderId }) => productionOrderId,
  evolve,
  observed: ['RecordLegReleased', 'RecordLegStarted', 'RecordLegEnded'],
  upcasts,
  regards: (name, { productionOrderId, product }) =>
    name === 'CreateProductionOrder'
      ? regardsOf(facilityOf(productionOrderId as string), [{ kind: 'Material', id: product as string }])
      : [],
  tells: ({ status }) => (status === 'Unknown' ? null : {}),
  decide: {
    CreateProductionOrder: create,
    AmendProductionOrder: amend,
    HoldProductionOrder: ({ reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Held') return [];
      inState(order, 'Open', 'InProgress');
      return [{ type: 'ProductionOrderHeld', data: { ...of(order), reason, heldAt: occurredAt } }];
    },
    ResumeProductionOrder: (_, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Open' || order.status === 'InProgress') return [];
      inState(order, 'Held');
      return completing(order, [{ type: 'ProductionOrderResumed', data: { ...of(order), resumedAt: occurredAt } }], occurredAt);
    },
    CancelProductionOrder: ({ reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Cancelled') return [];
      if (order.status === 'Completed' || order.status === 'Closed') {
        throw new Rejected('production-order-completed', 'A production order that is complete cannot be cancelled. Close it instead.', {
          status: order.status,
        });
      }
      const started = startedLegs(order.legs);
      if (started.length > 0)
        throw new Rejected('legs-under-way', `Work orders ${started.join(', ')} have started. Stop them first.`, { workOrderIds: started });
      return [{ type: 'ProductionOrderCancelled', data: { ...of(order), reason, made: madeBy(order.legs), cancelledAt: occurredAt } }];
    },
    LinkWorkOrder: link,
    UnlinkWorkOrder: ({ workOrderId, reason }, state, { occurredAt }) => {
      const order = known(state);
      const leg = legOf(order.legs, workOrderId);
      if (!leg) return [];
      if (leg.state !== LegState.Linked)
        throw new Rejected('leg-started', `Work order ${workOrderId} has started and cannot be unlinked. Stop it instead.`, {
          workOrderId,
          state: leg.state,
        });
      const rest = unallocated(order.demand.quantity, withoutLeg(order.legs, workOrderId));
      const unlinked: ProductionOrderEvent = {
        type: 'WorkOrderUnlinked',
        data: { ...of(order), workOrderId, reason, unallocated: rest, unlinkedAt: occurredAt },
      };
      return completing(order, [unlinked], occurredAt);
    },
    RecordLegReleased: recordLegReleased,
    RecordLegStarted: ({ productionOrderId, workOrderId }, state, { occurredAt }) => {
      const leg = state.status === 'Unknown' ? undefined : legOf(state.legs, workOrderId);
      if (state.status === 'Unknown' || !leg) return orphan(state, productionOrderId, workOrderId, 'started');
      if (leg.state !== LegState.Linked) return [];
      return [{ type: 'LegStarted', data: { ...of(state), workOrderId, startedAt: occurredAt } }, ...late(state, workOrderId)];
    },
    RecordLegEnded: recordLegEnded,
    CompleteProductionOrder: (_, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Completed' || order.status === 'Closed') return [];
      inState(order, 'Open', 'InProgress', 'Held');
      const open = openLegs(order.legs);
      if (open.length > 0)
        throw new Rejected('legs-open', `Work orders ${open.join(', ')} are not over. Complete, stop or unlink them first.`, {
          workOrderIds: open,
        });
      const made = madeBy(order.legs);
      const short = shortfall(made.good, order.demand.quantity, order.demand);
      if (short)
        throw new Rejected(
          'quantity-short',
          `The order is ${short} ${order.demand.unit} below the lower limit of its tolerance. To accept that, close the order with a reason.`,
          { short },
        );
      return [{ type: 'ProductionOrderCompleted', data: { ...of(order), made, completedAt: occurredAt } }];
    },
    CloseProductionOrder: ({ reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Closed') return [];
      inState(order, 'Open', 'InProgress', 'Held', 'Completed');
      const open = openLegs(order.legs);
      if (open.length > 0)
        throw new Rejected('legs-open', `Work orders ${open.join(', ')} are not over. Complete, stop or unlink them first.`, {
          workOrderIds: open,
        });
      const made = madeBy(order.legs);
      const short = shortfall(made.good, order.demand.quantity, order.demand);
      if (short && !reason)
        throw new Rejected(
          'reason-missing',
          `The order is ${short} ${order.demand.unit} below the lower limit of its tolerance. Closing short needs \`reason\`.`,
          { short },
        );
      const why = { ...(short ? { short } : {}), ...(reason ? { reason } : {}) };
      return [{ type: 'ProductionOrderClosed', data: { ...of(order), made, ...why, closedAt: occurredAt } }];
    },
    ReopenProductionOrder: ({ reason }, state, { occurredAt }) => {
      const order = known(state);
      if (order.status === 'Open' || order.status === 'InProgress') return [];
      inState(order, 'Completed', 'Closed');
      return [{ type: 'ProductionOrderReopened', data: { ...of(order), reason, reopenedAt: occurredAt } }];
    },
  },
};

export const productionOrder: Rules = ofPlants({
  ...rules,
  decide: checking(rules.decide, {
    facility: ({ productionOrderId }) => facilityOf(productionOrderId),
    references: { CreateProductionOrder: ({ product }: commands.CreateProductionOrder) => [{ kind: 'Material', id: product }] },
  }),
});

function create(command: commands.CreateProductionOrder, state: ProductionOrder, { occurredAt }: Context): Events {
  const { productionOrderId, product, revision, quantity, due, customerRef } = command;
  const demand: Demand = {
    product,
    ...(revision ? { revision } : {}),
    quantity: positive(quantity).amount,
    unit: quantity.unit,
    due: inUtc(due),
    priority: command.priority ?? 5,
    overPercent: command.overPercent ?? '0',
    underPercent: tolerable(command.underPercent ?? '0'),
    ...(customerRef ? { customerRef } : {}),
  };
  if (state.status !== 'Unknown') {
    if (same(state.demand, demand)) return [];
    throw new Rejected(
      'production-order-exists',
      `${productionOrderId} already exists with another demand. Choose another id, or amend the order.`,
      { productionOrderId },
    );
  }
  return [{ type: 'ProductionOrderCreated', data: { productionOrderId, ...demand, createdAt: occurredAt } }];
}

function amend(command: commands.AmendProductionOrder, state: ProductionOrder, { occurredAt }: Context): Events {
  const order = known(state);
  const { demand: from, legs } = order;
  const to: Demand = {
    ...from,
    ...(command.revision ? { revision: command.revision } : {}),
    quantity: command.quantity ? inUnitOf(from, positive(command.quantity)) : from.quantity,
    due: command.due ? inUtc(command.due) : from.due,
    priority: command.priority ?? from.priority,
    overPercent: command.overPercent ?? from.overPercent,
    underPercent: tolerable(command.underPercent ?? from.underPercent),
    ...(command.customerRef ? { customerRef: command.customerRef } : {}),
  };
  if (same(from, to)) return [];
  inState(order, 'Open', 'InProgress', 'Held');
  const produced = madeBy(legs).good;
  if (compare(to.quantity, produced) < 0)
    throw new Rejected('below-produced', `\`quantity\` must be at least ${produced}, the quantity already made, was ${to.quantity}.`, {
      produced,
    });
  const over = excess(allocatedTo(legs), to.quantity, to);
  if (over && compare(to.quantity, from.quantity) < 0) {
    throw new Rejected(
      'below-allocated',
      `The linked work orders exceed this quantity with its tolerance by ${over}. Unlink or stop some first.`,
      { allocated: allocatedTo(legs), excess: over },
    );
  }
  const amended: ProductionOrderEvent = {
    type: 'ProductionOrderAmended',
    data: { ...of(order), from, to, reason: command.reason, unallocated: unallocated(to.quantity, legs), amendedAt: occurredAt },
  };
  return completing(order, [amended], occurredAt);
}

function link({ workOrderId, quantity }: commands.LinkWorkOrder, state: ProductionOrder, { occurredAt }: Context): Events {
  const order = known(state);
  const { demand, legs } = order;
  const amount = inUnitOf(demand, positive(quantity));
  const leg = legOf(legs, workOrderId);
  if (leg) {
    if (compare(leg.quantity, amount) === 0) return [];
    throw new Rejected('work-order-linked', `${workOrderId} is already linked with a quantity of ${leg.quantity}. Unlink it first.`, {
      workOrderId,
      quantity: leg.quantity,
    });
  }
  inState(order, 'Open', 'InProgress');
  if (facilityOf(workOrderId) !== facilityOf(order.productionOrderId)) {
    throw new Rejected('wrong-facility', `\`workOrderId\` must be in the facility of ${order.productionOrderId}, was ${workOrderId}.`, {
      workOrderId,
    });
  }
  const next = withLeg(legs, { workOrderId, state: LegState.Linked, quantity: amount });
  const over = excess(allocatedTo(next), demand.quantity, demand);
  if (over)
    throw new Rejected(
      'over-allocated',
      `With ${workOrderId}, the work orders would exceed the upper limit of the tolerance by ${over}. Link a smaller quantity.`,
      { excess: over, unallocated: unallocated(demand.quantity, legs) },
    );
  return [
    {
      type: 'WorkOrderLinked',
      data: { ...of(order), workOrderId, quantity: amount, unallocated: unallocated(demand.quantity, next), linkedAt: occurredAt },
    },
  ];
}

function recordLegReleased(
  { productionOrderId, workOrderId, quantity }: commands.RecordLegReleased,
  state: ProductionOrder,
  { occurredAt }: Context,
): Events {
  if (state.status === 'Unknown') return orphan(state, productionOrderId, workOrderId, 'released');
  if (facilityOf(workOrderId) !== facilityOf(productionOrderId))
    return orphan(state, productionOrderId, workOrderId, 'of another facility');
  const { demand, legs } = state;
  const amount = convert(quantity, demand.unit);
  if (amount === undefined) return orphan(state, productionOrderId, workOrderId, `released in ${quantity.unit}`);
  const leg = legOf(legs, workOrderId);
  if (leg && (compare(leg.quantity, amount) === 0 || leg.state === LegState.Ended)) return [];
  const next = withLeg(legs, { workOrderId, state: leg?.state ?? LegState.Linked, quantity: amount });
  const rest = unallocated(demand.quantity, next);
  const event: ProductionOrderEvent = leg
    ? { type: 'LegResized', data: { ...of(state), workOrderId, from: leg.quantity, to: amount, unallocated: rest } }
    : { type: 'WorkOrderLinked', data: { ...of(state), workOrderId, quantity: amount, unallocated: rest, linkedAt: occurredAt } };
  const allocated = allocatedTo(next);
  const over = excess(allocated, demand.quantity, demand);
  const found: ProductionOrderEvent[] = over
    ? [
        {
          type: 'OverAllocationDetected',
          data: { ...of(state), workOrderId, allocated, limit: upperLimit(demand.quantity, demand), excess: over },
        },
      ]
    : [];
  return [event, ...(leg ? [] : late(state, workOrderId)), ...found];
}

function recordLegEnded(command: commands.RecordLegEnded, state: ProductionOrder, { occurredAt }: Context): Events {
  const { productionOrderId, workOrderId, ending, unit } = command;
  const leg = state.status === 'Unknown' ? undefined : legOf(state.legs, workOrderId);
  if (state.status === 'Unknown' || !leg) return orphan(state, productionOrderId, workOrderId, 'ended');
  const { demand, legs } = state;
  const [good, scrap, rework] = [command.good, command.scrap, command.rework].map((amount) => convert({ amount, unit }, demand.unit));
  if (good === undefined || scrap === undefined || rework === undefined)
    return orphan(state, productionOrderId, workOrderId, `ended in ${unit}`);
  const made: Made = { good, scrap, rework };
  if (leg.made && same(leg.made, made)) return [];
  const next = withLeg(legs, { ...leg, state: LegState.Ended, made });
  const rest = unallocated(demand.quantity, next);
  const event: ProductionOrderEvent = leg.made
    ? { type: 'LegCorrected', data: { ...of(state), workOrderId, from: leg.made, to: made, unallocated: rest } }
    : { type: 'LegEnded', data: { ...of(state), workOrderId, ending, made, unallocated: rest, endedAt: occurredAt } };
  const all = madeBy(next);
  const over = excess(all.good, demand.quantity, demand);
  const short = shortfall(all.good, demand.quantity, demand);
  const found: ProductionOrderEvent[] = [];
  if (over)
    found.push({
      type: 'DemandExceededDetected',
      data: { ...of(state), workOrderId, good: all.good, limit: upperLimit(demand.quantity, demand), excess: over },
    });
  if (short && leg.made && state.status === 'Completed') {
    found.push({ type: 'CompletionShortDetected', data: { ...of(state), workOrderId, good: all.good, short } });
  }
  return completing(state, [event, ...found], occurredAt);
}

/** Adds the completion of an order that has no open leg and meets its demand after these events. */
function completing(before: KnownOrder, events: Events, occurredAt: string): Events {
  const order = events.reduce(evolve, before as ProductionOrder) as KnownOrder;
  const { demand, legs, status } = order;
  const open = (status !== 'Open' && status !== 'InProgress') || openLegs(legs).length > 0;
  const made = madeBy(legs);
  if (open || shortfall(made.good, demand.quantity, demand)) return events;
  const times = [occurredAt, ...legs.flatMap(({ endedAt }) => endedAt ?? [])];
  const completedAt = times.reduce((latest, at) => (Date.parse(at) > Date.parse(latest) ? at : latest));
  return [...events, { type: 'ProductionOrderCompleted', data: { ...of(order), made, completedAt } }];
}

function evolve(order: ProductionOrder, event: ProductionOrderEvent): ProductionOrder {
  if (event.type === 'ProductionOrderCreated') {
    const { productionOrderId, createdAt: _, ...demand } = event.data;
    return order.status === 'Unknown' ? { status: 'Open', productionOrderId, demand, legs: [], orphans: order.orphans } : order;
  }
  if (event.type === 'OrphanLegDetected') {
    const seen = orphanKey(event.data.workOrderId, event.data.told);
    return order.orphans.includes(seen) ? order : { ...order, orphans: [...order.orphans, seen] };
  }
  if (order.status === 'Unknown') return order;
  switch (event.type) {
    case 'ProductionOrderAmended':
      return { ...order, demand: event.data.to };
    case 'ProductionOrderHeld':
      return { ...order, status: 'Held' };
    case 'ProductionOrderResumed':
    case 'ProductionOrderReopened':
      return { ...order, status: order.legs.some(({ state }) => state !== LegState.Linked) ? 'InProgress' : 'Open' };
    case 'ProductionOrderCancelled':
      return { ...order, status: 'Cancelled' };
    case 'ProductionOrderCompleted':
      return { ...order, status: 'Completed' };
    case 'ProductionOrderClosed':
      return { ...order, status: 'Closed' };
    case 'WorkOrderLinked':
      return {
        ...order,
        legs: withLeg(order.legs, { workOrderId: event.data.workOrderId, state: LegState.Linked, quantity: event.data.quantity }),
      };
    case 'WorkOrderUnlinked':
      return { ...order, legs: withoutLeg(order.legs, event.data.workOrderId) };
    case 'LegResized':
      return changeLeg(order, event.data.workOrderId, { quantity: event.data.to });
    case 'LegStarted':
      return {
        ...changeLeg(order, event.data.workOrderId, { state: LegState.Started }),
        status: order.status === 'Open' ? 'InProgress' : order.status,
      };
    case 'LegEnded':
      return changeLeg(order, event.data.workOrderId, { state: LegState.Ended, made: event.data.made, endedAt: event.data.endedAt });
    case 'LegCorrected':
      return changeLeg(order, event.data.workOrderId, { made: event.data.to });
    case 'OverAllocationDetected':
    case 'DemandExceededDetected':
    case 'CompletionShortDetected':
    case 'LegOnClosedOrderDetected':
      return order;
  }
}

const changeLeg = (order: KnownOrder, workOrderId: string, changes: Partial<Leg>): KnownOrder => {
  const leg = legOf(order.legs, workOrderId);
  return leg ? { ...order, legs: withLeg(order.legs, { ...leg, ...changes }) } : order;
};

const of = ({ productionOrderId }: Known) => ({ productionOrderId });
const orphanKey = (workOrderId: string, told: string) => `${workOrderId} ${told}`;
const orphan = (order: ProductionOrder, productionOrderId: string, workOrderId: string, told: string): Events =>
  order.orphans.includes(orphanKey(workOrderId, told))
    ? []
    : [{ type: 'OrphanLegDetected', data: { productionOrderId, workOrderId, told } }];
const late = (order: KnownOrder, workOrderId: string): Events =>
  order.status === 'Completed' || order.status === 'Closed' || order.status === 'Cancelled'
    ? [{ type: 'LegOnClosedOrderDetected', data: { ...of(order), workOrderId, status: order.status } }]
    : [];

/** @throws Rejected production-order-unknown */
function known(order: ProductionOrder): KnownOrder {
  if (order.status === 'Unknown') throw new Rejected('production-order-unknown', 'Unknown production order. Create it first.');
  return order;
}

/** @throws Rejected production-order-state */
function inState({ status }: KnownOrder, ...allowed: readonly OrderState[]): void {
  if (!allowed.includes(status))
    throw new Rejected('production-order-state', `Not possible in state ${status}; possible in: ${allowed.join(', ')}.`, {
      status,
      allowed,
    });
}

const same = (a: object, b: object): boolean => {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<never>;
  return [...keys].every((key) => alike(a[key]) === alike(b[key]));
};
