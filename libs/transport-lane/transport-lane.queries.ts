import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { TransportLaneRow } from './transport-lane.view';

export const transportLanes = listOf(TransportLaneRow, {
  path: 'transport-lane',
  one: 'transportLane',
  many: 'transportLanes',
  roles: ROLES,
  filters: { toFacilityId: 'equals', retired: 'equals' },
  sorts: ['transitHours'],
  sortedBy: 'laneId',
  about: 'Lanes between plants: transit time and freight.',
});
