/**
 * The books of what is shipped from one plant to another (I18): what arrived, what is missing, and what is still under way add up to what
 * was shipped. Amounts are decimal strings in the unit of the item. Each plant keeps its own; both come to the same in whatever order they
 * learn of receipts, losses and returns.
 */
import { Rejected } from '#kernel/rejected';
import { compare, fitsUnit, isPositive, isZero, minus, plus, type Quantity, sum } from './quantity';

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
/** The books of one item, known within its transfer by its lot or material. */
type OfItem = ShipmentBooks & Readonly<{ item: string }>;

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

/** What turned up was in transit, or else it is what was missing or lost; beyond that it is more than was shipped. */
function found(before: ShipmentBooks, amount: string): Pick<ShipmentBooks, 'short' | 'lost' | 'over'> {
  let rest = minus(amount, lesser(inTransit(before), amount));
  const fromShort = lesser(before.short, rest);
  rest = minus(rest, fromShort);
  const fromLost = lesser(before.lost, rest);
  return { short: minus(before.short, fromShort), lost: minus(before.lost, fromLost), over: plus(before.over, minus(rest, fromLost)) };
}

/** The books after something arrived. With `complete` nothing more is expected: what is still in transit is short. */
export function arrived(before: ShipmentBooks, received: string, damaged: string, complete: boolean): ShipmentBooks {
  const after = {
    ...before,
    ...found(before, plus(received, damaged)),
    received: plus(before.received, received),
    damaged: plus(before.damaged, damaged),
  };
  return complete && isPositive(inTransit(after)) ? { ...after, short: plus(after.short, inTransit(after)) } : after;
}

/** The books after a loss was declared at either plant: at most what is in transit or short is lost, because the rest has arrived. */
export function lost(before: ShipmentBooks, amount: string): ShipmentBooks {
  const booked = lesser(amount, missingOf(before));
  const fromShort = minus(booked, lesser(booked, inTransit(before)));
  return { ...before, lost: plus(before.lost, booked), short: minus(before.short, fromShort) };
}

/** The books after something came back to the plant that shipped it. */
export const cameBack = (before: ShipmentBooks, amount: string): ShipmentBooks => ({
  ...before,
  ...found(before, amount),
  returned: plus(before.returned, amount),
});

const missingOf = (books: ShipmentBooks): string => plus(inTransit(books), books.short);
/** The most that may still arrive: what is in transit, short or lost. The receiver refuses more (`arrivalOf` in inbound-transfer.ts). */
export const arrivable = (books: ShipmentBooks): string => plus(missingOf(books), books.lost);

const PARTS = ['shipped', 'received', 'short', 'damaged', 'lost', 'returned', 'over'] as const;
/** The totals over all items. */
export const totalsOf = (books: readonly ShipmentBooks[]): ShipmentBooks =>
  Object.fromEntries(PARTS.map((part) => [part, sum(books.map((item) => item[part]))])) as ShipmentBooks;

/** The books with some items changed. */
export const withItems = <Books extends OfItem>(books: readonly Books[], changed: readonly Books[]): readonly Books[] =>
  books.map((each) => changed.find(({ item }) => item === each.item) ?? each);

/** Nothing is in transit. */
export const isClosed = (books: readonly ShipmentBooks[]): boolean => books.every((item) => isZero(inTransit(item)));

/** @throws Rejected item-unknown */
export function bookOf<Books extends OfItem>(books: readonly Books[], item: string): Books {
  const named = books.find((each) => each.item === item);
  if (named) return named;
  const items = books.map((each) => each.item);
  throw new Rejected('item-unknown', `The transfer has no item ${item}; its items: ${items.join(', ')}.`, { item, items });
}

/** @throws Rejected quantity-not-positive, fraction-of-a-piece */
export function rejectAmount({ amount, unit }: Quantity): void {
  if (!isPositive(amount)) throw new Rejected('quantity-not-positive', `\`amount\` must be above 0, was ${amount}.`, { amount, unit });
  rejectFraction({ amount, unit });
}

/** @throws Rejected fraction-of-a-piece */
export function rejectFraction({ amount, unit }: Quantity): void {
  if (!fitsUnit(amount, unit))
    throw new Rejected('fraction-of-a-piece', `\`amount\` must be a whole number of pieces, was ${amount}.`, { amount, unit });
}

/** @throws Rejected item-repeated */
export function rejectRepeated(items: readonly string[]): void {
  const twice = items.find((item, index) => items.indexOf(item) < index);
  if (twice !== undefined) throw new Rejected('item-repeated', `Each item may be named once; ${twice} is repeated.`, { item: twice });
}

type Part = Readonly<{ item: string; amount: string }>;
/**
 * The parts that are named of what is in transit, or all of it, with the books before.
 * @throws Rejected item-unknown, item-repeated, quantity-not-positive, fraction-of-a-piece, exceeds-in-transit
 */
export function partsInTransit<Books extends OfItem & Readonly<{ unit: Quantity['unit'] }>>(
  books: readonly Books[],
  asked: readonly Part[] | undefined,
): (Part & Readonly<{ before: Books }>)[] {
  const onTheWay = books.map((each) => ({ item: each.item, amount: inTransit(each) })).filter(({ amount }) => isPositive(amount));
  const parts = asked ?? onTheWay;
  rejectRepeated(parts.map(({ item }) => item));
  return parts.map(({ item, amount }) => {
    const before = bookOf(books, item);
    rejectAmount({ amount, unit: before.unit });
    if (compare(amount, inTransit(before)) > 0)
      throw new Rejected('exceeds-in-transit', `Of ${item} ${inTransit(before)} ${before.unit} are in transit, not ${amount}.`, {
        item,
        inTransit: inTransit(before),
        amount,
      });
    return { item, amount, before };
  });
}
