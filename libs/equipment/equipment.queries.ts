import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
import { EquipmentAssignment } from './equipment-assignment.view';
import { EquipmentException } from './equipment-exception.view';
import { EquipmentNow } from './equipment-now.view';
import { EquipmentStop } from './equipment-stop.view';
import { EquipmentInterval } from './equipment-timeline.view';

export const equipmentNowList = listOf(EquipmentNow, {
  path: 'equipment',
  one: 'equipment',
  many: 'equipmentNow',
  moved: 'equipmentMoved',
  roles: ROLES,
  filters: {
    state: 'equals',
    elementId: 'equals',
    equipmentClass: 'equals',
    quality: 'equals',
    registered: 'equals',
    workOrderIds: 'has',
    since: 'range',
  },
  sorts: ['since', 'state'],
  sortedBy: 'equipmentId',
  about: 'The current state of every machine: state, mode, jobs, and the quality of the last reading.',
});

export const equipmentTimelineList = listOf(EquipmentInterval, {
  path: 'equipment-timeline',
  many: 'equipmentTimeline',
  roles: ROLES,
  filters: { equipmentId: 'equals', state: 'equals', startedAt: 'range', endedAt: 'range', workOrderIds: 'has', legal: 'equals' },
  sorts: ['startedAt'],
  sortedBy: 'startedAtDescending',
  about: 'The state of each machine over time, as intervals that never overlap.',
});

export const equipmentStopList = listOf(EquipmentStop, {
  path: 'equipment-stops',
  many: 'equipmentStops',
  roles: ROLES,
  filters: { equipmentId: 'equals', cause: 'equals', reasonCode: 'equals', lossClass: 'equals', startedAt: 'range', workOrderIds: 'has' },
  sorts: ['startedAt'],
  sortedBy: 'startedAtDescending',
  about: 'When machines did not produce, and why.',
});

export const equipmentAssignmentList = listOf(EquipmentAssignment, {
  path: 'equipment-assignments',
  many: 'equipmentAssignments',
  roles: ROLES,
  filters: { equipmentId: 'equals', workOrderId: 'equals', startedAt: 'range', endedAt: 'range' },
  sorts: ['startedAt'],
  sortedBy: 'startedAtDescending',
  about: 'Which machine had which work order, and when.',
});

export const equipmentExceptionList = listOf(EquipmentException, {
  path: 'equipment-exceptions',
  many: 'equipmentExceptions',
  roles: ROLES,
  filters: { equipmentId: 'equals', kind: 'equals', observedAt: 'range' },
  sorts: ['observedAt'],
  sortedBy: 'observedAtDescending',
  about: 'Implausible observations of machines: illegal transitions, late or unknown states, unregistered machines.',
});
