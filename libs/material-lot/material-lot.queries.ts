import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { GenealogyEdge } from './genealogy-edge.view';
import { LotDiscrepancy } from './lot-discrepancy.view';
import { LotException } from './lot-exception.view';
import { LotStock } from './lot-stock.view';

export const lotStockList = listOf(LotStock, {
  path: 'material-lot',
  one: 'lot',
  many: 'lotStock',
  moved: 'lotMoved',
  roles: ROLES,
  filters: {
    lotId: 'equals',
    materialId: 'equals',
    status: 'equals',
    expiresAt: 'range',
    available: 'range',
    locationId: 'equals',
    holds: 'has',
    supplierId: 'equals',
    supplierLot: 'equals',
  },
  // Lots that may be used at that moment: with stock that is not reserved, on no hold, not expired by then; also those that keep for ever.
  lasting: { usableAt: { until: 'expiresAt', only: { status: 'Available' }, some: 'available' } },
  sorts: ['expiresAt', 'materialId', 'createdAt'],
  sortedBy: 'lotId',
  about:
    'The stock of every lot: on hand, reserved and free, with holds, expiry and place. Give `usableAt` for the lots of which something is free and may be used at a moment; the status alone says nothing about expiry.',
});

export const genealogyEdgeList = listOf(GenealogyEdge, {
  path: 'genealogy-edges',
  many: 'genealogyEdges',
  roles: ROLES,
  filters: { parentId: 'equals', childId: 'equals', kind: 'equals', occurredAt: 'range' },
  sorts: ['occurredAt'],
  sortedBy: 'occurredAtDescending',
  about: 'The steps of material between lots and work orders, corrections included.',
});

export const lotDiscrepancyList = listOf(LotDiscrepancy, {
  path: 'lot-discrepancies',
  many: 'lotDiscrepancies',
  roles: ROLES,
  filters: { lotId: 'equals', kind: 'equals', observedAt: 'range' },
  sorts: ['observedAt'],
  sortedBy: 'observedAtDescending',
  about: 'Counts that differ from the books of their time, by what is known now; `settledBy` where they agree by now.',
});

export const lotExceptionList = listOf(LotException, {
  path: 'lot-exceptions',
  many: 'lotExceptions',
  roles: ROLES,
  filters: { lotId: 'equals', kind: 'equals', workOrderId: 'equals', occurredAt: 'range' },
  sorts: ['occurredAt'],
  sortedBy: 'occurredAtDescending',
  about: 'Uses of lots that broke a rule, as became known later: while the lot was on hold or expired, or outside the time of the order.',
});
