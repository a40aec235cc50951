// Hides: the field numbers of event_store.client.persistent_subscriptions. Promises: the same bytes as the official clients'.
// Does not: decide anything. Events to consumers are encoded by hand (services/streams-answers.ts).

import { bool, bytes, int32, int64, mark, message, nested, optional, repeated, text, uint32, uint64, type ValuesOf } from '../message';
import { StreamIdentifier, Uuid } from './shared';

const Position = message({ commitPosition: uint64(1), preparePosition: uint64(2) });
const Expression = message({ regex: text(1), prefix: repeated(text(2)) });
const Filter = message({
  streamIdentifier: nested(1, Expression),
  eventType: nested(2, Expression),
  max: optional(uint32(3)),
  count: mark(4),
  checkpointIntervalMultiplier: uint32(5),
});

const Settings = message({
  resolveLinks: bool(1),
  /** Deprecated; sent by version 6 of the client. */
  revision: uint64(2),
  extraStatistics: bool(3),
  messageTimeoutTicks: optional(int64(4)),
  maxRetryCount: int32(5),
  checkpointAfterTicks: optional(int64(6)),
  minCheckpointCount: int32(7),
  maxCheckpointCount: int32(8),
  maxSubscriberCount: int32(9),
  liveBufferSize: int32(10),
  readBatchSize: int32(11),
  historyBufferSize: int32(12),
  namedConsumerStrategy: int32(13),
  messageTimeoutMs: optional(int32(14)),
  checkpointAfterMs: optional(int32(15)),
  consumerStrategy: text(16),
});

/** Create and Update; Update has neither a filter nor a named strategy. */
export const SaveRequest = message({
  options: nested(
    1,
    message({
      /** Deprecated; sent by version 6 of the client. */
      streamIdentifier: nested(1, StreamIdentifier),
      groupName: text(2),
      settings: nested(3, Settings),
      stream: nested(
        4,
        message({ streamIdentifier: nested(1, StreamIdentifier), revision: optional(uint64(2)), start: mark(3), end: mark(4) }),
      ),
      all: nested(
        5,
        message({ position: nested(1, Position), start: mark(2), end: mark(3), filter: nested(4, Filter), noFilter: mark(5) }),
      ),
    }),
  ),
});
export type SaveOptions = NonNullable<ValuesOf<typeof SaveRequest>['options']>;
export type GroupSettingsMessage = ValuesOf<typeof Settings>;

export const DeleteRequest = message({
  options: nested(1, message({ streamIdentifier: nested(1, StreamIdentifier), groupName: text(2), all: mark(3) })),
});
export const InfoRequest = message({
  options: nested(1, message({ streamIdentifier: nested(1, StreamIdentifier), all: mark(2), groupName: text(3) })),
});
export const ReplayParkedRequest = message({
  options: nested(
    1,
    message({
      groupName: text(1),
      streamIdentifier: nested(2, StreamIdentifier),
      all: mark(3),
      stopAt: optional(int64(4)),
      noLimit: mark(5),
    }),
  ),
});
export const ListRequest = message({
  options: nested(
    1,
    message({ listAllSubscriptions: mark(1), listForStream: nested(2, message({ stream: nested(1, StreamIdentifier), all: mark(2) })) }),
  ),
});

export const ReadRequest = message({
  options: nested(
    1,
    message({
      streamIdentifier: nested(1, StreamIdentifier),
      groupName: text(2),
      bufferSize: int32(3),
      uuidOption: nested(4, message({ structured: mark(1), string: mark(2) })),
      all: mark(5),
    }),
  ),
  ack: nested(2, message({ id: bytes(1), ids: repeated(nested(2, Uuid)) })),
  nack: nested(3, message({ id: bytes(1), ids: repeated(nested(2, Uuid)), action: int32(3), reason: text(4) })),
});
export type ReadMessage = ValuesOf<typeof ReadRequest>;

const Connection = message({
  from: text(1),
  username: text(2),
  averageItemsPerSecond: int32(3),
  totalItems: int64(4),
  countSinceLastMeasurement: int64(5),
  observedMeasurements: repeated(nested(6, message({ key: text(1), value: int64(2) }))),
  availableSlots: int32(7),
  inFlightMessages: int32(8),
  connectionName: text(9),
});

const SubscriptionInfo = message({
  eventSource: text(1),
  groupName: text(2),
  status: text(3),
  connections: repeated(nested(4, Connection)),
  averagePerSecond: int32(5),
  totalItems: int64(6),
  countSinceLastMeasurement: int64(7),
  lastCheckpointedEventPosition: text(8),
  lastKnownEventPosition: text(9),
  resolveLinkTos: bool(10),
  startFrom: text(11),
  messageTimeoutMilliseconds: int32(12),
  extraStatistics: bool(13),
  maxRetryCount: int32(14),
  liveBufferSize: int32(15),
  bufferSize: int32(16),
  readBatchSize: int32(17),
  checkPointAfterMilliseconds: int32(18),
  minCheckPointCount: int32(19),
  maxCheckPointCount: int32(20),
  readBufferCount: int32(21),
  liveBufferCount: int64(22),
  retryBufferCount: int32(23),
  totalInFlightMessages: int32(24),
  outstandingMessagesCount: int32(25),
  namedConsumerStrategy: text(26),
  maxSubscriberCount: int32(27),
  parkedMessageCount: int64(28),
});
export type SubscriptionInfoMessage = Partial<ValuesOf<typeof SubscriptionInfo>>;

export const InfoResponse = message({ subscriptionInfo: nested(1, SubscriptionInfo) });
export const ListResponse = message({ subscriptions: repeated(nested(1, SubscriptionInfo)) });
