import type { Context } from '#kernel/decider';
import { compare, convert, minus } from '#manufacturing/quantity';
import type { MaterialLot } from './lot';
import type { ObserveStockCount } from './material-lot.commands';
import type { DiscrepancyKind, MaterialLotEvent } from './material-lot.events';
import { onHandAt } from './movements';
import { inUnit, utc } from './stock';

/** Decides a count: it is always recorded, with a discrepancy beside it. The books stay until they are adjusted. */
export function observeCount(
  { lotId, countId: given, quantity }: ObserveStockCount,
  lot: MaterialLot,
  { occurredAt, commandId }: Context,
): readonly MaterialLotEvent[] {
  const countId = given ?? commandId;
  const key = `count/${countId}`;
  if (lot.status === 'unknown' ? lot.counts.includes(key) : lot.booked[key] !== undefined) return [];
  const counted = { amount: quantity.amount, unit: quantity.unit };
  const expected = lot.status === 'unknown' ? null : inUnit(lot, onHandAt(lot.movements, utc(occurredAt)));
  const amount = lot.status === 'unknown' ? undefined : convert(counted, lot.unit);
  const difference = amount === undefined || expected === null ? null : minus(amount, expected.amount);
  const at = utc(occurredAt);

  let kind: DiscrepancyKind | undefined;
  if (lot.status === 'unknown') kind = 'LOT_UNKNOWN';
  else if (difference === null) kind = 'UNIT_INCOMPATIBLE';
  else if (lot.status === 'merged' && compare(difference, '0') > 0) kind = 'LOT_MERGED';
  else if (compare(difference, '0') !== 0) kind = compare(difference, '0') < 0 ? 'LESS_THAN_BOOKED' : 'MORE_THAN_BOOKED';

  const observed: MaterialLotEvent = { type: 'StockCountObserved', data: { lotId, countId, counted, expected, at } };
  if (!kind) return [observed];
  return [observed, { type: 'StockDiscrepancyObserved', data: { lotId, countId, kind, counted, expected, difference, at } }];
}
