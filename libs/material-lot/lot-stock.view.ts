import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { isPositive, minus, plus } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { MaterialLotEvent } from './material-lot.events';

/** What can be done with a lot. Expiry is not a status: it happens by time alone. */
export const LotStatus = { Available: 'Available', Held: 'Held', Depleted: 'Depleted', Merged: 'Merged' } as const;
export type LotStatus = keyof typeof LotStatus;
registerEnumType(LotStatus, { name: 'LotStatus', description: 'What can be done with a lot, apart from expiry.' });

/** One lot of material: stock, free stock, and what blocks its use. */
@Entity('lot_stock')
@Index(['materialId', 'status', 'expiresAt'])
@Index(['facilityId', 'status'])
@Index(['locationId'])
@Index(['expiresAt'])
@Index(['createdAt'])
@Index(['supplierLot'])
@ObjectType('LotStock', {})
export class LotStock {
  @Key()
  lotId: string;

  @ScopeCell()
  facilityId: string;

  @Cell('text')
  materialId: string;

  @CellOneOf(LotStatus)
  status: LotStatus;

  /** Physical stock by the books. */
  @Cell('amount')
  onHand: string;

  /** Reserved for work orders. */
  @Cell('amount')
  reserved: string;

  /** On hand less reserved: available to any work order, unless a hold or expiry blocks it. */
  @Cell('amount')
  available: string;

  @Cell('text')
  unit: string;

  /** The first instant at which it may no longer be used; absent where it does not expire. */
  @Cell('instant', { optional: true })
  expiresAt: string | null;

  /** The holds that are not released. */
  @Cell('texts')
  holds: string[];

  @Cell('id', { optional: true })
  locationId: string | null;

  @Cell('text', { optional: true })
  supplierId: string | null;

  /** The supplier's own lot number. */
  @Cell('text', { optional: true })
  supplierLot: string | null;

  /** The lot that this one was merged into. */
  @Cell('id', { optional: true })
  mergedInto: string | null;

  /** Counted less booked at the last count, by what is known now of that time; absent where they agree or it was adjusted since. */
  @Cell('amount', { optional: true })
  discrepancy: string | null;

  /** Floor time of the last count or adjustment. */
  @Cell('instant', { optional: true })
  countedAt: string | null;

  /** Floor time at which it was created. */
  @Cell('instant')
  createdAt: string;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

type Row = Omit<LotStock, 'position' | 'recordedAt' | 'revision'>;

const created = (
  lotId: string,
  first: Pick<Row, 'materialId' | 'onHand' | 'unit' | 'expiresAt' | 'locationId' | 'createdAt'> & Partial<Row>,
): Row => ({
  lotId,
  facilityId: facilityOf(lotId),
  status: 'Available',
  reserved: '0',
  available: first.onHand,
  holds: [],
  supplierId: null,
  supplierLot: null,
  mergedInto: null,
  discrepancy: null,
  countedAt: null,
  ...first,
});

/** The row of a lot after an event; undefined for a lot that was not created. */
function changed(row: Row | undefined, { type, data }: MaterialLotEvent): Row | undefined {
  if (type === 'LotReceivedFromTransfer') {
    const { lotId, materialId, quantity, expiresAt, at } = data;
    if (row) return { ...row, onHand: plus(row.onHand, quantity.amount), expiresAt };
    return created(lotId, { materialId, onHand: quantity.amount, unit: quantity.unit, expiresAt, locationId: null, createdAt: at });
  }
  if (type === 'LotReceived' || type === 'LotCreatedFromSplit' || (type === 'LotProduced' && !row)) {
    const { lotId, materialId, quantity, expiresAt, locationId, at } = data;
    const first = { materialId, onHand: quantity.amount, unit: quantity.unit, expiresAt, locationId, createdAt: at };
    return created(lotId, type === 'LotReceived' ? { ...first, supplierId: data.supplierId, supplierLot: data.supplierLot } : first);
  }
  if (!row) return undefined;
  const more = (amount: string): Row => ({ ...row, onHand: plus(row.onHand, amount) });
  const less = (amount: string): Row => ({ ...row, onHand: minus(row.onHand, amount) });
  switch (type) {
    case 'LotDelivered':
    case 'LotProduced':
      return { ...more(data.quantity.amount), expiresAt: data.expiresAt, locationId: data.locationId ?? row.locationId };
    case 'LotReserved':
      return { ...row, reserved: plus(row.reserved, data.quantity.amount) };
    case 'LotUnreserved':
      return { ...row, reserved: minus(row.reserved, data.quantity.amount) };
    case 'LotConsumed':
      return {
        ...less(data.quantity.amount),
        reserved: data.reservationId === null ? row.reserved : minus(row.reserved, data.quantity.amount),
      };
    case 'ConsumptionReversed':
      return more(data.quantity.amount);
    case 'ProductionReversed':
    case 'LotSplit':
    case 'LotScrapped':
    case 'LotReturned':
    case 'LotIssuedToTransfer':
      return less(data.quantity.amount);
    case 'LotSplitUndone':
    case 'LotTakenBackFromTransfer':
      return { ...more(data.quantity.amount), mergedInto: null };
    case 'LotMerged':
      return { ...less(data.quantity.amount), mergedInto: data.intoLotId };
    case 'LotMergeUndone':
      return { ...more(data.quantity.amount), mergedInto: null };
    case 'MergedLotAdded':
      return { ...more(data.quantity.amount), expiresAt: data.expiresAt };
    case 'LotMoved':
      return { ...row, locationId: data.toLocationId };
    case 'LotHeld':
      return { ...row, holds: [...row.holds, data.holdId] };
    case 'LotHoldReleased':
      return { ...row, holds: row.holds.filter((holdId) => holdId !== data.holdId) };
    case 'LotExpired':
      return { ...row, expiresAt: data.at };
    case 'ExpiryOverridden':
      return { ...row, expiresAt: data.expiresAt };
    case 'StockAdjusted':
      return counted(more(data.difference), data.at);
    case 'StockCountObserved':
      return counted(row, data.at);
    case 'StockDiscrepancyObserved':
      return data.at === row.countedAt ? { ...row, discrepancy: data.difference } : row;
    case 'StockDiscrepanciesRevised': {
      const last = data.counts.at(-1);
      return last && last.at === row.countedAt ? { ...row, discrepancy: last.kind ? last.difference : null } : row;
    }
    default:
      return row;
  }
}

/** The row with a count: an earlier one than the last says nothing about the stock of today. */
const counted = (row: Row, at: string): Row =>
  row.countedAt !== null && at < row.countedAt ? row : { ...row, countedAt: at, discrepancy: null };

const statusOf = ({ mergedInto, holds, onHand }: Row): LotStatus =>
  mergedInto ? 'Merged' : holds.length ? 'Held' : isPositive(onHand) ? 'Available' : 'Depleted';

/** The stock of every lot. */
export const lotStock: View<LotStock, MaterialLotEvent> = {
  name: 'lot-stock',
  version: 4,
  row: LotStock,
  events: [
    'LotReceived',
    'LotDelivered',
    'LotProduced',
    'ProductionReversed',
    'LotReserved',
    'LotUnreserved',
    'LotConsumed',
    'ConsumptionReversed',
    'LotSplit',
    'LotSplitUndone',
    'LotCreatedFromSplit',
    'LotMerged',
    'LotMergeUndone',
    'MergedLotAdded',
    'LotIssuedToTransfer',
    'LotTakenBackFromTransfer',
    'LotReceivedFromTransfer',
    'LotMoved',
    'LotHeld',
    'LotHoldReleased',
    'LotScrapped',
    'LotReturned',
    'LotExpired',
    'ExpiryOverridden',
    'StockAdjusted',
    'StockCountObserved',
    'StockDiscrepancyObserved',
    'StockDiscrepanciesRevised',
    'UseWhileBlockedDetected',
    'BookingOutsideOrderDetected',
  ],
  keys: ({ data }) => [data.lotId],
  fold: (rows, event) => {
    const row = changed(rows.get(event.data.lotId), event);
    if (!row) return;
    const { revision, position, recordedAt } = event;
    rows.put({ ...row, available: minus(row.onHand, row.reserved), status: statusOf(row), revision, position, recordedAt });
  },
};
