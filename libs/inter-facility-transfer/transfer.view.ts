import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import { inTransit } from '#manufacturing/shipment';
import { isDiscrepant, ItemAmount, ShipmentItemAnswer } from '#manufacturing/shipment.answers';
import type { View } from '#kernel/view';
import { Cell, CellMany, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { InterFacilityTransferEvent, ItemBooks, TransferItem } from './inter-facility-transfer.events';

/** Status of a transfer. Picking: what was picked is being taken out of its lots. */
export const TransferState = {
  Planned: 'Planned',
  Picking: 'Picking',
  Picked: 'Picked',
  Shipped: 'Shipped',
  Closed: 'Closed',
  Cancelled: 'Cancelled',
} as const;
export type TransferState = keyof typeof TransferState;
registerEnumType(TransferState, { name: 'TransferState', description: 'Status of a transfer between plants.' });

/** Which end of a transfer a plant is. */
export const TransferDirection = { Outbound: 'Outbound', Inbound: 'Inbound' } as const;
export type TransferDirection = keyof typeof TransferDirection;
registerEnumType(TransferDirection, { name: 'TransferDirection', description: 'Which end of a transfer a plant is.' });

/** An item of a transfer: what was shipped, and what became of it. */
@ObjectType('TransferItemBooks', {})
class TransferItemBooks extends ShipmentItemAnswer {
  @ItemAmount('Planned or picked, until it is shipped; then what was shipped.')
  quantity: string;
}

/** A transfer as one of its plants sees it: each has an entry at both. */
@Entity('transfer')
@Index(['facilityId', 'status', 'eta'])
@Index(['customerOrderId'])
@Index(['transferId'])
@Index(['eta'])
@ObjectType('Transfer', {})
export class TransferRow {
  /** The plant that sees it so, a tilde, and the transfer. */
  @Key()
  entryId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(TransferDirection)
  direction: TransferDirection;

  @Cell('id')
  transferId: string;

  /** The plant that ships. */
  @Cell('id')
  fromFacilityId: string;

  /** The plant that receives. */
  @Cell('id')
  toFacilityId: string;

  @CellOneOf(TransferState)
  status: TransferState;

  @Cell('id', { optional: true })
  customerOrderId: string | null;

  @CellMany(() => TransferItemBooks)
  items: TransferItemBooks[];

  @Cell('texts')
  materials: string[];

  @Cell('text', { optional: true })
  carrier: string | null;

  /** Expected arrival. */
  @Cell('instant', { optional: true })
  eta: string | null;

  /** How often the expected arrival changed. */
  @Cell('whole')
  delays: number;

  @Cell('instant')
  plannedAt: string;

  @Cell('instant', { optional: true })
  shippedAt: string | null;

  /** When nothing was in transit any more, or when it was cancelled. */
  @Cell('instant', { optional: true })
  closedAt: string | null;

  /** Why it was cancelled, delayed, lost or returned, or why its pick was undone. */
  @Cell('text', { optional: true })
  reason: string | null;

  /** The plant that receives does not take it. */
  @Cell('flag')
  refused: boolean;

  /** Missing, damaged, lost, or more than was shipped. */
  @Cell('flag')
  discrepancy: boolean;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const NOTHING = { received: '0', short: '0', damaged: '0', lost: '0', returned: '0', over: '0', inTransit: '0' };
const planned = ({ lotId, materialId, quantity }: TransferItem): TransferItemBooks => ({
  item: lotId ?? materialId,
  materialId,
  unit: quantity.unit,
  quantity: quantity.amount,
  ...NOTHING,
});
const booked = (books: ItemBooks): TransferItemBooks => {
  const { item, materialId, unit, shipped, received, short, damaged, lost, returned, over } = books;
  return { item, materialId, unit, quantity: shipped, received, short, damaged, lost, returned, over, inTransit: inTransit(books) };
};

/** The items with some of them changed. */
const withBooks = (items: readonly TransferItemBooks[], changed: readonly ItemBooks[]): TransferItemBooks[] =>
  items.map((each) => {
    const found = changed.find(({ item }) => item === each.item);
    return found ? booked(found) : each;
  });

type Later = Exclude<InterFacilityTransferEvent, { type: 'TransferPlanned' }>;
function changes(row: TransferRow, { type, data }: Later): Partial<TransferRow> {
  switch (type) {
    case 'TransferPicked':
      return { status: data.booking ? 'Picking' : 'Picked', items: data.items.map(planned), reason: null };
    case 'TransferLotsBooked':
      return { status: 'Picked' };
    case 'TransferPickUndone':
      return { status: 'Planned', reason: data.reason };
    case 'TransferShipped': {
      const items = data.items.map((item) => ({ ...planned(item), inTransit: item.quantity.amount }));
      return { status: 'Shipped', items, carrier: data.carrier ?? null, eta: data.eta, shippedAt: data.shippedAt };
    }
    case 'TransferDelayed':
      return { eta: data.eta, delays: row.delays + 1, reason: data.reason };
    case 'TransferLost':
    case 'TransferReturned':
      return { items: withBooks(row.items, data.items), reason: data.reason };
    case 'TransferReceived':
      return { items: withBooks(row.items, data.items) };
    case 'TransferOverReceived':
      return {};
    case 'TransferRefused':
      return { refused: true, reason: data.reason };
    case 'TransferCancelled':
      return { status: 'Cancelled', reason: data.reason, closedAt: data.cancelledAt };
    case 'TransferClosed':
      return { status: 'Closed', closedAt: data.closedAt };
  }
}

const entryIdOf = (facilityId: string, transferId: string): string => `${facilityId}~${transferId}`;
const endsOf = ({ transferId, toFacilityId }: InterFacilityTransferEvent['data']): readonly (readonly [string, TransferDirection])[] => [
  [facilityOf(transferId), TransferDirection.Outbound],
  [toFacilityId, TransferDirection.Inbound],
];

/** Every transfer between plants, at both ends. */
export const transferView: View<TransferRow, InterFacilityTransferEvent> = {
  name: 'transfer',
  version: 2,
  row: TransferRow,
  events: [
    'TransferPlanned',
    'TransferPicked',
    'TransferLotsBooked',
    'TransferPickUndone',
    'TransferShipped',
    'TransferDelayed',
    'TransferReceived',
    'TransferOverReceived',
    'TransferLost',
    'TransferRefused',
    'TransferReturned',
    'TransferCancelled',
    'TransferClosed',
  ],
  keys: ({ data }) => endsOf(data).map(([facilityId]) => entryIdOf(facilityId, data.transferId)),
  fold: (rows, event) => {
    const { position, recordedAt } = event;
    for (const [facilityId, direction] of endsOf(event.data)) {
      const entryId = entryIdOf(facilityId, event.data.transferId);
      if (event.type === 'TransferPlanned') {
        const { transferId, fromFacilityId, toFacilityId, items, customerOrderId, plannedAt } = event.data;
        const open = { carrier: null, eta: null, delays: 0, shippedAt: null, closedAt: null, reason: null, refused: false };
        rows.put({
          entryId,
          facilityId,
          direction,
          transferId,
          fromFacilityId,
          toFacilityId,
          status: TransferState.Planned,
          customerOrderId: customerOrderId ?? null,
          items: items.map(planned),
          materials: [...new Set(items.map(({ materialId }) => materialId))],
          ...open,
          discrepancy: false,
          plannedAt,
          position,
          recordedAt,
        });
        continue;
      }
      const row = rows.get(entryId);
      if (!row) continue;
      const changed = { ...row, ...changes(row, event) };
      rows.put({ ...changed, discrepancy: changed.items.some(isDiscrepant), position, recordedAt });
    }
  },
};
