/** The machines that a decision on an order depends on, and the other orders on them. */
import type { EquipmentAssigned, EquipmentTold } from '#equipment/equipment.events';
import { SKEW_MS } from '#manufacturing/clocks';
import type { Context, Regard } from '#kernel/decider';
import { streamOf } from '#kernel/identity';
import { facilityOf } from '#manufacturing/facility';
import { Rejected } from '#kernel/rejected';
import { isJobOf, type Job, noRoom, ordersOf, standing } from '#manufacturing/capacity';
import type { KnownOrder, WorkOrder } from './job-states';
import { machineOf, operationOf } from './operations';
import type { WorkOrderEvent } from './work-order.events';

const streamOfMachine = (equipmentId: string): string => streamOf('equipment', equipmentId);

/** What the machine tells; null if it is not registered, undefined if it was not looked at. */
const toldBy = ({ regarded }: Pick<Context, 'regarded'>, equipmentId: string): EquipmentTold | null | undefined =>
  regarded?.[streamOfMachine(equipmentId)] as EquipmentTold | null | undefined;

/** The machines that a decision depends on. A start reads their current state. */
export function machinesRegarded(
  name: string,
  command: Readonly<Record<string, unknown>>,
  state: WorkOrder,
  regarded: Context['regarded'],
): readonly Regard[] {
  const named = typeof command['equipmentId'] === 'string' ? command['equipmentId'] : undefined;
  const starts = name === 'StartWorkOrder' || name === 'StartOperation';
  if (!starts && !['ReportProduction', 'ObserveProduction', 'ReportCounter', 'CorrectReport', 'DispatchOperation'].includes(name))
    return [];
  const machine = named ?? (starts ? plannedFor(state, command['operationId']) : undefined);
  if (machine === undefined) return [];
  if (!starts) return [{ stream: streamOfMachine(machine) }];
  return [{ stream: streamOfMachine(machine), now: true }, ...ordersOf(toldBy({ regarded }, machine)?.jobs ?? [])];
}

function plannedFor(state: WorkOrder, operationId: unknown): string | undefined {
  if (state.status === 'Unknown') return undefined;
  const operation = typeof operationId === 'string' ? operationOf(state.operations, operationId) : state.operations[0];
  return operation && machineOf(operation);
}

/**
 * Refuses a start on a machine without free capacity for the order (I4). A start that is told late is judged by the orders that had the machine at
 * its floor time, as far as the machine knows them: those that have it, and the latest that left. The clocks of two terminals may differ.
 * @throws Rejected equipment-occupied, capacity-exceeded, batch-…
 */
export function rejectWithoutRoom(context: Context, equipmentId: string, job: Job): void {
  const told = toldBy(context, equipmentId);
  if (!told || told.jobs.some(isJobOf(job.workOrderId))) return;
  const { occurredAt, now } = context;
  const jobs = standing(context, equipmentId, told.jobs);
  const soon = Date.parse(occurredAt) + SKEW_MS;
  const had = occurredAt === now ? jobs : jobs.filter(({ from }) => !(Date.parse(from) > soon));
  const refusal = noRoom(told, had, job);
  if (refusal) throw refusal;
  const left = told.left.filter(
    ({ workOrderId, from, until }) =>
      workOrderId !== job.workOrderId && Date.parse(from) <= Date.parse(occurredAt) && Date.parse(until) > soon,
  );
  if (left.length > 0 && noRoom(told, [...had, ...left], job)) {
    const workOrderIds = [...had, ...left].map(({ workOrderId }) => workOrderId).slice(0, 20);
    throw new Rejected(
      'equipment-occupied',
      `At ${occurredAt}, ${workOrderIds.join(', ')} had the machine. Send the time or the machine at which the work began.`,
      { occurredAt, workOrderIds },
    );
  }
}

/** The machine will have the order: a start a moment later must know. */
export const foretells = ({ type, data }: WorkOrderEvent): { stream: string; event: EquipmentAssigned }[] => {
  if (type !== 'OperationStarted') return [];
  const { workOrderId, equipmentId, load = 1, batchKey = null, startedAt } = data;
  const at = new Date(startedAt).toISOString();
  const job = { equipmentId, workOrderId, load, batchKey, at, stateSince: null, byStart: true as const };
  return [{ stream: streamOfMachine(equipmentId), event: { type: 'EquipmentAssigned', data: job } }];
};

/** How many reports may overlap on the machine; 1 if it is unknown. */
export function mostAtOnce(context: Pick<Context, 'regarded'>, equipmentId: string): number {
  const told = toldBy(context, equipmentId);
  return told?.capacityMode === 'Infinite' ? Infinity : (told?.maxConcurrent ?? 1);
}

type Span = Readonly<{ equipmentId: string; from: string; to: string }>;

/** The other orders that were on the machine at that time, if its capacity was exceeded. */
export function othersOn(context: Pick<Context, 'regarded'>, { workOrderId }: KnownOrder, { equipmentId, from, to }: Span): string[] {
  const told = toldBy(context, equipmentId);
  if (!told) return [];
  const [begins, ends] = [Date.parse(from), Date.parse(to)];
  const during = (job: Readonly<{ from: string; until?: string }>) =>
    Date.parse(job.from) < Math.max(ends, begins + 1) && (job.until === undefined || Date.parse(job.until) > begins);
  const had = [...told.jobs, ...told.left].filter(during).map((job) => job.workOrderId);
  const others = [...new Set(had.filter((other) => other !== workOrderId))];
  return had.includes(workOrderId) || others.length < mostAtOnce(context, equipmentId) ? [] : others;
}

/** @throws Rejected wrong-facility */
export function atHome(equipmentId: string, { workOrderId }: Readonly<{ workOrderId: string }>): void {
  if (facilityOf(equipmentId) !== facilityOf(workOrderId))
    throw new Rejected('wrong-facility', `\`equipmentId\` must be in the facility of ${workOrderId}, was ${equipmentId}.`, { equipmentId });
}
