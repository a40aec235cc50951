/**
 * The messages of `Streams.Read`, decoded by hand: the client's generated classes cost more than half of a catch-up. Promises: events as
 * the client would return them, each field decoded on access and the data parsed once for all views. Does not: resolve links.
 */
import { upcast, type Metadata, type Recorded, type Upcasts } from '#kernel/event';
import { isKnown, knownTimeIn, original } from './known-time';
import { streams, types } from './names';
import { skip, varint, varint64, varintEnd } from './varint';

let named = true;
/** For a thread that only forwards bytes: events have no names there. */
export const leaveNames = (): void => void (named = false);

const EMPTY = Buffer.alloc(0);

/** An event of the log, decoded on access. */
export class LogEvent {
  position = 0n;
  revision = 0n;
  stream = '';
  type = '';
  /** Number of its stream within this app; -1 if it has none. A stream's number may change, but no two streams ever share one. */
  streamNumber = -1;
  private bytes: Buffer = EMPTY;
  private from = 0;
  private to = 0;
  // Offsets of the fields in the bytes; a missing field is empty.
  private idAt = 0;
  private idEnd = 0;
  private createdAt = 0;
  private createdEnd = 0;
  private dataAt = 0;
  private dataEnd = 0;
  private metaAt = 0;
  private metaEnd = 0;
  /** Length of the name of its content type. */
  private jsonLength = 0;
  private before: bigint | undefined;
  private knownId: string | undefined;
  private parsed: Recorded | undefined;

  /** Reads the RecordedEvent between two offsets of a message. */
  static decode(bytes: Buffer, from: number, to: number): LogEvent {
    const event = new LogEvent();
    event.bytes = bytes;
    event.from = from;
    event.to = to;
    for (let at = from; at < to;) {
      const tag = bytes[at++]!;
      if (tag === 0x18) {
        event.revision = varint64(bytes, at);
        at = varintEnd(bytes, at);
      } else if (tag === 0x28) {
        event.position = varint64(bytes, at);
        at = varintEnd(bytes, at);
      } else if ((tag & 7) === 2) {
        const start = varintEnd(bytes, at);
        at = start + varint(bytes, at);
        if (tag === 0x32) event.entry(start, at);
        else if (tag === 0x0a) {
          event.idAt = start;
          event.idEnd = at;
        } else if (tag === 0x12) {
          event.name(varintEnd(bytes, start + 1), at);
        } else if (tag === 0x3a) {
          event.metaAt = start;
          event.metaEnd = at;
        } else if (tag === 0x42) {
          event.dataAt = start;
          event.dataEnd = at;
        }
      } else at = skip(bytes, tag, at);
    }
    return event;
  }

  private name(from: number, to: number): void {
    if (!named) return;
    this.stream = streams.get(this.bytes, from, to);
    this.streamNumber = streams.number;
  }

  /** One entry of the event's system metadata: `type`, `created` or `content-type`. */
  private entry(start: number, end: number): void {
    const { bytes } = this;
    const size = varint(bytes, start + 1);
    const value = varintEnd(bytes, varintEnd(bytes, start + 1) + size + 1);
    if (size === 4 && named) this.type = types.get(bytes, value, end);
    else if (size === 7) {
      this.createdAt = value;
      this.createdEnd = end;
    } else if (size === 12) this.jsonLength = end - value;
  }

  /** Size of its record in bytes. */
  get size(): number {
    return this.to - this.from;
  }

  /** Copies its record, in the form that `decode` takes, and returns its length. */
  copyTo(target: Buffer, at: number): number {
    return this.bytes.copy(target, at, this.from, this.to);
  }

  /** The revision before its own. */
  get previous(): bigint {
    return (this.before ??= this.revision - 1n);
  }

  get id(): string {
    return (this.knownId ??= this.idEnd > 0 ? uuid(this.bytes, this.idAt, this.idEnd) : '');
  }
  set id(id: string) {
    this.knownId = id;
  }

  get data(): unknown {
    return JSON.parse(this.bytes.toString('utf8', this.dataAt, this.dataEnd));
  }

  /** Empty if there are none; those of the original store if this is a copy. */
  get metadata(): Metadata {
    const { metadata } = original(this.metadataBytes);
    return (metadata.length > 0 ? JSON.parse(metadata.toString('utf8')) : {}) as Metadata;
  }

  /** As they were stored. */
  get dataBytes(): Buffer {
    return this.bytes.subarray(this.dataAt, this.dataEnd);
  }

  get metadataBytes(): Buffer {
    return this.bytes.subarray(this.metaAt, this.metaEnd);
  }

  /** Whether it was stored as JSON rather than as bytes. */
  get isJson(): boolean {
    return this.jsonLength === 'application/json'.length;
  }

  /** The event in its current shape; parsed once for all views. Throws if it is not JSON or an upcast fails. */
  recorded(upcasts: Upcasts): Recorded {
    return (this.parsed ??= new Parsed(this, upcasts));
  }

  /** When the event became known, ISO 8601 UTC: to this store, or to the original store if this is a copy. */
  get recordedAt(): string {
    return instant(this.recordedMs);
  }

  /** The wire holds .NET ticks of 100 ns since 1970, as text. */
  get recordedMs(): number {
    return this.copied ? Date.parse(knownTimeIn(this.bytes, this.metaAt)) : this.storedMs;
  }

  /** True if it was copied from another log. */
  get copied(): boolean {
    return isKnown(this.bytes, this.metaAt, this.metaEnd);
  }

  /** When this store received it, whether it was copied or not. */
  get storedMs(): number {
    let ms = 0;
    for (let at = this.createdAt; at < this.createdEnd - 4; at++) ms = ms * 10 + this.bytes[at]! - 0x30;
    return ms;
  }
}

let lastMs = 0;
let lastInstant = new Date(0).toISOString();
/** Adjacent events often share a millisecond. */
function instant(ms: number): string {
  if (ms !== lastMs) {
    lastInstant = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastInstant;
}

/** An event as views see it. Metadata are parsed on first access: few folds need them. */
class Parsed implements Recorded {
  readonly type: string;
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly recordedAt: string;
  readonly data: object;
  #event: LogEvent;
  #metadata: Metadata | undefined;

  constructor(event: LogEvent, upcasts: Upcasts) {
    this.type = event.type;
    this.id = event.id;
    this.stream = event.stream;
    this.revision = event.revision;
    this.position = event.position;
    this.recordedAt = event.recordedAt;
    this.#event = event;
    const data = event.data as object;
    this.data = upcasts[event.type] ? (upcast(upcasts, event.type, data, this.metadata.schema ?? 1) as object) : data;
  }

  get metadata(): Metadata {
    return (this.#metadata ??= this.#event.metadata);
  }

  get copied(): boolean {
    return this.#event.copied;
  }
}

/** A message of a read: an event, or a heartbeat. */
export type Message = LogEvent | 'confirmation' | 'not-found' | 'other';

/** Decodes one `ReadResp`; field numbers from EventStore's streams.proto. */
export function decodeReadResponse(bytes: Buffer): Message {
  const [field, start, end] = firstField(bytes);
  if (field === 2) return 'confirmation';
  if (field === 4) return 'not-found';
  if (field !== 1) return 'other';
  // If the target is gone there is a link only; links are not resolved here, so the record is always in field 1.
  for (let at = start; at < end;) {
    const tag = bytes[at++]!;
    if (tag === 0x0a) {
      const start = varintEnd(bytes, at);
      return LogEvent.decode(bytes, start, start + varint(bytes, at));
    }
    at = skip(bytes, tag, at);
  }
  return new LogEvent();
}

function firstField(bytes: Buffer): [field: number, start: number, end: number] {
  if (bytes.length === 0) return [0, 0, 0];
  if ((bytes[0]! & 7) !== 2) return [bytes[0]! >> 3, 1, bytes.length];
  const start = varintEnd(bytes, 1);
  return [bytes[0]! >> 3, start, start + varint(bytes, 1)];
}

function uuid(bytes: Buffer, start: number, stop: number): string {
  const tag = bytes[start];
  const from = varintEnd(bytes, start + 1);
  if (tag === 0x12) return bytes.toString('latin1', from, stop);
  // Structured: two halves of 64 bits, as signed varints.
  let halves = ['0', '0'];
  for (let at = from; at < stop;) {
    const half = bytes[at++]! >> 3;
    const value = BigInt.asUintN(64, varint64(bytes, at)).toString(16).padStart(16, '0');
    at = varintEnd(bytes, at);
    halves = half === 1 ? [value, halves[1]!] : [halves[0]!, value];
  }
  return halves.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
