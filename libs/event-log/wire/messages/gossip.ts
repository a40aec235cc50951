// Hides: the field numbers of event_store.client.gossip. Promises: the same bytes as the official clients'. Does not: decide anything.

import { bool, int32, int64, message, nested, repeated, text, uint32 } from '../message';
import { Uuid } from './shared';

/** The only state of a single node. */
export const LEADER = 8;

export const ClusterInfo = message({
  members: repeated(
    nested(
      1,
      message({
        instanceId: nested(1, Uuid),
        timeStamp: int64(2),
        state: int32(3),
        isAlive: bool(4),
        httpEndPoint: nested(5, message({ address: text(1), port: uint32(2) })),
      }),
    ),
  ),
});
