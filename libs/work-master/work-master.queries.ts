import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { WorkMasterRow } from './work-master.view';

export const workMasters = listOf(WorkMasterRow, {
  path: 'work-master',
  one: 'workMaster',
  many: 'workMasters',
  roles: ROLES,
  filters: { workMasterId: 'equals', product: 'equals', status: 'equals' },
  sorts: ['product'],
  sortedBy: 'product',
  about: 'How products are made, in versions: operations, materials and qualified plants.',
});
