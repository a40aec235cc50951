import type { Event } from '#kernel/event';
import type { Context } from '#kernel/decider';
import { Rejected } from '#kernel/rejected';

type Data = Readonly<Record<string, unknown>>;
type Status = Readonly<{ status: string }>;
export const PLANTS: readonly string[] = ['lyon', 'haifa', 'oslo'];
/** When legs are to be done. */
const END = '2099-01-06T12:00:00.000Z';
/** What one plant can take. */
const MOST = 6;

const cellOf = (plant: string): string => `facility-capacity-${plant}.cell`;

/** Plans, capacities and transfers, as small as they can be: who decides in which stream is what matters here. */
export const plan = {
  category: 'allocation-plan',
  initial: { status: 'none' },
  evolve: (_: unknown, { type }: Event) => ({ status: type }),
  id: ({ planId }: Data) => planId as string,
  regards: (name: string) => (name === 'ProposeAllocation' ? PLANTS.map((plant) => ({ stream: cellOf(plant), now: true as const })) : []),
  decide: {
    ProposeAllocation: (
      { planId, customerOrderId, quantity, product, due, excluded = [], batch }: Data,
      { status }: Status,
      { regarded }: Context,
    ) => {
      if (status !== 'none') return [];
      let rest = Number((quantity as { amount: string }).amount);
      const legs = PLANTS.filter((plant) => !(excluded as string[]).includes(plant)).flatMap((facilityId, index) => {
        const part = Math.min(rest, (regarded?.[cellOf(facilityId)] as number | null | undefined) ?? MOST);
        rest -= part;
        const buckets = [{ date: '2026-01-06', minutes: part }];
        return part > 0
          ? [{ leg: index + 1, facilityId, capacityId: `${facilityId}.cell`, quantity: String(part), buckets, end: END }]
          : [];
      });
      const unallocated = rest > 0 ? [{ quantity: String(rest), reason: 'no capacity before it is due' }] : [];
      const { amount } = quantity as { amount: string };
      const inputs = batch ? { inputs: { order: { product, quantity: amount, due }, batch } } : {};
      return [{ type: 'AllocationProposed', data: { planId, customerOrderId, legs, unallocated, ...inputs } }];
    },
    AcceptPlan: ({ planId }: Data, { status }: Status) => {
      if (status === 'PlanAccepted') return [];
      if (status === 'PlanRejected') throw new Rejected('plan-rejected', 'Somebody rejected it.');
      return [{ type: 'PlanAccepted', data: { planId } }];
    },
    RejectPlan: ({ planId }: Data, { status }: Status) => {
      if (status === 'none') throw new Rejected('plan-unknown', 'Nobody proposed it.');
      return status === 'PlanRejected' ? [] : [{ type: 'PlanRejected', data: { planId } }];
    },
    SupersedePlan: ({ planId }: Data, { status }: Status) =>
      status === 'PlanSuperseded' ? [] : [{ type: 'PlanSuperseded', data: { planId } }],
  },
};
const takenOf = ({ reserved }: Capacity): number => Object.values(reserved).reduce((total, each) => total + each, 0);
type Capacity = Readonly<{ free: number; reserved: Readonly<Record<string, number>> }>;
export const capacity = {
  category: 'facility-capacity',
  initial: { free: MOST, reserved: {} } as Capacity,
  evolve: (state: Capacity, { type, data }: Event): Capacity => {
    const { reservationId, minutes } = data as { reservationId: string; minutes: number };
    if (type === 'CapacityBlocked') return { ...state, free: 0 };
    if (type === 'CapacityReserved') return { ...state, reserved: { ...state.reserved, [reservationId]: minutes } };
    if (type !== 'ReservationReleased') return state;
    const { [reservationId]: _, ...reserved } = state.reserved;
    return { ...state, reserved };
  },
  id: ({ capacityId }: Data) => capacityId as string,
  tells: (state: Capacity): number => Math.max(0, state.free - takenOf(state)),
  decide: {
    ReserveCapacity: ({ capacityId, reservationId, buckets }: Data, state: Capacity) => {
      const { free, reserved } = state;
      if ((reservationId as string) in reserved) return [];
      const minutes = (buckets as { minutes: number }[]).reduce((total, bucket) => total + bucket.minutes, 0);
      if (takenOf(state) + minutes > free) throw new Rejected('capacity-exceeded', 'There is no room.');
      return [{ type: 'CapacityReserved', data: { capacityId, reservationId, minutes } }];
    },
    ConfirmReservation: ({ reservationId }: Data, { reserved }: Capacity) => {
      if (!((reservationId as string) in reserved)) throw new Rejected('reservation-unknown', 'It has ended.');
      return [];
    },
    ReleaseReservation: ({ capacityId, reservationId }: Data, { reserved }: Capacity) =>
      (reservationId as string) in reserved ? [{ type: 'ReservationReleased', data: { capacityId, reservationId } }] : [],
    BlockCapacity: ({ capacityId }: Data) => [{ type: 'CapacityBlocked', data: { capacityId } }],
  },
};
export const transfer = {
  category: 'inter-facility-transfer',
  initial: { status: 'none', amount: '' },
  evolve: ({ amount = '' }: { amount?: string }, { type, data }: Event) => ({
    status: type,
    amount: (data as { amount?: string }).amount ?? amount,
  }),
  id: ({ transferId }: Data) => transferId as string,
  decide: {
    PlanTransfer: ({ transferId, items }: Data, { status }: Status) => {
      const [{ quantity }] = items as [{ quantity: { amount: string } }];
      return status === 'none' ? [{ type: 'TransferPlanned', data: { transferId, amount: quantity.amount } }] : [];
    },
    ShipTransfer: ({ transferId }: Data, { status }: Status) => {
      if (status !== 'TransferPlanned') throw new Rejected('transfer-state', 'Not possible now.');
      return [{ type: 'TransferShipped', data: { transferId } }];
    },
    CloseTransfer: ({ transferId, received, damaged }: Data, { status }: Status) => {
      if (status !== 'TransferShipped') throw new Rejected('transfer-state', 'Not possible now.');
      return [{ type: 'TransferClosed', data: { transferId, received, damaged, short: '0', lost: '0', returned: '0' } }];
    },
    CancelTransfer: ({ transferId }: Data, { status }: Status) => {
      if (status === 'TransferCancelled') return [];
      if (status !== 'TransferPlanned') throw new Rejected('transfer-state', 'Not possible now.');
      return [{ type: 'TransferCancelled', data: { transferId } }];
    },
  },
};
