/**
 * The messages of `Streams.Read`, decoded by hand: the client's generated classes cost more than half of a catch-up. Promises: events as the
 * client would give them, each field decoded when it is asked for and the data parsed once for all views. Does not: resolve links.
 */
import { upcast, type Metadata, type Recorded, type Upcasts } from '#kernel/event';

/** Streams whose numbers are remembered at once, a power of two. */
export const STREAMS = 131_072;

let named = true;
/** In a thread that only passes bytes on: events have no names there. */
export const leaveNames = (): void => void (named = false);

const EMPTY = Buffer.alloc(0);

/** An event of the log, most of it still in bytes. */
export class LogEvent {
  position = 0n;
  revision = 0n;
  stream = '';
  type = '';
  /** Number of its stream in this process; -1 where it has none. A stream may get another one, but no two streams ever have the same. */
  streamNumber = -1;
  private bytes: Buffer = EMPTY;
  private from = 0;
  private to = 0;
  // Where the fields lie in the bytes; a field that is missing is empty.
  private idAt = 0;
  private idEnd = 0;
  private createdAt = 0;
  private createdEnd = 0;
  private dataAt = 0;
  private dataEnd = 0;
  private metaAt = 0;
  private metaEnd = 0;
  private before: bigint | undefined;
  private knownId: string | undefined;
  private parsed: Recorded | undefined;

  /** Reads a RecordedEvent that lies between two places of a message. */
  static decode(bytes: Buffer, from: number, to: number): LogEvent {
    const event = new LogEvent();
    event.bytes = bytes;
    event.from = from;
    event.to = to;
    for (let at = from; at < to;) {
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
        at = start + length;
        if (tag === 0x32) event.entry(start, at);
        else if (tag === 0x0a) {
          event.idAt = start;
          event.idEnd = at;
        } else if (tag === 0x12) {
          varint(bytes, start + 1);
          event.name(next, at);
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
    const key = next;
    varint(bytes, key + size + 1);
    if (size === 4 && named) this.type = types.get(bytes, next, end);
    else if (size === 7) {
      this.createdAt = next;
      this.createdEnd = end;
    }
  }

  /** Bytes of its record. */
  get size(): number {
    return this.to - this.from;
  }

  /** Copies its record, as `decode` takes it, and returns how long it is. */
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

  /** Empty where there are none. */
  get metadata(): Metadata {
    return (this.metaEnd > 0 ? JSON.parse(this.bytes.toString('utf8', this.metaAt, this.metaEnd)) : {}) as Metadata;
  }

  /** The event in today's shape; parsed once for all views. Throws where it is no JSON or an upcast fails. */
  recorded(upcasts: Upcasts): Recorded {
    return (this.parsed ??= new Parsed(this, upcasts));
  }

  /** When the store recorded it, ISO 8601 UTC. */
  get recordedAt(): string {
    return instant(this.recordedMs);
  }

  /** The wire holds .NET ticks of 100 ns since 1970, as text. */
  get recordedMs(): number {
    let ms = 0;
    for (let at = this.createdAt; at < this.createdEnd - 4; at++) ms = ms * 10 + this.bytes[at]! - 0x30;
    return ms;
  }
}

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
}

const LONGEST = 64;
/** Names that come again and again, as the same strings: neither made nor hashed anew for each event. */
class Names {
  private readonly strings: string[] = [];
  /** Where the slots' names lie in `keys`, and their numbers; -1 where a slot is free. */
  private readonly entries: Int32Array;
  private readonly lengths: Uint8Array;
  private keys = new Uint8Array(64 * LONGEST);
  private first = 0;
  /** Number of the name that was got last; -1 where it is too long to have one. */
  number = -1;

  /** @param most names that are remembered at once; then all are forgotten */
  constructor(private readonly most: number) {
    this.entries = new Int32Array(most * 2).fill(-1);
    this.lengths = new Uint8Array(most);
  }

  get(bytes: Buffer, from: number, to: number): string {
    const length = to - from;
    this.number = -1;
    if (length > LONGEST || length === 0) return bytes.toString('utf8', from, to);
    let hash = length;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const last = this.entries.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & last; ; slot = (slot + 1) & last) {
      const entry = this.entries[slot]!;
      if (entry < 0) return this.add(slot, bytes, from, to);
      if (this.lengths[entry] !== length || !this.holds(entry * LONGEST, bytes, from, to)) continue;
      this.number = this.first + entry;
      return this.strings[entry]!;
    }
  }

  private add(slot: number, bytes: Buffer, from: number, to: number): string {
    const entry = this.strings.length;
    if (entry === this.most) {
      this.first += entry;
      this.strings.length = 0;
      this.entries.fill(-1);
      return this.get(bytes, from, to);
    }
    if ((entry + 1) * LONGEST > this.keys.length) {
      const keys = new Uint8Array(this.keys.length * 2);
      keys.set(this.keys);
      this.keys = keys;
    }
    this.entries[slot] = entry;
    this.lengths[entry] = to - from;
    this.keys.set(bytes.subarray(from, to), entry * LONGEST);
    this.number = this.first + entry;
    return (this.strings[entry] = bytes.toString('utf8', from, to));
  }

  private holds(key: number, bytes: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; at++, key++) if (this.keys[key] !== bytes[at]) return false;
    return true;
  }
}
const types = new Names(1_024);
const streams = new Names(STREAMS);

/** A message of a read: an event, or a sign of life. */
export type Message = LogEvent | 'confirmation' | 'not-found' | 'other';

/** Decodes one `ReadResp`; field numbers from EventStore's streams.proto. */
export function decodeReadResponse(bytes: Buffer): Message {
  const [field, start, end] = firstField(bytes);
  if (field === 2) return 'confirmation';
  if (field === 4) return 'not-found';
  if (field !== 1) return 'other';
  // An event whose target is gone has a link only; links are not resolved here, so the record is always in field 1.
  for (let at = start; at < end;) {
    const tag = bytes[at++]!;
    if (tag === 0x0a) {
      const length = varint(bytes, at);
      return LogEvent.decode(bytes, next, next + length);
    }
    at = skip(bytes, tag, at);
  }
  return new LogEvent();
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
  for (let i = 0; i < 7; i++, scale *= 128) {
    const byte = bytes[at++]!;
    low += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      next = at;
      return BigInt(low);
    }
  }
  let value = BigInt(low);
  for (let shift = 49n; ; shift += 7n) {
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
