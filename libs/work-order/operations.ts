import { minus, plus, sum } from '#manufacturing/quantity';
import type { Placed, Scrap } from './report.events';
import type { PlannedOperation, RunningOperation, WorkOrderReleased } from './work-order.events';

/** An operation of an order with its quantities so far. */
export type Operation = PlannedOperation &
  Readonly<{
    /** False for one that is not in the plan and was only observed. */
    planned: boolean;
    phase: 'Pending' | 'Dispatched' | 'Started' | 'Completed' | 'Stopped';
    /** The machine it was dispatched to. */
    dispatchedTo?: string;
    person?: string;
    /** When it was started or, later, completed. */
    since?: string;
    good: string;
    scrap: string;
    rework: string;
  }>;

const planOf = (operation: PlannedOperation): Operation => ({
  ...operation,
  planned: true,
  phase: 'Pending',
  good: '0',
  scrap: '0',
  rework: '0',
});

/** The new plan with the quantities so far; unplanned operations come last. */
export function replan(before: readonly Operation[], plan: readonly PlannedOperation[]): Operation[] {
  const planned = [...plan].sort((a, b) => a.sequence - b.sequence);
  const known = new Map(before.map((operation) => [operation.operationId, operation]));
  return [
    ...planned.map((operation) => ({ ...planOf(operation), ...progressOf(known.get(operation.operationId)) })),
    ...before
      .filter(
        ({ operationId, good, scrap, rework, planned: was }) =>
          !plan.some((operation) => operation.operationId === operationId) &&
          (!was || [good, scrap, rework].some((amount) => amount !== '0')),
      )
      .map((operation) => ({ ...operation, planned: false })),
  ];
}

const progressOf = (operation: Operation | undefined): Partial<Operation> => {
  if (!operation) return {};
  const { phase, dispatchedTo, person, since, good, scrap, rework } = operation;
  return { phase, dispatchedTo, person, since, good, scrap, rework };
};

export const operationOf = (operations: readonly Operation[], operationId: string): Operation | undefined =>
  operations.find((operation) => operation.operationId === operationId);

export const change = (operations: readonly Operation[], operationId: string, changed: Partial<Operation>): Operation[] =>
  operations.map((operation) => (operation.operationId === operationId ? { ...operation, ...changed } : operation));

/** The operations in routing order: the plan if there is one, else in the order of observation. */
const routing = (operations: readonly Operation[]): readonly Operation[] => {
  const planned = operations.filter((operation) => operation.planned);
  return planned.length > 0 ? planned : operations;
};

export function upstreamOf(operations: readonly Operation[], operationId: string): Operation | undefined {
  const route = routing(operations);
  const place = route.findIndex((operation) => operation.operationId === operationId);
  return place > 0 ? route[place - 1] : undefined;
}

/** Where quantities of an operation belong: to which next operation, and whether they are the order's output. Unknown without a plan. */
export function placeOf(operations: readonly Operation[], operationId: string): Placed {
  const route = operations.filter(({ planned }) => planned);
  const place = route.findIndex((operation) => operation.operationId === operationId);
  const next = place < 0 ? undefined : route[place + 1]?.operationId;
  return { ...(next === undefined ? {} : { nextOperationId: next }), output: place >= 0 && place === route.length - 1 };
}

type Amounts = Readonly<{ operationId: string; good: string; scrap?: readonly Scrap[]; rework?: string }>;
export const scrapOf = (scrap: readonly Scrap[] = []): string => sum(scrap.map(({ quantity }) => quantity));

/** Adds or subtracts the quantities of a report; an unplanned operation is added at the end. */
export function tally(operations: readonly Operation[], told: Amounts, way: 'add' | 'take', name = told.operationId): Operation[] {
  const apply = way === 'add' ? plus : minus;
  const known = operationOf(operations, told.operationId);
  const before = known ?? named(told.operationId, name, operations);
  const after: Operation = {
    ...before,
    good: apply(before.good, told.good),
    scrap: apply(before.scrap, scrapOf(told.scrap)),
    rework: apply(before.rework, told.rework ?? '0'),
  };
  return known ? operations.map((operation) => (operation === known ? after : operation)) : [...operations, after];
}

/** An operation that is not in the plan. */
const named = (operationId: string, name: string, operations: readonly Operation[]): Operation => ({
  ...planOf({ operationId, name, sequence: Math.max(0, ...operations.map(({ sequence }) => sequence)) + 1, overlapAllowed: true }),
  planned: false,
});

/** Good of the last operation; scrap and rework of all. */
export const totalsOf = (operations: readonly Operation[]): Readonly<{ good: string; scrap: string; rework: string }> => ({
  good: routing(operations).at(-1)?.good ?? '0',
  scrap: sum(operations.map(({ scrap }) => scrap)),
  rework: sum(operations.map(({ rework }) => rework)),
});

/** The machine that an operation would run on: dispatched before planned. */
export const machineOf = (operation: Operation): string | undefined => operation.dispatchedTo ?? operation.equipmentId;

export const runningOf = (operations: readonly Operation[]): RunningOperation[] =>
  operations.flatMap((operation) => {
    const equipmentId = machineOf(operation);
    return operation.phase === 'Started' && equipmentId ? [{ operationId: operation.operationId, equipmentId }] : [];
  });

/** What an order had made before its release, by planned operation, each with the next operation. */
export function madeBefore({
  operations,
  soFar,
}: WorkOrderReleased['data']): { operationId: string; good: string; scrap: string; next?: string }[] {
  const made = new Map(soFar?.operations.map((operation) => [operation.operationId, operation]));
  const route = [...operations].sort((a, b) => a.sequence - b.sequence);
  return route.flatMap(({ operationId }, index) => {
    const before = made.get(operationId);
    return before ? [{ ...before, next: route[index + 1]?.operationId }] : [];
  });
}
