/**
 * Hides: the disk format of one event: a CRC-framed record that already holds the protobuf fields that are sent to readers.
 * Promises: a flipped bit is detected; a frame records its own position and how much of the log was durable when it was written.
 * Does not: read files, order events or know streams.
 *
 * Frame: 84 bytes of header, the encoded RecordedEvent without its id, the length again in 4 bytes (for reading backwards).
 */
import { crc32 } from 'node:zlib';
import { varintLength, writeVarint } from '../bytes/protobuf';

/** An event to be appended. */
export type NewEvent = Readonly<{ id: Buffer; type: string; json: boolean; data: Buffer; metadata: Buffer }>;

export const HEADER = 84;
export const TRAILER = 4;
/** The longest frame: the server's largest message and some room. */
export const MAX_FRAME = 32 * 1024 * 1024;

export const KIND_EVENT = 1;
/** Marks bytes that scavenging freed; the body is a hole. */
export const KIND_GAP = 2;
/** Marks a frame without an event: the log's first frame, and the record that everything before it is durable. */
const KIND_MARK = 3;

/** A tombstone's revision on the wire: the largest signed 64-bit number. */
const TOMBSTONE_REVISION = 9223372036854775807n;
const tombstoneVarint = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);

const FIRST_OF_WRITE = 1;
const LAST_OF_WRITE = 2;
const JSON_CONTENT = 4;
const TOMBSTONE = 8;

const two32 = 4294967296;
const u53 = (buffer: Buffer, at: number) => buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * two32;
function writeU53(buffer: Buffer, at: number, value: number): void {
  buffer.writeUInt32LE(value % two32, at);
  buffer.writeUInt32LE(Math.floor(value / two32), at + 4);
}

/** One frame in memory; its fields are read lazily from the bytes in disk format. */
export class Frame {
  constructor(
    readonly buffer: Buffer,
    readonly start: number,
    readonly length: number,
  ) {}

  get kind(): number {
    return this.buffer[this.start + 8]!;
  }
  get firstOfWrite(): boolean {
    return (this.buffer[this.start + 9]! & FIRST_OF_WRITE) !== 0;
  }
  get lastOfWrite(): boolean {
    return (this.buffer[this.start + 9]! & LAST_OF_WRITE) !== 0;
  }
  get json(): boolean {
    return (this.buffer[this.start + 9]! & JSON_CONTENT) !== 0;
  }
  get tombstone(): boolean {
    return (this.buffer[this.start + 9]! & TOMBSTONE) !== 0;
  }
  /** Stream name, as UTF-8 bytes. */
  get streamBytes(): Buffer {
    const length = this.buffer.readUInt16LE(this.start + 10);
    const at = this.start + this.buffer.readUInt16LE(this.start + 14);
    return this.buffer.subarray(at, at + length);
  }
  get stream(): string {
    const length = this.buffer.readUInt16LE(this.start + 10);
    const at = this.start + this.buffer.readUInt16LE(this.start + 14);
    return this.buffer.toString('utf8', at, at + length);
  }
  get type(): string {
    const length = this.buffer.readUInt16LE(this.start + 12);
    const at = this.start + this.buffer.readUInt32LE(this.start + 16);
    return this.buffer.toString('utf8', at, at + length);
  }
  get data(): Buffer {
    const at = this.start + this.buffer.readUInt32LE(this.start + 20);
    return this.buffer.subarray(at, at + this.buffer.readUInt32LE(this.start + 24));
  }
  get metadata(): Buffer {
    const at = this.start + this.buffer.readUInt32LE(this.start + 32);
    return this.buffer.subarray(at, at + this.buffer.readUInt32LE(this.start + 28));
  }
  /** Revision within the stream as a number (exact: below 2^53). */
  get ordinal(): number {
    return u53(this.buffer, this.start + 36);
  }
  get revision(): bigint {
    return this.tombstone ? TOMBSTONE_REVISION : BigInt(this.ordinal);
  }
  /** Byte offset in the log as a number (exact: below 2^53). */
  get offset(): number {
    return u53(this.buffer, this.start + 44);
  }
  /** Commit and prepare position in `$all`. */
  get position(): bigint {
    return BigInt(this.offset);
  }
  /** All bytes of the log before this offset were durable when the frame was written. */
  get durable(): number {
    return u53(this.buffer, this.start + 52);
  }
  /** When the node accepted the event, in milliseconds since 1970. */
  get createdMs(): number {
    return this.buffer.readDoubleLE(this.start + 60);
  }
  get id(): Buffer {
    return this.buffer.subarray(this.start + 68, this.start + 84);
  }
  /** The encoded RecordedEvent without field 1 (the id). */
  get encoded(): Buffer {
    return this.buffer.subarray(this.start + HEADER, this.start + this.length - TRAILER);
  }
}

/** What is wrong with the bytes at a log position. */
export type Flaw = 'end of file' | 'empty' | 'length' | 'checksum' | 'misplaced';

/**
 * Checks the frame at `at`, which should be the frame of log offset `offset`.
 * @param available bytes of `buffer` that hold log content
 */
export function checkFrame(buffer: Buffer, at: number, available: number, offset: number): Frame | Flaw {
  if (available - at < HEADER + TRAILER) return 'end of file';
  const length = buffer.readUInt32LE(at);
  if (length === 0) return 'empty';
  if (length < HEADER + TRAILER) return 'length';
  const gap = buffer[at + 8] === KIND_GAP;
  if (gap) {
    if (buffer.readUInt32LE(at + 4) !== crc32(buffer.subarray(at + 8, at + HEADER), length)) return 'checksum';
    return u53(buffer, at + 44) === offset ? new Frame(buffer, at, length) : 'misplaced';
  }
  if (length > MAX_FRAME) return 'length';
  if (available - at < length) return 'end of file';
  if (buffer.readUInt32LE(at + length - TRAILER) !== length) return 'length';
  if (buffer.readUInt32LE(at + 4) !== crc32(buffer.subarray(at + 8, at + length - TRAILER))) return 'checksum';
  return u53(buffer, at + 44) === offset ? new Frame(buffer, at, length) : 'misplaced';
}

/** Position of one event within a write and within the log. */
export type Place = Readonly<{
  ordinal: number;
  offset: number;
  durable: number;
  createdMs: number;
  first: boolean;
  last: boolean;
  tombstone: boolean;
}>;

const jsonType = Buffer.from('application/json');
const binaryType = Buffer.from('application/octet-stream');
const mapKeys = { type: Buffer.from('type'), contentType: Buffer.from('content-type'), created: Buffer.from('created') };

const entryLength = (key: Buffer, value: number) => 2 + key.length + 1 + varintLength(value) + value;
function writeEntry(target: Buffer, at: number, key: Buffer, value: Buffer): number {
  target[at++] = 0x32;
  at = writeVarint(target, at, entryLength(key, value.length));
  target[at++] = 0x0a;
  target[at++] = key.length;
  at += key.copy(target, at);
  target[at++] = 0x12;
  at = writeVarint(target, at, value.length);
  return at + value.copy(target, at);
}

/** Encodes one event as a frame. */
export function encodeFrame(stream: Buffer, event: NewEvent, place: Place): Frame {
  const type = Buffer.from(event.type);
  const content = event.json ? jsonType : binaryType;
  const created = Buffer.from(`${place.createdMs}0000`);
  const inner = 1 + varintLength(stream.length) + stream.length;
  const entries = [
    entryLength(mapKeys.type, type.length),
    entryLength(mapKeys.contentType, content.length),
    entryLength(mapKeys.created, created.length),
  ];
  let length =
    HEADER +
    TRAILER +
    1 +
    varintLength(inner) +
    inner +
    1 +
    (place.tombstone ? tombstoneVarint.length : varintLength(place.ordinal)) +
    2 * (1 + varintLength(place.offset));
  for (const entry of entries) length += 1 + varintLength(entry) + entry;
  if (event.metadata.length > 0) length += 1 + varintLength(event.metadata.length) + event.metadata.length;
  if (event.data.length > 0) length += 1 + varintLength(event.data.length) + event.data.length;

  const frame = Buffer.allocUnsafe(length);
  frame.fill(0, 0, HEADER);
  frame.writeUInt32LE(length, 0);
  frame[8] = KIND_EVENT;
  frame[9] =
    (place.first ? FIRST_OF_WRITE : 0) |
    (place.last ? LAST_OF_WRITE : 0) |
    (event.json ? JSON_CONTENT : 0) |
    (place.tombstone ? TOMBSTONE : 0);
  frame.writeUInt16LE(stream.length, 10);
  frame.writeUInt16LE(type.length, 12);
  writeU53(frame, 36, place.ordinal);
  writeU53(frame, 44, place.offset);
  writeU53(frame, 52, place.durable);
  frame.writeDoubleLE(place.createdMs, 60);
  event.id.copy(frame, 68);

  let at = HEADER;
  frame[at++] = 0x12;
  at = writeVarint(frame, at, inner);
  frame[at++] = 0x1a;
  at = writeVarint(frame, at, stream.length);
  frame.writeUInt16LE(at, 14);
  at += stream.copy(frame, at);
  frame[at++] = 0x18;
  if (place.tombstone) at += tombstoneVarint.copy(frame, at);
  else at = writeVarint(frame, at, place.ordinal);
  frame[at++] = 0x20;
  at = writeVarint(frame, at, place.offset);
  frame[at++] = 0x28;
  at = writeVarint(frame, at, place.offset);
  at = writeEntry(frame, at, mapKeys.type, type);
  frame.writeUInt32LE(at - type.length, 16);
  at = writeEntry(frame, at, mapKeys.contentType, content);
  at = writeEntry(frame, at, mapKeys.created, created);
  if (event.metadata.length > 0) {
    frame[at++] = 0x3a;
    at = writeVarint(frame, at, event.metadata.length);
    frame.writeUInt32LE(at, 32);
    at += event.metadata.copy(frame, at);
  }
  frame.writeUInt32LE(event.metadata.length, 28);
  if (event.data.length > 0) {
    frame[at++] = 0x42;
    at = writeVarint(frame, at, event.data.length);
    frame.writeUInt32LE(at, 20);
    at += event.data.copy(frame, at);
  }
  frame.writeUInt32LE(event.data.length, 24);
  frame.writeUInt32LE(length, at);
  frame.writeUInt32LE(crc32(frame.subarray(8, at)), 4);
  return new Frame(frame, 0, length);
}

/** A frame without an event that records how much of the log is durable. */
export function encodeMark(offset: number, durable: number, createdMs: number): Frame {
  const frame = Buffer.alloc(HEADER + TRAILER);
  frame.writeUInt32LE(frame.length, 0);
  frame[8] = KIND_MARK;
  frame[9] = FIRST_OF_WRITE | LAST_OF_WRITE;
  writeU53(frame, 44, offset);
  writeU53(frame, 52, durable);
  frame.writeDoubleLE(createdMs, 60);
  frame.writeUInt32LE(frame.length, HEADER);
  frame.writeUInt32LE(crc32(frame.subarray(8, HEADER)), 4);
  return new Frame(frame, 0, frame.length);
}

/** Header of a gap: `length` bytes that no longer hold an event; only these bytes and the trailing length are written. */
export function encodeGap(offset: number, length: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(length, 0);
  header[8] = KIND_GAP;
  header[9] = FIRST_OF_WRITE | LAST_OF_WRITE;
  writeU53(header, 44, offset);
  header.writeUInt32LE(crc32(header.subarray(8), length), 4);
  return header;
}
