import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { MasterData } from './master-data.view';

export const masterDataList = listOf(MasterData, {
  path: 'master-data',
  one: 'masterDataEntry',
  many: 'masterData',
  roles: ROLES,
  filters: { kind: 'equals', code: 'equals', name: 'named', retired: 'equals' },
  sorts: ['code', 'name'],
  sortedBy: 'entryId',
  about: 'Materials, reason codes, persons and machine classes of the plants.',
});
