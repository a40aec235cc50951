import { atHome } from '#kernel/identity';
import type { Process, Reaction } from '#kernel/process';
import { readDecisionId, readLegId, readTransferId } from '#manufacturing/order-ids';
import { fold } from './fulfilment/inputs';
import type { In, Input, Out } from './fulfilment/messages';
import { next, commandFor } from './fulfilment/next';
import { awaitsBatch, type Fulfilment, initial, isOpen } from './fulfilment/state';

/**
 * A customer order is planned, reserved, released, tracked, shipped and completed over its plants, and what can be undone is undone where a
 * plant refuses, falls short or the customer changes their mind. The steps of a leg stand beside their undo in fulfilment/steps.ts; what
 * an answer means, also a plan that places nothing, is in fulfilment/inputs.ts; what comes next follows from the state (fulfilment/next.ts), and
 * when people are asked, in fulfilment/settle.ts. It asks one thing at a time. Everything that it does is recorded on the order.
 */
export const whenCustomerOrderPlacedFulfilIt: Process<Fulfilment, In, Out> = {
  version: 4,
  name: 'when-customer-order-placed-fulfil-it',
  initial: { ...initial, edition: 4 },
  migrate: (state) => ({ ...(state as Fulfilment), edition: 4 }),
  events: [
    'CustomerOrderPlaced',
    'CustomerOrderAmended',
    'CustomerOrderHeld',
    'CustomerOrderResumed',
    'CustomerOrderCancellationRequested',
    'PlanChosen',
    'CompensationRetried',
    'CompensationSettled',
    'AllocationProposed',
    'DecisionMade',
    'DecisionWithdrawn',
    'WorkOrderStarted',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
    'LegCorrected',
    'TransferShipped',
    'TransferClosed',
    'TransferCancelled',
  ],
  spansFacilities: true,
  hearsAccepted: true,
  correlate: (event) => {
    const { type, data } = event;
    switch (type) {
      case 'DecisionMade':
      case 'DecisionWithdrawn':
        return atHome(event, data.decisionId) ? readDecisionId(data.decisionId)?.customerOrderId : undefined;
      case 'TransferShipped':
      case 'TransferClosed':
      case 'TransferCancelled':
        return atHome(event, data.transferId) ? readTransferId(data.transferId)?.customerOrderId : undefined;
      case 'WorkOrderStarted':
      case 'WorkOrderEnded':
      case 'WorkOrderAborted':
      case 'WorkOrderCancelled':
      case 'LegCorrected':
        return atHome(event, data.workOrderId) ? readLegId(data.workOrderId)?.customerOrderId : undefined;
      default:
        return atHome(event, data.customerOrderId) ? data.customerOrderId : undefined;
    }
  },
  evolve: (state: Fulfilment, input: Input): Fulfilment => {
    const folded = fold(state, input);
    const doing = next(folded);
    return doing ? { ...folded, doing } : folded;
  },
  react: (state, _, at): readonly Reaction<Out>[] => [
    ...state.timers.map((timer) => ({
      remind: timer.name,
      at: 'at' in timer ? timer.at : new Date(Date.parse(at) + timer.minutes * 60_000).toISOString(),
    })),
    ...(state.doing ? [{ send: commandFor(state, state.doing, at) }] : []),
  ],
  status: (state) => {
    const { demand, status, held, question, legs, planning } = state;
    if (!demand) return 'not placed';
    if (status === 'over') return 'over';
    if (legs.some(({ waits }) => waits === 'person')) return 'a compensation waits for a person';
    if (question?.asked) return 'a person decides';
    if (status === 'cancelling') return 'being cancelled';
    if (held) return 'held';
    if (awaitsBatch(state)) return 'waits for a plan of many orders';
    if (planning !== 'idle') return 'being planned';
    return legs.some((leg) => isOpen(leg) && leg.started) ? 'plants are at work' : 'legs are arranged';
  },
  isOver: ({ status, notes }) => status === 'over' && notes.length === 0,
};

/** For orders that were placed under it: a planned transfer keeps its quantity when what was made is corrected. */
export const whenCustomerOrderPlacedFulfilItV3: Process<Fulfilment, In, Out> = {
  ...whenCustomerOrderPlacedFulfilIt,
  version: 3,
  initial: { ...initial, edition: 3 },
  migrate: (state) => ({ ...(state as Fulfilment), edition: 3 }),
};

/** For orders that were placed under it: what is reported for a leg that was taken back is stock of its plant, without a question. */
export const whenCustomerOrderPlacedFulfilItV2: Process<Fulfilment, In, Out> = {
  ...whenCustomerOrderPlacedFulfilIt,
  version: 2,
  initial: { ...initial, edition: 2 },
  migrate: (state) => ({ ...(state as Fulfilment), edition: 2 }),
};

/** For orders that were placed under it: reservations last until they are released, and a question may replace another. */
export const whenCustomerOrderPlacedFulfilItV1: Process<Fulfilment, In, Out> = { ...whenCustomerOrderPlacedFulfilIt, version: 1, initial };
