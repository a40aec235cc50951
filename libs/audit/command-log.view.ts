import { ObjectType, registerEnumType } from '@nestjs/graphql';
import { Entity, Index } from 'typeorm';
import { isBookkeeping } from '#kernel/event';
import type { View } from '#kernel/view';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { ForAuditors } from '#platform/views/scope';
import { entityOf } from './entity';

export const Outcome = { Accepted: 'Accepted', Refused: 'Refused', Unchanged: 'Unchanged' } as const;
export type Outcome = keyof typeof Outcome;
registerEnumType(Outcome, { name: 'CommandOutcome', description: 'Outcome of a command.' });

/** A command that changed something, was refused, or had an id and changed nothing. */
@Entity('command_log')
@Index(['actor', 'recordedAt'])
@Index(['code', 'recordedAt'])
@Index(['facilityId', 'position'])
@Index(['position'])
@Index(['commandId'])
@ForAuditors()
@ObjectType('CommandLogRow', {})
export class CommandLogRow {
  /** Command id, stream and sender; for a refusal also its code. */
  @Key()
  entryId: string;

  @Cell('id')
  commandId: string;

  @ScopeCell()
  facilityId: string;

  @CellOneOf(Outcome)
  outcome: Outcome;

  /** Code of the refusal; absent if it was accepted. */
  @Cell('text', { optional: true })
  code: string | null;

  /** Text of the refusal. */
  @Cell('text', { optional: true })
  message: string | null;

  @Cell('text')
  command: string;

  @Cell('text')
  entityType: string;

  @Cell('id')
  entityId: string;

  @Cell('text')
  actor: string;

  @Cell('text')
  role: string;

  @Cell('text', { optional: true })
  device: string | null;

  @Cell('text', { optional: true })
  reason: string | null;

  @Cell('id')
  correlationId: string;

  /** Types of the events that the command caused. */
  @Cell('texts')
  events: string[];

  /** Floor time. */
  @Cell('instant')
  occurredAt: string;

  @Cell('position')
  position: bigint;

  @Cell('instant')
  recordedAt: string;
}

const codeIn = (data: unknown): string => String((data as { code?: unknown } | undefined)?.code ?? '');

/** Every recorded command: accepted, refused, or without change. */
export const commandLog: View<CommandLogRow> = {
  name: 'command-log',
  version: 2,
  row: CommandLogRow,
  events: '*',
  keys: ({ type, stream, data, metadata: { commandId, actor } }) => {
    if (!commandId) return [];
    const entry = `${commandId}@${stream}/${actor ?? ''}`;
    return [type === 'CommandRefused' ? `${entry}/${codeIn(data)}` : entry];
  },
  fold: (rows, event) => {
    const { type, stream, position, recordedAt, data, metadata } = event;
    const [entryId] = commandLog.keys(event);
    if (entryId === undefined) return;
    const before = rows.get(entryId);
    if (before) return rows.put({ ...before, events: [...before.events, type], position, recordedAt });
    const { entityType, entityId } = entityOf(stream, metadata.facility);
    const refused = type === 'CommandRefused';
    const outcome = refused ? 'Refused' : isBookkeeping(event) ? 'Unchanged' : 'Accepted';
    rows.put({
      entryId,
      commandId: metadata.commandId,
      facilityId: metadata.facility ?? '',
      outcome,
      code: refused ? codeIn(data) : null,
      message: refused ? String((data as { message?: unknown }).message ?? '') : null,
      command: metadata.command ?? '',
      entityType,
      entityId,
      actor: metadata.actor ?? '',
      role: metadata.role ?? '',
      device: metadata.device ?? null,
      reason: metadata.reason ?? null,
      correlationId: metadata.correlationId ?? metadata.commandId,
      events: outcome === 'Accepted' ? [type] : [],
      occurredAt: new Date(metadata.occurredAt ?? recordedAt).toISOString(),
      position,
      recordedAt,
    });
  },
};
