// Hides: the messages of event_store.client.operations.
// Promises: operators may scavenge, stop the node and restart persistent subscriptions; one scavenge runs at a time.
// Does not: resign, merge or vote: those calls are answered and change nothing, for a node alone has nobody to do it with.

import { ScavengeResp, SetNodePriorityReq, StartScavengeReq, StopScavengeReq } from '@eventstore/db-client/generated/operations_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import type { Metadata } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { invalidArgument, scavengeNotFound } from '../wire/faults';
import { encode, reading } from '../wire/generated';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';

const { STARTED, INPROGRESS, STOPPED } = ScavengeResp.ScavengeResult;
const scavengeAnswer = (id: string, result: ScavengeResp.ScavengeResult): Buffer =>
  encode(new ScavengeResp().setScavengeId(id).setScavengeResult(result));

/** What operators do with a node. */
export function operations(context: NodeContext): NodeService {
  let scavenge: { id: string; stop: AbortController; done: Promise<unknown> } | undefined;
  const endScavenge = async (): Promise<void> => {
    scavenge?.stop.abort();
    await scavenge?.done;
  };
  context.onClose.push(endScavenge);

  const start = (): Buffer => {
    if (scavenge) return scavengeAnswer(scavenge.id, INPROGRESS);
    const [id, stop] = [randomUUID(), new AbortController()];
    const done = context.log
      .scavenge(stop.signal)
      .catch((error: unknown) => process.emitWarning(`scavenge ${id} failed: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => (scavenge = undefined));
    scavenge = { id, stop, done };
    return scavengeAnswer(id, STARTED);
  };

  const done = (metadata: Metadata): Buffer => {
    context.authorizeAdmin(metadata, true);
    return encode(new Empty());
  };

  return new ServiceBuilder('event_store.client.operations.Operations')
    .unary('StartScavenge', reading(StartScavengeReq), (request, metadata) => {
      context.authorizeAdmin(metadata, true);
      const options = request.getOptions();
      if (!options) throw invalidArgument('Options are required.');
      if (options.getThreadCount() < 1) throw invalidArgument('The thread count must be at least 1.');
      if (options.getStartFromChunk() < 0) throw invalidArgument('The chunk to start from must not be negative.');
      return start();
    })
    .unary('StopScavenge', reading(StopScavengeReq), async (request, metadata) => {
      context.authorizeAdmin(metadata, true);
      const id = request.getOptions()?.getScavengeId() ?? '';
      if (!scavenge || scavenge.id !== id) throw scavengeNotFound(id);
      await endScavenge();
      return scavengeAnswer(id, STOPPED);
    })
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
