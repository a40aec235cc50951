// Hides: the calls of event_store.client.persistent_subscriptions.
// Promises: the statuses, texts and trailers that clients check; the messages of a consumer that leaves are available again at once.
// Does not: decide what is delivered (groups/consumer-group.ts).

import type { Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { WireWriter } from '../bytes/protobuf';
import type { Action } from '../groups/consumer-group';
import type { Consumer, PersistentSubscription } from '../groups/persistent-subscription';
import { groupDoesNotExist, groupDropped, groupFailed, invalidArgument, notReady, tooManySubscribers } from '../wire/faults';
import { Empty } from '../wire/message';
import {
  DeleteRequest,
  InfoRequest,
  InfoResponse,
  ListRequest,
  ListResponse,
  type ReadMessage,
  ReadRequest,
  ReplayParkedRequest,
  SaveRequest,
} from '../wire/messages/persistent-subscriptions';
import { Outlet } from '../wire/outlet';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import type { NodeContext } from './context';
import { definitionOf, idOf, infoOf, named, nameOf } from './persistent-subscriptions-messages';
import { encodeReadEvent } from './streams-answers';

const service = 'event_store.client.persistent_subscriptions.PersistentSubscriptions';
/** Most messages that one consumer may hold, whatever it asks for: they stay in memory until it answers. */
const MOST_SLOTS = 2_000;

const actions: readonly Action[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

/** Persistent subscriptions to streams and to $all. */
export function persistentSubscriptions(context: NodeContext): NodeService {
  const { groups } = context;
  for (const method of ['Create', 'Update', 'Delete', 'Read', 'GetInfo', 'ReplayParked', 'List', 'RestartSubsystem']) {
    context.features.push({ service, method, features: ['stream', 'all'] });
  }
  const manage = (metadata: Metadata): string => {
    context.authorizeAdmin(metadata, true);
    return context.principal(metadata)?.name ?? '';
  };

  return new ServiceBuilder(service)
    .unary('Create', SaveRequest.decode, async (request, metadata) => {
      const by = manage(metadata);
      await groups.create(definitionOf(request.options), by);
      return Empty.encode();
    })
    .unary('Update', SaveRequest.decode, async (request, metadata) => {
      const by = manage(metadata);
      await groups.update(definitionOf(request.options), by);
      return Empty.encode();
    })
    .unary('Delete', DeleteRequest.decode, async (request, metadata) => {
      const by = manage(metadata);
      const { stream, group } = named(request.options);
      await groups.delete(stream, group, by);
      return Empty.encode();
    })
    .unary('GetInfo', InfoRequest.decode, (request, metadata) => {
      context.authorizeUser(metadata);
      const { stream, group } = named(request.options);
      const running = groups.find(stream, group);
      return InfoResponse.encode({ subscriptionInfo: infoOf(groups.definition(stream, group), running) });
    })
    .unary('List', ListRequest.decode, (request, metadata) => {
      context.authorizeUser(metadata);
      const only = request.options?.listForStream;
      const stream = only && (only.all ? '$all' : nameOf(only.stream));
      const found = groups.list(stream);
      if (stream !== undefined && found.length === 0) throw groupDoesNotExist(stream, '');
      return ListResponse.encode({ subscriptions: found.map(({ definition, running }) => infoOf(definition, running)) });
    })
    .unary('ReplayParked', ReplayParkedRequest.decode, (request, metadata) => {
      manage(metadata);
      const { options } = request;
      const { stream, group } = named(options);
      const stopAt = options!.stopAt;
      if (stopAt !== undefined && stopAt < 0n)
        throw groupFailed(stream, group, 'Cannot stop replaying parked messages at a negative version.');
      groups.find(stream, group).replayParked(stopAt);
      return Empty.encode();
    })
    .unary('RestartSubsystem', Empty.decode, async (_request, metadata) => {
      manage(metadata);
      await groups.restart();
      return Empty.encode();
    })
    .duplex('Read', ReadRequest.decode, (call) => consume(context, call))
    .build();
}

/** One consumer's call, until it leaves or is dropped. */
const consume = (context: NodeContext, call: ServerDuplexStream<ReadMessage, Buffer>): Promise<void> =>
  new Promise<void>((resolve, reject) => {
    const id = randomUUID();
    const outlet = new Outlet(call);
    let subscription: PersistentSubscription | undefined;

    const begin = (options: ReadMessage['options']): void => {
      if (!options) throw invalidArgument('The first message must hold the options.');
      const { stream, group } = named(options);
      context.authorizeUser(call.metadata);
      context.authorizeStream(call.metadata, stream, 'read');
      const found = context.groups.find(stream, group);
      if (found.full) throw tooManySubscribers(stream, group);
      const structured = !options.uuidOption?.string;
      const consumer: Consumer = {
        id,
        name: String(call.metadata.get('connection-name')[0] ?? '<unknown>'),
        from: call.getPeer(),
        user: context.principal(call.metadata)?.name ?? 'anonymous',
        slots: Math.min(options.bufferSize, MOST_SLOTS),
        deliver: ({ event, link }, retries) =>
          outlet.post(encodeReadEvent(event, link, structured, undefined, new WireWriter().uint(5, retries).finish())),
        drop: (reason) => {
          outlet.flush();
          reject(reason === 'dropped' ? groupDropped(stream, group) : reason === 'shutdown' ? notReady() : reason);
        },
      };
      subscription = found;
      outlet.post(new WireWriter().message(2, new WireWriter().text(1, found.key)).finish());
      found.connect(consumer);
    };

    const answer = (request: ReadMessage): void => {
      if (!subscription) return begin(request.options);
      const { ack, nack } = request;
      if (ack) subscription.ack(id, ack.ids.map(idOf));
      else if (nack) subscription.nack(id, nack.ids.map(idOf), actions[nack.action] ?? 'unknown', nack.reason);
      else throw invalidArgument('After the options only acks and nacks may follow.');
    };

    const leave = (): void => {
      subscription?.disconnect(id);
      resolve();
    };
    call.on('data', (request) => {
      try {
        answer(request);
      } catch (error) {
        subscription?.disconnect(id);
        outlet.flush();
        reject(error as Error);
      }
    });
    call.on('end', () => {
      if (!subscription) resolve();
    });
    call.on('cancelled', leave);
    call.on('close', leave);
    call.on('error', leave);
  });
