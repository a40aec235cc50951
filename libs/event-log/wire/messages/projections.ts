// Hides: the field numbers of event_store.client.projections. Promises: the same bytes as the official clients'. Does not: decide anything.

import { bool, float, int32, int64, mark, message, nested, optional, text } from '../message';

/** Enable, Reset, Update, Delete, State and Result name a projection; their other fields concern projections that this node does not run. */
export const NamedRequest = message({ options: nested(1, message({ name: text(1) })) });
/** State and Result name it in field 1, too; Update's query and Delete's flags are ignored. */
export const DisableRequest = message({ options: nested(1, message({ name: text(1), writeCheckpoint: bool(2) })) });

export const StatisticsRequest = message({
  options: nested(1, message({ name: optional(text(1)), all: mark(2), transient: mark(3), continuous: mark(4), oneTime: mark(5) })),
});
export const StatisticsResponse = message({
  details: nested(
    1,
    message({
      coreProcessingTime: int64(1),
      version: int64(2),
      epoch: int64(3),
      effectiveName: text(4),
      writesInProgress: int32(5),
      readsInProgress: int32(6),
      partitionsCached: int32(7),
      status: text(8),
      stateReason: text(9),
      name: text(10),
      mode: text(11),
      position: text(12),
      progress: float(13),
      lastCheckpoint: text(14),
      eventsProcessedAfterRestart: int64(15),
      checkpointStatus: text(16),
      bufferedEvents: int64(17),
      writePendingEventsBeforeCheckpoint: int32(18),
      writePendingEventsAfterCheckpoint: int32(19),
    }),
  ),
});
