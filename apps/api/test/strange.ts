import { randomUUID } from 'node:crypto';
import type { EventStore } from '#platform/store/event-store';

/** The metadata of an event that no command of ours would have written. */
export const strangeMetadata = (facility: string) => {
  const commandId = randomUUID();
  const ids = { commandId, command: 'Strange', commandDigest: '', correlationId: commandId, causationId: commandId };
  return {
    ...ids,
    actor: 'ann',
    role: 'engineer',
    facility,
    occurredAt: '2026-01-05T08:00:00Z',
    clock: 'server',
    app: 'x',
    schema: 1,
  } as const;
};

/** Records the registration of lyon with a name that no view can fold; resolves with the event's id. */
export async function recordUnfoldable(store: EventStore): Promise<string> {
  const data = { facilityId: 'lyon', name: null };
  const { ids } = await store.append('facility-lyon', -1n, [{ type: 'FacilityRegistered', data, metadata: strangeMetadata('lyon') }]);
  return ids[0]!;
}
