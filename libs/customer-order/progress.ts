/** What the process records on an order: steps of legs, their undo, decisions, and the end. Each is recorded once. */
import type { Context, Decider } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { facilityOf } from '#manufacturing/facility';
import { compare, isPositive, sum } from '#manufacturing/quantity';
import { type CustomerOrder, inState, known, type KnownOrder, of, workMasterStreamOf } from './order-state';
import type { MasterOperation } from '#work-master/work-master.events';
import type { CustomerOrderEvent, PlannedLeg } from './customer-order.events';
import { balanceOf, cancelledBy, completedBy, isSettled, legIn, type Leg, withLeg } from './legs';
import type * as commands from './progress.commands';

export type Events = readonly CustomerOrderEvent[];
type Decide = Decider<typeof commands, CustomerOrder, CustomerOrderEvent>['decide'];

const at = (order: KnownOrder, { leg, facilityId }: Leg) => ({ ...of(order), leg, facilityId });
const balanced = (order: KnownOrder, leg: Leg) => balanceOf(order.demand.quantity, withLeg(order.legs, leg));

/** What a leg's new figures change of an order that is over. */
function corrected(order: KnownOrder, leg: Leg, correctedAt: string): Events {
  const { status, demand, legs } = order;
  const figures = (of: readonly Leg[]) =>
    status === 'Completed' ? completedBy(demand, of) : status === 'Cancelled' ? cancelledBy(of) : undefined;
  const [before, after] = [figures(legs), figures(withLeg(legs, leg))];
  if (!after || JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ type: 'CustomerOrderResultCorrected', data: { ...of(order), ...after, correctedAt } }];
}

export const progress: Decide = {
  RecordPlanChosen: choosePlan,
  RecordCustomerLegStep: ({ leg: n, step, attempt }, state) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    return leg.done.includes(step) ? [] : [{ type: 'CustomerLegStepDone', data: { ...at(order, leg), step, attempt } }];
  },
  RecordCustomerLegRefusal: ({ leg: n, step, undo, attempt, code, message, againAt, blocked }, state, { occurredAt }) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    if (leg.attempts.includes(`${step} ${undo} ${attempt}`)) return [];
    const of = { ...at(order, leg), step, code, message };
    const refused: CustomerOrderEvent = { type: 'CustomerLegStepRefused', data: { ...of, undo, attempt, ...(againAt ? { againAt } : {}) } };
    return blocked ? [refused, { type: 'CompensationBlocked', data: { ...of, attempts: attempt, blockedAt: occurredAt } }] : [refused];
  },
  RecordCustomerLegUndo: ({ leg: n, step }, state) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    return leg.done.includes(step) ? [{ type: 'CustomerLegStepUndone', data: { ...at(order, leg), step } }] : [];
  },
  RecordCustomerLegUndone: ({ leg: n, why }, state) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    if (leg.status === 'Undone') return [];
    rejectPivot(leg);
    return [{ type: 'CustomerLegUndone', data: { ...at(order, leg), why, ...balanced(order, { ...leg, status: 'Undone' }) } }];
  },
  RecordCustomerLegReduced: ({ leg: n, quantity }, state) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    if (compare(leg.quantity, quantity) === 0 || isSettled(leg)) return [];
    const balance = balanced(order, { ...leg, quantity });
    return [{ type: 'CustomerLegReduced', data: { ...at(order, leg), from: leg.quantity, to: quantity, ...balance } }];
  },
  RecordCustomerLegStarted: ({ leg: n }, state, { occurredAt }) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    return leg.status === 'Planned' || leg.status === 'Released'
      ? [{ type: 'CustomerLegStarted', data: { ...at(order, leg), startedAt: occurredAt } }]
      : [];
  },
  RecordCustomerLegEnded: ({ leg: n, good, scrap, rework, takenBack }, state, { occurredAt }) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    const made = { good, scrap, rework };
    const again = leg.status === 'Undone' && takenBack;
    if ((leg.status === 'Undone' && !again) || (leg.made && sameAmounts(leg.made, made))) return [];
    const after: Leg = { ...leg, made, ...(again ? { status: 'Ended' } : {}) };
    const more = again ? { takenBack: true as const } : {};
    const data = { ...at(order, leg), made, ...balanced(order, after), ...more, endedAt: occurredAt };
    return [{ type: 'CustomerLegEnded', data }, ...corrected(order, after, occurredAt)];
  },
  RecordCustomerLegDelivered: ({ leg: n, received, short, damaged, lost, returned }, state, { occurredAt }) => {
    const order = known(state);
    const leg = legIn(order.legs, n);
    const delivery = { received, short, damaged, lost, returned };
    if (!leg.made || (leg.delivery && sameAmounts(leg.delivery, delivery))) return [];
    const after: Leg = { ...leg, delivery };
    const delivered = { ...at(order, leg), delivery, ...balanced(order, after), deliveredAt: occurredAt };
    return [{ type: 'CustomerLegDelivered', data: delivered }, ...corrected(order, after, occurredAt)];
  },
  RecordDecisionAwaited: ({ decisionId, question, options, dueAt }, state) => {
    const order = known(state);
    return Object.hasOwn(order.decisions, decisionId)
      ? []
      : [{ type: 'CustomerOrderDecisionAwaited', data: { ...of(order), decisionId, question, options, dueAt } }];
  },
  RecordDecisionTaken: ({ decisionId, option }, state) => {
    const order = known(state);
    if (Object.hasOwn(order.decisions, decisionId) && order.decisions[decisionId] !== null) return [];
    return [{ type: 'CustomerOrderDecided', data: { ...of(order), decisionId, option } }];
  },
  RecordCustomerOrderCompleted: ({ short }, state, { occurredAt }) => {
    const order = known(state);
    if (order.status === 'Completed') return [];
    inState(order, 'Open', 'Held');
    rejectOpen(order);
    const { unallocated } = balanceOf(order.demand.quantity, order.legs);
    if (!short && isPositive(unallocated))
      throw new Rejected('quantity-short', `${unallocated} ${order.demand.unit} are missing.`, { short: unallocated });
    const figures = completedBy(order.demand, order.legs);
    return [{ type: 'CustomerOrderCompleted', data: { ...of(order), ...figures, completedAt: occurredAt } }];
  },
  RecordCustomerOrderCancelled: (_, state, { occurredAt }) => {
    const order = known(state);
    if (order.status === 'Cancelled') return [];
    inState(order, 'Cancelling');
    rejectOpen(order);
    return [
      {
        type: 'CustomerOrderCancelled',
        data: { ...of(order), reason: order.cancelling, ...cancelledBy(order.legs), cancelledAt: occurredAt },
      },
    ];
  },
};

function choosePlan({ planId, legs: planned }: commands.RecordPlanChosen, state: CustomerOrder, { regarded }: Context): Events {
  const order = known(state);
  if (order.plans.includes(planId)) return [];
  inState(order, 'Open', 'Held');
  const { unallocated } = balanceOf(order.demand.quantity, order.legs);
  const quantity = sum(planned.map((leg) => leg.quantity));
  if (compare(quantity, unallocated) > 0)
    throw new Rejected('plan-outdated', `The plan is for ${quantity}, but ${unallocated} ${order.demand.unit} are left to plan.`, {
      quantity,
      unallocated,
    });
  const elsewhere = planned.find(({ facilityId, capacityId }) => facilityOf(capacityId) !== facilityId);
  if (elsewhere)
    throw new Rejected('wrong-facility', `\`capacityId\` must be in ${elsewhere.facilityId}, was ${elsewhere.capacityId}.`, {
      capacityId: elsewhere.capacityId,
    });
  const first = order.legs.length + 1;
  const legs: PlannedLeg[] = planned.map(({ facilityId, capacityId, quantity: amount, buckets, start, end }, index) => ({
    leg: first + index,
    facilityId,
    capacityId,
    quantity: amount,
    buckets: buckets.map(({ date, minutes }) => ({ date, minutes })),
    ...(start ? { start } : {}),
    ...(end ? { end } : {}),
  }));
  const after = legs.reduce<readonly Leg[]>(
    (all, { leg, facilityId, quantity: amount }) =>
      withLeg(all, { leg, facilityId, quantity: amount, status: 'Planned', done: [], attempts: [] }),
    order.legs,
  );
  const told = regarded?.[workMasterStreamOf(order.customerOrderId, order.demand.product)] as
    Readonly<{ operations?: readonly MasterOperation[] }> | null | undefined;
  const balance = balanceOf(order.demand.quantity, after);
  return [{ type: 'PlanChosen', data: { ...of(order), planId, legs, operations: told?.operations ?? [], ...balance } }];
}

/** @throws Rejected leg-started */
function rejectPivot(leg: Leg): void {
  if (leg.status === 'Planned' || leg.status === 'Released') return;
  throw new Rejected('leg-started', `Leg ${leg.leg} is ${leg.status}: it cannot be undone any more.`, { leg: leg.leg, status: leg.status });
}

/** @throws Rejected legs-open */
function rejectOpen(order: KnownOrder): void {
  const open = order.legs.filter((leg) => !isSettled(leg)).map(({ leg }) => leg);
  if (open.length > 0) throw new Rejected('legs-open', `Legs ${open.join(', ')} are not over.`, { legs: open });
}

const sameAmounts = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).every((key) => compare(a[key]!, b[key]!) === 0);
