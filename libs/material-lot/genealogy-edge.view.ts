import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { facilityOf } from '#manufacturing/facility';
import type { Quantity } from '#manufacturing/quantity';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import type { MaterialLotEvent } from './material-lot.events';

/** How material got from one node to the other. */
export const GenealogyKind = {
  Consumption: 'Consumption',
  Production: 'Production',
  Split: 'Split',
  Merge: 'Merge',
  Transfer: 'Transfer',
} as const;
export type GenealogyKind = keyof typeof GenealogyKind;
registerEnumType(GenealogyKind, { name: 'GenealogyKind', description: 'How material got from one node to the other.' });

/** A node at an end of an edge. */
export const GenealogyNode = { Lot: 'Lot', WorkOrder: 'WorkOrder' } as const;
export type GenealogyNode = keyof typeof GenealogyNode;
registerEnumType(GenealogyNode, { name: 'GenealogyNode', description: 'A node at an end of an edge: a lot or a work order.' });

/**
 * One step of material: from a lot to the work order that consumed it, from a work order to the lot that it produced, from a lot to a lot
 * split from it or merged with it, from a lot to the lot of another plant that it was shipped to. A correction voids the edge; it stays visible.
 */
@Entity('genealogy_edge')
@Index(['parentId', 'childId'])
@Index(['childId', 'parentId'])
@Index(['facilityId', 'occurredAt'])
@Index(['occurredAt'])
@ObjectType('GenealogyEdge', {})
export class GenealogyEdge {
  /** The lot and the booking. */
  @Key()
  edgeId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(GenealogyKind)
  kind: GenealogyKind;

  /** Where the material came from. */
  @Cell('id')
  parentId: string;

  @CellOneOf(GenealogyNode)
  parentKind: GenealogyNode;

  /** Where the material went. */
  @Cell('id')
  childId: string;

  @CellOneOf(GenealogyNode)
  childKind: GenealogyNode;

  /** The quantity, less what was taken back. */
  @Cell('amount')
  amount: string;

  @Cell('text')
  unit: string;

  /** The operation of the work order, where it is known. */
  @Cell('text', { optional: true })
  operationId: string | null;

  /** Floor time. */
  @Cell('instant')
  occurredAt: string;

  /** Id of the event that voided the edge; absent while it counts. */
  @Cell('id', { optional: true })
  voidedBy: string | null;

  /** Exceptions that name the step: `UseWhileBlocked`, `BookingOutsideOrder`. */
  @Cell('texts')
  flags: string[];

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const edges = {
  Consumption: (lotId: string, id: string) => `${lotId}/consumption/${id}`,
  Production: (lotId: string, id: string) => `${lotId}/production/${id}`,
  Split: (lotId: string, id: string) => `${lotId}/split/${id}`,
  Merge: (lotId: string, id: string) => `${lotId}/merge/${id}`,
  Transfer: (lotId: string, id: string) => `${lotId}/transfer/${id}`,
} as const;

/** The edges that an exception names, and what it calls them. What was shipped has its edge in the lot that received it. */
function flagged({ type, data }: MaterialLotEvent): readonly [flag: string, edgeIds: readonly string[]] | undefined {
  if (type === 'BookingOutsideOrderDetected') return ['BookingOutsideOrder', [edges[data.booking](data.lotId, data.bookingId)]];
  if (type !== 'UseWhileBlockedDetected') return undefined;
  return ['UseWhileBlocked', data.uses.flatMap(({ use, id }) => (use === 'Transfer' ? [] : [edges[use](data.lotId, id)]))];
}

/** The edge that an event adds, changes or voids. */
function edgeOf({ type, data }: MaterialLotEvent): string | undefined {
  switch (type) {
    case 'LotConsumed':
    case 'ConsumptionReversed':
      return edges.Consumption(data.lotId, data.consumptionId);
    case 'LotProduced':
    case 'ProductionReversed':
      return edges.Production(data.lotId, data.productionId);
    case 'LotSplit':
    case 'LotSplitUndone':
      return edges.Split(data.lotId, data.childLotId);
    case 'LotMerged':
    case 'LotMergeUndone':
      return edges.Merge(data.lotId, data.intoLotId);
    case 'LotReceivedFromTransfer':
      return data.fromLotId === null ? undefined : edges.Transfer(data.lotId, `${data.transferId}/${data.receiptId}/${data.fromLotId}`);
    default:
      return undefined;
  }
}

type Ends = Pick<GenealogyEdge, 'kind' | 'parentId' | 'parentKind' | 'childId' | 'childKind' | 'operationId'>;
type Begun = readonly [ends: Ends, quantity: Quantity, at: string];

function begun({ type, data }: MaterialLotEvent): Begun | undefined {
  const lot = { parentId: data.lotId, parentKind: 'Lot', operationId: null } as const;
  switch (type) {
    case 'LotConsumed': {
      const { workOrderId: childId, operationId, quantity, at } = data;
      return [{ ...lot, kind: 'Consumption', childId, childKind: 'WorkOrder', operationId }, quantity, at];
    }
    case 'LotProduced': {
      const { workOrderId: parentId, lotId: childId, operationId, quantity, at } = data;
      return [{ kind: 'Production', parentId, parentKind: 'WorkOrder', childId, childKind: 'Lot', operationId }, quantity, at];
    }
    case 'LotSplit':
      return [{ ...lot, kind: 'Split', childId: data.childLotId, childKind: 'Lot' }, data.quantity, data.at];
    case 'LotMerged':
      return [{ ...lot, kind: 'Merge', childId: data.intoLotId, childKind: 'Lot' }, data.quantity, data.at];
    case 'LotReceivedFromTransfer': {
      const { fromLotId: parentId, lotId: childId, quantity, at } = data;
      return parentId === null ? undefined : [{ ...lot, kind: 'Transfer', parentId, childId, childKind: 'Lot' }, quantity, at];
    }
    default:
      return undefined;
  }
}

/** All steps of material between lots and work orders. */
export const genealogyEdge: View<GenealogyEdge, MaterialLotEvent> = {
  name: 'genealogy-edge',
  version: 3,
  row: GenealogyEdge,
  events: [
    'LotConsumed',
    'ConsumptionReversed',
    'LotProduced',
    'ProductionReversed',
    'LotSplit',
    'LotSplitUndone',
    'LotMerged',
    'LotMergeUndone',
    'LotReceivedFromTransfer',
    'UseWhileBlockedDetected',
    'BookingOutsideOrderDetected',
  ],
  keys: (event) => {
    const edgeId = edgeOf(event);
    return edgeId === undefined ? (flagged(event)?.[1] ?? []) : [edgeId];
  },
  fold: (rows, event) => {
    const { position, recordedAt, id } = event;
    const [flag, edgeIds] = flagged(event) ?? ['', []];
    for (const flaggedId of edgeIds) {
      const edge = rows.get(flaggedId);
      if (edge) rows.put({ ...edge, flags: [...new Set([...edge.flags, flag])], position, recordedAt });
    }
    const edgeId = edgeOf(event);
    if (edgeId === undefined) return;
    const first = begun(event);
    if (first) {
      const [ends, { amount, unit }, occurredAt] = first;
      rows.put({
        edgeId,
        facilityId: facilityOf(event.data.lotId),
        ...ends,
        amount,
        unit,
        occurredAt,
        voidedBy: null,
        flags: [],
        position,
        recordedAt,
      });
      return;
    }
    const edge = rows.get(edgeId);
    if (!edge) return;
    const amount = event.type === 'ConsumptionReversed' ? event.data.remaining.amount : '0';
    rows.put({ ...edge, amount, voidedBy: /^0(\.0+)?$/.test(amount) ? id : null, position, recordedAt });
  },
};
