import { compare, minus, sum } from '#manufacturing/quantity';
import type { LegState, Made } from './production-order.events';

/** A work order that makes part of the demand. */
export type Leg = Readonly<{ workOrderId: string; state: LegState; quantity: string; made?: Made; endedAt?: string }>;

export const legOf = (legs: readonly Leg[], workOrderId: string): Leg | undefined => legs.find((leg) => leg.workOrderId === workOrderId);

/** Quantities of the legs that are over; running legs are counted when they end. */
export const madeBy = (legs: readonly Leg[]): Made => ({
  good: sum(legs.map(({ made }) => made?.good ?? '0')),
  scrap: sum(legs.map(({ made }) => made?.scrap ?? '0')),
  rework: sum(legs.map(({ made }) => made?.rework ?? '0')),
});

/** The quantity allocated to legs: planned for open legs, made for legs that are over. */
export const allocatedTo = (legs: readonly Leg[]): string => sum(legs.map(({ made, quantity }) => made?.good ?? quantity));

/** The quantity not allocated to legs: legs and rest add up to the demand (invariant I1); 0 where the legs exceed it. */
export const unallocated = (quantity: string, legs: readonly Leg[]): string => {
  const rest = minus(quantity, allocatedTo(legs));
  return compare(rest, '0') > 0 ? rest : '0';
};

export const withLeg = (legs: readonly Leg[], leg: Leg): Leg[] =>
  legOf(legs, leg.workOrderId) ? legs.map((known) => (known.workOrderId === leg.workOrderId ? leg : known)) : [...legs, leg];

export const withoutLeg = (legs: readonly Leg[], workOrderId: string): Leg[] => legs.filter((leg) => leg.workOrderId !== workOrderId);

/** Legs that are not over. */
export const openLegs = (legs: readonly Leg[]): string[] =>
  legs.filter(({ state }) => state !== 'Ended').map(({ workOrderId }) => workOrderId);
export const startedLegs = (legs: readonly Leg[]): string[] =>
  legs.filter(({ state }) => state === 'Started').map(({ workOrderId }) => workOrderId);
