/** Decisions on interruptions: hold, pause, resume, and the supervisor's decision. */
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { aborted, ended } from './endings';
import type * as commands from './hold.commands';
import { timeInState } from './floor-time';
import { inStateFor, ofOrder, operationIdsOf, released, runningIn, type ReleasedOrder, type WorkOrder } from './job-states';
import { Ending, HoldCause, Interruption } from './job-states.events';
import type { WorkOrderEvent } from './work-order.events';

/** Default time that a hold for equipment may last before a supervisor is asked, in minutes. */
export const RESUME_WITHIN_MINUTES = 30;

type Events = readonly WorkOrderEvent[];
type InterruptedOrder = Extract<WorkOrder, { status: 'Interrupted' }>;

/** An order may be held for several machines; it resumes by itself only when the last of them is back. */
export function hold({ cause, equipmentId, reason }: commands.HoldWorkOrder, state: WorkOrder, context: Context): Events {
  const order = inStateFor('Pause', state);
  const forMachine = cause === HoldCause.Equipment;
  if (forMachine && !equipmentId) throw new Rejected('equipment-missing', 'A hold with cause Equipment needs `equipmentId`.');
  if (order.status === 'Interrupted') {
    if (forMachine && order.equipmentIds.includes(equipmentId!)) return [];
    if (forMachine) {
      const placedAt = timeInState(order, context);
      return [{ type: 'EquipmentHoldPlaced', data: { ...ofOrder(order), equipmentId: equipmentId!, reason, placedAt } }];
    }
    if (order.interruption === Interruption.Held && order.cause === cause) return [];
  }
  const machine = forMachine ? { equipmentId: equipmentId! } : {};
  const heldAt = timeInState(order, context);
  return [{ type: 'WorkOrderHeld', data: { ...ofOrder(order), cause, ...machine, reason, ...underWay(order), heldAt } }];
}

export function pause({ cause, reason }: commands.PauseWorkOrder, state: WorkOrder, context: Context): Events {
  const order = inStateFor('Pause', state);
  if (order.status === 'Interrupted' && order.interruption === Interruption.Suspended) return [];
  const suspendedAt = timeInState(order, context);
  return [{ type: 'WorkOrderSuspended', data: { ...ofOrder(order), cause, reason, ...underWay(order), suspendedAt } }];
}

export function resume({ heldFor }: commands.ResumeWorkOrder, state: WorkOrder, context: Context): Events {
  const known = released(state);
  if (known.status === 'Running') return [];
  const order = inStateFor('Resume', known);
  if (!heldFor) return resumed(order, timeInState(order, context));
  heldForMachine(order, heldFor);
  const last = order.equipmentIds.length === 1 && order.interruption === Interruption.Held && order.cause === HoldCause.Equipment;
  return last ? resumed(order, timeInState(order, context)) : [lifted(order, heldFor, timeInState(order, context))];
}

export function requestDecision({ equipmentId, question }: commands.RequestSupervisorDecision, state: WorkOrder, context: Context): Events {
  const order = inStateFor('Resume', state);
  if (equipmentId) heldForMachine(order, equipmentId);
  if (equipmentId ? order.asked.includes(equipmentId) : order.asked.length > 0) return [];
  const about = equipmentId ? { equipmentId } : {};
  const requestedAt = timeInState(order, context);
  return [{ type: 'SupervisorDecisionRequested', data: { ...ofOrder(order), ...about, question, requestedAt } }];
}

export function decideResumption({ decision, reason }: commands.DecideResumption, state: WorkOrder, context: Context): Events {
  const order = inStateFor('Resume', state);
  if (order.asked.length === 0)
    throw new Rejected('no-decision-requested', 'No supervisor decision is requested for this order. Resume, stop or abort it directly.');
  const made: WorkOrderEvent = { type: 'SupervisorDecisionMade', data: { ...ofOrder(order), decision, reason } };
  switch (decision) {
    case 'Resume':
      return [made, ...resumed(order, timeInState(order, context))];
    case 'Stop':
      return [made, ...ended(order, Ending.Stopped, reason, context)];
    case 'Abort':
      return [made, ...aborted(order, reason, context)];
  }
}

const underWay = (order: ReleasedOrder) => ({ running: runningIn(order), operationIds: operationIdsOf(order) });

/** @throws Rejected held-for-another-cause */
function heldForMachine({ cause, equipmentIds }: InterruptedOrder, equipmentId: string): void {
  if (!equipmentIds.includes(equipmentId))
    throw new Rejected(
      'held-for-another-cause',
      `The order is not held for ${equipmentId}; held for: ${equipmentIds.join(', ') || 'no machine'}.`,
      { cause, equipmentIds },
    );
}

const lifted = (order: InterruptedOrder, equipmentId: string, liftedAt: string): WorkOrderEvent => ({
  type: 'EquipmentHoldLifted',
  data: {
    ...ofOrder(order),
    equipmentId,
    ...(order.asked.length > 0 && order.asked.every((about) => about === equipmentId) ? { questionWithdrawn: true as const } : {}),
    liftedAt,
  },
});

const resumed = (order: InterruptedOrder, resumedAt: string): Events => [
  ...order.equipmentIds.map((equipmentId) => lifted(order, equipmentId, resumedAt)),
  { type: 'WorkOrderResumed', data: { ...ofOrder(order), from: order.interruption, ...underWay(order), resumedAt } },
];
