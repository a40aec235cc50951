// Hides: the wire format of groups, their settings and their statistics.
// Promises: the same meaning for requests of client version 6 and later versions.
// Does not: check that settings make sense (groups/persistent-subscriptions.ts).

import { uuidBytes } from '../bytes/uuid';
import type { StrategyName } from '../groups/consumer-strategy';
import type { GroupSettings, PersistentSubscription, Start } from '../groups/persistent-subscription';
import type { FilterDefinition, GroupDefinition } from '../groups/persistent-subscriptions';
import { invalidArgument } from '../wire/faults';
import type { Draft, ValuesOf } from '../wire/message';
import type { GroupSettingsMessage, SaveOptions, SubscriptionInfoMessage } from '../wire/messages/persistent-subscriptions';
import type { StreamIdentifier, Uuid } from '../wire/messages/shared';

const END_OF_STREAM = 0xffff_ffff_ffff_ffffn;

export const nameOf = (identifier: ValuesOf<typeof StreamIdentifier> | undefined): string => {
  const name = identifier?.streamName.toString('utf8') ?? '';
  if (name === '') throw invalidArgument('A stream name is required.');
  return name;
};

const strategies: readonly StrategyName[] = ['DispatchToSingle', 'RoundRobin', 'Pinned'];

/** Ticks are 100 ns. */
const milliseconds = (ticks: bigint | undefined, ms: number | undefined): number =>
  ticks === undefined ? (ms ?? 0) : Number(ticks / 10_000n);

const settingsOf = (settings: GroupSettingsMessage): GroupSettings => ({
  resolveLinkTos: settings.resolveLinks,
  extraStatistics: settings.extraStatistics,
  messageTimeout: milliseconds(settings.messageTimeoutTicks, settings.messageTimeoutMs),
  maxRetryCount: settings.maxRetryCount,
  checkpointAfter: milliseconds(settings.checkpointAfterTicks, settings.checkpointAfterMs),
  minCheckpointCount: settings.minCheckpointCount,
  maxCheckpointCount: settings.maxCheckpointCount,
  maxSubscriberCount: settings.maxSubscriberCount,
  liveBufferSize: settings.liveBufferSize,
  readBatchSize: settings.readBatchSize,
  historyBufferSize: settings.historyBufferSize,
  strategy: (settings.consumerStrategy || (strategies[settings.namedConsumerStrategy] ?? '')) as StrategyName,
});

type All = NonNullable<SaveOptions['all']>;

const filterOf = (filter: All['filter']): FilterDefinition | undefined => {
  const expression = filter?.streamIdentifier ?? filter?.eventType;
  if (!filter || !expression) return undefined;
  const on = filter.streamIdentifier ? ('stream' as const) : ('type' as const);
  return expression.prefix.length > 0 ? { on, prefixes: expression.prefix } : { on, regex: expression.regex };
};

const startOfAll = ({ start, position }: All): Start => (start ? 'start' : position ? position.commitPosition : 'end');

const startOfRevision = (revision: bigint): Start => (revision === END_OF_STREAM ? 'end' : revision === 0n ? 'start' : revision);

const startOfStream = (named: NonNullable<SaveOptions['stream']>): Start =>
  named.start ? 'start' : named.end ? 'end' : startOfRevision(named.revision ?? 0n);

export const definitionOf = (options: SaveOptions | undefined): GroupDefinition => {
  if (!options?.settings) throw invalidArgument('Options and settings are required.');
  const { groupName: group, all, stream } = options;
  const settings = settingsOf(options.settings);
  if (all) return { stream: '$all', group, start: startOfAll(all), filter: filterOf(all.filter), settings };
  return {
    stream: nameOf(stream?.streamIdentifier ?? options.streamIdentifier),
    group,
    start: stream ? startOfStream(stream) : startOfRevision(options.settings.revision),
    settings,
  };
};

type Named = Readonly<{ all?: object; streamIdentifier?: ValuesOf<typeof StreamIdentifier>; groupName: string }>;

/** The group that a request names. */
export const named = (options: Named | undefined): { stream: string; group: string } => {
  if (!options) throw invalidArgument('Options are required.');
  return { stream: options.all ? '$all' : nameOf(options.streamIdentifier), group: options.groupName };
};

/** The 16 bytes of an id in hex; empty for what is not a UUID. */
export const idOf = ({ structured, string }: ValuesOf<typeof Uuid>): string => {
  if (!structured) return uuidBytes(string ?? '')?.toString('hex') ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(structured.mostSignificantBits, 0);
  bytes.writeBigInt64BE(structured.leastSignificantBits, 8);
  return bytes.toString('hex');
};

const percentiles: readonly (readonly [string, number])[] = [
  ...[1, 2, 3, 4, 5].map((quintile) => [`Quintile ${quintile}`, quintile / 5] as const),
  ...[90, 95, 99, 99.5, 99.9].map((percent) => [`${percent}%`, percent / 100] as const),
];

/** The `extraStatistics` about the milliseconds between delivery and ack. */
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

type Connection = ReturnType<PersistentSubscription['statistics']>['connections'][number];

const connectionOf = (connection: Connection, measured: boolean) => ({
  from: connection.from,
  username: connection.user,
  averageItemsPerSecond: connection.perSecond,
  totalItems: BigInt(connection.total),
  countSinceLastMeasurement: BigInt(connection.sinceLast),
  availableSlots: connection.free,
  inFlightMessages: connection.inFlight,
  connectionName: connection.name,
  observedMeasurements: measured ? measurements(connection.latencies).map(([key, value]) => ({ key, value: BigInt(value) })) : [],
});

export const infoOf = (
  { stream, group, start, settings }: GroupDefinition,
  running: PersistentSubscription,
): Draft<SubscriptionInfoMessage> => {
  const shown = running.statistics();
  const place = (at: bigint | number): string => (stream === '$all' ? `C:${at}/P:${at}` : String(at));
  return {
    eventSource: stream,
    groupName: group,
    status: shown.status,
    averagePerSecond: shown.perSecond,
    totalItems: BigInt(shown.total),
    countSinceLastMeasurement: BigInt(shown.sinceLast),
    lastCheckpointedEventPosition: shown.checkpoint === undefined ? '' : place(shown.checkpoint),
    lastKnownEventPosition: shown.lastKnown === undefined ? '' : place(shown.lastKnown),
    resolveLinkTos: settings.resolveLinkTos,
    startFrom: place(start === 'start' ? 0 : start === 'end' ? -1 : start),
    messageTimeoutMilliseconds: settings.messageTimeout,
    extraStatistics: settings.extraStatistics,
    maxRetryCount: settings.maxRetryCount,
    liveBufferSize: settings.liveBufferSize,
    bufferSize: settings.historyBufferSize,
    readBatchSize: settings.readBatchSize,
    checkPointAfterMilliseconds: settings.checkpointAfter,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    readBufferCount: shown.buffered,
    retryBufferCount: shown.retries,
    totalInFlightMessages: shown.inFlight,
    outstandingMessagesCount: shown.outstanding,
    namedConsumerStrategy: settings.strategy,
    maxSubscriberCount: settings.maxSubscriberCount,
    parkedMessageCount: BigInt(shown.parked),
    connections: shown.connections.map((connection) => connectionOf(connection, settings.extraStatistics)),
  };
};
