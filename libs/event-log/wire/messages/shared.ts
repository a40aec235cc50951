// Hides: the field numbers of event_store.client.Shared. Promises: the same bytes as the official clients'. Does not: decide anything.

import { bytes, int64, message, nested, optional, text } from '../message';

export const Uuid = message({
  structured: nested(1, message({ mostSignificantBits: int64(1), leastSignificantBits: int64(2) })),
  string: optional(text(2)),
});
export const StreamIdentifier = message({ streamName: bytes(3) });
