/**
 * The messages of `Streams.BatchAppend`, encoded and decoded by hand: the client's generated classes encode each event three times. Hides:
 * the wire. Promises: each event is encoded once, and its id is computed from those bytes, so that an id always stands for the same content
 * at the same revision. Does not: send.
 */
import { hash } from 'node:crypto';
import { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { MaximumAppendSizeExceeded, WrongExpectedVersion } from '@eventstore/db-client/generated/shared_pb';
import { Conflict, StoreRefused } from './refusals';
import { varint, varint64, varintLength, writeVarint, writeVarint64 } from './varint';

/** An event as bytes. */
export type EventBytes = Readonly<{ id: string; type: string; json: boolean; data: Buffer; metadata: Buffer }>;
/** The revision at which the stream must end; -1 if it must not exist. */
export type Expected = bigint | 'any';

/** Longer messages are sent in parts. */
const PART_BYTES = 3 * 1024 * 1024;
const UUID_LENGTH = 36;
/** Correlation ids differ in their last twelve digits. */
const CORRELATION = 'b5a1e6c0-7d5e-4f0a-8c3e-';
const JSON_TYPE = Buffer.from('application/json');
const BINARY_TYPE = Buffer.from('application/octet-stream');

/** The id of the event with this content at this place: a UUID of version 8 from SHA-256. */
export function eventIdOf(stream: string, expected: Expected, index: number, event: Omit<EventBytes, 'id' | 'json'>): string {
  // The lengths separate one field from the next.
  const place = `${JSON.stringify([stream, String(expected), index, event.type])}/${event.data.length}/${event.metadata.length}/`;
  const digest = hash('sha256', Buffer.concat([Buffer.from(place), event.data, event.metadata]), 'buffer');
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An encoded append, which can be sent repeatedly. */
export class AppendMessage {
  private readonly parts: Buffer[] = [];

  constructor(
    readonly stream: string,
    expected: Expected,
    readonly events: readonly EventBytes[],
    limitMs: number,
  ) {
    const options = optionsOf(stream, expected, limitMs);
    for (let from = 0; from < events.length || from === 0;) {
      let to = from;
      let size = 0;
      for (; to < events.length && (to === from || size + eventLength(events[to]!) <= PART_BYTES); to++)
        size += fieldLength(eventLength(events[to]!));
      this.parts.push(part(from === 0 ? options : undefined, events.slice(from, to), size, to >= events.length));
      if (to >= events.length) break;
      from = to;
    }
  }

  get size(): number {
    return this.parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** The parts to send, under a number that the answer repeats. */
  numbered(number: number): readonly Buffer[] {
    const digits = number.toString(16).padStart(12, '0');
    for (const bytes of this.parts) bytes.write(digits, 4 + UUID_LENGTH - 12, 'latin1');
    return this.parts;
  }
}

function part(options: Buffer | undefined, events: readonly EventBytes[], eventsLength: number, last: boolean): Buffer {
  const bytes = Buffer.allocUnsafe(4 + UUID_LENGTH + (options ? fieldLength(options.length) : 0) + eventsLength + (last ? 2 : 0));
  let at = header(bytes, 0, 0x0a, UUID_LENGTH + 2);
  at = header(bytes, at, 0x12, UUID_LENGTH);
  at += bytes.write(`${CORRELATION}000000000000`, at, 'latin1');
  if (options) at = field(bytes, at, 0x12, options);
  for (const event of events) at = writeEvent(bytes, at, event);
  if (last) {
    bytes[at] = 0x20;
    bytes[at + 1] = 1;
  }
  return bytes;
}

function optionsOf(stream: string, expected: Expected, limitMs: number): Buffer {
  const name = Buffer.from(stream);
  const limit = Buffer.alloc(2 + 2 * 5);
  let limitEnd = writeVarint(limit, writeVarint(limit, 0, 0x08), Math.floor(limitMs / 1_000));
  limitEnd = writeVarint(limit, writeVarint(limit, limitEnd, 0x10), (limitMs % 1_000) * 1_000_000);
  const bytes = Buffer.alloc(fieldLength(fieldLength(name.length)) + 11 + 2 + limitEnd);
  let at = header(bytes, 0, 0x0a, fieldLength(name.length));
  at = field(bytes, at, 0x1a, name);
  if (expected === 'any') at = header(bytes, at, 0x22, 0);
  else if (expected < 0n) at = header(bytes, at, 0x1a, 0);
  else at = writeVarint64(bytes, header0(bytes, at, 0x10), expected);
  // A duration: a point in time would make appends depend on two clocks.
  at = field(bytes, at, 0x3a, limit.subarray(0, limitEnd));
  return bytes.subarray(0, at);
}

const mapEntry = (keyLength: number, valueLength: number) => fieldLength(keyLength) + fieldLength(valueLength);

function eventLength({ type, json, data, metadata }: EventBytes): number {
  return (
    fieldLength(fieldLength(UUID_LENGTH)) +
    fieldLength(mapEntry(4, Buffer.byteLength(type))) +
    fieldLength(mapEntry(12, (json ? JSON_TYPE : BINARY_TYPE).length)) +
    fieldLength(metadata.length) +
    fieldLength(data.length)
  );
}

function writeEvent(bytes: Buffer, start: number, event: EventBytes): number {
  const { id, type, json, data, metadata } = event;
  let at = header(bytes, start, 0x1a, eventLength(event));
  at = header(bytes, at, 0x0a, fieldLength(UUID_LENGTH));
  at = header(bytes, at, 0x12, UUID_LENGTH);
  at += bytes.write(id, at, 'latin1');
  const typeLength = Buffer.byteLength(type);
  at = header(bytes, at, 0x12, mapEntry(4, typeLength));
  at = header(bytes, at, 0x0a, 4);
  at += bytes.write('type', at, 'latin1');
  at = header(bytes, at, 0x12, typeLength);
  at += bytes.write(type, at, 'utf8');
  const content = json ? JSON_TYPE : BINARY_TYPE;
  at = header(bytes, at, 0x12, mapEntry(12, content.length));
  at = header(bytes, at, 0x0a, 12);
  at += bytes.write('content-type', at, 'latin1');
  at = field(bytes, at, 0x12, content);
  at = field(bytes, at, 0x1a, metadata);
  return field(bytes, at, 0x22, data);
}

const fieldLength = (length: number): number => 1 + varintLength(length) + length;

function header0(bytes: Buffer, at: number, tag: number): number {
  bytes[at] = tag;
  return at + 1;
}

const header = (bytes: Buffer, at: number, tag: number, length: number): number => writeVarint(bytes, header0(bytes, at, tag), length);

function field(bytes: Buffer, at: number, tag: number, value: Buffer): number {
  at = header(bytes, at, tag, value.length);
  return at + value.copy(bytes, at);
}

/** The answer to the append with this number; its outcome is an error if the append was refused or its outcome is unknown. */
export type Answer = Readonly<{ number: number; outcome: Readonly<{ revision: bigint; position: bigint }> | Error }>;

/** @throws if the bytes are not an answer */
export function readAnswer(bytes: Buffer, streamOf: (number: number) => string): Answer {
  return new WrittenAnswer(bytes).read() ?? readAnyAnswer(bytes, streamOf);
}

function readAnyAnswer(bytes: Uint8Array, streamOf: (number: number) => string): Answer {
  const answer = BatchAppendResp.deserializeBinary(bytes);
  const id = answer.getCorrelationId();
  const low = id?.getStructured()?.getLeastSignificantBits();
  const number = low === undefined ? parseInt(id!.getString().slice(-12), 16) : Number(BigInt.asUintN(48, BigInt(low)));
  const success = answer.getSuccess();
  if (success) {
    const position = success.getPosition()?.getCommitPosition();
    const revision = success.hasNoStream() ? -1n : BigInt(success.getCurrentRevision());
    return { number, outcome: { revision, position: BigInt(position ?? -1) } };
  }
  return { number, outcome: failureIn(answer, streamOf(number)) };
}

/** The usual answer, read without a copy: the append was written. */
class WrittenAnswer {
  private at = 0;
  private number = -1;
  private revision = -1n;
  private position = -1n;
  private usual = true;

  constructor(private readonly bytes: Buffer) {}

  /** Undefined if it is any other answer, or has another layout. */
  read(): Answer | undefined {
    let written = false;
    this.fields(this.bytes.length, (tag, end) => {
      if (tag === 0x0a) this.fields(end, (inner, to) => this.readId(inner, to));
      else if (tag === 0x1a) {
        written = true;
        this.fields(end, (inner, to) => this.readSuccess(inner, to));
      } else if (tag === 0x12) this.usual = false;
    });
    const { number, revision, position } = this;
    return this.usual && written && number >= 0 && revision >= 0n && position >= 0n
      ? { number, outcome: { revision, position } }
      : undefined;
  }

  private readId(tag: number, end: number): void {
    if (tag === 0x12 && end - this.at === UUID_LENGTH) this.number = parseInt(this.bytes.toString('latin1', end - 12, end), 16);
    else this.usual = false;
  }

  private readSuccess(tag: number, end: number): void {
    if (tag === 0x08) this.revision = varint64(this.bytes, this.at);
    else if (tag === 0x1a)
      this.fields(end, (inner) => {
        if (inner === 0x08) this.position = varint64(this.bytes, this.at);
      });
    else this.usual = false;
  }

  /** Each field up to an offset: its tag, and where it ends. */
  private fields(end: number, each: (tag: number, end: number) => void): void {
    while (this.usual && this.at < end) {
      const tag = this.bytes[this.at++]!;
      let to = this.at;
      while (to < end && this.bytes[to]! >= 0x80) to++;
      to++;
      if ((tag & 7) === 2) {
        const length = to <= end ? varint(this.bytes, this.at) : 0;
        this.at = to;
        to += length;
      } else if ((tag & 7) !== 0) this.usual = false;
      if (to > end || tag >= 0x80) this.usual = false;
      if (this.usual) each(tag, to);
      this.at = to;
    }
  }
}

function failureIn(answer: BatchAppendResp, stream: string): Error {
  const error = answer.getError();
  const details = error?.getDetails();
  const value = details?.getValue_asU8() ?? new Uint8Array();
  switch (details?.getTypeName()) {
    case 'event_store.client.WrongExpectedVersion': {
      const wrong = WrongExpectedVersion.deserializeBinary(value);
      return new Conflict(stream, wrong.hasCurrentStreamRevision() ? BigInt(wrong.getCurrentStreamRevision()) : -1n);
    }
    case 'event_store.client.StreamDeleted':
      return new StoreRefused('stream-deleted', `The stream ${stream} was deleted permanently; it cannot be appended to.`);
    case 'event_store.client.AccessDenied':
      return new StoreRefused('access-denied', `The event store does not allow appending to ${stream}; check the user in EVENTSTORE_URL.`);
    case 'event_store.client.MaximumAppendSizeExceeded': {
      const most = MaximumAppendSizeExceeded.deserializeBinary(value).getMaxappendsize();
      return new StoreRefused('too-large', `An append to ${stream} is larger than the ${most} bytes that the event store takes.`);
    }
    case 'event_store.client.BadRequest':
      return new StoreRefused('bad-request', `The event store refuses an append to ${stream}: ${error!.getMessage()}`);
    default:
      return new Error(error?.getMessage() || 'the event store answered without saying how the append ended');
  }
}
