/** Changes of an order on which work may be under way: how much, and when. Everything else stays as it was when it started (I11). */
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { excess } from '#manufacturing/tolerance';
import { inStateFor, ofOrder, type WorkOrder } from './job-states';
import { checked, optional, same } from './terms';
import type * as commands from './work-order.commands';
import type { WorkOrderEvent } from './work-order.events';

export function amend(command: commands.AmendWorkOrder, state: WorkOrder, { occurredAt }: Context): readonly WorkOrderEvent[] {
  const order = inStateFor('Amend', state);
  const { quantity, plannedStart, plannedEnd, reason } = command;
  const { terms: from, workOrderId } = order;
  if (quantity && quantity.unit !== from.unit)
    throw new Rejected('unit-incompatible', `The unit must stay ${from.unit}, was ${quantity.unit}.`, { unit: from.unit });
  const to = checked(
    { ...from, ...optional({ workOrderId, plannedStart, plannedEnd }), quantity: quantity?.amount ?? from.quantity },
    workOrderId,
  );
  if (same(from, to)) return [];
  const made = order.operations.find(({ good }) => quantity && excess(good, to.quantity, to));
  if (made)
    throw new Rejected('quantity-below-made', `Operation ${made.operationId} has made ${made.good} ${from.unit}; ${to.quantity} is less.`, {
      operationId: made.operationId,
      good: made.good,
      quantity: to.quantity,
    });
  return [{ type: 'WorkOrderAmended', data: { ...ofOrder(order), from, to, reason, amendedAt: occurredAt } }];
}
