/** Decisions on the end of an order: complete, stop, abort, cancel, close. */
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { shortfall } from '#manufacturing/tolerance';
import { timeInState, timeOfEnd } from './floor-time';
import { inStateFor, ofOrder, operationIdsOf, released, runningIn, type ReleasedOrder, type WorkOrder } from './job-states';
import { Ending } from './job-states.events';
import { totalsOf } from './operations';
import type * as commands from './work-order.commands';
import type { WorkOrderEvent } from './work-order.events';

type Events = readonly WorkOrderEvent[];

export function complete(_: commands.CompleteWorkOrder, state: WorkOrder, context: Context): Events {
  const known = released(state);
  if (known.status === 'Ended') return [];
  const order = inStateFor('Complete', known);
  const open = order.operations.filter(({ planned, phase }) => planned && phase !== 'Completed').map(({ operationId }) => operationId);
  if (open.length > 0)
    throw new Rejected(
      'operations-open',
      `Operations ${open.join(', ')} are not complete. Complete them, or stop the order to end it early.`,
      { open },
    );
  const short = shortfall(totalsOf(order.operations).good, order.terms.quantity, order.terms);
  if (short)
    throw new Rejected(
      'quantity-short',
      `The order is ${short} ${order.unit} below the lower limit of its tolerance. Report them, or stop the order to end it short.`,
      { short },
    );
  return ended(order, Ending.Completed, undefined, context);
}

export function stop({ reason }: commands.StopWorkOrder, state: WorkOrder, context: Context): Events {
  const known = released(state);
  return known.status === 'Ended' ? [] : ended(inStateFor('Stop', known), Ending.Stopped, reason, context);
}

export function abort({ reason }: commands.AbortWorkOrder, state: WorkOrder, context: Context): Events {
  const known = released(state);
  return known.status === 'Aborted' ? [] : aborted(inStateFor('Abort', known), reason, context);
}

export function close(_: commands.CloseWorkOrder, state: WorkOrder, context: Context): Events {
  const order = inStateFor('Close', state);
  if (order.closed) return [];
  return [{ type: 'WorkOrderClosed', data: { ...ofOrder(order), totals: totals(order), closedAt: timeInState(order, context) } }];
}

export function cancel({ reason }: commands.CancelWorkOrder, state: WorkOrder, { occurredAt }: Context): Events {
  const known = released(state);
  if (known.status === 'Cancelled') return [];
  const order = inStateFor('Cancel', known);
  return [
    { type: 'WorkOrderCancelled', data: { ...ofOrder(order), reason, operationIds: operationIdsOf(order), cancelledAt: occurredAt } },
  ];
}

type Interruptible = Extract<WorkOrder, { status: 'Running' | 'Interrupted' }>;

const totals = (order: ReleasedOrder) => ({ ...totalsOf(order.operations), unit: order.unit });
const stopped = (order: ReleasedOrder): Events =>
  runningIn(order).map(({ operationId, equipmentId }) => ({
    type: 'OperationStopped',
    data: { ...ofOrder(order), operationId, equipmentId },
  }));

export function ended(order: Interruptible, ending: Ending, reason: string | undefined, context: Context): Events {
  const short = shortfall(totalsOf(order.operations).good, order.terms.quantity, order.terms);
  const why = { ...(short ? { short } : {}), ...(reason ? { reason } : {}) };
  return [
    ...stopped(order),
    {
      type: 'WorkOrderEnded',
      data: {
        ...ofOrder(order),
        ending,
        totals: totals(order),
        ...why,
        operationIds: operationIdsOf(order),
        endedAt: timeOfEnd(order, context),
      },
    },
  ];
}

export const aborted = (order: ReleasedOrder, reason: string, context: Context): Events => [
  ...stopped(order),
  {
    type: 'WorkOrderAborted',
    data: { ...ofOrder(order), totals: totals(order), reason, operationIds: operationIdsOf(order), abortedAt: timeOfEnd(order, context) },
  },
];
