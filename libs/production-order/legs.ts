import { compare, minus, sum } from '#manufacturing/quantity';
import type { LegState, Made } from './production-order.events';

/** A work order that makes a part of the demand. */
export type Leg = Readonly<{ workOrderId: string; state: LegState; quantity: string; made?: Made; endedAt?: string }>;

export const legOf = (legs: readonly Leg[], workOrderId: string): Leg | undefined => legs.find((leg) => leg.workOrderId === workOrderId);

/** What the legs have made; legs under way are counted when they end. */
export const madeBy = (legs: readonly Leg[]): Made => ({
  good: sum(legs.map(({ made }) => made?.good ?? '0')),
  scrap: sum(legs.map(({ made }) => made?.scrap ?? '0')),
  rework: sum(legs.map(({ made }) => made?.rework ?? '0')),
});

/** What the legs are to make: a leg under way its quantity, one that is over what it made. */
export const allocatedTo = (legs: readonly Leg[]): string => sum(legs.map(({ made, quantity }) => made?.good ?? quantity));

/** What no leg is to make yet, so that legs and rest are the demand (invariant I1); nothing where the legs make more. */
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
