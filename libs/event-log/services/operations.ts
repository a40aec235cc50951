// Hides: the messages of event_store.client.operations.
// Promises: operators may scavenge, stop the node and restart persistent subscriptions; one scavenge runs at a time.
// Does not: resign, merge or vote: those calls are answered but change nothing, since there is only one node.

import type { Metadata } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { invalidArgument, scavengeNotFound } from '../wire/faults';
import { Empty } from '../wire/message';
import {
  ScavengeResponse,
  ScavengeResult,
  SetNodePriorityRequest,
  StartScavengeRequest,
  StopScavengeRequest,
} from '../wire/messages/operations';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';

const scavengeAnswer = (scavengeId: string, result: keyof typeof ScavengeResult): Buffer =>
  ScavengeResponse.encode({ scavengeId, scavengeResult: ScavengeResult[result] });

/** Operators' actions on a node. */
export function operations(context: NodeContext): NodeService {
  let scavenge: { id: string; stop: AbortController; done: Promise<unknown> } | undefined;
  const endScavenge = async (): Promise<void> => {
    scavenge?.stop.abort();
    await scavenge?.done;
  };
  context.onClose.push(endScavenge);

  const start = (): Buffer => {
    if (scavenge) return scavengeAnswer(scavenge.id, 'IN_PROGRESS');
    const [id, stop] = [randomUUID(), new AbortController()];
    const done = context.log
      .scavenge(stop.signal)
      .then(
        (freed) => context.journal('info', 'scavenge finished', { id, ...freed, stopped: stop.signal.aborted }),
        (error: unknown) =>
          context.journal('error', 'scavenge failed', { id, reason: error instanceof Error ? error.message : String(error) }),
      )
      .finally(() => (scavenge = undefined));
    context.journal('info', 'scavenge started', { id });
    scavenge = { id, stop, done };
    return scavengeAnswer(id, 'STARTED');
  };

  const done = (metadata: Metadata): Buffer => {
    context.authorizeAdmin(metadata, true);
    return Empty.encode();
  };

  return new ServiceBuilder('event_store.client.operations.Operations')
    .unary('StartScavenge', StartScavengeRequest.decode, (request, metadata) => {
      context.authorizeAdmin(metadata, true);
      const { options } = request;
      if (!options) throw invalidArgument('Options are required.');
      if (options.threadCount < 1) throw invalidArgument('The thread count must be at least 1.');
      if (options.startFromChunk < 0) throw invalidArgument('The chunk to start from must not be negative.');
      return start();
    })
    .unary('StopScavenge', StopScavengeRequest.decode, async (request, metadata) => {
      context.authorizeAdmin(metadata, true);
      const id = request.options?.scavengeId ?? '';
      if (!scavenge || scavenge.id !== id) throw scavengeNotFound(id);
      await endScavenge();
      return scavengeAnswer(id, 'STOPPED');
    })
    .unary('Shutdown', Empty.decode, (_request, metadata) => {
      const answer = done(metadata);
      setTimeout(context.shutdown, 50);
      return answer;
    })
    .unary('MergeIndexes', Empty.decode, (_request, metadata) => done(metadata))
    .unary('ResignNode', Empty.decode, (_request, metadata) => done(metadata))
    .unary('SetNodePriority', SetNodePriorityRequest.decode, (_request, metadata) => done(metadata))
    .unary('RestartPersistentSubscriptions', Empty.decode, async (_request, metadata) => {
      const answer = done(metadata);
      await context.groups.restart();
      return answer;
    })
    .build();
}
