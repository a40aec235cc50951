import { listOf } from '#platform/queries/list';
import { TransportLaneRow } from './transport-lane.view';

export const transportLanes = listOf(TransportLaneRow, {
  path: 'transport-lane',
  one: 'transportLane',
  many: 'transportLanes',
  // Freight is a price: those who read plans read it, too.
  roles: ['supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'],
  filters: { toFacilityId: 'equals', retired: 'equals' },
  sorts: ['transitHours'],
  sortedBy: 'laneId',
  about: 'Lanes between plants: transit time and freight.',
});
