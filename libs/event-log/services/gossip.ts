// Hides: the messages of event_store.client.gossip.
// Promises: a cluster of one: this node, alive and leader.
// Does not: gossip.

import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { Empty, UUID } from '@eventstore/db-client/generated/shared_pb';
import { encode, reading } from '../wire/generated';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';

/** Members of the cluster, for clients that discover their node. */
export function gossip(context: NodeContext): NodeService {
  return new ServiceBuilder('event_store.client.gossip.Gossip')
    .unary('Read', reading(Empty), () => {
      const self = new MemberInfo()
        .setInstanceId(new UUID().setString(context.instanceId))
        .setTimeStamp(String(BigInt(Date.now()) * 10_000n))
        .setState(MemberInfo.VNodeState.LEADER)
        .setIsAlive(true)
        .setHttpEndPoint(new EndPoint().setAddress(context.host).setPort(context.port()));
      return encode(new ClusterInfo().setMembersList([self]));
    })
    .build();
}

/** The same as `/gossip` shows it over HTTP. */
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
