import { Rejected } from '#kernel/rejected';
import { NO_TOLERANCE, type Tolerance } from '#manufacturing/tolerance';
import type { Unit } from '#manufacturing/quantity';
import type { Reading } from './counter';
import type { Ledger } from './ledger-entry';
import { runningOf, type Operation } from './operations';
import { Ending, JobState, type HoldCause, type Interruption, type Readiness } from './job-states.events';
import type { RunningOperation, Terms } from './work-order.events';

/** What is known of any order, released or only observed. */
export type Seen = Readonly<{
  workOrderId: string;
  productionOrderId?: string;
  product?: string;
  /** Ordered amount; absent for an observed order without one. */
  ordered?: string;
  unit: Unit;
  operations: readonly Operation[];
  ledger: Ledger;
  counters: Readonly<Record<string, Reading>>;
}>;
type Released = Seen &
  Readonly<{
    terms: Terms;
    releasedAt: string;
    startedAt?: string;
    /** When its present state began on the floor; absent before its start. */
    since?: string;
  }>;

type In<S extends JobState, More = object> = Released & Readonly<{ status: S }> & Readonly<More>;

type Interrupted = Readonly<{
  interruption: Interruption;
  cause: HoldCause;
  /** The machines that it is held for. */
  equipmentIds: readonly string[];
  /** The machines about which a supervisor is asked; '' where the question names none. */
  asked: readonly string[];
}>;

/** A job order by its state (OPC 10031-4 v2), with the fields of that state. */
export type WorkOrder =
  | Readonly<{ status: 'Unknown' }>
  | (Seen & Readonly<{ status: 'Observed' }>)
  | In<'NotAllowedToStart'>
  | In<'AllowedToStart', { readiness: Readiness; blockers: readonly string[] }>
  | In<'Running'>
  | In<'Interrupted', Interrupted>
  | In<'Ended', { ending: Ending; closed: boolean }>
  | In<'Aborted', { closed: boolean }>
  | In<'Cancelled'>;
export type ReleasedOrder = Extract<WorkOrder, { terms: Terms }>;
export type KnownOrder = Exclude<WorkOrder, { status: 'Unknown' }>;

/**
 * The states in which each method may be called, by the state machine of OPC 10031-4 v2. `Start` is the system's own transition 2→3,
 * `AllowStart` the standard's method Start; `Complete` is the transition 3→5 of a machine that is done; `Cancel` withdraws an
 * order that has not started, `Close` stands for Clear: in this store it ends the order and deletes nothing.
 */
const moves = {
  AllowStart: ['NotAllowedToStart'],
  RevokeStart: ['AllowedToStart'],
  Update: ['NotAllowedToStart', 'AllowedToStart'],
  Amend: ['NotAllowedToStart', 'AllowedToStart', 'Running', 'Interrupted'],
  Stage: ['AllowedToStart'],
  Start: ['AllowedToStart'],
  Pause: ['Running', 'Interrupted'],
  Resume: ['Interrupted'],
  Complete: ['Running'],
  Stop: ['Running', 'Interrupted'],
  Abort: ['NotAllowedToStart', 'AllowedToStart', 'Running', 'Interrupted'],
  Cancel: ['NotAllowedToStart', 'AllowedToStart'],
  Close: ['Ended', 'Aborted'],
  Dispatch: ['NotAllowedToStart', 'AllowedToStart', 'Running', 'Interrupted'],
  Report: ['Running', 'Interrupted'],
} as const satisfies Record<string, readonly JobState[]>;
export type Method = keyof typeof moves;

/** Sub-state changes within AllowedToStart: Loaded ↔ Ready, Ready ↔ Waiting, Loaded → Waiting. */
const stagings: Readonly<Record<Readiness, readonly Readiness[]>> = {
  Waiting: ['Ready'],
  Ready: ['Waiting', 'Loaded'],
  Loaded: ['Ready', 'Waiting'],
};
export const mayStage = (from: Readiness, to: Readiness): boolean => stagings[from].includes(to);

export const allows = (method: Method, status: WorkOrder['status']): boolean => (moves[method] as readonly string[]).includes(status);

/** The order, in a state in which the method may be called. @throws Rejected work-order-unknown, work-order-not-released, work-order-state */
export function inStateFor<M extends Method>(method: M, order: WorkOrder): Extract<WorkOrder, { status: (typeof moves)[M][number] }> {
  const known = released(order);
  if (!allows(method, known.status)) {
    throw new Rejected(
      isOver(known) ? 'work-order-over' : 'work-order-state',
      `${method} is not possible in state ${stateOf(known)}; possible in: ${moves[method].join(', ')}.`,
      { status: known.status, allowed: moves[method] },
    );
  }
  return known as never;
}

/** @throws Rejected work-order-unknown, work-order-not-released */
export function released(order: WorkOrder): ReleasedOrder {
  if (order.status === 'Unknown') throw new Rejected('work-order-unknown', 'Unknown work order. Release it first.');
  if (order.status === 'Observed')
    throw new Rejected('work-order-not-released', 'The order was observed on the floor but not released. Release it first.');
  return order;
}

export const isOver = (order: WorkOrder): boolean => order.status === 'Ended' || order.status === 'Aborted' || order.status === 'Cancelled';

/** The state with its sub-state. */
function stateOf(order: WorkOrder): string {
  switch (order.status) {
    case 'AllowedToStart':
      return `AllowedToStart.${order.readiness}`;
    case 'Interrupted':
      return `Interrupted.${order.interruption}`;
    case 'Ended':
      return `Ended.${order.closed ? 'Closed' : 'Completed'}`;
    default:
      return order.status;
  }
}

/** Fields of every event of an order: its id, and its production order. */
export const ofOrder = ({ workOrderId, productionOrderId }: Pick<KnownOrder, 'workOrderId' | 'productionOrderId'>) => ({
  workOrderId,
  ...(productionOrderId == null ? {} : { productionOrderId }),
});
export const toleranceOf = (order: KnownOrder): Tolerance => (order.status === 'Observed' ? NO_TOLERANCE : order.terms);
export const operationIdsOf = (order: KnownOrder): string[] => order.operations.map(({ operationId }) => operationId);
export const runningIn = (order: KnownOrder): RunningOperation[] => runningOf(order.operations);
