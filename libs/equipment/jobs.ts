/** Which work orders have a machine: assigned by people, or by work that starts and ends. */
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';
import { isJobOf, type Job, noRoom, orderTold, standing } from '#manufacturing/capacity';
import { facilityOf } from '#manufacturing/facility';
import type * as commands from './equipment.commands';
import type { EquipmentAssigned, EquipmentEvent, EquipmentTold } from './equipment.events';
import { currentSince, type Equipment, known, type Registered, type Stop, utc } from './machine';

type Events = readonly EquipmentEvent[];

export function assign(command: commands.AssignEquipment, state: Equipment, context: Context): Events {
  const { equipmentId, workOrderId } = command;
  const machine = known(state);
  if (facilityOf(workOrderId) !== facilityOf(equipmentId))
    throw new Rejected('wrong-facility', `\`workOrderId\` must be in the facility of ${equipmentId}, was ${workOrderId}.`, {
      workOrderId,
      equipmentId,
    });
  const job = jobIn(command);
  const existing = machine.jobs.find(isJobOf(workOrderId));
  if (existing) {
    const { load, batchKey } = existing;
    if (load === job.load && batchKey === job.batchKey) return [];
    throw new Rejected('job-already-assigned', `${workOrderId} is already assigned with another load or batch key. Unassign it first.`, {
      workOrderId,
      load,
      batchKey,
    });
  }
  const order = orderTold(context, workOrderId);
  if (order?.over)
    throw new Rejected('work-order-over', `${workOrderId} is over. Assign the machine to an order that is not.`, { workOrderId });
  const refusal = noRoom(machine.registration, standing(context, equipmentId, machine.jobs), job);
  if (refusal) throw refusal;
  return [assigned(machine, job, context.occurredAt)];
}

export function unassign({ workOrderId }: commands.UnassignEquipment, state: Equipment, { occurredAt }: Context): Events {
  return unassigned(known(state), workOrderId, occurredAt);
}

/** Work that began has the machine, whatever its capacity; beyond it, that is flagged. */
export function recordJobBegun(command: commands.RecordJobBegun, state: Equipment, context: Context): Events {
  const { equipmentId, workOrderId } = command;
  const { occurredAt } = context;
  if (state.status === 'unknown' || state.jobs.some(isJobOf(workOrderId))) return [];
  // It may have ended in the meantime.
  const order = orderTold(context, workOrderId);
  if (order && !order.runsOn.includes(equipmentId)) return [];
  const jobs = standing(context, equipmentId, state.jobs);
  const job = jobIn(command);
  const taken = assigned(state, job, occurredAt, { byStart: true });
  const refusal = noRoom(state.registration, jobs, job);
  if (!refusal) return [taken];
  const others = jobs.map((other) => other.workOrderId).slice(0, 20);
  return [taken, { type: 'CapacityExceededObserved', data: { equipmentId, workOrderId, code: refusal.code, others, at: utc(occurredAt) } }];
}

export const recordJobEnded = ({ workOrderId }: commands.RecordJobEnded, state: Equipment, { occurredAt }: Context): Events =>
  state.status === 'unknown' ? [] : unassigned(state, workOrderId, occurredAt);

/** What others may know of a machine. */
export const toldOf = (state: Equipment): EquipmentTold | null =>
  state.status === 'unknown'
    ? null
    : {
        capacityMode: state.registration.capacityMode,
        maxConcurrent: state.registration.maxConcurrent,
        jobs: state.jobs,
        left: state.left,
      };

const jobIn = ({ workOrderId, load, batchKey }: commands.RecordJobBegun): Job => ({
  workOrderId,
  load: load ?? 1,
  batchKey: batchKey ?? null,
});

function assigned(
  machine: Registered,
  job: Job,
  occurredAt: string,
  more: Pick<EquipmentAssigned['data'], 'byStart'> = {},
): EquipmentAssigned {
  const at = utc(occurredAt);
  const { equipmentId } = machine;
  return {
    type: 'EquipmentAssigned',
    data: { equipmentId, ...job, at, stateSince: currentSince(machine), ...more, ...stopsSince(machine, at) },
  };
}

function unassigned(machine: Registered, workOrderId: string, occurredAt: string): Events {
  const job = machine.jobs.find(isJobOf(workOrderId));
  if (!job) return [];
  const { equipmentId } = machine;
  const at = utc(occurredAt);
  return [{ type: 'EquipmentUnassigned', data: { equipmentId, workOrderId, at, ...stopsSince(machine, at) } }];
}

/** Stops that began at that time or later; looked for among the latest. */
function stopsSince({ stops }: Registered, at: string): Readonly<{ stopIds?: string[] }> {
  const latest: readonly Stop[] = stops.slice(-2).flat();
  const stopIds = latest.filter(({ openedAt }) => openedAt >= at).map(({ stopId }) => stopId);
  return stopIds.length > 0 ? { stopIds } : {};
}
