import { listOf } from '#platform/queries/list';
import { TransferRow } from './transfer.view';

export const transfers = listOf(TransferRow, {
  path: 'transfer',
  one: 'transfer',
  many: 'transfers',
  moved: 'transferMoved',
  roles: ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: {
    transferId: 'equals',
    direction: 'equals',
    status: 'equals',
    fromFacilityId: 'equals',
    toFacilityId: 'equals',
    customerOrderId: 'equals',
    materials: 'has',
    discrepancy: 'equals',
    eta: 'range',
  },
  sorts: ['eta'],
  sortedBy: 'entryId',
  about: 'Transfers between plants, as each end sees them: items, expected arrival, and what became of what was shipped.',
});
