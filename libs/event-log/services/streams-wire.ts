/**
 * Hides: the messages of event_store.client.streams, field by field.
 * Promises: an event goes out as the bytes that lie on disk, with its id and two lengths put before them.
 * Does not: decide anything.
 */
import type { Frame, NewEvent } from '../frame';
import type { ExpectedRevision } from '../appends';
import { uuidBytes, uuidText } from '../uuid';
import { varintLength, WireReader, WireWriter, writeVarint } from '../wire';

export type Expression = { regex: string; prefixes: string[] };
export type Filter = { on: 'stream' | 'type'; expression: Expression; window?: number; checkpointMultiplier: number };
/** `start`, `end`, or an exact place. */
export type From = 'start' | 'end' | bigint;
export type ReadRequest = {
  /** Absent: `$all`. */
  stream?: Buffer;
  target: 'none' | 'stream' | 'all';
  from: From;
  prepare?: bigint;
  backwards: boolean;
  resolveLinks: boolean;
  count?: bigint;
  subscription: boolean;
  filter?: Filter;
  structuredIds: boolean;
  compatibility: number;
};

export function streamName(reader: WireReader): Buffer {
  let name: Buffer = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 26) name = reader.bytes();
    else reader.skip(tag);
  }
  return name;
}

function position(reader: WireReader): { commit: bigint; prepare: bigint } {
  const found = { commit: 0n, prepare: 0n };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 8) found.commit = reader.uint64();
    else if (tag === 16) found.prepare = reader.uint64();
    else reader.skip(tag);
  }
  return found;
}

export function readUuid(reader: WireReader): Buffer | undefined {
  let id: Buffer | undefined;
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 18) id = uuidBytes(reader.text());
    else if (tag === 10) {
      const halves = position(reader.message());
      id = Buffer.alloc(16);
      id.writeBigUInt64BE(halves.commit, 0);
      id.writeBigUInt64BE(halves.prepare, 8);
    } else reader.skip(tag);
  }
  return id;
}

export function writeUuid(id: Buffer, structured: boolean): WireWriter {
  const writer = new WireWriter();
  if (!structured) return writer.text(2, uuidText(id));
  return writer.message(1, new WireWriter().uint(1, id.readBigInt64BE(0)).uint(2, id.readBigInt64BE(8)));
}

/** Decodes FilterOptions, which catch-up reads and persistent subscriptions to $all share. */
export function readFilter(reader: WireReader): Filter {
  const filter: Filter = { on: 'stream', expression: { regex: '', prefixes: [] }, checkpointMultiplier: 1 };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10 || tag === 18) {
      filter.on = tag === 10 ? 'stream' : 'type';
      filter.expression = readExpression(reader.message());
    } else if (tag === 24) filter.window = reader.uint();
    else if (tag === 40) filter.checkpointMultiplier = reader.uint();
    else reader.skip(tag);
  }
  return filter;
}

function readExpression(reader: WireReader): Expression {
  const expression: Expression = { regex: '', prefixes: [] };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) expression.regex = reader.text();
    else if (tag === 18) expression.prefixes.push(reader.text());
    else reader.skip(tag);
  }
  return expression;
}

export function readRequest(bytes: Buffer): ReadRequest {
  const request: ReadRequest = {
    target: 'none',
    from: 'start',
    backwards: false,
    resolveLinks: false,
    subscription: false,
    structuredIds: false,
    compatibility: 0,
  };
  const outer = new WireReader(bytes);
  for (let tag = outer.tag(); tag; tag = outer.tag()) {
    if (tag === 10) readOptions(outer.message(), request);
    else outer.skip(tag);
  }
  return request;
}

function readOptions(reader: WireReader, request: ReadRequest): void {
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) readStreamOptions(reader.message(), request);
    else if (tag === 18) readAllOptions(reader.message(), request);
    else if (tag === 24) request.backwards = reader.uint() === 1;
    else if (tag === 32) request.resolveLinks = reader.bool();
    else if (tag === 40) request.count = reader.uint64();
    else if (tag === 50) {
      reader.bytes();
      request.subscription = true;
    } else if (tag === 58) request.filter = readFilter(reader.message());
    else if (tag === 74) request.structuredIds = new WireReader(reader.bytes()).tag() === 10;
    else if (tag === 82) {
      const control = reader.message();
      for (let inner = control.tag(); inner; inner = control.tag()) {
        if (inner === 8) request.compatibility = control.uint();
        else control.skip(inner);
      }
    } else reader.skip(tag);
  }
}

function readStreamOptions(reader: WireReader, request: ReadRequest): void {
  request.target = 'stream';
  request.stream = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.stream = streamName(reader.message());
    else if (tag === 16) request.from = reader.uint64();
    else if (tag === 26 || tag === 34) {
      reader.bytes();
      request.from = tag === 26 ? 'start' : 'end';
    } else reader.skip(tag);
  }
}

function readAllOptions(reader: WireReader, request: ReadRequest): void {
  request.target = 'all';
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) {
      const { commit, prepare } = position(reader.message());
      request.from = commit;
      request.prepare = prepare;
    } else if (tag === 18 || tag === 26) {
      reader.bytes();
      request.from = tag === 18 ? 'start' : 'end';
    } else reader.skip(tag);
  }
}

/** An event as proposed; `missing` names the metadata keys that the client left out. */
export type Proposed = { event?: NewEvent; missing?: string; badId?: boolean };

export function readProposed(reader: WireReader): Proposed {
  let id: Buffer | undefined;
  let type: string | undefined;
  let content: string | undefined;
  let metadata: Buffer = Buffer.alloc(0);
  let data: Buffer = Buffer.alloc(0);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) id = readUuid(reader.message());
    else if (tag === 18) {
      const entry = reader.message();
      let key = '';
      let value = '';
      for (let inner = entry.tag(); inner; inner = entry.tag()) {
        if (inner === 10) key = entry.text();
        else if (inner === 18) value = entry.text();
        else entry.skip(inner);
      }
      if (key === 'type') type = value;
      else if (key === 'content-type') content = value;
    } else if (tag === 26) metadata = reader.bytes();
    else if (tag === 34) data = reader.bytes();
    else reader.skip(tag);
  }
  if (type === undefined || type === '') return { missing: 'type' };
  if (content === undefined || content === '') return { missing: 'content-type' };
  if (!id) return { badId: true };
  return { event: { id, type, json: content === 'application/json', data, metadata } };
}

/** Stream and expected revision, as AppendReq, DeleteReq and TombstoneReq share them. */
export type Target = { stream: Buffer; expected: ExpectedRevision };
export type AppendRequest = { target?: Target; proposed?: Proposed };

const words: Record<number, ExpectedRevision> = { 26: 'no_stream', 34: 'any', 42: 'stream_exists' };

export function readTarget(reader: WireReader): Target {
  const target: Target = { stream: Buffer.alloc(0), expected: 0n };
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    const word = words[tag];
    if (tag === 10) target.stream = streamName(reader.message());
    else if (tag === 16) target.expected = reader.uint64();
    else if (word) {
      reader.bytes();
      target.expected = word;
    } else reader.skip(tag);
  }
  return target;
}

export function readAppendRequest(bytes: Buffer): AppendRequest {
  const request: AppendRequest = {};
  const reader = new WireReader(bytes);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.target = readTarget(reader.message());
    else if (tag === 18) request.proposed = readProposed(reader.message());
    else reader.skip(tag);
  }
  return request;
}

/** DeleteReq and TombstoneReq. */
export function readDeleteRequest(bytes: Buffer): Target {
  return readAppendRequest(bytes).target ?? { stream: Buffer.alloc(0), expected: 'any' };
}

export type BatchRequest = {
  correlation: Buffer;
  target?: Target;
  /** Milliseconds since 1970 (a client of version 6) or from now on (a duration). */
  deadlineMs?: number;
  proposed: Proposed[];
  final: boolean;
};

export function readBatchRequest(bytes: Buffer): BatchRequest {
  const request: BatchRequest = { correlation: Buffer.alloc(0), proposed: [], final: false };
  const reader = new WireReader(bytes);
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag === 10) request.correlation = reader.bytes();
    else if (tag === 18) {
      const options = reader.bytes();
      request.target = readTarget(new WireReader(options));
      request.deadlineMs = readDeadline(new WireReader(options));
    } else if (tag === 26) request.proposed.push(readProposed(reader.message()));
    else if (tag === 32) request.final = reader.bool();
    else reader.skip(tag);
  }
  return request;
}

/** Field 6 is an absolute time, field 7 a duration; both hold seconds and nanoseconds. */
function readDeadline(reader: WireReader): number | undefined {
  let deadline: number | undefined;
  for (let tag = reader.tag(); tag; tag = reader.tag()) {
    if (tag !== 50 && tag !== 58) {
      reader.skip(tag);
      continue;
    }
    const { commit: seconds, prepare: nanos } = position(reader.message());
    const ms = Number(BigInt.asIntN(64, seconds)) * 1000 + Number(BigInt.asIntN(64, nanos)) / 1e6;
    deadline = tag === 50 ? ms : Date.now() + ms;
  }
  return deadline;
}

const NO_POSITION = Buffer.from([0x22, 0x00]);

/** RecordedEvent with its tag (`1` the event, `2` the link), laid directly into the answer. */
function recordedLength(frame: Frame, structured: boolean): number {
  return (structured ? structuredIdLength(frame.id) : 40) + frame.encoded.length;
}

const structuredHalf = (id: Buffer, at: number) => {
  const high = id.readUInt32BE(at);
  return high >= 0x200000 ? bigVarintLength(id.readBigUInt64BE(at)) : varintLength(high * 4294967296 + id.readUInt32BE(at + 4));
};
const bigVarintLength = (value: bigint) => {
  let length = 1;
  for (; value >= 128n; value >>= 7n) length++;
  return length;
};
const structuredIdLength = (id: Buffer) => 4 + 2 + structuredHalf(id, 0) + structuredHalf(id, 8);

const HEX = Buffer.from('0123456789abcdef');
function writeIdText(target: Buffer, at: number, id: Buffer): number {
  target[at++] = 0x0a;
  target[at++] = 38;
  target[at++] = 0x12;
  target[at++] = 36;
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) target[at++] = 0x2d;
    const byte = id[i]!;
    target[at++] = HEX[byte >> 4]!;
    target[at++] = HEX[byte & 15]!;
  }
  return at;
}
function writeBigVarint(target: Buffer, at: number, value: bigint): number {
  for (; value >= 128n; value >>= 7n) target[at++] = Number(value & 0x7fn) | 0x80;
  target[at++] = Number(value);
  return at;
}
function writeIdStructured(target: Buffer, at: number, id: Buffer): number {
  const inner = structuredIdLength(id) - 4;
  target[at++] = 0x0a;
  target[at++] = inner + 2;
  target[at++] = 0x0a;
  target[at++] = inner;
  target[at++] = 0x08;
  at = writeBigVarint(target, at, id.readBigUInt64BE(0));
  target[at++] = 0x10;
  return writeBigVarint(target, at, id.readBigUInt64BE(8));
}

/** ReadEvent: the event (absent if a link leads nowhere), the link it came by, and the position of the original. */
export function encodeReadEvent(
  event: Frame | undefined,
  link: Frame | undefined,
  structured: boolean,
  room: (length: number) => Buffer = Buffer.allocUnsafe,
  tail?: Buffer,
): Buffer {
  const eventLength = event ? recordedLength(event, structured) : 0;
  const linkLength = link ? recordedLength(link, structured) : 0;
  const offset = (link ?? event)!.offset;
  const end = tail ?? NO_POSITION.subarray(0, 0);
  const inner =
    (event ? 1 + varintLength(eventLength) + eventLength : 0) +
    (link ? 1 + varintLength(linkLength) + linkLength : 0) +
    1 +
    varintLength(offset) +
    end.length;
  const target = room(1 + varintLength(inner) + inner);
  target[0] = 0x0a;
  let at = writeVarint(target, 1, inner);
  for (const frame of [event, link]) {
    if (!frame) continue;
    target[at++] = frame === event ? 0x0a : 0x12;
    at = writeVarint(target, at, frame === event ? eventLength : linkLength);
    at = structured ? writeIdStructured(target, at, frame.id) : writeIdText(target, at, frame.id);
    at += frame.encoded.copy(target, at);
  }
  target[at++] = 0x18;
  at = writeVarint(target, at, offset);
  end.copy(target, at);
  return target;
}

export const encodeConfirmation = (id: string) => new WireWriter().message(2, new WireWriter().text(1, id)).finish();
export const encodePosition = (at: bigint) => new WireWriter().uint(1, at).uint(2, at);
export const encodeCheckpoint = (at: bigint) => new WireWriter().message(3, encodePosition(at)).finish();
export const encodeStreamNotFound = (stream: Buffer) =>
  new WireWriter().message(4, new WireWriter().message(1, new WireWriter().bytes(3, stream))).finish();
export const encodeFirstStreamPosition = (revision: bigint) => new WireWriter().uint(5, revision).finish();
export const encodeLastStreamPosition = (revision: bigint) => new WireWriter().uint(6, revision).finish();
export const encodeLastAllPosition = (at: bigint) => new WireWriter().message(7, encodePosition(at)).finish();
export const encodeCaughtUp = () => new WireWriter().empty(8).finish();

const expectedField: Record<string, number> = { any: 9, stream_exists: 10, no_stream: 11 };
const expectedField2060: Record<string, number> = { any: 4, stream_exists: 5 };

export function encodeAppended(revision: bigint | undefined, at: bigint | undefined): Buffer {
  const success = new WireWriter();
  if (revision === undefined) success.empty(2);
  else success.uint(1, revision);
  if (at === undefined) success.empty(4);
  else success.message(3, encodePosition(at));
  return new WireWriter().message(1, success).finish();
}

export function encodeWrongRevision(current: bigint | undefined, expected: ExpectedRevision): Buffer {
  const body = new WireWriter();
  if (current === undefined) body.empty(2).empty(7);
  else body.uint(1, current).uint(6, current);
  if (typeof expected === 'bigint') return new WireWriter().message(2, body.uint(3, expected).uint(8, expected)).finish();
  const old = expectedField2060[expected];
  if (old) body.empty(old);
  return new WireWriter().message(2, body.empty(expectedField[expected]!)).finish();
}

/** DeleteResp and TombstoneResp. */
export function encodeDeleted(at: bigint | undefined): Buffer {
  return at === undefined ? new WireWriter().empty(2).finish() : new WireWriter().message(1, encodePosition(at)).finish();
}

/** BatchAppendResp of a success. */
export function encodeBatchAppended(
  request: { correlation: Buffer; target: Target },
  revision: bigint | undefined,
  at: bigint | undefined,
): Buffer {
  const success = new WireWriter();
  if (revision === undefined) success.empty(2);
  else success.uint(1, revision);
  if (at === undefined) success.empty(4);
  else success.message(3, encodePosition(at));
  return batchAnswer(request, new WireWriter().message(3, success)).finish();
}

/** BatchAppendResp of a refusal: google.rpc.Status with a single detail, as the clients expect it. */
export function encodeBatchRefused(
  request: { correlation: Buffer; target: Target },
  code: number,
  message: string,
  detail: Detail,
): Buffer {
  const any = new WireWriter().text(1, `type.googleapis.com/${detail.type}`).bytes(2, detail.value.finish());
  return batchAnswer(request, new WireWriter().message(2, new WireWriter().uint(1, code).text(2, message).message(3, any))).finish();
}

export type Detail = { type: string; value: WireWriter };
const batchExpectedField: Record<string, number> = { no_stream: 6, any: 7, stream_exists: 8 };

function batchAnswer({ correlation, target }: { correlation: Buffer; target: Target }, body: WireWriter): WireWriter {
  const answer = new WireWriter().bytes(1, correlation).raw(body).message(4, new WireWriter().bytes(3, target.stream));
  return typeof target.expected === 'bigint' ? answer.uint(5, target.expected) : answer.empty(batchExpectedField[target.expected]!);
}

const detailExpectedField: Record<string, number> = { any: 4, stream_exists: 5, no_stream: 6 };

/** Shared `WrongExpectedVersion`, the detail of a refused batch. */
export function wrongRevisionDetail(current: bigint | undefined, expected: ExpectedRevision): Detail {
  const value = new WireWriter();
  if (current === undefined) value.empty(2);
  else value.uint(1, current);
  if (typeof expected === 'bigint') value.uint(3, expected);
  else value.empty(detailExpectedField[expected]!);
  return { type: 'event_store.client.WrongExpectedVersion', value };
}

export const streamDeletedDetail = (stream: Buffer): Detail => ({
  type: 'event_store.client.StreamDeleted',
  value: new WireWriter().message(1, new WireWriter().bytes(3, stream)),
});
export const appendTooLargeDetail = (limit: number): Detail => ({
  type: 'event_store.client.MaximumAppendSizeExceeded',
  value: new WireWriter().uint(1, limit),
});
/** A reason that the clients show: they have no class for it. */
export const errorInfoDetail = (reason: string): Detail => ({
  type: 'google.rpc.ErrorInfo',
  value: new WireWriter().text(1, reason).text(2, 'event-store'),
});
export const plainDetail = (name: 'AccessDenied' | 'Timeout'): Detail => ({
  type: `event_store.client.${name}`,
  value: new WireWriter(),
});
export const badRequestDetail = (message: string): Detail => ({
  type: 'event_store.client.BadRequest',
  value: new WireWriter().text(1, message),
});
