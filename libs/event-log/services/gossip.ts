// Hides: the messages of event_store.client.gossip.
// Promises: a cluster of one: this node, alive and leader.
// Does not: gossip.

import { Empty } from '../wire/message';
import { ClusterInfo, LEADER } from '../wire/messages/gossip';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';

/** Members of the cluster, for clients that use discovery. */
export function gossip(context: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.gossip.Gossip')
    .unary('Read', Empty.decode, () =>
      ClusterInfo.encode({
        members: [
          {
            instanceId: { string: context.instanceId },
            timeStamp: BigInt(Date.now()) * 10_000n,
            state: LEADER,
            isAlive: true,
            httpEndPoint: { address: context.host, port: context.port() },
          },
        ],
      }),
    )
    .build();
}

/** The same in the format of `/gossip` over HTTP. */
export const gossipOverHttp = ({ instanceId, host, port }: NodeContext): unknown => ({
  members: [
    {
      instanceId,
      timeStamp: new Date().toISOString(),
      state: 'Leader',
      isAlive: true,
      httpEndPointIp: host,
      httpEndPointPort: port(),
      nodePriority: 0,
      isReadOnlyReplica: false,
    },
  ],
  serverIp: host,
  serverPort: port(),
});
