/**
 * What a decision means for facts that are recorded already: it may be known late. Hides: which counts and uses of the lot it concerns. Promises:
 * each is named by an exception beside it. Does not: refuse.
 */
import type { Context } from '#kernel/decider';
import { isPassedOn } from '#manufacturing/hold-ids';
import { isPositive } from '#manufacturing/quantity';
import { comparedTo } from './counts';
import { evolve, type Known, type MaterialLot } from './lot';
import type { MaterialLotEvent, StockDiscrepanciesRevised, UseWhileBlockedDetected } from './material-lot.events';
import { onHandAt } from './movements';
import { inUnit } from './stock';

/** At most so many counts or uses are named, the newest. */
const MOST_NAMED = 1000;

/* eslint-disable @typescript-eslint/no-explicit-any */
type Decide = Readonly<Record<string, (command: any, state: any, context: Context) => readonly MaterialLotEvent[]>>;

/** Decisions that also say what they mean for earlier facts. */
export const withFindings = <D extends object>(decide: D): D =>
  Object.fromEntries(
    Object.entries(decide as Decide).map(([name, decideIt]) => [
      name,
      (command: any, state: MaterialLot, context: Context): readonly MaterialLotEvent[] => {
        const events = decideIt(command, state, context);
        return events.length === 0 ? events : [...events, ...findings(state, events)];
      },
    ]),
  ) as D;
/* eslint-enable @typescript-eslint/no-explicit-any */

function findings(before: MaterialLot, events: readonly MaterialLotEvent[]): MaterialLotEvent[] {
  const after = events.reduce(evolve, before);
  if (after.status === 'unknown') return [];
  const blocked = before.status === 'unknown' ? [] : events.flatMap((event) => usesWhileBlocked(before, event));
  return [...revisedCounts(before, after, events[0]!.data.at), ...blocked];
}

/** The counts whose books changed: they were made at the time of the new movement or later. */
function revisedCounts(before: MaterialLot, after: Known, at: string): StockDiscrepanciesRevised[] {
  const known = before.status === 'unknown' ? 0 : before.movements.length;
  if (after.movements.length === known) return [];
  const counts = Object.values(before.counts)
    .filter((count) => count.at >= at)
    .sort(byTime)
    .slice(-MOST_NAMED)
    .flatMap((count) => {
      const expected = inUnit(after, onHandAt(after.movements, count.at));
      const compared = comparedTo(expected, count.counted, after.status === 'merged');
      return compared ? [{ ...count, expected, ...compared }] : [];
    });
  return counts.length > 0 ? [{ type: 'StockDiscrepanciesRevised', data: { lotId: after.lotId, counts, at } }] : [];
}

type Use = UseWhileBlockedDetected['data']['uses'][number];

/** The uses of the lot that lie within a hold, or after an expiry, that was not known when they were booked. */
function usesWhileBlocked(lot: Known, event: MaterialLotEvent): UseWhileBlockedDetected[] {
  const block = blockIn(lot, event);
  if (!block) return [];
  const { until, ...named } = block;
  const uses = usesOf(lot)
    .filter(({ use, at }) => at >= block.since && (until === null || at < until) && !isReached(use, block))
    .sort(byTime)
    .slice(-MOST_NAMED);
  return uses.length > 0 ? [{ type: 'UseWhileBlockedDetected', data: { lotId: lot.lotId, ...named, uses, at: event.data.at } }] : [];
}

/** Whether a process passes the hold on to what this became: nothing escaped it. */
const isReached = (use: Use['use'], { holdId }: Blocked): boolean =>
  holdId !== null && (use === 'Transfer' || (use !== 'Consumption' && isPassedOn(holdId)));

type Blocked = Pick<UseWhileBlockedDetected['data'], 'block' | 'holdId' | 'since'> & Readonly<{ until: string | null }>;

/** From when the event forbids the use of the lot, until when (null: from then on), as far as that was not known. */
function blockIn({ expiresAt }: Known, { type, data }: MaterialLotEvent): Blocked | undefined {
  if (type === 'LotHeld') return { block: 'Hold', holdId: data.holdId, since: data.at, until: null };
  const since = type === 'LotExpired' ? data.at : type === 'ExpiryOverridden' ? data.expiresAt : null;
  return since === null ? undefined : { block: 'Expiry', holdId: null, since, until: expiresAt };
}

/** What the lot was used for, less what came back. */
const usesOf = (lot: Known): Use[] => [
  ...Object.entries(lot.consumptions)
    .filter(([, { left }]) => isPositive(left))
    .map(([id, { workOrderId, left, at }]): Use => ({ use: 'Consumption', id, workOrderId, quantity: inUnit(lot, left), at })),
  ...Object.entries(lot.splits).map(([id, { amount, at }]) => elsewhere(lot, 'Split', id, amount, at)),
  ...Object.entries(lot.merges).map(([id, { amount, at }]) => elsewhere(lot, 'Merge', id, amount, at)),
  ...Object.entries(lot.issues)
    .filter(([, { left }]) => isPositive(left))
    .map(([id, { left, at }]) => elsewhere(lot, 'Transfer', id, left, at)),
];

const elsewhere = (lot: Known, use: Use['use'], id: string, amount: string, at: string): Use => ({
  ...{ use, id, workOrderId: null },
  quantity: inUnit(lot, amount),
  at,
});

const byTime = (one: Readonly<{ at: string }>, other: Readonly<{ at: string }>): number =>
  one.at < other.at ? -1 : one.at > other.at ? 1 : 0;
