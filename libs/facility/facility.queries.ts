import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { FacilityElement } from './facility-element.view';

export const facilityElements = listOf(FacilityElement, {
  path: 'facility',
  one: 'facilityElement',
  many: 'facilityElements',
  moved: 'facilityElementMoved',
  roles: ROLES,
  filters: { parentId: 'equals', level: 'equals', retired: 'equals' },
  sorts: ['parentId', 'level'],
  sortedBy: 'elementId',
  about: 'The hierarchy of the plants by ISA-95: sites, areas, work centers, work units and stores.',
});
