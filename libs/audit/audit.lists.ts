import { listOf } from '#platform/queries/list';
import { AuditTrailRow } from './audit-trail.view';
import { AUDIENCE } from './audit.log';
import { CommandLogRow } from './command-log.view';

export const auditTrailRows = listOf(AuditTrailRow, {
  path: 'audit/trail',
  many: 'auditTrail',
  roles: AUDIENCE,
  filters: {
    entityType: 'named',
    entityId: 'equals',
    stream: 'equals',
    event: 'named',
    command: 'named',
    actor: 'equals',
    correlationId: 'equals',
    refusal: 'equals',
    fields: 'has',
    recordedAt: 'range',
    occurredAt: 'range',
    position: 'range',
  },
  sorts: ['position'],
  sortedBy: 'position',
  about: 'Who did what, when and why: every event and refusal.',
});

export const commandLogRows = listOf(CommandLogRow, {
  path: 'audit/commands',
  many: 'commandLog',
  roles: AUDIENCE,
  filters: {
    outcome: 'equals',
    code: 'equals',
    command: 'equals',
    commandId: 'equals',
    actor: 'equals',
    entityType: 'equals',
    entityId: 'equals',
    recordedAt: 'range',
  },
  sorts: ['position'],
  sortedBy: 'positionDescending',
  about: 'Commands that were accepted and changed something, and those that were refused, with the reason.',
});
