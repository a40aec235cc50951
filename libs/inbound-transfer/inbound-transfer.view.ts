import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { ItemBooks } from '#inter-facility-transfer/inter-facility-transfer.events';
import { facilityOf } from '#manufacturing/facility';
import { inTransit, isClosed, shippedBooks, withItems } from '#manufacturing/shipment';
import { isDiscrepant, ItemAmount, ShipmentItemAnswer } from '#manufacturing/shipment.answers';
import type { View } from '#kernel/view';
import { Cell, CellMany, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { InboundTransferEvent } from './inbound-transfer.events';

/** Status of a transfer at the plant that receives it. Refused: what is in transit goes back. */
export const InboundStatus = { Announced: 'Announced', PartlyReceived: 'PartlyReceived', Refused: 'Refused', Closed: 'Closed' } as const;
export type InboundStatus = keyof typeof InboundStatus;
registerEnumType(InboundStatus, { name: 'InboundStatus', description: 'Status of a transfer at the plant that receives it.' });

/** An item of an inbound transfer: what was shipped, and what became of it. */
@ObjectType('InboundItemBooks', {})
class InboundItemBooks extends ShipmentItemAnswer {
  @ItemAmount('What the other plant shipped.')
  shipped: string;
}

/** A transfer that another plant has shipped, as the plant that receives it sees it. */
@Entity('inbound_transfer')
@Index(['facilityId', 'status', 'eta'])
@Index(['customerOrderId'])
@Index(['transferId'])
@Index(['eta'])
@ObjectType('InboundTransfer', {})
export class InboundTransferRow {
  @Key()
  inboundTransferId: string;

  @ScopeCell()
  facilityId: string;

  /** Its id at the plant that ships. */
  @Cell('id')
  transferId: string;

  /** The plant that ships. */
  @Cell('id')
  fromFacilityId: string;

  @CellOneOf(InboundStatus)
  status: InboundStatus;

  @Cell('id', { optional: true })
  customerOrderId: string | null;

  @CellMany(() => InboundItemBooks)
  items: InboundItemBooks[];

  @Cell('texts')
  materials: string[];

  @Cell('text', { optional: true })
  carrier: string | null;

  /** Expected arrival. */
  @Cell('instant')
  eta: string;

  @Cell('instant')
  shippedAt: string;

  /** Latest receipt. */
  @Cell('instant', { optional: true })
  receivedAt: string | null;

  /** When nothing was in transit any more. */
  @Cell('instant', { optional: true })
  closedAt: string | null;

  /** Why it was refused, delayed, lost or returned. */
  @Cell('text', { optional: true })
  reason: string | null;

  /** Receipts and items whose lot could not take them: name another lot for each. */
  @Cell('texts')
  lotsRefused: string[];

  /** Missing, damaged, lost, or more than was shipped. */
  @Cell('flag')
  discrepancy: boolean;

  /** Revision of the stream, for If-Match. */
  @Cell('position')
  revision: bigint;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const shown = (books: ItemBooks): InboundItemBooks => {
  const { item, materialId, unit, shipped, received, short, damaged, lost, returned, over } = books;
  return { item, materialId, unit, shipped, received, short, damaged, lost, returned, over, inTransit: inTransit(books) };
};

const arrivalOf = ({ receiptId, item }: Readonly<{ receiptId: string; item: string }>): string => `${receiptId}/${item}`;

type Later = Exclude<InboundTransferEvent, { type: 'InboundTransferAnnounced' }>;
function changes(row: InboundTransferRow, { type, data }: Later): Partial<InboundTransferRow> {
  switch (type) {
    case 'InboundTransferDelayed':
      return { eta: data.eta, reason: data.reason };
    case 'InboundTransferReceived': {
      const items = [...withItems(row.items, data.items.map(shown))];
      return { items, receivedAt: data.receivedAt, status: isClosed(items) ? row.status : InboundStatus.PartlyReceived };
    }
    case 'InboundLotRefused':
      return { lotsRefused: [...row.lotsRefused, arrivalOf(data)], reason: data.reason };
    case 'InboundLotNamed':
      return { lotsRefused: row.lotsRefused.filter((each) => each !== arrivalOf(data)) };
    case 'InboundTransferRefused':
      return { status: InboundStatus.Refused, reason: data.reason };
    case 'InboundTransferLost':
    case 'InboundTransferReturned':
      return { items: [...withItems(row.items, data.items.map(shown))], reason: data.reason };
    case 'InboundTransferClosed':
      return { status: InboundStatus.Closed, closedAt: data.closedAt };
  }
}

/** Every transfer to a plant, as that plant sees it. */
export const inboundTransferView: View<InboundTransferRow, InboundTransferEvent> = {
  name: 'inbound-transfer',
  version: 2,
  row: InboundTransferRow,
  events: [
    'InboundTransferAnnounced',
    'InboundTransferDelayed',
    'InboundTransferReceived',
    'InboundLotRefused',
    'InboundLotNamed',
    'InboundTransferRefused',
    'InboundTransferLost',
    'InboundTransferReturned',
    'InboundTransferClosed',
  ],
  keys: ({ data }) => [data.inboundTransferId],
  fold: (rows, event) => {
    const { revision, position, recordedAt } = event;
    if (event.type === 'InboundTransferAnnounced') {
      const { inboundTransferId, transferId, fromFacilityId, customerOrderId, items, carrier, eta, shippedAt } = event.data;
      rows.put({
        inboundTransferId,
        facilityId: facilityOf(inboundTransferId),
        transferId,
        fromFacilityId,
        status: InboundStatus.Announced,
        customerOrderId: customerOrderId ?? null,
        items: items.map(({ materialId, lotId, quantity: { amount, unit } }) =>
          shown({ item: lotId ?? materialId, materialId, unit, ...shippedBooks(amount) }),
        ),
        materials: [...new Set(items.map(({ materialId }) => materialId))],
        carrier: carrier ?? null,
        eta,
        shippedAt,
        receivedAt: null,
        closedAt: null,
        reason: null,
        lotsRefused: [],
        discrepancy: false,
        revision,
        position,
        recordedAt,
      });
      return;
    }
    const row = rows.get(event.data.inboundTransferId);
    if (!row) return;
    const changed = { ...row, ...changes(row, event) };
    rows.put({ ...changed, discrepancy: changed.items.some(isDiscrepant), revision, position, recordedAt });
  },
};
