// Hides: the field numbers of event_store.client.monitoring. Promises: the same bytes as the official clients'. Does not: decide anything.

import { bool, message, texts, uint64 } from '../message';

export const StatsRequest = message({ useMetadata: bool(1), refreshTimePeriodInMs: uint64(4) });
export const StatsResponse = message({ stats: texts(1) });
