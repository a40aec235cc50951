import type { Message } from '#kernel/decider';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import { minus, plus, sum, type Unit } from '#manufacturing/quantity';
import type * as productionOrder from '#production-order/production-order.commands';
import type { LegEnding } from '#production-order/production-order.events';
import type {
  CounterRead,
  ProductionObserved,
  ProductionReportCorrected,
  ProductionReportReversed,
  WorkOrderAborted,
  WorkOrderAmended,
  WorkOrderAttached,
  WorkOrderCancelled,
  WorkOrderEnded,
  WorkOrderReleased,
  WorkOrderStarted,
} from '#work-order/work-order.events';

type Late = CounterRead | ProductionObserved | ProductionReportCorrected | ProductionReportReversed;
type In =
  | WorkOrderReleased
  | WorkOrderAttached
  | WorkOrderAmended
  | WorkOrderStarted
  | WorkOrderEnded
  | WorkOrderAborted
  | WorkOrderCancelled
  | Late;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof productionOrder>;

type Result = Readonly<{ ending: LegEnding; good: string; scrap: string; rework: string; unit: Unit }>;
/** One production order and what its legs that are over have made. */
export type OrderWatch = Readonly<{ units: Readonly<Record<string, Unit>>; results: Readonly<Record<string, Result>> }>;

const LATE: readonly string[] = ['CounterRead', 'ProductionObserved', 'ProductionReportCorrected', 'ProductionReportReversed'];

/** A production order follows its work orders: their release, start and end, and what is corrected afterwards. */
export const whenWorkOrderEndedAdvanceProductionOrder: Process<OrderWatch, In, Out> = {
  name: 'when-work-order-ended-advance-production-order',
  initial: { units: {}, results: {} },
  events: [
    'WorkOrderReleased',
    'WorkOrderAttached',
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
  // While an order runs, its reports are the work order's own affair: only what comes after its end changes the result of the leg.
  correlate: ({ type, data }) => (LATE.includes(type) && !('late' in data) ? undefined : data.productionOrderId),
  evolve,
  react,
};

function evolve(watch: OrderWatch, input: Input): OrderWatch {
  switch (input.type) {
    case 'WorkOrderReleased':
      return { ...watch, units: { ...watch.units, [input.data.workOrderId]: input.data.unit } };
    case 'WorkOrderAttached': {
      const { workOrderId, totals } = input.data;
      const ending = endingOf(input);
      const known = { ...watch, units: { ...watch.units, [workOrderId]: totals.unit } };
      return ending ? withResult(known, workOrderId, { ending, ...totals }) : known;
    }
    case 'WorkOrderEnded':
      return withResult(watch, input.data.workOrderId, { ending: input.data.ending, ...input.data.totals });
    case 'WorkOrderAborted':
      return withResult(watch, input.data.workOrderId, { ending: 'Aborted', ...input.data.totals });
    case 'WorkOrderCancelled':
      return withResult(watch, input.data.workOrderId, {
        ending: 'Cancelled',
        good: '0',
        scrap: '0',
        rework: '0',
        unit: watch.units[input.data.workOrderId] ?? 'pcs',
      });
    case 'CounterRead': {
      const { workOrderId, delta, output, unit } = input.data;
      return adjust(watch, workOrderId, unit, plus, output ? delta : '0');
    }
    case 'ProductionObserved':
    case 'ProductionReportCorrected':
    case 'ProductionReportReversed': {
      const { workOrderId, good, scrap, rework, output, unit } = input.data;
      const way = input.type === 'ProductionReportReversed' ? minus : plus;
      return adjust(watch, workOrderId, unit, way, output ? good : '0', sum(scrap.map(({ quantity }) => quantity)), rework);
    }
    default:
      return watch;
  }
}

function react({ results }: OrderWatch, input: Input): readonly Reaction<Out>[] {
  switch (input.type) {
    case 'WorkOrderReleased': {
      const { workOrderId, productionOrderId, quantity, unit } = input.data;
      return [
        {
          send: {
            type: 'RecordLegReleased',
            data: { productionOrderId: productionOrderId!, workOrderId, quantity: { amount: quantity, unit } },
          },
        },
      ];
    }
    case 'WorkOrderAttached': {
      const { workOrderId, productionOrderId, quantity: amount, status, totals } = input.data;
      const of = { productionOrderId, workOrderId };
      const result = results[workOrderId];
      return [
        ...(amount === undefined
          ? []
          : [{ send: { type: 'RecordLegReleased', data: { ...of, quantity: { amount, unit: totals.unit } } } } as const]),
        ...(status === 'Running' || status === 'Interrupted' ? [{ send: { type: 'RecordLegStarted', data: of } } as const] : []),
        ...(result ? [{ send: { type: 'RecordLegEnded', data: { ...of, ...result } } } as const] : []),
      ];
    }
    case 'WorkOrderAmended': {
      const { workOrderId, productionOrderId, from, to } = input.data;
      if (from.quantity === to.quantity) return [];
      return [
        {
          send: {
            type: 'RecordLegReleased',
            data: { productionOrderId: productionOrderId!, workOrderId, quantity: { amount: to.quantity, unit: to.unit } },
          },
        },
      ];
    }
    case 'WorkOrderStarted':
      return [
        {
          send: {
            type: 'RecordLegStarted',
            data: { productionOrderId: input.data.productionOrderId!, workOrderId: input.data.workOrderId },
          },
        },
      ];
    // Reversal and right figures are two events of one command: the second tells the result.
    case 'ProductionReportReversed':
    case 'TimerFired':
    case 'CommandRefused':
      return [];
    default: {
      const { workOrderId, productionOrderId } = input.data;
      const result = results[workOrderId];
      return result ? [{ send: { type: 'RecordLegEnded', data: { productionOrderId: productionOrderId!, workOrderId, ...result } } }] : [];
    }
  }
}

function endingOf({ data: { status, ending } }: WorkOrderAttached): LegEnding | undefined {
  if (status === 'Ended') return ending ?? 'Stopped';
  return status === 'Aborted' || status === 'Cancelled' ? status : undefined;
}

const withResult = ({ units, results }: OrderWatch, workOrderId: string, { ending, good, scrap, rework, unit }: Result): OrderWatch => ({
  units,
  results: { ...results, [workOrderId]: { ending, good, scrap, rework, unit } },
});

type Way = (amount: string, change: string) => string;
/** Amounts in a unit that could not be converted to the order's were never counted. */
function adjust(watch: OrderWatch, workOrderId: string, unit: Unit, way: Way, good: string, scrap = '0', rework = '0'): OrderWatch {
  const result = watch.results[workOrderId];
  if (!result || result.unit !== unit) return watch;
  return withResult(watch, workOrderId, {
    ...result,
    good: way(result.good, good),
    scrap: way(result.scrap, scrap),
    rework: way(result.rework, rework),
  });
}
