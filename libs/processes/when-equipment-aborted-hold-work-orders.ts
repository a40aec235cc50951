import type { Message } from '#kernel/decider';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import type { EquipmentStateChanged, EquipmentStateObserved, PackmlState } from '#equipment/equipment.events';
import type * as workOrder from '#work-order/work-order.commands';
import type { EquipmentHoldLifted, OperationCompleted, OperationStarted, OperationStopped } from '#work-order/work-order.events';

type In = EquipmentStateChanged | EquipmentStateObserved | OperationStarted | OperationCompleted | OperationStopped | EquipmentHoldLifted;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof workOrder>;

/** One machine and the work orders on it. */
export type MachineWatch = Readonly<{
  equipmentId?: string;
  down: boolean;
  /** What the last input meant for the machine. */
  turned: 'down' | 'up' | 'neither';
  /** Work orders with operations under way on the machine, and how long a hold may last before a supervisor is asked. */
  running: Readonly<Record<string, Readonly<{ operations: readonly string[]; minutes: number }>>>;
  /** Work orders that stand still for the machine; true once a supervisor was asked. */
  held: Readonly<Record<string, boolean>>;
  /** Work orders told to go on, until they say that they did: in the log that may come after the next abort. */
  resuming: readonly string[];
  /** Work orders to be told now. */
  toResume: readonly string[];
}>;

const DOWN: readonly PackmlState[] = ['Aborting', 'Aborted'];
/** A machine is back when it could take work again: clearing and resetting are not yet that. */
const BACK: readonly PackmlState[] = ['Idle', 'Starting', 'Execute'];

const timerOf = (workOrderId: string) => `return of the machine for ${workOrderId}`;

/**
 * When a machine aborts, the work orders that run on it are held. When it is back within the time that the order allows (30 minutes
 * unless its release says otherwise) they are resumed; else a supervisor is asked, and decides.
 */
export const whenEquipmentAbortedHoldWorkOrders: Process<MachineWatch, In, Out> = {
  name: 'when-equipment-aborted-hold-work-orders',
  initial: { down: false, turned: 'neither', running: {}, held: {}, resuming: [], toResume: [] },
  events: [
    'EquipmentStateChanged',
    'EquipmentStateObserved',
    'OperationStarted',
    'OperationCompleted',
    'OperationStopped',
    'EquipmentHoldLifted',
  ],
  correlate: ({ type, data }) => {
    const state = stateIn({ type, data } as In);
    // Of the many states that machines report, only those that take work away or let it go on concern this process.
    if (state === 'unconcerned') return undefined;
    return data.equipmentId;
  },
  evolve,
  react,
};

function evolve(before: MachineWatch, input: Input): MachineWatch {
  const watch: MachineWatch = { ...before, turned: 'neither', toResume: [] };
  switch (input.type) {
    case 'EquipmentStateChanged':
    case 'EquipmentStateObserved': {
      const state = stateIn(input);
      const { equipmentId } = input.data;
      if (state === 'down' && !watch.down)
        return { ...watch, equipmentId, down: true, turned: 'down', held: { ...allHeld(watch), ...watch.held } };
      if (state === 'back' && watch.down) {
        const toResume = notAsked(watch);
        const held = Object.fromEntries(Object.entries(watch.held).filter(([, asked]) => asked));
        return { ...watch, equipmentId, down: false, turned: 'up', held, toResume, resuming: [...watch.resuming, ...toResume] };
      }
      return { ...watch, equipmentId };
    }
    case 'OperationStarted': {
      const { workOrderId, operationId, equipmentId, resumeWithinMinutes: minutes } = input.data;
      const operations = [...(watch.running[workOrderId]?.operations ?? []), operationId];
      const held = watch.down ? { [workOrderId]: false, ...watch.held } : watch.held;
      return { ...watch, equipmentId, running: { ...watch.running, [workOrderId]: { operations, minutes } }, held };
    }
    case 'OperationCompleted':
    case 'OperationStopped': {
      const { workOrderId, operationId } = input.data;
      const run = watch.running[workOrderId];
      const operations = run?.operations.filter((other) => other !== operationId) ?? [];
      if (run && operations.length > 0) return { ...watch, running: { ...watch.running, [workOrderId]: { ...run, operations } } };
      return { ...watch, running: without(watch.running, workOrderId), held: without(watch.held, workOrderId) };
    }
    case 'EquipmentHoldLifted': {
      const { workOrderId } = input.data;
      if (watch.resuming.includes(workOrderId)) return { ...watch, resuming: withoutFirst(watch.resuming, workOrderId) };
      return { ...watch, held: without(watch.held, workOrderId) };
    }
    case 'TimerFired': {
      const late = Object.keys(watch.held).find((workOrderId) => timerOf(workOrderId) === input.data.timer);
      return late !== undefined ? { ...watch, held: { ...watch.held, [late]: true } } : watch;
    }
    case 'CommandRefused': {
      const { command, target } = input.data;
      if (command === 'ResumeWorkOrder') return { ...watch, resuming: withoutFirst(watch.resuming, target) };
      return command === 'HoldWorkOrder' ? { ...watch, held: without(watch.held, target) } : watch;
    }
  }
}

function react(watch: MachineWatch, input: Input, at: string): readonly Reaction<Out>[] {
  const equipmentId = watch.equipmentId!;
  switch (input.type) {
    case 'EquipmentStateChanged':
    case 'EquipmentStateObserved':
      // A machine whose clock runs ahead must not put the question off: what counts is the time that was taken for its.
      if (watch.turned === 'down') return notAsked(watch).flatMap((workOrderId) => hold(workOrderId, equipmentId, watch, input.data.at));
      return watch.toResume.flatMap((workOrderId): Reaction<Out>[] => [
        { forget: timerOf(workOrderId) },
        { send: { type: 'ResumeWorkOrder', data: { workOrderId, heldFor: equipmentId } } },
      ]);
    case 'OperationStarted':
      return watch.down ? hold(input.data.workOrderId, equipmentId, watch, at) : [];
    case 'OperationCompleted':
    case 'OperationStopped':
    case 'EquipmentHoldLifted': {
      const { workOrderId } = input.data;
      return workOrderId in watch.held ? [] : [{ forget: timerOf(workOrderId) }];
    }
    case 'TimerFired': {
      const late = Object.keys(watch.held).find((workOrderId) => watch.held[workOrderId] && timerOf(workOrderId) === input.data.timer);
      if (late === undefined) return [];
      const question = `${equipmentId} has not returned in time. What becomes of the order?`;
      return [{ send: { type: 'RequestSupervisorDecision', data: { workOrderId: late, equipmentId, question } } }];
    }
    case 'CommandRefused':
      return input.data.command === 'HoldWorkOrder' ? [{ forget: timerOf(input.data.target) }] : [];
  }
}

const hold = (workOrderId: string, equipmentId: string, { running }: MachineWatch, at: string): Reaction<Out>[] => {
  const minutes = running[workOrderId]?.minutes ?? 30;
  return [
    { send: { type: 'HoldWorkOrder', data: { workOrderId, cause: 'Equipment', equipmentId, reason: `${equipmentId} aborted` } } },
    { remind: timerOf(workOrderId), at: new Date(Date.parse(at) + minutes * 60_000).toISOString() },
  ];
};

function stateIn(input: In): 'down' | 'back' | 'unconcerned' | undefined {
  if (input.type !== 'EquipmentStateChanged' && input.type !== 'EquipmentStateObserved') return undefined;
  const state = input.type === 'EquipmentStateChanged' ? input.data.to : input.data.applied ? input.data.state : null;
  return state === null ? 'unconcerned' : DOWN.includes(state) ? 'down' : BACK.includes(state) ? 'back' : 'unconcerned';
}

const notAsked = ({ held }: MachineWatch) => Object.keys(held).filter((workOrderId) => !held[workOrderId]);
const withoutFirst = (list: readonly string[], item: string) => list.filter((_, index) => index !== list.indexOf(item));
const allHeld = ({ running }: MachineWatch) => Object.fromEntries(Object.keys(running).map((workOrderId) => [workOrderId, false]));
const without = <T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));
