import type { Message } from '#kernel/decider';
import { atHome } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import type * as capacities from '#facility-capacity/facility-capacity.commands';
import type {
  CapacityReserved,
  ReservationConfirmed,
  ReservationExtended,
  ReservationReleased,
} from '#facility-capacity/facility-capacity.events';

type In = CapacityReserved | ReservationConfirmed | ReservationExtended | ReservationReleased;
type Input = In | TimerFired | CommandRefused;
type Out = Message<typeof capacities>;
type Watch = Readonly<{ capacityId: string; reservationId: string; stands: 'expires' | 'lasts' | 'closed' }>;

const TIMER = 'reservation expires';

/** A reservation that nobody confirms in time is released. */
export const whenCapacityReservedExpireIt: Process<Watch, In, Out> = {
  name: 'when-capacity-reserved-expire-it',
  initial: { capacityId: '', reservationId: '', stands: 'lasts' },
  events: ['CapacityReserved', 'ReservationConfirmed', 'ReservationExtended', 'ReservationReleased'],
  status: ({ stands }) => stands,
  isOver: ({ stands }) => stands !== 'expires',
  correlate: (event) => {
    const { capacityId, reservationId } = event.data;
    return atHome(event, capacityId) ? `${capacityId}~${reservationId}` : undefined;
  },
  evolve: (watch, { type, data }: Input): Watch => {
    switch (type) {
      case 'CapacityReserved': {
        const { capacityId, reservationId, expiresAt } = data;
        return { capacityId, reservationId, stands: expiresAt === undefined ? 'lasts' : 'expires' };
      }
      case 'ReservationConfirmed':
        return { ...watch, stands: 'lasts' };
      case 'ReservationReleased':
        return { ...watch, stands: 'closed' };
      default:
        return watch;
    }
  },
  react: ({ capacityId, reservationId, stands }, { type, data }): readonly Reaction<Out>[] => {
    switch (type) {
      case 'CapacityReserved':
        return data.expiresAt === undefined ? [] : [{ remind: TIMER, at: data.expiresAt }];
      case 'ReservationExtended':
        return stands === 'expires' ? [{ remind: TIMER, at: data.to }] : [];
      case 'ReservationConfirmed':
      case 'ReservationReleased':
        return [{ forget: TIMER }];
      case 'TimerFired':
        return stands === 'expires' ? [{ send: { type: 'ExpireReservation', data: { capacityId, reservationId } } }] : [];
      default:
        return [];
    }
  },
};
