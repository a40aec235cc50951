// Hides: the defaults of groups in specs. Promises: groups that begin at the start. Does not: create a group.

import {
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';

export const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });

export const indexOf = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;
