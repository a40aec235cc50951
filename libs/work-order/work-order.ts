import type { Context, Decider } from '#kernel/decider';
import { facilityOf } from '#manufacturing/facility';
import type { OrderTold } from '#manufacturing/capacity';
import { checking, isFirstOfKind, ofPlants } from '#manufacturing/references';
import { Rejected } from '#kernel/rejected';
import { amend } from './amend';
import { abort, cancel, close, complete, stop } from './endings';
import { evolve } from './evolve';
import { timeInOperation, timeSinceStart } from './floor-time';
import type * as holds from './hold.commands';
import { decideResumption, hold, pause, requestDecision, resume, RESUME_WITHIN_MINUTES } from './holds';
import {
  inStateFor,
  isOver,
  mayStage,
  ofOrder,
  operationIdsOf,
  released,
  runningIn,
  type ReleasedOrder,
  type WorkOrder,
} from './job-states';
import { Readiness } from './job-states.events';
import { atHome, foretells, rejectWithoutRoom } from './machines';
import { machineOf, operationOf, totalsOf, type Operation } from './operations';
import { flags, references, regards } from './references';
import { reportExceptionTypes } from './report-exception.events';
import type * as reports from './report.commands';
import { correctReport, observeProduction, reportCounter, reportProduction } from './reporting';
import { reverseObservation } from './reversing';
import { checked, optional, plan, same } from './terms';
import type * as commands from './work-order.commands';
import { upcasts, type WorkOrderEvent, type WorkOrderReleased } from './work-order.events';

type Commands = typeof commands & typeof holds & typeof reports;
type Events = readonly WorkOrderEvent[];
/** The blocker that the decider sets and removes by itself. */
const NOT_DISPATCHED = 'no machine dispatched';

type Rules = Decider<Commands, WorkOrder, WorkOrderEvent>;

const rules: Rules = {
  category: 'work-order',
  initial: { status: 'Unknown' },
  id: ({ workOrderId }) => workOrderId,
  evolve,
  observed: ['ObserveProduction', 'ReportCounter'],
  exceptions: reportExceptionTypes,
  upcasts,
  regards,
  tells: (state): OrderTold | null =>
    state.status === 'Unknown'
      ? null
      : { over: isOver(state), ...endOf(state), runsOn: runningIn(state).map(({ equipmentId }) => equipmentId) },
  foretells,
  // The pieces of a report exist at the end of its interval.
  floorTimeIfAbsent: (name, { to }) => (name === 'ReportProduction' || name === 'ObserveProduction' ? (to as string) : undefined),
  decide: {
    ReleaseWorkOrder: release,
    AllowStart: (_, state) => {
      const known = released(state);
      if (known.status === 'AllowedToStart') return [];
      return [startAllowed(inStateFor('AllowStart', known))];
    },
    RevokeStart: (_, state) => {
      const known = released(state);
      if (known.status === 'NotAllowedToStart') return [];
      const order = inStateFor('RevokeStart', known);
      return [{ type: 'WorkOrderStartRevoked', data: { ...ofOrder(order), operationIds: operationIdsOf(order) } }];
    },
    UpdateWorkOrder: update,
    AmendWorkOrder: amend,
    AttachWorkOrder: attach,
    DetachWorkOrder: ({ productionOrderId }, state) =>
      state.status === 'Unknown' || state.productionOrderId !== productionOrderId
        ? []
        : [{ type: 'WorkOrderDetached', data: { workOrderId: state.workOrderId, productionOrderId } }],
    StageWorkOrder: stage,
    DispatchOperation: dispatch,
    StartWorkOrder: (command, state, context) => {
      const known = released(state);
      const [first] = known.operations;
      const runs = known.status === 'Running' && first!.phase === 'Started';
      if (runs && (!command.equipmentId || command.equipmentId === first!.dispatchedTo)) return [];
      const order = runs ? known : inStateFor('Start', known);
      return start(order, order.operations[0]!, command, context);
    },
    StartOperation: (command, state, context) => {
      const { operationId, equipmentId } = command;
      const known = released(state);
      const operation = planned(known, operationId);
      if (operation.phase === 'Started' && (!equipmentId || equipmentId === operation.dispatchedTo)) return [];
      const order = known.status === 'Running' ? known : inStateFor('Start', known);
      return start(order, operation, command, context);
    },
    CompleteOperation: ({ operationId }, state, context) => {
      const order = released(state);
      const operation = planned(order, operationId);
      if (operation.phase === 'Completed') return [];
      inStateFor('Report', order);
      if (operation.phase !== 'Started')
        throw new Rejected('operation-not-started', `Operation ${operationId} has not started. Start it first.`, { operationId });
      const { good, scrap } = operation;
      const completedAt = timeInOperation(operation, context);
      return [
        {
          type: 'OperationCompleted',
          data: { ...ofOrder(order), operationId, equipmentId: machineOf(operation)!, good, scrap, completedAt },
        },
      ];
    },
    ReportProduction: reportProduction,
    ObserveProduction: observeProduction,
    ReverseObservation: reverseObservation,
    ReportCounter: reportCounter,
    CorrectReport: correctReport,
    HoldWorkOrder: hold,
    PauseWorkOrder: pause,
    ResumeWorkOrder: resume,
    RequestSupervisorDecision: requestDecision,
    DecideResumption: decideResumption,
    CompleteWorkOrder: complete,
    StopWorkOrder: stop,
    AbortWorkOrder: abort,
    CloseWorkOrder: close,
    CancelWorkOrder: cancel,
  },
};

export const workOrder: Rules = ofPlants(
  { ...rules, decide: checking(rules.decide, { facility: ({ workOrderId }) => facilityOf(workOrderId), references, flags }) },
  flags,
);

function release(command: commands.ReleaseWorkOrder, state: WorkOrder, context: Context): Events {
  const { occurredAt } = context;
  const { workOrderId, productionOrderId, product, quantity } = command;
  const terms = checked(
    {
      product,
      quantity: quantity.amount,
      unit: quantity.unit,
      overPercent: command.overPercent ?? '0',
      underPercent: command.underPercent ?? '0',
      operations: plan(command.operations),
      ...optional(command),
      resumeWithinMinutes: command.resumeWithinMinutes ?? RESUME_WITHIN_MINUTES,
    },
    workOrderId,
  );
  if (state.status !== 'Unknown' && state.status !== 'Observed') {
    if (same(state.terms, terms) && (state.productionOrderId ?? null) === (productionOrderId ?? null)) return [];
    throw new Rejected(
      'work-order-exists',
      `${workOrderId} is already released with other terms. Choose another id, or update the order.`,
      { workOrderId },
    );
  }
  if (state.status === 'Observed' && state.unit !== terms.unit) {
    throw new Rejected('unit-incompatible', `The unit must be ${state.unit}, in which the floor has reported, was ${terms.unit}.`, {
      unit: state.unit,
    });
  }
  if (productionOrderId && facilityOf(productionOrderId) !== facilityOf(workOrderId)) {
    throw new Rejected('wrong-facility', `\`productionOrderId\` must be in the facility of ${workOrderId}, was ${productionOrderId}.`, {
      productionOrderId,
    });
  }
  const first = isFirstOfKind(context, facilityOf(workOrderId), 'WorkOrder') ? { firstOfKind: true as const } : {};
  const plain: WorkOrderReleased = {
    type: 'WorkOrderReleased',
    data: { workOrderId, ...(productionOrderId ? { productionOrderId } : {}), ...terms, releasedAt: occurredAt, ...first },
  };
  const order = evolve(state, plain) as ReleasedOrder;
  const event: WorkOrderEvent = state.status === 'Observed' ? { ...plain, data: { ...plain.data, soFar: soFar(order) } } : plain;
  return command.allowStart ? [event, startAllowed(order)] : [event];
}

/** How and when an order that is over ended. */
const endOf = (order: WorkOrder): Pick<OrderTold, 'ended'> =>
  (order.status === 'Ended' || order.status === 'Aborted' || order.status === 'Cancelled') && order.since !== undefined
    ? { ended: { how: order.status, at: order.since } }
    : {};

const soFar = ({ operations, unit }: ReleasedOrder): WorkOrderReleased['data']['soFar'] => ({
  totals: { ...totalsOf(operations), unit },
  operations: operations.map(({ operationId, good, scrap }) => ({ operationId, good, scrap })),
});

function update(command: commands.UpdateWorkOrder, state: WorkOrder, { occurredAt }: Context): Events {
  const order = inStateFor('Update', state);
  const from = order.terms;
  if (command.quantity && command.quantity.unit !== from.unit)
    throw new Rejected('unit-incompatible', `The unit must stay ${from.unit}, was ${command.quantity.unit}.`, { unit: from.unit });
  const to = checked(
    {
      ...from,
      ...optional(command),
      quantity: command.quantity?.amount ?? from.quantity,
      overPercent: command.overPercent ?? from.overPercent,
      underPercent: command.underPercent ?? from.underPercent,
      operations: command.operations ? plan(command.operations) : from.operations,
      resumeWithinMinutes: command.resumeWithinMinutes ?? from.resumeWithinMinutes,
    },
    order.workOrderId,
  );
  return same(from, to) ? [] : [{ type: 'WorkOrderAmended', data: { ...ofOrder(order), from, to, amendedAt: occurredAt } }];
}

function attach({ workOrderId, productionOrderId }: commands.AttachWorkOrder, state: WorkOrder): Events {
  if (state.status === 'Unknown') throw new Rejected('work-order-unknown', 'Unknown work order. Release it first.');
  if (state.productionOrderId === productionOrderId) return [];
  if (state.productionOrderId) {
    throw new Rejected('work-order-attached', `The order is already attached to ${state.productionOrderId}. Detach it first.`, {
      productionOrderId: state.productionOrderId,
    });
  }
  if (facilityOf(productionOrderId) !== facilityOf(workOrderId)) {
    throw new Rejected('wrong-facility', `\`productionOrderId\` must be in the facility of ${workOrderId}, was ${productionOrderId}.`, {
      productionOrderId,
    });
  }
  const { status, ordered, operations, unit } = state;
  const optional = {
    ...(status === 'Ended' ? { ending: state.ending } : {}),
    ...(ordered === undefined ? {} : { quantity: ordered }),
    ...(status !== 'Observed' && state.terms.plannedEnd ? { plannedEnd: state.terms.plannedEnd } : {}),
    ...(status !== 'Observed' && state.startedAt ? { startedAt: state.startedAt } : {}),
    ...(status !== 'Observed' && isOver(state) ? { endedAt: state.since } : {}),
  };
  return [
    { type: 'WorkOrderAttached', data: { workOrderId, productionOrderId, status, totals: { ...totalsOf(operations), unit }, ...optional } },
  ];
}

function stage({ readiness, blockers }: commands.StageWorkOrder, state: WorkOrder): Events {
  const order = inStateFor('Stage', state);
  const missing = readiness === Readiness.Waiting ? (blockers ?? []) : [];
  if (order.readiness === readiness && same(order.blockers, missing)) return [];
  if (readiness === Readiness.Waiting && missing.length === 0)
    throw new Rejected('blockers-missing', 'Readiness Waiting needs `blockers`.');
  if (order.readiness !== readiness && !mayStage(order.readiness, readiness)) {
    throw new Rejected(
      'staging-not-possible',
      `Readiness cannot change from ${order.readiness} to ${readiness} directly. Stage it as Ready first.`,
      { from: order.readiness, to: readiness },
    );
  }
  return [staged(order, readiness, missing)];
}

function dispatch({ operationId, equipmentId, person }: commands.DispatchOperation, state: WorkOrder): Events {
  const order = inStateFor('Dispatch', state);
  const operation = planned(order, operationId);
  if (operation.dispatchedTo === equipmentId && (operation.person ?? null) === (person ?? null)) return [];
  if (operation.phase !== 'Pending' && operation.phase !== 'Dispatched') {
    throw new Rejected('operation-started', `Operation ${operationId} has already started on ${operation.dispatchedTo}.`, {
      operationId,
      equipmentId: operation.dispatchedTo ?? null,
    });
  }
  atHome(equipmentId, order);
  const dispatched: WorkOrderEvent = {
    type: 'OperationDispatched',
    data: { ...ofOrder(order), operationId, equipmentId, ...(person ? { person } : {}) },
  };
  const waits = order.status === 'AllowedToStart' && order.readiness === Readiness.Waiting && order.blockers.includes(NOT_DISPATCHED);
  if (!waits || operation !== order.operations[0]) return [dispatched];
  const left = order.blockers.filter((blocker) => blocker !== NOT_DISPATCHED);
  return [dispatched, staged(order, left.length > 0 ? Readiness.Waiting : Readiness.Ready, left)];
}

type Startable = Extract<WorkOrder, { status: 'AllowedToStart' | 'Running' }>;

function start(
  order: Startable,
  operation: Operation,
  { equipmentId, person, load, batchKey }: Omit<commands.StartOperation, 'operationId'>,
  context: Context,
): Events {
  const { operationId } = operation;
  if (operation.phase === 'Started') {
    throw new Rejected('operation-started', `Operation ${operationId} has already started on ${operation.dispatchedTo}.`, {
      operationId,
      equipmentId: operation.dispatchedTo ?? null,
    });
  }
  if (operation.phase === 'Completed')
    throw new Rejected('operation-completed', `Operation ${operationId} is already complete.`, { operationId });
  const machine = equipmentId ?? machineOf(operation);
  if (!machine)
    throw new Rejected(
      'operation-not-dispatched',
      `No machine is assigned to operation ${operationId}. Dispatch it first, or send \`equipmentId\`.`,
      { operationId, equipmentClass: operation.equipmentClass ?? null },
    );
  atHome(machine, order);
  rejectWithoutRoom(context, machine, { workOrderId: order.workOrderId, load: load ?? 1, batchKey: batchKey ?? null });
  const startedAt = timeSinceStart(order, context);
  const worker = person ?? operation.person;
  const { resumeWithinMinutes, directiveId, directiveVersion } = order.terms;
  const began: WorkOrderEvent = {
    type: 'OperationStarted',
    data: {
      ...ofOrder(order),
      operationId,
      equipmentId: machine,
      ...(worker ? { person: worker } : {}),
      ...(load ? { load } : {}),
      ...(batchKey ? { batchKey } : {}),
      resumeWithinMinutes,
      startedAt,
    },
  };
  if (order.status === 'Running') return [began];
  const blockers = order.blockers.filter((blocker) => blocker !== NOT_DISPATCHED);
  if (order.readiness === Readiness.Waiting && blockers.length > 0)
    throw new Rejected('work-order-not-ready', `The order waits for: ${blockers.join(', ')}.`, { blockers });
  const directive = { ...(directiveId ? { directiveId } : {}), ...(directiveVersion ? { directiveVersion } : {}) };
  return [
    {
      type: 'WorkOrderStarted',
      data: { ...ofOrder(order), operationId, equipmentId: machine, ...directive, operationIds: operationIdsOf(order), startedAt },
    },
    began,
  ];
}

function startAllowed(order: ReleasedOrder): WorkOrderEvent {
  const blockers = machineOf(order.operations[0]!) ? [] : [NOT_DISPATCHED];
  const readiness = blockers.length > 0 ? Readiness.Waiting : Readiness.Ready;
  return { type: 'WorkOrderStartAllowed', data: { ...ofOrder(order), readiness, blockers, operationIds: operationIdsOf(order) } };
}

const staged = (order: Extract<WorkOrder, { status: 'AllowedToStart' }>, to: Readiness, blockers: readonly string[]): WorkOrderEvent => ({
  type: 'WorkOrderStaged',
  data: { ...ofOrder(order), from: order.readiness, to, blockers, operationIds: operationIdsOf(order) },
});

/** @throws Rejected operation-unknown, work-order-over */
function planned(order: ReleasedOrder, operationId: string): Operation {
  if (isOver(order))
    throw new Rejected('work-order-over', `The order is ${order.status} and accepts corrections only.`, { status: order.status });
  const operation = operationOf(order.operations, operationId);
  if (!operation?.planned) throw new Rejected('operation-unknown', `Unknown operation ${operationId} of this order.`, { operationId });
  return operation;
}
