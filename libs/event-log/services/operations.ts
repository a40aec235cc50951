// Hides: the messages of event_store.client.operations.
// Promises: operators may stop the node and restart persistent subscriptions; what has no meaning for a single node changes nothing.
// Does not: resign, for there is nobody to lead instead.

import { SetNodePriorityReq } from '@eventstore/db-client/generated/operations_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import type { Metadata } from '@grpc/grpc-js';
import { encode, reading } from '../generated';
import { type NodeContext, type NodeService, ServiceBuilder } from '../service';

/** What operators do with a node. */
export function operations(context: NodeContext): NodeService {
  const done = (metadata: Metadata): Buffer => {
    context.authorizeAdmin(metadata, true);
    return encode(new Empty());
  };
  return new ServiceBuilder('event_store.client.operations.Operations')
    .unary('Shutdown', reading(Empty), (_request, metadata) => {
      const answer = done(metadata);
      setTimeout(context.shutdown, 50);
      return answer;
    })
    .unary('MergeIndexes', reading(Empty), (_request, metadata) => done(metadata))
    .unary('ResignNode', reading(Empty), (_request, metadata) => done(metadata))
    .unary('SetNodePriority', reading(SetNodePriorityReq), (_request, metadata) => done(metadata))
    .unary('RestartPersistentSubscriptions', reading(Empty), async (_request, metadata) => {
      const answer = done(metadata);
      await context.groups.restart();
      return answer;
    })
    .build();
}
