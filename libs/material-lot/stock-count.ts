import type { Context } from '#kernel/decider';
import { compare, convert, fitsUnit, minus } from '#manufacturing/quantity';
import type { MaterialLot } from './lot';
import type { ObserveStockCount } from './material-lot.commands';
import type { DiscrepancyKind, MaterialLotEvent } from './material-lot.events';
import { onHandAt } from './movements';
import { inUnit, utc } from './stock';

/** Decides a count: it is always recorded, with its discrepancies beside it. The books stay until they are adjusted. */
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

  const kinds: DiscrepancyKind[] = [];
  if (lot.status === 'unknown') kinds.push('LOT_UNKNOWN');
  else if (difference === null) kinds.push('UNIT_INCOMPATIBLE');
  else if (lot.status === 'merged' && compare(difference, '0') > 0) kinds.push('LOT_MERGED');
  else if (compare(difference, '0') !== 0) kinds.push(compare(difference, '0') < 0 ? 'LESS_THAN_BOOKED' : 'MORE_THAN_BOOKED');
  if (!fitsUnit(counted.amount, counted.unit)) kinds.push('FRACTION_OF_PIECE');

  return [
    { type: 'StockCountObserved', data: { lotId, countId, counted, expected, at } },
    ...kinds.map((kind): MaterialLotEvent => ({
      type: 'StockDiscrepancyObserved',
      data: { lotId, countId, kind, counted, expected, difference, at },
    })),
  ];
}
