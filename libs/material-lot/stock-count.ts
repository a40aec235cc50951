import type { Context } from '#kernel/decider';
import { entryOf } from '#kernel/identity';
import { fitsUnit } from '#manufacturing/quantity';
import { comparedTo, countKey, isSame } from './counts';
import type { MaterialLot } from './lot';
import type { ObserveStockCount } from './material-lot.commands';
import type { DiscrepancyKind, MaterialLotEvent } from './material-lot.events';
import { onHandAt } from './movements';
import { doneAt, inUnit, utc } from './stock';

/** Decides a count: it is always recorded, with its discrepancies beside it. The books stay until they are adjusted. */
export function observeCount(command: ObserveStockCount, lot: MaterialLot, context: Context): readonly MaterialLotEvent[] {
  const { lotId, quantity } = command;
  const counted = { amount: quantity.amount, unit: quantity.unit };
  const at = lot.status === 'unknown' ? utc(context.occurredAt) : doneAt(lot, context);
  const { countId, isReused } = idOf(command, at, lot, context);
  if (entryOf(lot.counts, countKey('Count', countId))) return [];
  const expected = lot.status === 'unknown' ? null : inUnit(lot, onHandAt(lot.movements, at));
  const compared = expected ? comparedTo(expected, counted, lot.status === 'merged') : undefined;

  const kinds: DiscrepancyKind[] = [];
  if (lot.status === 'unknown') kinds.push('LOT_UNKNOWN');
  else if (!compared) kinds.push('UNIT_INCOMPATIBLE');
  else if (compared.kind) kinds.push(compared.kind);
  if (!fitsUnit(counted.amount, counted.unit)) kinds.push('FRACTION_OF_PIECE');
  if (isReused) kinds.push('COUNT_ID_REUSED');

  const difference = compared?.difference ?? null;
  return [
    { type: 'StockCountObserved', data: { lotId, countId, counted, expected, at } },
    ...kinds.map((kind): MaterialLotEvent => ({
      type: 'StockDiscrepancyObserved',
      data: { lotId, countId, kind, counted, expected, difference, at },
    })),
  ];
}

/** The id of a count. One without an id is known by what, when and by whom was counted; so is one whose id is that of another amount. */
function idOf(
  { lotId, countId, quantity: { amount, unit } }: ObserveStockCount,
  at: string,
  { counts }: MaterialLot,
  { actor, digestOf }: Context,
): Readonly<{ countId: string; isReused: boolean }> {
  const digest = (...facts: readonly string[]) => digestOf([lotId, amount, unit, actor, ...facts]).slice(0, 32);
  if (countId === undefined) return { countId: digest('at', at), isReused: false };
  const before = entryOf(counts, countKey('Count', countId));
  return before && !isSame({ amount, unit }, before.counted)
    ? { countId: digest('of', countId), isReused: true }
    : { countId, isReused: false };
}
