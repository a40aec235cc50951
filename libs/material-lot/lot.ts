import type { Unit } from '#manufacturing/quantity';
import { entryOf } from '#kernel/identity';
import type { HoldSpan } from '#manufacturing/holds';
import { minus, plus, sum } from '#manufacturing/quantity';
import type { LotTold, MaterialLotEvent } from './material-lot.events';
import { taken, withMovement, type Movement } from './movements';
import { countKey, type Counts, withAdjustment } from './counts';

export type Reservation = Readonly<{ workOrderId: string; asked: string; left: string }>;
export type Consumption = Readonly<{
  workOrderId: string;
  operationId: string | null;
  reservationId: string | null;
  amount: string;
  left: string;
  /** Floor time, ISO 8601 UTC. */
  at: string;
}>;
/** What left for another lot; floor time, ISO 8601 UTC. */
export type Part = Readonly<{ amount: string; at: string }>;
export type Production = Readonly<{ workOrderId: string; materialId: string; amount: string; at: string; reversed: boolean }>;

/** What is known of a lot. Amounts are in its unit. */
export type Books = Readonly<{
  lotId: string;
  materialId: string;
  unit: Unit;
  /** How the lot was created, so that a repeated command changes nothing. */
  origin: string;
  onHand: string;
  movements: readonly Movement[];
  expiresAt: string | null;
  locationId: string | null;
  /** The lots that it comes from by splits and merges. */
  ancestors: readonly string[];
  reservations: Readonly<Record<string, Reservation>>;
  /** By hold id: floor times from which and until which it stood; null while it stands. */
  holds: Readonly<Record<string, Readonly<{ from: string; until: string | null }>>>;
  consumptions: Readonly<Record<string, Consumption>>;
  productions: Readonly<Record<string, Production>>;
  /** What transfers took, by transfer and pick, and what they still have. */
  issues: Readonly<Record<string, Part & Readonly<{ left: string }>>>;
  /** By child lot. */
  splits: Readonly<Record<string, Part>>;
  /** By the lot that it was merged into. */
  merges: Readonly<Record<string, Part>>;
  /** Every count of the lot, and every adjustment: it is a count, too. */
  counts: Counts;
  /** Everything else that must be booked only once, by kind and id. */
  booked: Readonly<Record<string, string>>;
}>;

export type MaterialLot =
  | Readonly<{ status: 'unknown'; counts: Counts }>
  | (Books & Readonly<{ status: 'in-stock' }>)
  | (Books & Readonly<{ status: 'merged'; intoLotId: string }>);
export type InStock = Extract<MaterialLot, { status: 'in-stock' }>;
export type Known = Exclude<MaterialLot, { status: 'unknown' }>;

/** At most so many ancestors are kept, the oldest are dropped; the genealogy view has them all. */
const KEPT_ANCESTORS = 1000;

/** The ancestors of both lots, each once. */
export const ancestry = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())].slice(-KEPT_ANCESTORS);

/** The earlier of two expiries; null never expires. */
export const earlier = (a: string | null, b: string | null): string | null => (a === null ? b : b === null || a < b ? a : b);

export const reserved = ({ reservations }: Books): string => sum(Object.values(reservations).map(({ left }) => left));

/** Free stock (I6). */
export const available = (books: Books): string => minus(books.onHand, reserved(books));

/** Names what a transfer took at one of its picks. */
export const issueKey = (transferId: string, pick: number): string => `${transferId}/${pick}`;

/** Every hold that the lot ever had. */
export const holdsOf = ({ holds }: Pick<Books, 'holds'>): HoldSpan[] =>
  Object.entries(holds).map(([holdId, { from, until }]) => ({ holdId, from, until }));

/** What a lot tells to decisions of other streams; null where there is none. */
export const toldOf = (lot: MaterialLot): LotTold | null =>
  lot.status === 'unknown' ? null : { holds: holdsOf(lot), expiresAt: lot.expiresAt, ancestors: lot.ancestors };

const begun = (
  lotId: string,
  at: string,
  first: Pick<Books, 'materialId' | 'unit' | 'origin' | 'onHand' | 'expiresAt' | 'locationId'> & Partial<Books>,
  counts: Counts,
): InStock => ({
  status: 'in-stock',
  lotId,
  movements: [[at, first.onHand]],
  ancestors: [],
  reservations: {},
  holds: {},
  consumptions: {},
  productions: {},
  issues: {},
  splits: {},
  merges: {},
  booked: {},
  ...first,
  counts,
});

export const receiptOf = (
  data: Readonly<{
    materialId: string;
    quantity: { amount: string; unit: string };
    expiresAt: string | null;
    supplierId: string | null;
    supplierLot: string | null;
    locationId: string | null;
  }>,
): string =>
  JSON.stringify([
    'received',
    data.materialId,
    data.quantity.amount,
    data.quantity.unit,
    data.expiresAt,
    data.supplierId,
    data.supplierLot,
    data.locationId,
  ]);
export const splitOf = (data: Readonly<{ parentLotId: string; materialId: string; quantity: { amount: string; unit: string } }>): string =>
  JSON.stringify(['split', data.parentLotId, data.materialId, data.quantity.amount, data.quantity.unit]);

const part = ({ quantity, at }: Readonly<{ quantity: { amount: string }; at: string }>): Part => ({ amount: quantity.amount, at });

const without = <T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> => {
  const { [key]: _, ...rest } = record;
  return rest;
};

/** Folds one event into a lot. Never throws, whatever the history. */
export function evolve(state: MaterialLot, { type, data }: MaterialLotEvent): MaterialLot {
  if (type === 'LotReceived') {
    const { lotId, materialId, quantity, expiresAt, locationId } = data;
    const booked = data.deliveryId === undefined ? {} : { [`delivery/${data.deliveryId}`]: quantity.amount };
    const first = { materialId, unit: quantity.unit, origin: receiptOf(data), onHand: quantity.amount, expiresAt, locationId, booked };
    return begun(lotId, data.at, first, state.counts);
  }
  if (type === 'LotCreatedFromSplit') {
    const { lotId, materialId, quantity, expiresAt, locationId, ancestors } = data;
    const first = { materialId, unit: quantity.unit, origin: splitOf(data), onHand: quantity.amount, expiresAt, locationId, ancestors };
    return begun(lotId, data.at, first, state.counts);
  }
  if (type === 'LotProduced') {
    const { lotId, productionId, materialId, quantity, workOrderId, expiresAt, locationId } = data;
    const productions = { [productionId]: { workOrderId, materialId, amount: quantity.amount, at: data.at, reversed: false } };
    if (state.status === 'unknown')
      return begun(
        lotId,
        data.at,
        { materialId, unit: quantity.unit, origin: 'produced', onHand: quantity.amount, expiresAt, locationId, productions },
        state.counts,
      );
    return {
      ...state,
      onHand: plus(state.onHand, quantity.amount),
      movements: withMovement(state.movements, data.at, quantity.amount),
      expiresAt,
      locationId: locationId ?? state.locationId,
      productions: { ...state.productions, ...productions },
    };
  }
  if (type === 'LotReceivedFromTransfer') {
    const { lotId, materialId, quantity, expiresAt, ancestors } = data;
    const booked = { [`transfer/${data.transferId}/${data.receiptId}/${data.fromLotId ?? ''}`]: quantity.amount };
    if (state.status === 'unknown') {
      const first = { materialId, unit: quantity.unit, origin: 'transferred', onHand: quantity.amount, expiresAt, ancestors, booked };
      return begun(lotId, data.at, { ...first, locationId: null }, state.counts);
    }
    return {
      ...state,
      onHand: plus(state.onHand, quantity.amount),
      movements: withMovement(state.movements, data.at, quantity.amount),
      expiresAt,
      ancestors,
      booked: { ...state.booked, ...booked },
    };
  }
  if (type === 'StockCountObserved') {
    const { countId, counted, at } = data;
    return { ...state, counts: { ...state.counts, [countKey('Count', countId)]: { by: 'Count', countId, counted, at } } };
  }
  if (state.status === 'unknown') return state;
  const moved = (change: string, at: string) => ({
    onHand: plus(state.onHand, change),
    movements: withMovement(state.movements, at, change),
  });
  const add = (amount: string, at: string) => moved(amount, at);
  const take = (amount: string, at: string) => moved(taken(amount), at);
  switch (type) {
    case 'LotDelivered':
      return {
        ...state,
        ...add(data.quantity.amount, data.at),
        expiresAt: data.expiresAt,
        locationId: data.locationId ?? state.locationId,
        booked: { ...state.booked, [`delivery/${data.deliveryId}`]: data.quantity.amount },
      };
    case 'ProductionReversed': {
      const production = state.productions[data.productionId];
      const productions = production ? { ...state.productions, [data.productionId]: { ...production, reversed: true } } : state.productions;
      return { ...state, ...take(data.quantity.amount, data.at), productions };
    }
    case 'LotReserved': {
      const { reservationId, workOrderId, quantity } = data;
      const reservation = { workOrderId, asked: quantity.amount, left: quantity.amount };
      return { ...state, reservations: { ...state.reservations, [reservationId]: reservation } };
    }
    case 'LotUnreserved': {
      const reservation = state.reservations[data.reservationId];
      return reservation
        ? { ...state, reservations: { ...state.reservations, [data.reservationId]: { ...reservation, left: '0' } } }
        : state;
    }
    case 'LotConsumed': {
      const { consumptionId, workOrderId, operationId, reservationId, quantity } = data;
      const { amount } = quantity;
      const reservation = reservationId === null ? undefined : state.reservations[reservationId];
      const reservations =
        reservation && reservationId !== null
          ? { ...state.reservations, [reservationId]: { ...reservation, left: minus(reservation.left, amount) } }
          : state.reservations;
      const consumption = { workOrderId, operationId, reservationId, amount, left: amount, at: data.at };
      return { ...state, ...take(amount, data.at), reservations, consumptions: { ...state.consumptions, [consumptionId]: consumption } };
    }
    case 'ConsumptionReversed': {
      const { consumptionId, reversalId, quantity, remaining } = data;
      const consumption = state.consumptions[consumptionId];
      const consumptions = consumption
        ? { ...state.consumptions, [consumptionId]: { ...consumption, left: remaining.amount } }
        : state.consumptions;
      return {
        ...state,
        ...add(quantity.amount, data.at),
        consumptions,
        booked: { ...state.booked, [`reversal/${reversalId}`]: consumptionId },
      };
    }
    case 'LotSplit':
      return { ...state, ...take(data.quantity.amount, data.at), splits: { ...state.splits, [data.childLotId]: part(data) } };
    case 'LotSplitUndone':
      // The part comes back even if the rest was merged into another lot in the meantime.
      return { ...state, status: 'in-stock', ...add(data.quantity.amount, data.at), splits: without(state.splits, data.childLotId) };
    case 'LotMerged':
      return {
        ...state,
        status: 'merged',
        intoLotId: data.intoLotId,
        ...take(data.quantity.amount, data.at),
        merges: { ...state.merges, [data.intoLotId]: part(data) },
      };
    case 'LotMergeUndone':
      return { ...state, status: 'in-stock', ...add(data.quantity.amount, data.at), merges: without(state.merges, data.intoLotId) };
    case 'MergedLotAdded':
      return {
        ...state,
        ...add(data.quantity.amount, data.at),
        expiresAt: data.expiresAt,
        ancestors: ancestry(data.ancestors, state.ancestors).filter((ancestor) => ancestor !== state.lotId),
        booked: { ...state.booked, [`merge/${data.fromLotId}`]: '' },
      };
    case 'LotIssuedToTransfer': {
      const issue = { ...part(data), left: data.quantity.amount };
      return {
        ...state,
        ...take(data.quantity.amount, data.at),
        issues: { ...state.issues, [issueKey(data.transferId, data.pick)]: issue },
      };
    }
    case 'LotTakenBackFromTransfer': {
      const key = issueKey(data.transferId, data.pick);
      const issue = state.issues[key];
      return {
        ...state,
        status: 'in-stock',
        ...add(data.quantity.amount, data.at),
        issues: issue ? { ...state.issues, [key]: { ...issue, left: data.remaining.amount } } : state.issues,
        booked: { ...state.booked, [`back/${key}/${data.backId}`]: data.quantity.amount },
      };
    }
    case 'LotMoved':
      return { ...state, locationId: data.toLocationId };
    case 'LotHeld':
      return { ...state, holds: { ...state.holds, [data.holdId]: { from: data.at, until: null } } };
    case 'LotHoldReleased': {
      const { from } = entryOf(state.holds, data.holdId) ?? { from: data.at };
      return { ...state, holds: { ...state.holds, [data.holdId]: { from, until: data.at } } };
    }
    case 'LotScrapped':
      return {
        ...state,
        ...take(data.quantity.amount, data.at),
        booked: { ...state.booked, [`scrap/${data.scrapId}`]: data.quantity.amount },
      };
    case 'LotReturned':
      return {
        ...state,
        ...take(data.quantity.amount, data.at),
        booked: { ...state.booked, [`return/${data.returnId}`]: data.quantity.amount },
      };
    case 'LotExpired':
      return { ...state, expiresAt: data.at };
    case 'ExpiryOverridden':
      return { ...state, expiresAt: data.expiresAt };
    case 'StockAdjusted':
      return {
        ...state,
        ...moved(data.difference, data.at),
        counts: withAdjustment(state.counts, data),
        booked: { ...state.booked, [`adjustment/${data.adjustmentId}`]: data.to.amount },
      };
    case 'StockDiscrepancyObserved':
    case 'StockDiscrepanciesRevised':
    case 'UseWhileBlockedDetected':
    case 'BookingOutsideOrderDetected':
      return state;
  }
}
