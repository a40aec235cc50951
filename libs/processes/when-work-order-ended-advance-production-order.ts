import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import { minus, plus, sum, type Unit } from '#manufacturing/quantity';
import type * as productionOrder from '#production-order/production-order.commands';
import type { LegEnding, ProductionOrderCreated } from '#production-order/production-order.events';
import {
  countedBy,
  type CounterRead,
  type ProductionObserved,
  type ProductionReportCorrected,
  type ProductionReportReversed,
} from '#work-order/report.events';
import type {
  WorkOrderAborted,
  WorkOrderAmended,
  WorkOrderAttached,
  WorkOrderCancelled,
  WorkOrderDetached,
  WorkOrderEnded,
  WorkOrderReleased,
  WorkOrderStarted,
} from '#work-order/work-order.events';

type Late = CounterRead | ProductionObserved | ProductionReportCorrected | ProductionReportReversed;
type OfLeg =
  | WorkOrderReleased
  | WorkOrderAttached
  | WorkOrderDetached
  | WorkOrderAmended
  | WorkOrderStarted
  | WorkOrderEnded
  | WorkOrderAborted
  | WorkOrderCancelled
  | Late;
type In = ProductionOrderCreated | OfLeg;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof productionOrder>;

type Result = Readonly<{ ending: LegEnding; good: string; scrap: string; rework: string; unit: Unit }>;
/** The reported facts of a work order, with floor times. */
type Leg = Readonly<{
  quantity?: Readonly<{ amount: string; unit: Unit }>;
  releasedAt?: string;
  started: boolean;
  startedAt?: string;
  result?: Result;
  endedAt?: string;
}>;
/** One production order and its legs, the work orders that work for it. */
export type OrderWatch = Readonly<{ productionOrderId: string; legs: Readonly<Record<string, Leg>> }>;

const LATE: readonly string[] = ['CounterRead', 'ProductionObserved', 'ProductionReportCorrected', 'ProductionReportReversed'];

/**
 * A production order follows its work orders: their release, start and end, and what is corrected afterwards. Work orders that were
 * released for it before it was created are told again then.
 */
export const whenWorkOrderEndedAdvanceProductionOrder: Process<OrderWatch, In, Out> = {
  name: 'when-work-order-ended-advance-production-order',
  initial: { productionOrderId: '', legs: {} },
  events: [
    'ProductionOrderCreated',
    'WorkOrderReleased',
    'WorkOrderAttached',
    'WorkOrderDetached',
    'WorkOrderAmended',
    'WorkOrderStarted',
    'WorkOrderEnded',
    'WorkOrderAborted',
    'WorkOrderCancelled',
    'CounterRead',
    'ProductionObserved',
    'ProductionReportCorrected',
    'ProductionReportReversed',
  ],
  status: ({ legs }) => {
    const all = Object.values(legs);
    if (all.length === 0) return 'no work order yet';
    return all.every(({ result }) => result) ? 'all work orders are over' : 'work orders are under way';
  },
  isOver: ({ legs }) => Object.values(legs).every(({ result }) => result),
  correlate: (event) => {
    const { productionOrderId } = event.data;
    // While an order runs, its reports do not concern the leg: only corrections after its end change the result.
    if (LATE.includes(event.type) && !('late' in event.data)) return undefined;
    return productionOrderId !== undefined && atHome(event, productionOrderId) ? productionOrderId : undefined;
  },
  evolve: (watch: OrderWatch, input: Input): OrderWatch => {
    if (input.type === 'TimerFired' || input.type === 'CommandRefused') return watch;
    const { productionOrderId = watch.productionOrderId } = input.data;
    if (input.type === 'ProductionOrderCreated') return { ...watch, productionOrderId };
    const { workOrderId } = input.data;
    if (input.type === 'WorkOrderDetached') {
      const { [workOrderId]: _, ...legs } = watch.legs;
      return { productionOrderId, legs };
    }
    return { productionOrderId, legs: { ...watch.legs, [workOrderId]: legAfter(watch.legs[workOrderId] ?? { started: false }, input) } };
  },
  react: ({ productionOrderId, legs }, input): readonly Reaction<Out>[] => {
    switch (input.type) {
      case 'ProductionOrderCreated':
        return Object.entries(legs).flatMap(([workOrderId, leg]) => told({ productionOrderId, workOrderId }, leg));
      // Reversal and right quantities are two events of one command: the second one has the result.
      case 'ProductionReportReversed':
      case 'WorkOrderDetached':
      case 'TimerFired':
      case 'CommandRefused':
        return [];
      default: {
        const { workOrderId } = input.data;
        const leg = legs[workOrderId]!;
        return told({ productionOrderId, workOrderId }, news(leg, input));
      }
    }
  },
};

function legAfter(leg: Leg, input: Exclude<OfLeg, WorkOrderDetached>): Leg {
  switch (input.type) {
    case 'WorkOrderReleased': {
      const { quantity: amount, unit, releasedAt } = input.data;
      return { ...leg, quantity: { amount, unit }, releasedAt };
    }
    case 'WorkOrderAttached': {
      const { quantity: amount, status, totals, startedAt, endedAt } = input.data;
      const ending = endingOf(input);
      return {
        ...(amount === undefined ? {} : { quantity: { amount, unit: totals.unit } }),
        started: startedAt !== undefined || status === 'Running' || status === 'Interrupted',
        ...(startedAt === undefined ? {} : { startedAt }),
        ...(ending ? { result: { ...totals, ending } } : {}),
        ...(endedAt === undefined ? {} : { endedAt }),
      };
    }
    case 'WorkOrderAmended':
      return { ...leg, quantity: { amount: input.data.to.quantity, unit: input.data.to.unit }, releasedAt: input.data.amendedAt };
    case 'WorkOrderStarted':
      return { ...leg, started: true, startedAt: input.data.startedAt };
    case 'WorkOrderEnded':
      return { ...leg, result: { ...input.data.totals, ending: input.data.ending }, endedAt: input.data.endedAt };
    case 'WorkOrderAborted':
      return { ...leg, result: { ...input.data.totals, ending: 'Aborted' }, endedAt: input.data.abortedAt };
    case 'WorkOrderCancelled': {
      const nothing = { good: '0', scrap: '0', rework: '0', unit: leg.quantity?.unit ?? 'pcs' } as const;
      return { ...leg, result: { ...nothing, ending: 'Cancelled' }, endedAt: input.data.cancelledAt };
    }
    case 'CounterRead': {
      const { output, unit } = input.data;
      return adjusted(leg, unit, plus, output ? countedBy(input.data) : '0');
    }
    case 'ProductionObserved':
    case 'ProductionReportCorrected':
    case 'ProductionReportReversed': {
      const { good, scrap, rework, output, unit } = input.data;
      const way = input.type === 'ProductionReportReversed' ? minus : plus;
      return adjusted(leg, unit, way, output ? good : '0', sum(scrap.map(({ quantity }) => quantity)), rework);
    }
  }
}

/** The part of a leg that an input concerns. */
function news(leg: Leg, input: Exclude<OfLeg, WorkOrderDetached>): Partial<Leg> {
  switch (input.type) {
    case 'WorkOrderAttached':
      return leg;
    case 'WorkOrderReleased':
      return { quantity: leg.quantity, releasedAt: leg.releasedAt };
    case 'WorkOrderAmended':
      return input.data.from.quantity === input.data.to.quantity ? {} : { quantity: leg.quantity, releasedAt: leg.releasedAt };
    case 'WorkOrderStarted':
      return { started: leg.started, startedAt: leg.startedAt };
    case 'WorkOrderEnded':
    case 'WorkOrderAborted':
    case 'WorkOrderCancelled':
      return { result: leg.result, endedAt: leg.endedAt };
    default:
      // A correction takes effect when it is made.
      return { result: leg.result };
  }
}

/** Sends the facts to the production order, each at its floor time, or at that of the input if unknown. */
function told(of: Readonly<{ productionOrderId: string; workOrderId: string }>, leg: Partial<Leg>): Reaction<Out>[] {
  const { quantity, releasedAt, started, startedAt, result, endedAt } = leg;
  const at = (occurredAt: string | undefined) => (occurredAt === undefined ? {} : { occurredAt });
  return [
    ...(quantity ? [{ send: { type: 'RecordLegReleased', data: { ...of, quantity, ...at(releasedAt) } } } as const] : []),
    ...(started ? [{ send: { type: 'RecordLegStarted', data: { ...of, ...at(startedAt) } } } as const] : []),
    ...(result ? [{ send: { type: 'RecordLegEnded', data: { ...of, ...figures(result), ...at(endedAt) } } } as const] : []),
  ];
}
const figures = ({ ending, good, scrap, rework, unit }: Result): Result => ({ ending, good, scrap, rework, unit });

function endingOf({ data: { status, ending } }: WorkOrderAttached): LegEnding | undefined {
  if (status === 'Ended') return ending ?? 'Stopped';
  return status === 'Aborted' || status === 'Cancelled' ? status : undefined;
}

type Way = (amount: string, change: string) => string;
/** Amounts in a unit that cannot be converted to the order's are not counted. */
function adjusted(leg: Leg, unit: Unit, way: Way, good: string, scrap = '0', rework = '0'): Leg {
  const { result } = leg;
  if (!result || result.unit !== unit) return leg;
  return {
    ...leg,
    result: { ...result, good: way(result.good, good), scrap: way(result.scrap, scrap), rework: way(result.rework, rework) },
  };
}
