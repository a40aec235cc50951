import type { Context } from '#kernel/decider';
import { orderTold } from '#manufacturing/capacity';
import { SKEW_MS } from '#manufacturing/clocks';
import { facilityOf } from '#manufacturing/facility';
import { holdsAt, standing } from '#manufacturing/holds';
import { AMOUNT, compare, convert, fitsUnit, isPositive, isZero, type Quantity, sameDimension } from '#manufacturing/quantity';
import { Rejected } from '#kernel/rejected';
import { available, type Books, holdsOf, type InStock, type Known, type MaterialLot } from './lot';
import type { BookingOutsideOrderDetected } from './material-lot.events';
import { leastFrom } from './movements';

/** An instant as ISO 8601 UTC with milliseconds: such strings sort by time. */
export const utc = (instant: string): string => new Date(instant).toISOString();

export function known(state: MaterialLot): Known {
  if (state.status === 'unknown') throw new Rejected('material-lot-unknown', 'Unknown lot. Receive or produce it first.');
  return state;
}

/** The lot, unless it was merged: a merged lot accepts no more commands. */
export function inStock(state: MaterialLot): InStock {
  const lot = known(state);
  if (lot.status === 'merged')
    throw new Rejected('lot-merged', `${lot.lotId} was merged into ${lot.intoLotId}. Use that lot.`, { intoLotId: lot.intoLotId });
  return lot;
}

/** Refuses a malformed or negative amount, and zero unless it is a count. */
export function checkAmount({ amount, unit }: Quantity, zeroAllowed = false): void {
  if (/^-/.test(amount) || (AMOUNT.test(amount) && isZero(amount) && !zeroAllowed))
    throw new Rejected('quantity-not-positive', `\`amount\` must be above 0, was ${amount}.`, { amount, unit });
  if (!AMOUNT.test(amount))
    throw new Rejected(
      'quantity-malformed',
      `\`amount\` must be a decimal string of at most 12 digits before and 6 after the point, was ${amount}.`,
      { amount },
    );
  if (!fitsUnit(amount, unit))
    throw new Rejected(
      'fraction-of-a-piece',
      `\`amount\` must be a whole number of pieces, was ${amount}. Send whole pieces or another unit.`,
      { amount, unit },
    );
}

/** The quantity in the unit of the lot, converted exactly. Refuses another dimension, and an amount without an exact conversion. */
export function amountIn(books: Pick<Books, 'unit'>, quantity: Quantity, zeroAllowed = false): string {
  checkAmount(quantity, zeroAllowed);
  const amount = convert(quantity, books.unit);
  if (amount !== undefined) return amount;
  throw sameDimension(quantity.unit, books.unit)
    ? new Rejected(
        'quantity-too-precise',
        `${quantity.amount} ${quantity.unit} cannot be converted exactly to ${books.unit}, the unit of the lot. Round it, or send it in ${books.unit}.`,
        { ...quantity, lotUnit: books.unit },
      )
    : new Rejected(
        'unit-incompatible',
        `${quantity.unit} cannot be converted to ${books.unit}, the unit of the lot. Send the quantity in ${books.unit}.`,
        { ...quantity, lotUnit: books.unit },
      );
}

export const inUnit = ({ unit }: Pick<Books, 'unit'>, amount: string): Quantity => ({ amount, unit });

/** Refuses another plant's work order, place or lot: material moves between plants by transfer only. */
export function checkFacility(lotId: string, otherId: string): void {
  if (facilityOf(lotId) !== facilityOf(otherId))
    throw new Rejected('wrong-facility', `${otherId} is in another facility than ${lotId}. Both must be in the same one.`, {
      lotId,
      otherId,
    });
}

/** Refuses a lot that was on hold at that time, whatever became of the hold. */
export function rejectHeld(lot: Books, at: string): void {
  const { lotId } = lot;
  const holds = holdsAt(holdsOf(lot), at);
  if (holds.length === 0) return;
  const [names, stands] = [holds.join(', '), holds.some((holdId) => lot.holds[holdId]?.until === null)];
  throw new Rejected(
    'lot-held',
    stands
      ? `${lotId} is on hold (${names}). Release every hold first.`
      : `${lotId} was on hold at ${at} (${names}). Use another lot, or check \`occurredAt\`.`,
    { holds, at },
  );
}

/** Refuses a lot that is on hold now: what becomes another lot of this plant would escape the hold. */
export function rejectStandingHold(lot: Books): void {
  const holds = standing(holdsOf(lot));
  if (holds.length) throw new Rejected('lot-held', `${lot.lotId} is on hold (${holds.join(', ')}). Release every hold first.`, { holds });
}

const isExpired = ({ expiresAt }: Books, at: string): boolean => expiresAt !== null && at >= expiresAt;

/** Refuses a lot that was on hold, or expired, at that time (I5). */
export function rejectUnusable(lot: Books, at: string): void {
  rejectHeld(lot, at);
  if (isExpired(lot, at))
    throw new Rejected('lot-expired', `${lot.lotId} expired at ${lot.expiresAt}. Extend its expiry or use another lot.`, {
      expiresAt: lot.expiresAt,
      at,
    });
}

/** Refuses to set something aside for an order that is over. */
export function rejectOver(workOrderId: string, regarded: Context['regarded']): void {
  if (orderTold({ regarded }, workOrderId)?.over)
    throw new Rejected('work-order-over', `${workOrderId} is over. Reserve for an order that is not.`, { workOrderId });
}

/**
 * Consuming or producing for an order that is over: refused from its cancellation on. What was booked for an order that had ended, or before it was
 * cancelled, is flagged. @throws Rejected work-order-cancelled
 */
export function outsideOrder(
  { lotId, workOrderId, at, ...booking }: Omit<BookingOutsideOrderDetected['data'], 'ending' | 'endedAt'>,
  regarded: Context['regarded'],
): BookingOutsideOrderDetected[] {
  const ended = orderTold({ regarded }, workOrderId)?.ended;
  if (!ended) return [];
  const endedAt = utc(ended.at);
  if (ended.how === 'Cancelled' && at >= endedAt)
    throw new Rejected(
      'work-order-cancelled',
      `${workOrderId} was cancelled at ${endedAt}. Name the order that the material was for, or check \`occurredAt\`.`,
      { workOrderId, cancelledAt: endedAt, at },
    );
  // The end and the booking may be of two clocks.
  if (ended.how !== 'Cancelled' && Date.parse(at) <= Date.parse(endedAt) + SKEW_MS) return [];
  return [{ type: 'BookingOutsideOrderDetected', data: { lotId, workOrderId, ...booking, ending: ended.how, endedAt, at } }];
}

/** Floor time of a command; if it names none, not before what is known of the lot: another sender's clock was ahead. */
export const doneAt = (lot: Books, { occurredAt, now }: Readonly<{ occurredAt: string; now: string }>): string => {
  const at = utc(occurredAt);
  if (occurredAt !== now) return at;
  const known = [lot.movements.at(-1)?.[0], ...holdsOf(lot).flatMap(({ from, until }) => [from, until])];
  return known.reduce<string>((latest, each) => (each && each > latest ? each : latest), at);
};

/** Refuses to take what was not there yet at that time, or has left since (I6): stock was never negative. */
export function rejectMoreThanWasThere(lot: Books, amount: string, at: string): void {
  const most = leastFrom(lot.movements, at);
  if (compare(amount, most) > 0)
    throw new Rejected(
      'stock-insufficient',
      `At most ${most} ${lot.unit} of ${lot.lotId} can have left at ${at}, not ${amount} ${lot.unit}. Check \`occurredAt\`, or book the receipt first.`,
      { asked: amount, most, at, onHand: lot.onHand, unit: lot.unit },
    );
}

/** Refuses to take more than is free (I6). */
export function rejectMoreThanFree(lot: Books, amount: string, at?: string): void {
  const free = available(lot);
  if (compare(amount, free) > 0)
    throw new Rejected(
      'stock-insufficient',
      `\`quantity\` must not exceed the free ${free} ${lot.unit} of ${lot.lotId}, was ${amount} ${lot.unit}.`,
      { asked: amount, available: free, onHand: lot.onHand, unit: lot.unit },
    );
  if (at !== undefined) rejectMoreThanWasThere(lot, amount, at);
}

/** Whether it is already booked; refuses an id that is used for something else. */
export function isBooked(lot: Books, key: string, what: string): boolean {
  const before = lot.booked[key];
  if (before === undefined) return false;
  if (before === what) return true;
  throw idTaken(key);
}

export const idTaken = (id: string): Rejected =>
  new Rejected('id-taken', `The id ${id} is already used for something else. Choose another id.`, { id });

export const hasStock = ({ onHand }: Books): boolean => isPositive(onHand);
