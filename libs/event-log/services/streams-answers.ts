/**
 * Hides: the answers of event_store.client.streams, field by field. Promises: an event is sent as the bytes on disk, with its id and two
 * lengths in front. Does not: decide anything.
 */
import type { Frame } from '../log/frame';
import type { ExpectedRevision } from '../log/appends';
import type { Target } from './streams-requests';
import { varintLength, WireWriter, writeVarint } from '../bytes/protobuf';

const NO_POSITION = Buffer.from([0x22, 0x00]);

/** RecordedEvent with its tag (`1` the event, `2` the link), written directly into the answer. */
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

/** ReadEvent: the event (absent if a link's target is gone), the link that led to it, and the position of the original. */
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
const encodePosition = (at: bigint) => new WireWriter().uint(1, at).uint(2, at);
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

/** BatchAppendResp of a refusal: google.rpc.Status with a single detail, as clients expect. */
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
/** A reason that clients show as text: they have no class for it. */
export const errorInfoDetail = (reason: string): Detail => ({
  type: 'google.rpc.ErrorInfo',
  value: new WireWriter().text(1, reason).text(2, 'event-store'),
});
export const plainDetail = (name: 'AccessDenied' | 'Timeout'): Detail => ({ type: `event_store.client.${name}`, value: new WireWriter() });
export const badRequestDetail = (message: string): Detail => ({
  type: 'event_store.client.BadRequest',
  value: new WireWriter().text(1, message),
});
