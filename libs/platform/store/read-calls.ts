/**
 * The calls of `Streams.Read`, with our own decoding (log-event.ts). Hides: requests in protobuf, and how the events of a call are collected.
 * Promises: the events of a stream as the official client would return them, for less than half of its cost; a read that is cut off fails. Does
 * not: retry, or choose a node.
 */
import { type CallOptions, type Client, type ClientReadableStream, makeGenericClientConstructor, type Metadata } from '@grpc/grpc-js';
import { Empty, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { NodeClient } from './client-inside';
import { decodeReadResponse, LogEvent, type Message } from './log-event';

type Call = ClientReadableStream<Message>;

export const Reader = makeGenericClientConstructor(
  {
    read: {
      path: '/event_store.client.streams.Streams/Read',
      requestStream: false,
      responseStream: true,
      requestSerialize: (request: ReadReq) => Buffer.from(request.serializeBinary()),
      requestDeserialize: (bytes: Buffer) => ReadReq.deserializeBinary(bytes),
      responseSerialize: () => Buffer.alloc(0),
      responseDeserialize: decodeReadResponse,
    },
  },
  'Streams',
) as unknown as new () => Client & { read(request: ReadReq, metadata: Metadata, options: CallOptions): Call };

export const empty = () => new Empty();

/** A read without filter whose other options `fill` sets. */
export function request(fill: (options: ReadReq.Options) => void): ReadReq {
  const options = new ReadReq.Options();
  options.setUuidOption(new ReadReq.Options.UUIDOption());
  options.getUuidOption()!.setString(empty());
  options.setNoFilter(empty());
  fill(options);
  const whole = new ReadReq();
  whole.setOptions(options);
  return whole;
}

/** A read of up to `max` events of a stream: forwards from a revision on, or backwards from its end. */
export const streamRequest = (stream: string, from: bigint | 'end', max: number): ReadReq =>
  request((options) => {
    const of = new ReadReq.Options.StreamOptions();
    const identifier = new StreamIdentifier();
    identifier.setStreamName(Buffer.from(stream));
    of.setStreamIdentifier(identifier);
    if (from !== 'end') of.setRevision(from.toString());
    else {
      of.setEnd(empty());
      options.setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS);
    }
    options.setStream(of);
    options.setCount(String(max));
  });

/** Gets the first event of a read while the others are still coming; once for each attempt of the read. */
export type OnFirst = (event: Readonly<{ revision: bigint }>) => void;

/** All events of a read, in the order in which they came; none if the stream does not exist. @throws ServiceError */
export async function eventsOf(node: NodeClient, what: ReadReq, limitMs: number, onFirst?: OnFirst): Promise<LogEvent[]> {
  const call = await node.call(Reader, (service, ...about) => service.read(what, ...about), { limitMs, requiresLeader: true });
  return new Promise((resolve, reject) => {
    const events: LogEvent[] = [];
    call.on('data', (message: Message) => {
      if (message instanceof LogEvent && events.push(message) === 1) onFirst?.(message);
    });
    call.on('end', () => resolve(events));
    call.on('error', reject);
  });
}
