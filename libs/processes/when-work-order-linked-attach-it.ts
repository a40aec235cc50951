import type { Message } from '#kernel/decider';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import type { WorkOrderLinked, WorkOrderUnlinked } from '#production-order/production-order.events';
import type * as workOrder from '#work-order/work-order.commands';
import type { WorkOrderReleased } from '#work-order/work-order.events';

type In = WorkOrderLinked | WorkOrderUnlinked | WorkOrderReleased;
type Input = In | TimerFired | CommandRefused;

/** One work order: which production order wants it, and whether it was released without naming one. */
export type Link = Readonly<{ linkedTo?: string; released: boolean }>;

/**
 * A work order may be linked to a production order before or after its release. One that was released without naming its production
 * order is told of it, so that what it makes counts there; one that is unlinked is told that, too.
 */
export const whenWorkOrderLinkedAttachIt: Process<Link, In, Message<typeof workOrder>> = {
  name: 'when-work-order-linked-attach-it',
  initial: { released: false },
  events: ['WorkOrderLinked', 'WorkOrderUnlinked', 'WorkOrderReleased'],
  correlate: ({ type, data }) => (type === 'WorkOrderReleased' && data.productionOrderId !== undefined ? undefined : data.workOrderId),
  evolve: (link: Link, input: Input): Link => {
    switch (input.type) {
      case 'WorkOrderLinked':
        return { ...link, linkedTo: input.data.productionOrderId };
      case 'WorkOrderUnlinked':
        return { released: link.released };
      case 'WorkOrderReleased':
        return { ...link, released: true };
      default:
        return link;
    }
  },
  react: ({ linkedTo, released }, input): readonly Reaction<Message<typeof workOrder>>[] => {
    switch (input.type) {
      case 'WorkOrderLinked':
      case 'WorkOrderReleased':
        return linkedTo && released
          ? [{ send: { type: 'AttachWorkOrder', data: { workOrderId: input.data.workOrderId, productionOrderId: linkedTo } } }]
          : [];
      case 'WorkOrderUnlinked': {
        const { workOrderId, productionOrderId } = input.data;
        return [{ send: { type: 'DetachWorkOrder', data: { workOrderId, productionOrderId } } }];
      }
      default:
        return [];
    }
  },
};
