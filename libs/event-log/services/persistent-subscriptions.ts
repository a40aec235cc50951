// Hides: the messages of event_store.client.persistent_subscriptions.
// Promises: the statuses, texts and trailers that clients assert; a consumer that goes away gives its messages back at once.
// Does not: decide what is delivered (consumer-group.ts).

import {
  CreateReq,
  CreateResp,
  DeleteReq,
  DeleteResp,
  GetInfoReq,
  GetInfoResp,
  ListReq,
  ListResp,
  ReadReq,
  ReplayParkedReq,
  ReplayParkedResp,
  SubscriptionInfo,
  UpdateReq,
  UpdateResp,
} from '@eventstore/db-client/generated/persistent_pb';
import { Empty, type StreamIdentifier, type UUID } from '@eventstore/db-client/generated/shared_pb';
import type { Metadata, ServerDuplexStream } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import type { Action } from '../groups/consumer-group';
import type { StrategyName } from '../groups/consumer-strategy';
import { groupDoesNotExist, groupDropped, groupFailed, invalidArgument, notReady, tooManySubscribers } from '../wire/faults';
import { encode, reading } from '../wire/generated';
import type { Consumer, GroupSettings, PersistentSubscription, Start } from '../groups/persistent-subscription';
import type { FilterDefinition, GroupDefinition } from '../groups/persistent-subscriptions';
import { Outlet } from '../wire/outlet';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import { uuidBytes } from '../bytes/uuid';
import { WireWriter } from '../bytes/protobuf';
import { encodeReadEvent } from './streams-answers';

const service = 'event_store.client.persistent_subscriptions.PersistentSubscriptions';
/** Messages that one consumer may hold at most, whatever it asks for: they stay in memory until it answers. */
const MOST_SLOTS = 2_000;
const endOfStream = '18446744073709551615';

type Saved = CreateReq | UpdateReq;
type Settings = CreateReq.Settings | UpdateReq.Settings;
type AllOptions = CreateReq.AllOptions | UpdateReq.AllOptions;

const nameOf = (identifier: StreamIdentifier | undefined): string => {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '') throw invalidArgument('A stream name is required.');
  return name;
};

const strategies: readonly StrategyName[] = ['DispatchToSingle', 'RoundRobin', 'Pinned'];

/** Ticks are 100 ns. */
const settingsOf = (settings: Settings): GroupSettings => ({
  resolveLinkTos: settings.getResolveLinks(),
  extraStatistics: settings.getExtraStatistics(),
  messageTimeout: settings.hasMessageTimeoutTicks()
    ? Number(BigInt(settings.getMessageTimeoutTicks()) / 10_000n)
    : settings.getMessageTimeoutMs(),
  maxRetryCount: settings.getMaxRetryCount(),
  checkpointAfter: settings.hasCheckpointAfterTicks()
    ? Number(BigInt(settings.getCheckpointAfterTicks()) / 10_000n)
    : settings.getCheckpointAfterMs(),
  minCheckpointCount: settings.getMinCheckpointCount(),
  maxCheckpointCount: settings.getMaxCheckpointCount(),
  maxSubscriberCount: settings.getMaxSubscriberCount(),
  liveBufferSize: settings.getLiveBufferSize(),
  readBatchSize: settings.getReadBatchSize(),
  historyBufferSize: settings.getHistoryBufferSize(),
  strategy:
    ('getConsumerStrategy' in settings && (settings.getConsumerStrategy() as StrategyName)) ||
    (strategies[settings.getNamedConsumerStrategy()] ?? ('' as StrategyName)),
});

const filterOf = (filter: CreateReq.AllOptions.FilterOptions | undefined): FilterDefinition | undefined => {
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (!filter || !expression) return undefined;
  const prefixes = expression.getPrefixList();
  const on = filter.hasStreamIdentifier() ? ('stream' as const) : ('type' as const);
  return prefixes.length > 0 ? { on, prefixes } : { on, regex: expression.getRegex() };
};

const startOfAll = (all: AllOptions): Start => {
  if (all.hasStart()) return 'start';
  const position = all.getPosition();
  return position ? BigInt(position.getCommitPosition()) : 'end';
};

const startOfRevision = (revision: string): Start => (revision === endOfStream ? 'end' : revision === '0' ? 'start' : BigInt(revision));

const definitionOf = (request: Saved): GroupDefinition => {
  const options = request.getOptions();
  const settings = options?.getSettings();
  if (!options || !settings) throw invalidArgument('Options and settings are required.');
  const group = options.getGroupName();
  const all = options.getAll();
  if (all) {
    const filter = all instanceof CreateReq.AllOptions ? filterOf(all.getFilter()) : undefined;
    return { stream: '$all', group, start: startOfAll(all), filter, settings: settingsOf(settings) };
  }
  const named = options.getStream();
  const start = !named
    ? startOfRevision(settings.getRevision())
    : named.hasStart()
      ? 'start'
      : named.hasEnd()
        ? 'end'
        : startOfRevision(named.getRevision());
  return { stream: nameOf(named?.getStreamIdentifier() ?? options.getStreamIdentifier()), group, start, settings: settingsOf(settings) };
};

type Named = { hasAll(): boolean; getStreamIdentifier(): StreamIdentifier | undefined; getGroupName(): string };
const named = (options: Named | undefined): { stream: string; group: string } => {
  if (!options) throw invalidArgument('Options are required.');
  return { stream: options.hasAll() ? '$all' : nameOf(options.getStreamIdentifier()), group: options.getGroupName() };
};

const idOf = (uuid: UUID): string => {
  const structured = uuid.getStructured();
  if (!structured) return uuidBytes(uuid.getString())?.toString('hex') ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getMostSignificantBits())), 0);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getLeastSignificantBits())), 8);
  return bytes.toString('hex');
};

const actions: readonly Action[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

const percentiles: readonly (readonly [string, number])[] = [
  ...[1, 2, 3, 4, 5].map((quintile) => [`Quintile ${quintile}`, quintile / 5] as const),
  ...[90, 95, 99, 99.5, 99.9].map((percent) => [`${percent}%`, percent / 100] as const),
];

/** What `extraStatistics` shows of the milliseconds between delivery and ack. */
const measurements = (latencies: readonly number[]): [string, number][] => {
  const sorted = [...latencies].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  return [
    ['Mean', Math.round(mean)],
    ['Median', at(0.5)],
    ['Fastest', at(0)],
    ...percentiles.map(([key, share]): [string, number] => [key, at(share)]),
    ['Highest', at(1)],
  ];
};

const infoOf = ({ stream, group, start, settings }: GroupDefinition, running: PersistentSubscription): SubscriptionInfo => {
  const shown = running.statistics();
  const place = (at: bigint | number): string => (stream === '$all' ? `C:${at}/P:${at}` : String(at));
  const info = new SubscriptionInfo();
  info
    .setEventSource(stream)
    .setGroupName(group)
    .setStatus(shown.status)
    .setAveragePerSecond(shown.perSecond)
    .setTotalItems(String(shown.total))
    .setCountSinceLastMeasurement(String(shown.sinceLast))
    .setLastCheckpointedEventPosition(shown.checkpoint === undefined ? '' : place(shown.checkpoint))
    .setLastKnownEventPosition(shown.lastKnown === undefined ? '' : place(shown.lastKnown))
    .setResolveLinkTos(settings.resolveLinkTos)
    .setStartFrom(place(start === 'start' ? 0 : start === 'end' ? -1 : start))
    .setMessageTimeoutMilliseconds(settings.messageTimeout)
    .setExtraStatistics(settings.extraStatistics)
    .setMaxRetryCount(settings.maxRetryCount)
    .setLiveBufferSize(settings.liveBufferSize)
    .setBufferSize(settings.historyBufferSize)
    .setReadBatchSize(settings.readBatchSize)
    .setCheckPointAfterMilliseconds(settings.checkpointAfter)
    .setMinCheckPointCount(settings.minCheckpointCount)
    .setMaxCheckPointCount(settings.maxCheckpointCount)
    .setReadBufferCount(shown.buffered)
    .setLiveBufferCount('0')
    .setRetryBufferCount(shown.retries)
    .setTotalInFlightMessages(shown.inFlight)
    .setOutstandingMessagesCount(shown.outstanding)
    .setNamedConsumerStrategy(settings.strategy)
    .setMaxSubscriberCount(settings.maxSubscriberCount)
    .setParkedMessageCount(String(shown.parked));
  for (const connection of shown.connections) {
    const shownConnection = new SubscriptionInfo.ConnectionInfo()
      .setFrom(connection.from)
      .setUsername(connection.user)
      .setAverageItemsPerSecond(connection.perSecond)
      .setTotalItems(String(connection.total))
      .setCountSinceLastMeasurement(String(connection.sinceLast))
      .setAvailableSlots(connection.free)
      .setInFlightMessages(connection.inFlight)
      .setConnectionName(connection.name);
    for (const [key, value] of settings.extraStatistics ? measurements(connection.latencies) : []) {
      shownConnection.addObservedMeasurements(new SubscriptionInfo.Measurement().setKey(key).setValue(String(value)));
    }
    info.addConnections(shownConnection);
  }
  return info;
};

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
    .unary('Create', reading(CreateReq), async (request, metadata) => {
      const by = manage(metadata);
      await groups.create(definitionOf(request), by);
      return encode(new CreateResp());
    })
    .unary('Update', reading(UpdateReq), async (request, metadata) => {
      const by = manage(metadata);
      await groups.update(definitionOf(request), by);
      return encode(new UpdateResp());
    })
    .unary('Delete', reading(DeleteReq), async (request, metadata) => {
      const by = manage(metadata);
      const { stream, group } = named(request.getOptions());
      await groups.delete(stream, group, by);
      return encode(new DeleteResp());
    })
    .unary('GetInfo', reading(GetInfoReq), (request, metadata) => {
      context.authorizeUser(metadata);
      const { stream, group } = named(request.getOptions());
      const running = groups.find(stream, group);
      return encode(new GetInfoResp().setSubscriptionInfo(infoOf(groups.definition(stream, group), running)));
    })
    .unary('List', reading(ListReq), (request, metadata) => {
      context.authorizeUser(metadata);
      const only = request.getOptions()?.getListForStream();
      const stream = only && (only.hasAll() ? '$all' : nameOf(only.getStream()));
      const found = groups.list(stream);
      if (stream !== undefined && found.length === 0) throw groupDoesNotExist(stream, '');
      return encode(new ListResp().setSubscriptionsList(found.map(({ definition, running }) => infoOf(definition, running))));
    })
    .unary('ReplayParked', reading(ReplayParkedReq), (request, metadata) => {
      manage(metadata);
      const options = request.getOptions();
      const { stream, group } = named(options);
      const stopAt = options!.hasStopAt() ? BigInt(options!.getStopAt()) : undefined;
      if (stopAt !== undefined && stopAt < 0n)
        throw groupFailed(stream, group, 'Cannot stop replaying parked messages at a negative version.');
      groups.find(stream, group).replayParked(stopAt);
      return encode(new ReplayParkedResp());
    })
    .unary('RestartSubsystem', reading(Empty), async (_request, metadata) => {
      manage(metadata);
      await groups.restart();
      return encode(new Empty());
    })
    .duplex('Read', reading(ReadReq), (call) => consume(context, call))
    .build();
}

/** One consumer's call, until it goes away or is dropped. */
const consume = (context: NodeContext, call: ServerDuplexStream<ReadReq, Buffer>): Promise<void> =>
  new Promise<void>((resolve, reject) => {
    const id = randomUUID();
    const outlet = new Outlet(call);
    let subscription: PersistentSubscription | undefined;

    const begin = (options: ReadReq.Options | undefined): void => {
      if (!options) throw invalidArgument('The first message must hold the options.');
      const { stream, group } = named(options);
      context.authorizeUser(call.metadata);
      context.authorizeStream(call.metadata, stream, 'read');
      const found = context.groups.find(stream, group);
      if (found.full) throw tooManySubscribers(stream, group);
      const structured = !options.getUuidOption()?.hasString();
      const consumer: Consumer = {
        id,
        name: String(call.metadata.get('connection-name')[0] ?? '<unknown>'),
        from: call.getPeer(),
        user: context.principal(call.metadata)?.name ?? 'anonymous',
        slots: Math.min(options.getBufferSize(), MOST_SLOTS),
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

    const answer = (request: ReadReq): void => {
      if (!subscription) return begin(request.getOptions());
      const ack = request.getAck();
      const nack = request.getNack();
      if (ack) subscription.ack(id, ack.getIdsList().map(idOf));
      else if (nack) subscription.nack(id, nack.getIdsList().map(idOf), actions[nack.getAction()] ?? 'unknown', nack.getReason());
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
