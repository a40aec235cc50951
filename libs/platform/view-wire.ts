/**
 * Reading the log in bulk through the official client's channel. Hides: the protobuf of `Streams.Read` and its generated classes, which
 * cost more than half of a catch-up. Promises: events as the client would give them, parsed once and only when asked. Does not: append,
 * resolve links, or know positions of more than one log.
 */
import { makeGenericClientConstructor, type ClientReadableStream, type ServiceDefinition } from '@grpc/grpc-js';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { Empty, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { upcast, type Metadata, type Recorded, type Upcasts } from '#kernel/event';

/** An event of the log, still in bytes. */
export class LogEvent {
  position = 0n;
  revision = 0n;
  stream = '';
  type = '';
  id = '';
  created = '0';
  data: Buffer = EMPTY;
  meta: Buffer = EMPTY;
  /** Number of its stream in the feed that read it; -1 where it came another way. */
  streamNumber = -1;
  #recorded?: Recorded;

  /** The event in today's shape; parsed once for all views. Throws where it is no JSON or an upcast fails. */
  recorded(upcasts: Upcasts): Recorded {
    return (this.#recorded ??= new Parsed(this, upcasts));
  }

  /** When the store recorded it, ISO 8601 UTC; the wire holds .NET ticks of 100 ns since 1970. */
  get recordedAt(): string {
    return instant(this.recordedMs);
  }

  get recordedMs(): number {
    return this.created.length > 4 ? Number.parseInt(this.created.slice(0, -4), 10) : 0;
  }
}

const EMPTY = Buffer.alloc(0);

let lastMs = 0;
let lastInstant = new Date(0).toISOString();
/** Neighbours in the log often share a millisecond. */
function instant(ms: number): string {
  if (ms !== lastMs) {
    lastInstant = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastInstant;
}

/** An event as views see it. Metadata are parsed when they are first asked for: few folds do. */
class Parsed implements Recorded {
  readonly type: string;
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: string;
  readonly data: object;
  #metadata: Metadata | Buffer;

  constructor(event: LogEvent, upcasts: Upcasts) {
    this.type = event.type;
    this.id = event.id;
    this.stream = event.stream;
    this.revision = event.revision;
    this.position = event.position;
    this.recordedAt = event.recordedAt;
    this.#metadata = event.meta;
    const data = JSON.parse(event.data.toString()) as object;
    this.data = upcasts[event.type] ? (upcast(upcasts, event.type, data, this.metadata.schema ?? 1) as object) : data;
  }

  get metadata(): Metadata {
    const known = this.#metadata;
    return Buffer.isBuffer(known) ? (this.#metadata = (known.length ? JSON.parse(known.toString()) : {}) as Metadata) : known;
  }
}

/** A message of a read: an event, or a sign of life. */
type Message = LogEvent | 'confirmation' | 'not-found' | 'other';

/** Decodes one `ReadResp`; field numbers from EventStore's streams.proto. */
export function decodeReadResponse(bytes: Buffer): Message {
  const [field, start, end] = firstField(bytes);
  if (field === 2) return 'confirmation';
  if (field === 4) return 'not-found';
  if (field !== 1) return 'other';
  const event = new LogEvent();
  // An event whose target is gone has a link only; links are not resolved here, so the record is always in field 1.
  let at = start;
  while (at < end) {
    const tag = bytes[at++]!;
    if (tag === 0x0a) {
      const length = varint(bytes, at);
      at = next;
      recorded(bytes, at, at + length, event);
      at += length;
    } else at = skip(bytes, tag, at);
  }
  return event;
}

let next = 0;
/** A small varint; leaves the place after it in `next`. */
function varint(bytes: Buffer, at: number): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  next = at;
  return value;
}

/** A 64-bit varint, exact beyond 2^53. */
function varint64(bytes: Buffer, at: number): bigint {
  let low = 0;
  let scale = 1;
  for (let i = 0; i < 4; i++, scale *= 128) {
    const byte = bytes[at++]!;
    low += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      next = at;
      return BigInt(low);
    }
  }
  let value = BigInt(low);
  for (let shift = 28n; ; shift += 7n) {
    const byte = bytes[at++]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  next = at;
  return value;
}

function skip(bytes: Buffer, tag: number, at: number): number {
  const wire = tag & 7;
  if (wire === 0) {
    while (bytes[at++]! >= 0x80);
    return at;
  }
  if (wire === 2) return varint(bytes, at) + next;
  if (wire === 5) return at + 4;
  if (wire === 1) return at + 8;
  throw new RangeError(`wire type ${wire} is not expected in a read response`);
}

function firstField(bytes: Buffer): [field: number, start: number, end: number] {
  if (bytes.length === 0) return [0, 0, 0];
  if ((bytes[0]! & 7) !== 2) return [bytes[0]! >> 3, 1, bytes.length];
  const length = varint(bytes, 1);
  return [bytes[0]! >> 3, next, next + length];
}

const text = (bytes: Buffer, from: number, to: number): string => bytes.toString('utf8', from, to);

function recorded(bytes: Buffer, from: number, to: number, event: LogEvent): void {
  let at = from;
  while (at < to) {
    const tag = bytes[at++]!;
    if (tag === 0x18) {
      event.revision = varint64(bytes, at);
      at = next;
    } else if (tag === 0x28) {
      event.position = varint64(bytes, at);
      at = next;
    } else if ((tag & 7) === 2) {
      const length = varint(bytes, at);
      const start = next;
      const stop = start + length;
      if (tag === 0x0a) event.id = uuid(bytes, start, stop);
      else if (tag === 0x12) {
        varint(bytes, start + 1);
        event.stream = text(bytes, next, stop);
      } else if (tag === 0x32) {
        const size = varint(bytes, start + 1);
        const keyAt = next;
        const first = bytes[keyAt];
        varint(bytes, keyAt + size + 1);
        if (first === 0x74)
          event.type = text(bytes, next, stop); // 't'ype
        else if (size === 7) event.created = bytes.toString('latin1', next, stop); // 'created', as against 'content-type'
      } else if (tag === 0x3a) event.meta = bytes.subarray(start, stop);
      else if (tag === 0x42) event.data = bytes.subarray(start, stop);
      at = stop;
    } else at = skip(bytes, tag, at);
  }
}

function uuid(bytes: Buffer, start: number, stop: number): string {
  const tag = bytes[start];
  varint(bytes, start + 1);
  if (tag === 0x12) return bytes.toString('latin1', next, stop);
  // Structured: two halves of 64 bits, as signed varints.
  let halves = ['0', '0'];
  for (let at = next; at < stop;) {
    const half = bytes[at++]! >> 3;
    const value = BigInt.asUintN(64, varint64(bytes, at)).toString(16).padStart(16, '0');
    at = next;
    halves = half === 1 ? [value, halves[1]!] : [halves[0]!, value];
  }
  return halves.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const definition: ServiceDefinition = {
  read: {
    path: '/event_store.client.streams.Streams/Read',
    requestStream: false,
    responseStream: true,
    requestSerialize: (request: ReadReq) => Buffer.from(request.serializeBinary()),
    requestDeserialize: (bytes: Buffer) => ReadReq.deserializeBinary(bytes),
    responseSerialize: () => EMPTY,
    responseDeserialize: decodeReadResponse,
  },
};
const Reader = makeGenericClientConstructor(definition, 'Streams');

type Call = ClientReadableStream<Message>;
/** The parts of the client's inside that reuse its channel, credentials and rediscovery (6.2.1, pinned). */
type Inside = {
  GRPCStreamCreator(
    client: unknown,
    name: string,
    create: (c: { read(request: ReadReq, ...args: unknown[]): Call }) => Call,
  ): () => Promise<Call>;
  callArguments(options: { requiresLeader?: boolean }, call: { deadline: Date | number }): unknown[];
};

const empty = () => new Empty();

function request(fill: (options: ReadReq.Options) => void): ReadReq {
  const options = new ReadReq.Options();
  options.setUuidOption(new ReadReq.Options.UUIDOption());
  options.getUuidOption()!.setString(empty());
  options.setNoFilter(empty());
  fill(options);
  const whole = new ReadReq();
  whole.setOptions(options);
  return whole;
}

const allFrom = (after: bigint): ReadReq.Options.AllOptions => {
  const all = new ReadReq.Options.AllOptions();
  if (after < 0n) all.setStart(empty());
  else {
    const position = new ReadReq.Options.Position();
    position.setCommitPosition(after.toString());
    position.setPreparePosition(after.toString());
    all.setPosition(position);
  }
  return all;
};

/** Position before the first event of a log. */
export const BEFORE_ALL = -1n;

/** What the view engine needs of a log; the tests put a disturbed one in between. */
export type LogReader = {
  /** Up to `max` events after a position, in order; fewer only at the end of the log. System events are among them. */
  readAll(after: bigint, max: number): Promise<LogEvent[]>;
  /** Up to `max` events of one stream from a revision on; none where the stream does not exist. */
  readStream(stream: string, from: bigint, max: number): Promise<LogEvent[]>;
  /** The newest event, if any. */
  last(): Promise<LogEvent | undefined>;
  /** Calls `ring` when it is connected and at each new event; resolves when the subscription has ended, for whatever reason. */
  subscribe(ring: () => void, signal: AbortSignal): Promise<void>;
};

/** A reader over the client's channel. A read that takes longer than `timeoutMs` fails, as on a half-open connection. */
export function logReader(client: EventStoreDBClient, timeoutMs = 30_000): LogReader {
  const inside = client as unknown as Inside;
  const open = (what: ReadReq, deadline: Date | number) =>
    inside.GRPCStreamCreator(Reader, 'views', (c) => c.read(what, ...inside.callArguments({}, { deadline })))();
  const collect = async (what: ReadReq, max: number): Promise<LogEvent[]> => {
    const call = await open(what, new Date(Date.now() + timeoutMs));
    return new Promise((resolve, reject) => {
      const events: LogEvent[] = [];
      call.on('data', (message: Message) => {
        if (message instanceof LogEvent) events.push(message);
        if (events.length >= max) resolve(events);
      });
      call.on('end', () => resolve(events));
      call.on('error', reject);
    });
  };
  return {
    async readAll(after, max) {
      // Forward reads of $all include the position that they start from.
      const count = after < 0n ? max : max + 1;
      const events = await collect(
        request((options) => {
          options.setAll(allFrom(after));
          options.setCount(String(count));
        }),
        count,
      );
      return events[0]?.position === after ? events.slice(1) : events;
    },
    readStream: (stream, from, max) =>
      collect(
        request((options) => {
          const of = new ReadReq.Options.StreamOptions();
          const identifier = new StreamIdentifier();
          identifier.setStreamName(Buffer.from(stream));
          of.setStreamIdentifier(identifier);
          of.setRevision(from.toString());
          options.setStream(of);
          options.setCount(String(max));
        }),
        max,
      ),
    async last() {
      const events = await collect(
        request((options) => {
          const all = new ReadReq.Options.AllOptions();
          all.setEnd(empty());
          options.setAll(all);
          options.setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS);
          options.setCount('1');
        }),
        1,
      );
      return events[0];
    },
    async subscribe(ring, signal) {
      if (signal.aborted) return;
      const call = await open(
        request((options) => {
          const all = new ReadReq.Options.AllOptions();
          all.setEnd(empty());
          options.setAll(all);
          options.setSubscription(new ReadReq.Options.SubscriptionOptions());
        }),
        Infinity,
      );
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      await new Promise<void>((resolve) => {
        call.on('data', ring);
        call.on('end', resolve);
        call.on('error', () => resolve());
      });
      signal.removeEventListener('abort', cancel);
    },
  };
}
