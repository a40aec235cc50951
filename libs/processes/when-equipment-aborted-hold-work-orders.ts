import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import { ABORT, type EquipmentStateChanged, type EquipmentStateObserved, READY } from '#equipment/equipment.events';
import type * as holds from '#work-order/hold.commands';
import type { EquipmentHoldLifted, OperationCompleted, OperationStarted, OperationStopped } from '#work-order/work-order.events';

type In = EquipmentStateChanged | EquipmentStateObserved | OperationStarted | OperationCompleted | OperationStopped | EquipmentHoldLifted;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof holds>;

type Run = Readonly<{ operations: readonly string[]; since: string; minutes: number }>;
type Hold = Readonly<{
  /** Floor times of the hold for the machine and of the question to the supervisor. */
  since: string;
  due: string;
  asked: boolean;
  /** A supervisor was asked about an earlier absence and has not decided. */
  undecided: boolean;
  /** The order was resumed before the machine returned. */
  lifted: boolean;
}>;
type ByOrder<T> = Readonly<Record<string, T>>;

/** One machine and the work orders on it. All times are floor times, ISO 8601 UTC. */
export type MachineWatch = Readonly<{
  equipmentId: string;
  /** When it went down; null while it is up. */
  downSince: string | null;
  /** Work orders with operations under way on the machine. */
  running: ByOrder<Run>;
  /** Work orders that were held for the machine. Kept after its return where a supervisor was asked. */
  held: ByOrder<Hold>;
  /** The consequences of the last input, by work order: the floor time at which to hold it, resume it, or ask about it. */
  toHold: ByOrder<string>;
  toResume: ByOrder<string>;
  toAsk: ByOrder<string>;
  /** An interruption that became known when it was over: from when, and until when. */
  toInsert: ByOrder<readonly [from: string, until: string]>;
  /** Work orders whose timer is no longer needed. */
  toForget: readonly string[];
}>;

const nothing = { toHold: {}, toResume: {}, toAsk: {}, toInsert: {}, toForget: [] };
const initial: MachineWatch = { equipmentId: '', downSince: null, running: {}, held: {}, ...nothing };

/**
 * When a machine aborts, the work orders that run on it are held. When it is back within the time that the order allows (`resumeWithinMinutes`
 * of its release, else RESUME_WITHIN_MINUTES of work-order/holds.ts) they are resumed; else a supervisor is asked, and decides. All is judged by floor time: a return
 * that is reported late counts from when it was; an abort that is reported when the machine works again holds and resumes the orders at their floor times,
 * and nobody is asked. The decider of the work order knows whether it is still held for this machine: the process names the
 * machine in its commands (`heldFor`), and they change nothing where somebody was faster.
 */
export const whenEquipmentAbortedHoldWorkOrders: Process<MachineWatch, In, Out> = {
  name: 'when-equipment-aborted-hold-work-orders',
  initial,
  events: [
    'EquipmentStateChanged',
    'EquipmentStateObserved',
    'OperationStarted',
    'OperationCompleted',
    'OperationStopped',
    'EquipmentHoldLifted',
  ],
  status: ({ downSince, held }) =>
    Object.values(held).some(({ asked }) => asked)
      ? 'a supervisor decides'
      : downSince === null
        ? 'the machine is up'
        : Object.keys(held).length > 0
          ? 'work orders wait for the machine'
          : 'the machine is down',
  isOver: ({ downSince, running, held }) => downSince === null && Object.keys(running).length === 0 && Object.keys(held).length === 0,
  correlate: (event) => {
    const { equipmentId } = event.data;
    // Only states that interrupt work or allow it again concern this process.
    if (!atHome(event, equipmentId) || (stateIn(event) === 'unconcerned' && !lateAbort(event))) return undefined;
    return equipmentId;
  },
  evolve,
  react: ({ equipmentId, held, toHold, toResume, toAsk, toInsert, toForget }, { type }, at) => [
    ...each(toInsert, (workOrderId, [from, until]): Reaction<Out>[] => [
      holdOf(equipmentId, workOrderId, from),
      { send: { type: 'ResumeWorkOrder', data: { workOrderId, heldFor: equipmentId, occurredAt: until } } },
    ]),
    ...each(toHold, (workOrderId, occurredAt): Reaction<Out>[] => [
      holdOf(equipmentId, workOrderId, occurredAt),
      { remind: timerOf(workOrderId), at: held[workOrderId]!.due },
    ]),
    ...toForget.map((workOrderId) => ({ forget: timerOf(workOrderId) })),
    ...each(toResume, (workOrderId, from): Reaction<Out>[] => {
      const occurredAt = type === 'OperationCompleted' ? later(utc(at), from) : from;
      return [{ send: { type: 'ResumeWorkOrder', data: { workOrderId, heldFor: equipmentId, occurredAt } } }];
    }),
    ...each(toAsk, (workOrderId, occurredAt): Reaction<Out>[] => [
      { send: { type: 'RequestSupervisorDecision', data: { workOrderId, equipmentId, question: questionOf(equipmentId), occurredAt } } },
    ]),
  ],
};

function evolve(before: MachineWatch, input: Input): MachineWatch {
  const watch: MachineWatch = { ...before, ...nothing };
  switch (input.type) {
    case 'EquipmentStateChanged':
    case 'EquipmentStateObserved': {
      const { equipmentId, at } = input.data;
      const state = stateIn(input);
      const late = lateAbort(input);
      if (late) return wasDown({ ...watch, equipmentId }, at, late.readyAgain);
      if (state === 'down' && watch.downSince === null) return goesDown({ ...watch, equipmentId, downSince: at });
      if (state === 'back' && watch.downSince !== null) return isBack({ ...watch, equipmentId, downSince: null }, at);
      return { ...watch, equipmentId };
    }
    case 'OperationStarted': {
      const { workOrderId, operationId, equipmentId, resumeWithinMinutes: minutes } = input.data;
      const operations = [...(watch.running[workOrderId]?.operations ?? []), operationId];
      const running = { ...watch.running, [workOrderId]: { operations, minutes, since: utc(input.data.startedAt) } };
      const started = { ...watch, equipmentId, running };
      return started.downSince === null ? started : holding(started, workOrderId, started.downSince);
    }
    case 'OperationCompleted':
    case 'OperationStopped': {
      const { workOrderId, operationId } = input.data;
      const run = watch.running[workOrderId];
      const operations = run?.operations.filter((other) => other !== operationId) ?? [];
      if (run && operations.length > 0) return { ...watch, running: { ...watch.running, [workOrderId]: { ...run, operations } } };
      return leaves({ ...watch, running: without(watch.running, workOrderId) }, workOrderId, input.type === 'OperationStopped');
    }
    case 'EquipmentHoldLifted': {
      const { workOrderId, liftedAt } = input.data;
      const hold = watch.held[workOrderId];
      // The log may hold the end of an earlier hold after the beginning of this one.
      return hold && utc(liftedAt) > hold.since ? withHold(watch, workOrderId, { ...hold, lifted: true }) : watch;
    }
    case 'TimerFired': {
      const [workOrderId, hold] = Object.entries(watch.held).find(([each]) => timerOf(each) === input.data.timer) ?? [];
      if (!workOrderId || !hold || hold.asked) return watch;
      return { ...withHold(watch, workOrderId, { ...hold, asked: true }), toAsk: { [workOrderId]: hold.due } };
    }
    case 'CommandRefused': {
      const { command, target } = input.data;
      return command === 'HoldWorkOrder' ? { ...watch, held: without(watch.held, target), toForget: [target] } : watch;
    }
    default:
      return watch;
  }
}

const goesDown = (watch: MachineWatch): MachineWatch =>
  Object.keys(watch.running).reduce((next, workOrderId) => holding(next, workOrderId, watch.downSince!), watch);

/** An abort of the past. What came after it stays; orders that are held for the machine, or have left it since, are left alone. */
function wasDown(watch: MachineWatch, at: string, readyAgain: string | null): MachineWatch {
  if (watch.downSince !== null) return watch;
  if (readyAgain === null) return goesDown({ ...watch, downSince: at });
  const interrupted = Object.entries(watch.running).filter(([order, { since }]) => since < readyAgain && !(order in watch.held));
  return { ...watch, toInsert: Object.fromEntries(interrupted.map(([order, { since }]) => [order, [later(at, since), readyAgain]])) };
}

/** An order cannot be held for the machine before it runs there. An open question stays open. */
function holding(watch: MachineWatch, workOrderId: string, downSince: string): MachineWatch {
  const { since: runsSince, minutes } = watch.running[workOrderId]!;
  const before = watch.held[workOrderId];
  const since = later(downSince, runsSince);
  const due = new Date(Date.parse(since) + minutes * 60_000).toISOString();
  const undecided = before !== undefined && (before.asked || before.undecided) && !before.lifted;
  const hold = { since, due, asked: false, undecided, lifted: false };
  return { ...withHold(watch, workOrderId, hold), toHold: { ...watch.toHold, [workOrderId]: since } };
}

/**
 * Orders whose machine returned in time go on, also where the question came before the late report of the return. About the others a
 * supervisor is asked, unless that is done; the answer may take long, so they stay in mind.
 */
function isBack(before: MachineWatch, at: string): MachineWatch {
  return Object.entries(before.held).reduce((watch, [workOrderId, hold]) => {
    const next = hold.asked ? watch : { ...watch, toForget: [...watch.toForget, workOrderId] };
    if (at <= hold.due && !hold.undecided)
      return { ...next, held: without(next.held, workOrderId), toResume: { ...next.toResume, [workOrderId]: later(at, hold.since) } };
    if (hold.asked) return next;
    const asked = withHold(next, workOrderId, { ...hold, asked: true });
    return { ...asked, toAsk: { ...next.toAsk, [workOrderId]: at <= hold.due ? later(at, hold.since) : hold.due } };
  }, before);
}

/** The order has no operation on the machine any more: hold and question are withdrawn. */
function leaves(watch: MachineWatch, workOrderId: string, over: boolean): MachineWatch {
  const hold = watch.held[workOrderId];
  if (!hold) return watch;
  const next = { ...watch, held: without(watch.held, workOrderId), toForget: hold.asked ? [] : [workOrderId] };
  return over ? next : { ...next, toResume: { [workOrderId]: hold.since } };
}

function stateIn(input: In): 'down' | 'back' | 'unconcerned' | undefined {
  if (input.type !== 'EquipmentStateChanged' && input.type !== 'EquipmentStateObserved') return undefined;
  const state = input.type === 'EquipmentStateChanged' ? input.data.to : input.data.applied ? input.data.state : null;
  return state === null ? 'unconcerned' : ABORT.includes(state) ? 'down' : READY.includes(state) ? 'back' : 'unconcerned';
}

/** When the machine was ready again, of an abort that is told after a later state. */
function lateAbort({ type, data }: In): Readonly<{ readyAgain: string | null }> | undefined {
  if (type !== 'EquipmentStateObserved' || !data.within || data.within.readyAgain === undefined) return undefined;
  const { readyAgain, state } = data.within;
  return ABORT.includes(state) ? undefined : { readyAgain };
}

const holdOf = (equipmentId: string, workOrderId: string, occurredAt: string): Reaction<Out> => ({
  send: { type: 'HoldWorkOrder', data: { workOrderId, cause: 'Equipment', equipmentId, reason: `${equipmentId} aborted`, occurredAt } },
});

const timerOf = (workOrderId: string) => `return of the machine for ${workOrderId}`;
const questionOf = (equipmentId: string) => `${equipmentId} has not returned in time. What becomes of the order?`;
const withHold = (watch: MachineWatch, workOrderId: string, hold: Hold): MachineWatch => ({
  ...watch,
  held: { ...watch.held, [workOrderId]: hold },
});
const utc = (instant: string) => new Date(instant).toISOString();
const later = (a: string, b: string) => (a > b ? a : b);
const each = <V, T>(record: ByOrder<V>, make: (workOrderId: string, at: V) => readonly T[]) =>
  Object.entries(record).flatMap(([workOrderId, at]) => make(workOrderId, at));
const without = <T>(record: ByOrder<T>, key: string): ByOrder<T> =>
  Object.fromEntries(Object.entries(record).filter(([other]) => other !== key));
