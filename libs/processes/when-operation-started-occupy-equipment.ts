import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, TimerFired } from '#kernel/process';
import type * as equipment from '#equipment/equipment.commands';
import type { EquipmentAssigned, EquipmentUnassigned } from '#equipment/equipment.events';
import type {
  OperationCompleted,
  OperationStarted,
  OperationStopped,
  WorkOrderAborted,
  WorkOrderCancelled,
  WorkOrderEnded,
} from '#work-order/work-order.events';

type In =
  | OperationStarted
  | OperationCompleted
  | OperationStopped
  | WorkOrderEnded
  | WorkOrderAborted
  | WorkOrderCancelled
  | EquipmentAssigned
  | EquipmentUnassigned;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof equipment>;

/** One work order and its machines. */
export type Machines = Readonly<{
  workOrderId: string;
  /** Operations under way, by machine. */
  running: Readonly<Record<string, readonly string[]>>;
  /** The machines that people assigned to it: it keeps them until it is over. */
  assigned: readonly string[];
  over: boolean;
  /** Consequences of the last input. */
  takes: readonly Readonly<{ equipmentId: string; load?: number; batchKey?: string }>[];
  leaves: readonly string[];
}>;

/**
 * A work order has a machine while an operation of it runs there, and one that people assigned to it until the order is over. Whether there was
 * room is decided when the operation starts, by what the machine says then; of two that start in the same moment the machine flags the second.
 */
export const whenOperationStartedOccupyEquipment: Process<Machines, In, Out> = {
  name: 'when-operation-started-occupy-equipment',
  initial: { workOrderId: '', running: {}, assigned: [], over: false, takes: [], leaves: [] },
  events: [
    'OperationStarted',
    'OperationCompleted',
    'OperationStopped',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
    'EquipmentAssigned',
    'EquipmentUnassigned',
  ],
  status: ({ over, running, assigned }) =>
    over
      ? 'the order is over'
      : Object.keys(running).length > 0
        ? 'work is under way'
        : assigned.length > 0
          ? 'machines are assigned'
          : 'no machine is taken',
  isOver: ({ over }) => over,
  correlate: (event) => {
    const { workOrderId } = event.data;
    // What this process itself brought about is no news to it.
    if (event.type === 'EquipmentAssigned' && event.data.byStart) return undefined;
    if (event.type === 'EquipmentUnassigned' && event.metadata.command === 'RecordJobEnded') return undefined;
    const equipmentId = 'equipmentId' in event.data ? event.data.equipmentId : workOrderId;
    return atHome(event, workOrderId, equipmentId) ? workOrderId : undefined;
  },
  evolve,
  react: ({ workOrderId, takes, leaves }) => [
    ...takes.map((job) => ({ send: { type: 'RecordJobBegun' as const, data: { workOrderId, ...job } } })),
    ...leaves.map((equipmentId) => ({ send: { type: 'RecordJobEnded' as const, data: { equipmentId, workOrderId } } })),
  ],
};

function evolve(before: Machines, input: Input): Machines {
  const order: Machines = { ...before, takes: [], leaves: [] };
  switch (input.type) {
    case 'OperationStarted': {
      const { workOrderId, operationId, equipmentId, load, batchKey } = input.data;
      const at = order.running[equipmentId] ?? [];
      const job = { equipmentId, ...(load === undefined ? {} : { load }), ...(batchKey === undefined ? {} : { batchKey }) };
      return {
        ...order,
        workOrderId,
        running: { ...order.running, [equipmentId]: [...at, operationId] },
        takes: at.length > 0 ? [] : [job],
      };
    }
    case 'OperationCompleted':
    case 'OperationStopped': {
      const { workOrderId, operationId, equipmentId } = input.data;
      const left = (order.running[equipmentId] ?? []).filter((other) => other !== operationId);
      if (left.length > 0) return { ...order, workOrderId, running: { ...order.running, [equipmentId]: left } };
      const keeps = order.assigned.includes(equipmentId);
      return { ...order, workOrderId, running: without(order.running, equipmentId), leaves: keeps ? [] : [equipmentId] };
    }
    case 'WorkOrderEnded':
    case 'WorkOrderAborted':
    case 'WorkOrderCancelled': {
      const leaves = [...new Set([...Object.keys(order.running), ...order.assigned])];
      return { ...order, workOrderId: input.data.workOrderId, running: {}, assigned: [], over: true, leaves };
    }
    case 'EquipmentAssigned': {
      const { workOrderId, equipmentId } = input.data;
      if (order.over) return { ...order, leaves: [equipmentId] };
      return { ...order, workOrderId, assigned: [...order.assigned.filter((other) => other !== equipmentId), equipmentId] };
    }
    case 'EquipmentUnassigned':
      return { ...order, assigned: order.assigned.filter((other) => other !== input.data.equipmentId) };
    default:
      return order;
  }
}

const without = <T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));
