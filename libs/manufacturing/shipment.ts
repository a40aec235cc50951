/**
 * The books of what is shipped from one plant to another (I18): what arrived, what is missing, and what is still under way add up to what
 * was shipped. Amounts are decimal strings in the unit of the item.
 */
import { compare, isPositive, minus, plus, sum } from './quantity';

export type ShipmentBooks = Readonly<{
  shipped: string;
  /** Arrived and usable. */
  received: string;
  /** Missing at the receipt. */
  short: string;
  /** Arrived, not usable. */
  damaged: string;
  lost: string;
  /** Back at the plant that shipped it. */
  returned: string;
  /** Arrived beyond what was shipped. */
  over: string;
}>;

/** The books when it leaves. */
export const shippedBooks = (shipped: string): ShipmentBooks => ({
  shipped,
  received: '0',
  short: '0',
  damaged: '0',
  lost: '0',
  returned: '0',
  over: '0',
});

/** What has neither arrived nor is known to be missing. */
export const inTransit = ({ shipped, received, short, damaged, lost, returned, over }: ShipmentBooks): string =>
  minus(plus(shipped, over), sum([received, short, damaged, lost, returned]));

const lesser = (a: string, b: string): string => (compare(a, b) < 0 ? a : b);

/**
 * The books after something arrived: it was in transit, or else it is what was missing or lost; beyond that it is more than was shipped.
 * With `complete` nothing more is expected: what is still in transit is short.
 */
export function arrived(before: ShipmentBooks, received: string, damaged: string, complete: boolean): ShipmentBooks {
  let rest = minus(plus(received, damaged), lesser(inTransit(before), plus(received, damaged)));
  const fromShort = lesser(before.short, rest);
  rest = minus(rest, fromShort);
  const fromLost = lesser(before.lost, rest);
  rest = minus(rest, fromLost);
  const after = {
    ...before,
    received: plus(before.received, received),
    damaged: plus(before.damaged, damaged),
    short: minus(before.short, fromShort),
    lost: minus(before.lost, fromLost),
    over: plus(before.over, rest),
  };
  return complete && isPositive(inTransit(after)) ? { ...after, short: plus(after.short, inTransit(after)) } : after;
}
