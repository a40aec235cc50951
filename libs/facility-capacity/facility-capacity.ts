import type { Decider } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { ofPlants } from '#manufacturing/references';
import type * as commands from './facility-capacity.commands';
import type { Bucket, CapacityOverbookedDetected, CapacityTerms, FacilityCapacityEvent } from './facility-capacity.events';

type Reservation = Readonly<{ buckets: readonly Bucket[]; confirmed: boolean; expiresAt?: string }>;
export type FacilityCapacity = Readonly<{
  /** Absent until it is defined. */
  terms?: CapacityTerms;
  reservations: Readonly<Record<string, Reservation>>;
  blocks: Readonly<Record<string, readonly Bucket[]>>;
  /** Ids of the reservations that were released last: they are not used again. */
  released: readonly string[];
  /** Reserved and blocked minutes of each day. */
  taken: Readonly<Record<string, number>>;
}>;

/** The capacity as the planner sees it. */
export type ToldCapacity = CapacityTerms & Readonly<{ taken: Readonly<Record<string, number>> }>;

const refuse = (code: string, message: string, facts: Readonly<Record<string, unknown>>): never => {
  throw new Rejected(code, message, facts);
};

/** How many released ids are remembered. */
const RELEASED = 1_000;

/** Minutes of a day; Infinity where there is no limit. */
export const minutesOf = ({ mode, units, minutesPerDay }: CapacityTerms): number =>
  mode === 'Infinite' ? Infinity : units * minutesPerDay;

function added(taken: FacilityCapacity['taken'], buckets: readonly Bucket[], sign: 1 | -1): Record<string, number> {
  const sums = { ...taken };
  for (const { date, minutes } of buckets) {
    const left = (sums[date] ?? 0) + sign * minutes;
    if (left === 0) delete sums[date];
    else sums[date] = left;
  }
  return sums;
}

const without = <T>(record: Readonly<Record<string, T>>, id: string): Record<string, T> => {
  const { [id]: _, ...rest } = record;
  return rest;
};

function evolve(state: FacilityCapacity, { type, data }: FacilityCapacityEvent): FacilityCapacity {
  switch (type) {
    case 'CapacityDefined': {
      const { mode, units, minutesPerDay } = data;
      return { ...state, terms: { mode, units, minutesPerDay } };
    }
    case 'CapacityReserved': {
      const { reservationId, buckets, expiresAt } = data;
      const reservation = { buckets, confirmed: false, ...(expiresAt === undefined ? {} : { expiresAt }) };
      const reservations = { ...state.reservations, [reservationId]: reservation };
      return { ...state, reservations, taken: added(state.taken, buckets, 1) };
    }
    case 'ReservationConfirmed':
    case 'ReservationExtended': {
      const reservation = entryOf(state.reservations, data.reservationId);
      if (!reservation) return state;
      const changed = type === 'ReservationConfirmed' ? { ...reservation, confirmed: true } : { ...reservation, expiresAt: data.to };
      return { ...state, reservations: { ...state.reservations, [data.reservationId]: changed } };
    }
    case 'ReservationReleased':
      if (!entryOf(state.reservations, data.reservationId)) return state;
      return {
        ...state,
        reservations: without(state.reservations, data.reservationId),
        released: [...state.released, data.reservationId].slice(-RELEASED),
        taken: added(state.taken, data.buckets, -1),
      };
    case 'CapacityBlocked':
      return { ...state, blocks: { ...state.blocks, [data.blockId]: data.buckets }, taken: added(state.taken, data.buckets, 1) };
    case 'CapacityUnblocked':
      if (!entryOf(state.blocks, data.blockId)) return state;
      return { ...state, blocks: without(state.blocks, data.blockId), taken: added(state.taken, data.buckets, -1) };
    case 'CapacityOverbookedDetected':
      return state;
  }
}

const plain = (buckets: readonly Bucket[]): Bucket[] => buckets.map(({ date, minutes }) => ({ date, minutes }));
const same = (a: readonly Bucket[], b: readonly Bucket[]): boolean => JSON.stringify(plain(a)) === JSON.stringify(plain(b));

/** Each day once, and one that exists. @throws Rejected */
function checked(buckets: readonly Bucket[]): Bucket[] {
  const days = new Set<string>();
  for (const { date } of buckets) {
    if (new Date(`${date}T00:00:00Z`).toISOString().slice(0, 10) !== date)
      refuse('day-unknown', `${date} is not a day of the calendar.`, { date });
    if (days.has(date)) refuse('day-twice', `${date} must appear once in \`buckets\`; add its minutes up.`, { date });
    days.add(date);
  }
  return plain(buckets).sort((a, b) => (a.date < b.date ? -1 : 1));
}

function defined({ terms }: FacilityCapacity, capacityId: string): CapacityTerms {
  return terms ?? refuse('capacity-unknown', `Unknown resource group ${capacityId}. Define its capacity first.`, { capacityId });
}

function reservationOf({ reservations }: FacilityCapacity, capacityId: string, reservationId: string): Reservation {
  const facts = { capacityId, reservationId };
  return (
    entryOf(reservations, reservationId) ?? refuse('reservation-unknown', `Unknown reservation ${reservationId} of ${capacityId}.`, facts)
  );
}

/** Days on which more is taken than there is. */
function overbooked(capacityId: string, before: FacilityCapacity, events: readonly FacilityCapacityEvent[]): CapacityOverbookedDetected[] {
  const after = events.reduce(evolve, before);
  const capacity = after.terms ? minutesOf(after.terms) : Infinity;
  const limit = before.terms ? minutesOf(before.terms) : Infinity;
  return Object.entries(after.taken)
    .filter(([date, taken]) => taken > capacity && (taken !== before.taken[date] || limit !== capacity))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, taken]) => ({ type: 'CapacityOverbookedDetected', data: { capacityId, date, taken, capacity } }));
}

const rules: Decider<typeof commands, FacilityCapacity, FacilityCapacityEvent> = {
  category: 'facility-capacity',
  initial: { reservations: {}, blocks: {}, released: [], taken: {} },
  id: ({ capacityId }) => capacityId,
  tells: ({ terms, taken }): ToldCapacity | null => (terms ? { ...terms, taken } : null),
  exceptions: ['CapacityOverbookedDetected'],
  evolve,
  decide: {
    DefineCapacity: ({ capacityId, mode, units = 1, minutesPerDay }, state) => {
      if (mode === 'Unary' && units !== 1)
        refuse('units-of-unary', `\`units\` must be 1 where the mode is Unary, was ${units}. Use Cumulative for several.`, {
          capacityId,
          units,
        });
      const terms = { mode, units, minutesPerDay };
      if (state.terms && JSON.stringify(state.terms) === JSON.stringify(terms)) return [];
      const event: FacilityCapacityEvent = { type: 'CapacityDefined', data: { capacityId, ...terms } };
      return [event, ...overbooked(capacityId, state, [event])];
    },
    ReserveCapacity: ({ capacityId, reservationId, customerOrderId, buckets, lastsMinutes, ...command }, state, context) => {
      if (command.expiresAt !== undefined && lastsMinutes !== undefined)
        refuse('expiry-twice', 'Give `expiresAt` or `lastsMinutes`, not both.', { capacityId, reservationId });
      const expiresAt = lastsMinutes === undefined ? command.expiresAt : later(context.now, lastsMinutes);
      const capacity = minutesOf(defined(state, capacityId));
      const wanted = checked(buckets);
      const known = entryOf(state.reservations, reservationId);
      if (known && same(known.buckets, wanted)) return [];
      if (known)
        refuse('reservation-exists', `Reservation ${reservationId} exists with other minutes. Release it first.`, {
          capacityId,
          reservationId,
        });
      if (state.released.includes(reservationId))
        refuse('reservation-released', `Reservation ${reservationId} was released. Use a new id.`, { capacityId, reservationId });
      if (expiresAt !== undefined && isOver(expiresAt, context.now))
        refuse('expiry-in-the-past', `\`expiresAt\` must be in the future, was ${expiresAt}.`, { expiresAt });
      for (const { date, minutes } of wanted) {
        const free = capacity - (state.taken[date] ?? 0);
        if (minutes > free)
          refuse('capacity-exceeded', `${capacityId} has ${Math.max(0, free)} minutes left on ${date}, asked for ${minutes}.`, {
            capacityId,
            date,
            free: Math.max(0, free),
            asked: minutes,
          });
      }
      const optional = { ...(customerOrderId === undefined ? {} : { customerOrderId }), ...(expiresAt === undefined ? {} : { expiresAt }) };
      return [{ type: 'CapacityReserved', data: { capacityId, reservationId, buckets: wanted, ...optional } }];
    },
    ConfirmReservation: ({ capacityId, reservationId }, state) =>
      reservationOf(state, capacityId, reservationId).confirmed
        ? []
        : [{ type: 'ReservationConfirmed', data: { capacityId, reservationId } }],
    ExtendReservation: ({ capacityId, reservationId, expiresAt: to }, state) => {
      const { expiresAt: from, confirmed } = reservationOf(state, capacityId, reservationId);
      if (confirmed || from === undefined)
        return refuse('reservation-lasts', `Reservation ${reservationId} does not expire.`, { capacityId, reservationId });
      if (from === to) return [];
      if (Date.parse(to) < Date.parse(from))
        refuse('expiry-earlier', `\`expiresAt\` must not be earlier than ${from}, was ${to}. Release the reservation instead.`, {
          from,
          to,
        });
      return [{ type: 'ReservationExtended', data: { capacityId, reservationId, from, to } }];
    },
    ReleaseReservation: ({ capacityId, reservationId, reason }, state) => {
      const known = entryOf(state.reservations, reservationId);
      if (!known) return [];
      const { buckets } = known;
      return [{ type: 'ReservationReleased', data: { capacityId, reservationId, cause: 'Released', reason, buckets } }];
    },
    // By the time of the timer that fired, not by this app's clock: it may be behind, and the timer fires once.
    ExpireReservation: ({ capacityId, reservationId }, state, context) => {
      const known = entryOf(state.reservations, reservationId);
      if (!known || known.confirmed || known.expiresAt === undefined || !isOver(known.expiresAt, context.occurredAt)) return [];
      const { buckets } = known;
      const reason = `not confirmed by ${known.expiresAt}`;
      return [{ type: 'ReservationReleased', data: { capacityId, reservationId, cause: 'Expired', reason, buckets } }];
    },
    BlockCapacity: ({ capacityId, blockId, buckets, reason }, state) => {
      defined(state, capacityId);
      const wanted = checked(buckets);
      const known = entryOf(state.blocks, blockId);
      if (known && same(known, wanted)) return [];
      if (known) refuse('block-exists', `Block ${blockId} exists with other minutes. Unblock it first.`, { capacityId, blockId });
      const event: FacilityCapacityEvent = { type: 'CapacityBlocked', data: { capacityId, blockId, buckets: wanted, reason } };
      return [event, ...overbooked(capacityId, state, [event])];
    },
    UnblockCapacity: ({ capacityId, blockId }, state) => {
      const buckets = entryOf(state.blocks, blockId);
      return buckets ? [{ type: 'CapacityUnblocked', data: { capacityId, blockId, buckets } }] : [];
    },
  },
};

/** The capacity of a resource group of a plant, by day: no day has more reserved than it has minutes (I19). */
export const facilityCapacity: typeof rules = ofPlants(rules);

const later = (now: string, minutes: number): string => new Date(Date.parse(now) + minutes * 60_000).toISOString();
const isOver = (instant: string, at: string): boolean => Date.parse(instant) <= Date.parse(at);
