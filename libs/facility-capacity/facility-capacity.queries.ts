import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { CapacityLoad } from './capacity-load.view';
import { FacilityCapacityRow } from './facility-capacity.view';

export const facilityCapacities = listOf(FacilityCapacityRow, {
  path: 'facility-capacity',
  one: 'facilityCapacity',
  many: 'facilityCapacities',
  roles: ROLES,
  filters: { mode: 'equals' },
  sorts: ['minutesPerDay'],
  sortedBy: 'capacityId',
  about: 'Resource groups of plants and what each can do in a day.',
});

export const capacityLoads = listOf(CapacityLoad, {
  path: 'capacity-load',
  many: 'capacityLoads',
  roles: ROLES,
  filters: { capacityId: 'equals', date: 'equals' },
  sorts: ['date'],
  sortedBy: 'date',
  about: 'Reserved and blocked minutes of resource groups by day.',
});
