import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import type * as productionOrder from '#production-order/production-order.commands';
import type { WorkOrderLinked, WorkOrderUnlinked } from '#production-order/production-order.events';
import type * as workOrder from '#work-order/work-order.commands';
import type { WorkOrderReleased } from '#work-order/work-order.events';

type In = WorkOrderLinked | WorkOrderUnlinked | WorkOrderReleased;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof workOrder> | Message<typeof productionOrder>;

/** One work order and the production order that it works for. */
export type Link = Readonly<{
  workOrderId: string;
  released: boolean;
  /** The production order that its release names, until that one unlinks it. */
  named?: string;
  /** The production order whose leg it is: the one that its release names, else the first that linked it. */
  linkedTo?: string;
  /** The production order whose leg it is no more, since the last input named another. */
  given?: string;
}>;

/**
 * A work order may be linked to a production order before or after its release. One whose release names no production order learns of it,
 * so that what it makes counts there; one that is unlinked learns that, too. It works for one production order only: what another one
 * links is unlinked there again.
 */
export const whenWorkOrderLinkedAttachIt: Process<Link, In, Out> = {
  name: 'when-work-order-linked-attach-it',
  initial: { workOrderId: '', released: false },
  events: ['WorkOrderLinked', 'WorkOrderUnlinked', 'WorkOrderReleased'],
  status: ({ released, linkedTo }) =>
    linkedTo === undefined ? 'not linked' : released ? 'works for its production order' : 'waits for its release',
  isOver: ({ released, linkedTo }) => released || linkedTo === undefined,
  correlate: (event) => {
    const { workOrderId, productionOrderId = workOrderId } = event.data;
    return atHome(event, workOrderId, productionOrderId) ? workOrderId : undefined;
  },
  evolve: ({ given: _, ...link }: Link, input: Input): Link => {
    switch (input.type) {
      case 'WorkOrderLinked': {
        const { workOrderId, productionOrderId } = input.data;
        return { ...link, workOrderId, linkedTo: link.linkedTo ?? link.named ?? productionOrderId };
      }
      case 'WorkOrderUnlinked': {
        const { named, linkedTo, ...rest } = link;
        const others = (id: string | undefined) => (id === input.data.productionOrderId ? undefined : id);
        return { ...rest, workOrderId: input.data.workOrderId, ...defined({ named: others(named), linkedTo: others(linkedTo) }) };
      }
      case 'WorkOrderReleased': {
        const { workOrderId, productionOrderId } = input.data;
        const known = { ...link, workOrderId, released: true };
        if (productionOrderId === undefined) return known;
        const moved = link.linkedTo !== undefined && link.linkedTo !== productionOrderId;
        return { ...known, named: productionOrderId, linkedTo: productionOrderId, ...(moved ? { given: link.linkedTo } : {}) };
      }
      default:
        return link;
    }
  },
  react: ({ workOrderId, released, named, linkedTo, given }, input): readonly Reaction<Out>[] => {
    switch (input.type) {
      case 'WorkOrderLinked':
        if (linkedTo !== input.data.productionOrderId)
          return [unlink(input.data.productionOrderId, workOrderId, `It works for ${linkedTo}.`)];
        return released && named !== linkedTo ? [attach(workOrderId, linkedTo)] : [];
      case 'WorkOrderReleased':
        if (given !== undefined) return [unlink(given, workOrderId, `It was released for ${linkedTo}.`)];
        return linkedTo !== undefined && named === undefined ? [attach(workOrderId, linkedTo)] : [];
      case 'WorkOrderUnlinked':
        return [{ send: { type: 'DetachWorkOrder', data: { workOrderId, productionOrderId: input.data.productionOrderId } } }];
      case 'CommandRefused': {
        const { command, code, message } = input.data;
        if (command !== 'AttachWorkOrder' || linkedTo === undefined) return [];
        return [unlink(linkedTo, workOrderId, `${code}: ${message}`.slice(0, 500))];
      }
      default:
        return [];
    }
  },
};

const attach = (workOrderId: string, productionOrderId: string): Reaction<Out> => ({
  send: { type: 'AttachWorkOrder', data: { workOrderId, productionOrderId } },
});
const unlink = (productionOrderId: string, workOrderId: string, reason: string): Reaction<Out> => ({
  send: { type: 'UnlinkWorkOrder', data: { productionOrderId, workOrderId, reason } },
  undo: true,
});
const defined = <T extends object>(record: T): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
