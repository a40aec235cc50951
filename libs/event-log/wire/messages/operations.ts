// Hides: the field numbers of event_store.client.operations. Promises: the same bytes as the official clients'. Does not: decide anything.

import { int32, message, nested, text } from '../message';

export const StartScavengeRequest = message({ options: nested(1, message({ threadCount: int32(1), startFromChunk: int32(2) })) });
export const StopScavengeRequest = message({ options: nested(1, message({ scavengeId: text(1) })) });
export const ScavengeResponse = message({ scavengeId: text(1), scavengeResult: int32(2) });
export const ScavengeResult = { STARTED: 0, IN_PROGRESS: 1, STOPPED: 2 } as const;
export const SetNodePriorityRequest = message({ priority: int32(1) });
