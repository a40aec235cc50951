/** Why no demo enterprise may be written: the event store is somebody's own. */
export const NOT_EMPTY = 'the event store already holds events, as after a restored backup.';

/** Undefined if it may be written: into an embedded store that was empty, or that holds the beginning of the demo (`begun`). */
export function noDemoBecause(store: Readonly<{ external: boolean; wasEmpty: boolean; begun: boolean }>): string | undefined {
  if (store.external) return 'the event store at EVENTSTORE_URL is not embedded.';
  return store.wasEmpty || store.begun ? undefined : NOT_EMPTY;
}
