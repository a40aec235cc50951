import { ObjectType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import type { View } from '#kernel/view';
import { Cell, CellJson, Key, ScopeCell } from '#platform/views/cells';
import { ForAuditors } from '#platform/views/scope';
import { entityOf } from './entity';

/**
 * Who did what, when and why: one row per event, refusals included. It has the data of the event; old values of fields that the event
 * does not contain are in the history of the entity, which folds the log.
 */
@Entity('audit_trail')
@Index(['entityType', 'entityId', 'position'])
@Index(['actor', 'recordedAt'])
@Index(['facilityId', 'position'])
@Index(['position'])
@Index(['correlationId'])
@Index(['recordedAt'], { type: 'brin' } as never)
@Index(['fields'], { type: 'gin' } as never)
@ForAuditors()
@ObjectType('AuditTrailRow', {})
export class AuditTrailRow {
  @Key()
  eventId: string;

  @ScopeCell()
  facilityId: string;

  /** Category of the entity, e.g. work-order. */
  @Cell('text')
  entityType: string;

  @Cell('id')
  entityId: string;

  @Cell('id')
  stream: string;

  @Cell('position')
  revision: bigint;

  /** Type of the event; CommandRefused for a refusal, CommandUnchanged for a command that changed nothing. */
  @Cell('text')
  event: string;

  /** The command that caused it. */
  @Cell('text')
  command: string;

  @Cell('id')
  commandId: string;

  /** Code of the refusal, if it is one. */
  @Cell('text', { optional: true })
  refusal: string | null;

  @Cell('text')
  actor: string;

  @Cell('text')
  role: string;

  @Cell('text', { optional: true })
  device: string | null;

  /** Floor time. */
  @Cell('instant')
  occurredAt: string;

  /** Floor time as sent, with its offset. */
  @Cell('text')
  occurredAtTold: string;

  /** Whose clock the floor time is: client, device, server or import. */
  @Cell('text')
  clock: string;

  /** Reason given by the person who acted. */
  @Cell('text', { optional: true })
  reason: string | null;

  @Cell('id')
  correlationId: string;

  @Cell('id')
  causationId: string;

  /** Application that wrote it, and the version of the event's shape. */
  @Cell('text')
  app: string;

  @Cell('whole')
  schema: number;

  /** Fields of the event. */
  @Cell('texts')
  fields: string[];

  /** Data of the event. */
  @CellJson()
  data: object;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

/** The audit trail: every event and every refusal, one row each. */
export const auditTrail: View<AuditTrailRow> = {
  name: 'audit-trail',
  version: 1,
  row: AuditTrailRow,
  events: '*',
  keys: ({ id }) => [id],
  fold: (rows, { id, type, stream, revision, position, recordedAt, data, metadata }) => {
    const { entityType, entityId } = entityOf(stream, metadata.facility);
    const said = (data ?? {}) as Record<string, unknown>;
    rows.put({
      eventId: id,
      facilityId: metadata.facility ?? '',
      entityType,
      entityId,
      stream,
      revision,
      event: type,
      command: metadata.command ?? '',
      commandId: metadata.commandId ?? id,
      refusal: type === 'CommandRefused' && typeof said.code === 'string' ? said.code : null,
      actor: metadata.actor ?? '',
      role: metadata.role ?? '',
      device: metadata.device ?? null,
      occurredAt: new Date(metadata.occurredAt ?? recordedAt).toISOString(),
      occurredAtTold: metadata.occurredAt ?? recordedAt,
      clock: metadata.clock ?? 'server',
      reason: metadata.reason ?? null,
      correlationId: metadata.correlationId ?? id,
      causationId: metadata.causationId ?? id,
      app: metadata.app ?? '',
      schema: metadata.schema ?? 1,
      fields: Object.keys(said),
      data: said,
      position,
      recordedAt,
    });
  },
};
