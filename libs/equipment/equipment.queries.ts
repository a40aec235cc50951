import { ROLES } from '#manufacturing/roles';
import { listOf } from '#platform/queries/list';
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
  about: 'Every machine as it is now: state, mode, jobs, and how far the last reading is to be believed.',
});

export const equipmentTimelineList = listOf(EquipmentInterval, {
  path: 'equipment-timeline',
  many: 'equipmentTimeline',
  roles: ROLES,
  filters: { equipmentId: 'equals', state: 'equals', startedAt: 'range', endedAt: 'range', workOrderIds: 'has', legal: 'equals' },
  sorts: ['startedAt'],
  sortedBy: 'startedAtDescending',
  about: 'What each machine was doing when, in intervals that never overlap.',
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

export const equipmentExceptionList = listOf(EquipmentException, {
  path: 'equipment-exceptions',
  many: 'equipmentExceptions',
  roles: ROLES,
  filters: { equipmentId: 'equals', kind: 'equals', observedAt: 'range' },
  sorts: ['observedAt'],
  sortedBy: 'observedAtDescending',
  about: 'What was observed of machines and is odd: illegal transitions, late, unknown, of machines that nobody registered.',
});
