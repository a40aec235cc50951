/** What the fulfilment of a customer order hears and says. */
import type { Message } from '#kernel/decider';
import type * as plans from '#allocation-plan/allocation-plan.commands';
import type { AllocationProposed } from '#allocation-plan/allocation-plan.events';
import type * as orders from '#customer-order/customer-order.commands';
import type {
  CompensationRetried,
  CompensationSettled,
  CustomerOrderAmended,
  CustomerOrderCancellationRequested,
  CustomerOrderHeld,
  CustomerOrderPlaced,
  CustomerOrderResumed,
  PlanChosen,
} from '#customer-order/customer-order.events';
import type * as progress from '#customer-order/progress.commands';
import type * as decisions from '#decision/decision.commands';
import type { DecisionMade, DecisionWithdrawn } from '#decision/decision.events';
import type * as capacities from '#facility-capacity/facility-capacity.commands';
import type * as transfers from '#inter-facility-transfer/inter-facility-transfer.commands';
import type { TransferCancelled, TransferClosed, TransferShipped } from '#inter-facility-transfer/inter-facility-transfer.events';
import type { CommandAccepted, CommandRefused, TimerFired } from '#kernel/process';
import type * as productionOrder from '#production-order/production-order.commands';
import type { LegCorrected } from '#production-order/production-order.events';
import type * as workOrder from '#work-order/work-order.commands';
import type { WorkOrderAborted, WorkOrderCancelled, WorkOrderEnded, WorkOrderStarted } from '#work-order/work-order.events';

/** What happens to the order, its plans, its legs at the plants, its transfers and its decisions. */
export type In =
  | CustomerOrderPlaced
  | CustomerOrderAmended
  | CustomerOrderHeld
  | CustomerOrderResumed
  | CustomerOrderCancellationRequested
  | PlanChosen
  | CompensationRetried
  | CompensationSettled
  | AllocationProposed
  | DecisionMade
  | DecisionWithdrawn
  | WorkOrderStarted
  | WorkOrderEnded
  | WorkOrderAborted
  | WorkOrderCancelled
  | LegCorrected
  | TransferShipped
  | TransferClosed
  | TransferCancelled;
export type Input = In | TimerFired | CommandRefused | CommandAccepted;

export type Out =
  | Message<typeof orders>
  | Message<typeof progress>
  | Message<typeof plans>
  | Message<typeof capacities>
  | Message<typeof transfers>
  | Message<typeof productionOrder>
  | Message<typeof workOrder>
  | Message<typeof decisions>;
