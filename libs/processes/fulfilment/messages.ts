/** What the fulfilment of a customer order hears and says. */
import type { Message } from '#kernel/decider';
import type { Event } from '#kernel/event';
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
import type { CommandAccepted, CommandRefused, TimerFired } from '#kernel/process';
import type { Quantity } from '#manufacturing/quantity';
import type * as productionOrder from '#production-order/production-order.commands';
import type { LegCorrected } from '#production-order/production-order.events';
import type * as workOrder from '#work-order/work-order.commands';
import type { WorkOrderAborted, WorkOrderCancelled, WorkOrderEnded, WorkOrderStarted } from '#work-order/work-order.events';

type Bucket = Readonly<{ date: string; minutes: number }>;
export type AllocationProposed = Event<
  'AllocationProposed',
  {
    planId: string;
    customerOrderId: string;
    legs: readonly Readonly<{
      leg: number;
      facilityId: string;
      capacityId: string;
      quantity: string;
      buckets: readonly Bucket[];
      start?: string;
      end?: string;
    }>[];
    unallocated: readonly Readonly<{ quantity: string; reason: string }>[];
  }
>;
type OfTransfer = Readonly<{ transferId: string }>;
export type TransferShipped = Event<'TransferShipped', OfTransfer>;
export type TransferClosed = Event<
  'TransferClosed',
  OfTransfer & { received: string; short: string; damaged: string; lost: string; returned: string }
>;
export type TransferCancelled = Event<'TransferCancelled', OfTransfer>;

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

type Say<Type extends string, Data> = Readonly<{ type: Type; data: Readonly<Data> }>;
type OfReservation = Readonly<{ capacityId: string; reservationId: string }>;
export type Out =
  | Message<typeof orders>
  | Message<typeof progress>
  | Message<typeof productionOrder>
  | Message<typeof workOrder>
  | Message<typeof decisions>
  | Say<
      'ProposeAllocation',
      {
        planId: string;
        customerOrderId: string;
        product: string;
        customer: string;
        quantity: Quantity;
        due: string;
        shipTo?: string;
        excluded?: string[];
        maxLegs?: number;
      }
    >
  | Say<'AcceptPlan', { planId: string }>
  | Say<'RejectPlan' | 'SupersedePlan', { planId: string; reason: string }>
  | Say<'ReserveCapacity', OfReservation & { customerOrderId: string; buckets: Bucket[] }>
  | Say<'ConfirmReservation', OfReservation>
  | Say<'ReleaseReservation', OfReservation & { reason: string }>
  | Say<'PlanTransfer', OfTransfer & { toFacilityId: string; items: { materialId: string; quantity: Quantity }[]; customerOrderId: string }>
  | Say<'CancelTransfer', OfTransfer & { reason: string }>;
