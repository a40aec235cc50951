import { facilityOf } from '#manufacturing/facility';
import { AMOUNT, compare, convert, fitsUnit, isPositive, isZero, type Quantity, sameDimension } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { available, type Books, type InStock, type Known, type MaterialLot } from './lot';
import { leastFrom } from './movements';

/** An instant as ISO 8601 UTC with milliseconds, so that texts sort as times do. */
export const utc = (instant: string): string => new Date(instant).toISOString();

export function known(state: MaterialLot): Known {
  if (state.status === 'unknown') throw new Rejected('material-lot-unknown', 'There is no such lot.');
  return state;
}

/** The lot while it is one: a merged lot takes no more commands. */
export function inStock(state: MaterialLot): InStock {
  const lot = known(state);
  if (lot.status === 'merged')
    throw new Rejected('lot-merged', `${lot.lotId} was merged into ${lot.intoLotId}.`, { intoLotId: lot.intoLotId });
  return lot;
}

/** Refuses what is no decimal amount, negative or (unless a count) zero. */
export function checkAmount({ amount, unit }: Quantity, zeroAllowed = false): void {
  if (/^-/.test(amount) || (AMOUNT.test(amount) && isZero(amount) && !zeroAllowed))
    throw new Rejected('quantity-not-positive', 'A quantity must be more than zero.', { amount, unit });
  if (!AMOUNT.test(amount))
    throw new Rejected('quantity-malformed', 'An amount is a decimal string of at most 12 digits before and 6 after the point.', {
      amount,
    });
  if (!fitsUnit(amount, unit))
    throw new Rejected('fraction-of-a-piece', `Pieces are whole; ${amount} is not. Send whole pieces or another unit.`, { amount, unit });
}

/** The quantity in the unit of the lot, converted exactly. Refuses another dimension, and what has no exact form. */
export function amountIn(books: Pick<Books, 'unit'>, quantity: Quantity, zeroAllowed = false): string {
  checkAmount(quantity, zeroAllowed);
  const amount = convert(quantity, books.unit);
  if (amount !== undefined) return amount;
  throw sameDimension(quantity.unit, books.unit)
    ? new Rejected('quantity-too-precise', `${quantity.amount} ${quantity.unit} has no exact form in ${books.unit}.`, {
        ...quantity,
        lotUnit: books.unit,
      })
    : new Rejected('unit-incompatible', `${quantity.unit} cannot be converted to ${books.unit}, the unit of the lot.`, {
        ...quantity,
        lotUnit: books.unit,
      });
}

export const inUnit = ({ unit }: Pick<Books, 'unit'>, amount: string): Quantity => ({ amount, unit });

/** Refuses another plant's work order, place or lot: material moves between plants by transfer only. */
export function checkFacility(lotId: string, otherId: string): void {
  if (facilityOf(lotId) !== facilityOf(otherId))
    throw new Rejected('wrong-facility', `${otherId} belongs to another facility than ${lotId}.`, { lotId, otherId });
}

export function rejectHeld({ lotId, holds }: Books): void {
  const standing = Object.keys(holds).filter((holdId) => holds[holdId]);
  if (standing.length) throw new Rejected('lot-held', `${lotId} is on hold.`, { holds: standing });
}

const isExpired = ({ expiresAt }: Books, at: string): boolean => expiresAt !== null && at >= expiresAt;

/** Refuses a lot that is on hold, or expired at that time (I5). */
export function rejectUnusable(lot: Books, at: string): void {
  rejectHeld(lot);
  if (isExpired(lot, at)) throw new Rejected('lot-expired', `${lot.lotId} expired at ${lot.expiresAt}.`, { expiresAt: lot.expiresAt, at });
}

/** Floor time at which something leaves a lot: the latest known of the lot where the command names none. */
export const leavingAt = (lot: Books, { occurredAt, now }: Readonly<{ occurredAt: string; now: string }>): string => {
  const at = utc(occurredAt);
  const last = lot.movements.at(-1)?.[0] ?? at;
  return occurredAt === now && last > at ? last : at;
};

/** Refuses to take at a time what was not there yet, or what left since (I6): the past does not become negative. */
export function rejectMoreThanWasThere(lot: Books, amount: string, at: string): void {
  const most = leastFrom(lot.movements, at);
  if (compare(amount, most) > 0)
    throw new Rejected(
      'stock-insufficient',
      `${amount} ${lot.unit} cannot have left ${lot.lotId} at ${at}: at most ${most} ${lot.unit} was there from then on. Check occurredAt, or book the receipt first.`,
      { asked: amount, most, at, onHand: lot.onHand, unit: lot.unit },
    );
}

/** Refuses to take more than is free (I6). */
export function rejectMoreThanFree(lot: Books, amount: string, at?: string): void {
  const free = available(lot);
  if (compare(amount, free) > 0)
    throw new Rejected('stock-insufficient', `${lot.lotId} has ${free} ${lot.unit} free; ${amount} ${lot.unit} is too much.`, {
      asked: amount,
      available: free,
      onHand: lot.onHand,
      unit: lot.unit,
    });
  if (at !== undefined) rejectMoreThanWasThere(lot, amount, at);
}

/** Whether it is booked already; an id that stands for something else is refused. */
export function isBooked(lot: Books, key: string, what: string): boolean {
  const before = lot.booked[key];
  if (before === undefined) return false;
  if (before === what) return true;
  throw idTaken(key);
}

export const idTaken = (id: string): Rejected => new Rejected('id-taken', `${id} stands for something else already.`, { id });

export const hasStock = ({ onHand }: Books): boolean => isPositive(onHand);
