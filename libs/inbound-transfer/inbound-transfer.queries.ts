import { listOf } from '#platform/queries/list';
import { InboundTransferRow } from './inbound-transfer.view';

export const inboundTransfers = listOf(InboundTransferRow, {
  path: 'inbound-transfer',
  one: 'inboundTransfer',
  many: 'inboundTransfers',
  moved: 'inboundTransferMoved',
  roles: ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: {
    transferId: 'equals',
    status: 'equals',
    fromFacilityId: 'equals',
    customerOrderId: 'equals',
    materials: 'has',
    discrepancy: 'equals',
    eta: 'range',
  },
  sorts: ['eta'],
  sortedBy: 'inboundTransferId',
  about: 'Transfers that other plants have shipped to a plant: what is expected, received, missing and refused.',
});
