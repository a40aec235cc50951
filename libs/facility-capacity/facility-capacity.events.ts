import type { Event } from '#kernel/event';
import type { CapacityMode } from '#manufacturing/capacity';

/** Minutes of one day, YYYY-MM-DD in the plant's zone. */
export type Bucket = Readonly<{ date: string; minutes: number }>;

/** How much a resource group can do in a day: `units` machines or workplaces of `minutesPerDay` each. Infinite has no limit. */
export type CapacityTerms = Readonly<{ mode: CapacityMode; units: number; minutesPerDay: number }>;

/** Why a reservation no longer stands. */
export const ReleaseCause = { Released: 'Released', Expired: 'Expired' } as const;
export type ReleaseCause = keyof typeof ReleaseCause;

type OfCapacity = Readonly<{ capacityId: string }>;
type OfReservation = OfCapacity & Readonly<{ reservationId: string }>;

/** The capacity of a resource group, from now on. */
export type CapacityDefined = Event<'CapacityDefined', OfCapacity & CapacityTerms>;

/** Minutes were reserved. */
export type CapacityReserved = Event<
  'CapacityReserved',
  OfReservation & {
    customerOrderId?: string;
    buckets: readonly Bucket[];
    /** When it ends by itself unless it is confirmed. */
    expiresAt?: string;
  }
>;

/** The reservation is definite: it no longer expires. */
export type ReservationConfirmed = Event<'ReservationConfirmed', OfReservation>;

/** The reservation expires later. */
export type ReservationExtended = Event<'ReservationExtended', OfReservation & { from: string; to: string }>;

/** The minutes are free again. */
export type ReservationReleased = Event<
  'ReservationReleased',
  OfReservation & { cause: ReleaseCause; reason: string; buckets: readonly Bucket[] }
>;

/** Minutes are not available, e.g. for maintenance. */
export type CapacityBlocked = Event<'CapacityBlocked', OfCapacity & { blockId: string; buckets: readonly Bucket[]; reason: string }>;

/** The minutes of a block are available again. */
export type CapacityUnblocked = Event<'CapacityUnblocked', OfCapacity & { blockId: string; buckets: readonly Bucket[] }>;

/** A block, or new terms, left less than is reserved: somebody must move reservations. */
export type CapacityOverbookedDetected = Event<
  'CapacityOverbookedDetected',
  OfCapacity & { date: string; taken: number; capacity: number }
>;

export type FacilityCapacityEvent =
  | CapacityDefined
  | CapacityReserved
  | ReservationConfirmed
  | ReservationExtended
  | ReservationReleased
  | CapacityBlocked
  | CapacityUnblocked
  | CapacityOverbookedDetected;
