import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, TimerFired } from '#kernel/process';
import type * as materialLot from '#material-lot/material-lot.commands';
import type { LotReserved } from '#material-lot/material-lot.events';
import type { WorkOrderAborted, WorkOrderCancelled, WorkOrderEnded } from '#work-order/work-order.events';

type In = LotReserved | WorkOrderEnded | WorkOrderAborted | WorkOrderCancelled;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof materialLot>;
type Reservation = Readonly<{ lotId: string; reservationId: string }>;

/** One work order and what is set aside for it. */
export type Reserved = Readonly<{ workOrderId: string; reserved: readonly Reservation[]; over: boolean; frees: readonly Reservation[] }>;

/** An order that is over needs no material: what was set aside for it, also in the same moment, is free again. */
export const whenWorkOrderOverFreeReservations: Process<Reserved, In, Out> = {
  name: 'when-work-order-over-free-reservations',
  initial: { workOrderId: '', reserved: [], over: false, frees: [] },
  events: ['LotReserved', 'WorkOrderEnded', 'WorkOrderAborted', 'WorkOrderCancelled'],
  status: ({ over, reserved }) => (over ? 'the order is over' : reserved.length > 0 ? 'material is reserved' : 'nothing is reserved'),
  isOver: ({ over }) => over,
  correlate: (event) => {
    const { workOrderId } = event.data;
    return atHome(event, workOrderId) ? workOrderId : undefined;
  },
  evolve: (before, input: Input): Reserved => {
    const order = { ...before, frees: [] };
    switch (input.type) {
      case 'LotReserved': {
        const { workOrderId, lotId, reservationId } = input.data;
        const reservation = { lotId, reservationId };
        if (order.over) return { ...order, frees: [reservation] };
        return { ...order, workOrderId, reserved: [...order.reserved, reservation] };
      }
      case 'WorkOrderEnded':
      case 'WorkOrderAborted':
      case 'WorkOrderCancelled':
        return { workOrderId: input.data.workOrderId, reserved: [], over: true, frees: order.reserved };
      default:
        return order;
    }
  },
  react: ({ workOrderId, frees }) =>
    frees.map((reservation) => ({ send: { type: 'UnreserveLot', data: { workOrderId, ...reservation } } })),
};
