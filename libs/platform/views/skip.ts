/**
 * Skipping an event in a view, by order of an operator. Hides: the event that records it. Promises: the decision is in the log before it takes
 * effect, with who and why. Does not: change rows; the part's projector does, once it sees the request.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { metadataOf } from '#platform/store/metadata';
import type { EventStore } from '#platform/store/event-store';
import { SKIPPED, skipParked, type ParkedEvent } from './parking';

/** Where operators' decisions about views are recorded. */
export const OPERATIONS_STREAM = 'view-operations-enterprise';

export type Skip = Readonly<{ table: string; partition: string; reason: string; actor: string; correlationId: string }>;

/** Skips the first event of a parked partition; returns it, or undefined if nothing is parked there. */
export async function skipAndRecord(pool: Pool, store: EventStore, skip: Skip): Promise<ParkedEvent | undefined> {
  const { table, partition, reason, actor, correlationId } = skip;
  let skipped: ParkedEvent | undefined;
  const done = await skipParked(pool, table, partition, reason, async (data, head) => {
    const commandId = randomUUID();
    const metadata = metadataOf({
      commandId,
      command: 'SkipViewEvent',
      correlationId,
      causationId: head.id,
      actor,
      role: 'engineer',
      facility: 'enterprise',
      reason,
    });
    await store.append(OPERATIONS_STREAM, 'any', [{ type: SKIPPED, data, metadata }]);
    skipped = head;
  });
  return done ? skipped : undefined;
}
