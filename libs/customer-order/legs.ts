/** The legs of a customer order, and their balance with what is ordered (I1). */
import { Rejected } from '#kernel/rejected';
import { compare, isZero, minus, plus, sum } from '#manufacturing/quantity';
import type { CustomerDemand, LegDelivery, LegMade, LegStatus, LegStep } from './customer-order.events';

export type Leg = Readonly<{
  leg: number;
  facilityId: string;
  quantity: string;
  status: LegStatus;
  /** Steps that are done and not undone, in their order. */
  done: readonly LegStep[];
  /** Refusals that were recorded, so that each is recorded once. */
  attempts: readonly string[];
  /** The step whose undo waits for a person. */
  blocked?: LegStep;
  /** A person has freed it. */
  freed?: true;
  made?: LegMade;
  delivery?: LegDelivery;
}>;

/** What a leg counts towards the order: what is planned, then what is made, then what has arrived. */
const countedBy = ({ status, quantity, made, delivery }: Leg): string =>
  status === 'Undone' ? '0' : (delivery?.received ?? made?.good ?? quantity);

/** Legs and unallocated rest add up to what is ordered plus the surplus. */
export function balanceOf(ordered: string, legs: readonly Leg[]): { unallocated: string; surplus: string } {
  const rest = minus(ordered, sum(legs.map(countedBy)));
  return compare(rest, '0') >= 0 ? { unallocated: rest, surplus: '0' } : { unallocated: '0', surplus: minus('0', rest) };
}

/** What is made or has arrived, and cannot be taken back. */
export const settledBy = (legs: readonly Leg[]): string => sum(legs.filter(({ made }) => made).map(countedBy));

const madeBy = (legs: readonly Leg[]): { produced: string; scrapped: string } => ({
  produced: sum(legs.map(({ made }) => made?.good ?? '0')),
  scrapped: sum(legs.map(({ made }) => made?.scrap ?? '0')),
});

const deliveredBy = (legs: readonly Leg[], part: keyof LegDelivery): string => sum(legs.map(({ delivery }) => delivery?.[part] ?? '0'));

/** The figures of a completed order. */
export function completedBy(
  { quantity: ordered, shipTo }: Pick<CustomerDemand, 'quantity' | 'shipTo'>,
  legs: readonly Leg[],
): Readonly<{ produced: string; scrapped: string; delivered: string; short?: string }> {
  const { unallocated } = balanceOf(ordered, legs);
  // What is made where all is shipped to is there.
  const there = sum(legs.filter(({ facilityId }) => facilityId === shipTo).map(({ made }) => made?.good ?? '0'));
  return { ...madeBy(legs), delivered: plus(deliveredBy(legs, 'received'), there), ...(isZero(unallocated) ? {} : { short: unallocated }) };
}

/** The figures of a cancelled order: what was made and is not gone is in stock. */
export function cancelledBy(legs: readonly Leg[]): Readonly<{ produced: string; scrapped: string; stocked: string; returned: string }> {
  const made = madeBy(legs);
  const gone = sum((['short', 'damaged', 'lost'] as const).map((part) => deliveredBy(legs, part)));
  const stocked = minus(made.produced, gone);
  return { ...made, stocked: compare(stocked, '0') > 0 ? stocked : '0', returned: deliveredBy(legs, 'returned') };
}

/** Legs that nothing more is expected of. */
export const isSettled = ({ status }: Leg): boolean => status === 'Undone' || status === 'Ended' || status === 'Delivered';

export const withLeg = (legs: readonly Leg[], leg: Leg): Leg[] =>
  legs.some((each) => each.leg === leg.leg) ? legs.map((each) => (each.leg === leg.leg ? leg : each)) : [...legs, leg];

/** @throws Rejected leg-unknown */
export function legIn(legs: readonly Leg[], leg: number): Leg {
  const found = legs.find((each) => each.leg === leg);
  if (!found) throw new Rejected('leg-unknown', `The order has no leg ${leg}; it has ${legs.length}.`, { leg, legs: legs.length });
  return found;
}
