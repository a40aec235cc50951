/**
 * Hides: EventStoreDB's rules for writes: expected revisions, idempotency, soft and hard deletion. Promises: decisions take into account
 * events that are written but not yet durable, and are answered once those are durable. Does not: limit the size of appends or check access
 * rights.
 */
import type { CommittedIds } from './committed-ids';
import { encodeFrame, type Frame, KIND_EVENT, type NewEvent } from './frame';
import { StreamDeleted } from './refusals';
import type { StreamIndex } from './stream-index';
import {
  isMetastream,
  metastreamOf,
  NO_METADATA,
  originalOf,
  parseMetadata,
  SOFT_DELETED,
  type StreamMetadata,
  withTruncateBefore,
} from './stream-metadata';
import { randomUUIDBytes } from '../bytes/uuid';
import type { Writer } from './writer';

/** The expected state of the stream: its last revision, or one of three keywords. */
export type ExpectedRevision = bigint | 'any' | 'no_stream' | 'stream_exists';

/** `revision` is the stream's last revision after the append (absent: no such stream); `position` is absent if nothing was written. */
export type Appended = Readonly<{ outcome: 'appended'; revision?: bigint; position?: bigint }>;
/** `current` is the stream's last revision; absent: no such stream. */
export type WrongExpectedRevision = Readonly<{ outcome: 'wrong-expected-revision'; current?: bigint }>;
type Answer = Appended | WrongExpectedRevision;

/** The durable state, as the rules see it. */
export type Durable = Readonly<{ index: StreamIndex; metadata: (stream: string) => StreamMetadata; frameAt: (offset: number) => Frame }>;

type Head = { last: number; tombstoned: boolean; metadata?: StreamMetadata };

export class Appends {
  /** Streams whose newest events are not durable yet. */
  private readonly heads = new Map<string, Head>();

  constructor(
    private readonly durable: Durable,
    private readonly writer: Writer,
    private readonly ids: CommittedIds,
    private readonly now: () => number,
  ) {}

  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Answer {
    const decided = this.check(stream, expected, events);
    if (decided) return decided;
    const { last } = this.head(stream);
    if (events.length === 0) return { outcome: 'appended', revision: last < 0 ? undefined : BigInt(last) };
    const metadata = this.metadata(stream);
    if (metadata.truncateBefore === Infinity)
      this.place(metastreamOf(stream), [systemEvent('$metadata', withTruncateBefore(metadata, last + 1))]);
    return this.place(stream, events);
  }

  delete(stream: string, expected: ExpectedRevision): Answer {
    const refused = this.check(stream, expected, []);
    if (refused) return refused;
    const metastream = metastreamOf(stream);
    if (this.head(stream).last < 0 && this.head(metastream).last < 0) return wrong(-1);
    return this.place(metastream, [systemEvent('$metadata', Buffer.from(`{"$tb":${SOFT_DELETED}}`))]);
  }

  tombstone(stream: string, expected: ExpectedRevision): Answer {
    return (
      this.check(stream, expected, []) ?? this.place(stream, [{ ...systemEvent('$streamDeleted', Buffer.alloc(0)), json: false }], true)
    );
  }

  /** These frames are durable and indexed now. */
  settle(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame.kind !== KIND_EVENT) continue;
      const { stream } = frame;
      if (this.heads.get(stream)?.last === frame.ordinal) this.heads.delete(stream);
    }
  }

  /** These frames never happened. */
  forget(frames: readonly Frame[]): void {
    this.heads.clear();
    for (const frame of frames) this.ids.delete(frame.id);
  }

  /** The original's commit check (IndexWriter.CheckCommit): undefined means go on and write. */
  private check(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Answer | undefined {
    const { last } = this.head(stream);
    if (this.tombstoned(stream)) throw new StreamDeleted(stream);
    if (expected === 'stream_exists') {
      if (this.softDeleted(stream)) throw new StreamDeleted(stream);
      if (last < 0 && this.head(metastreamOf(stream)).last < 0) return wrong(last);
    }
    if (expected === 'any' || expected === 'stream_exists') return this.repeatedByIds(stream, events, last);
    const expectedLast = expected === 'no_stream' ? -1 : expected > GREATEST ? Number.MAX_SAFE_INTEGER : Number(expected);
    if (expectedLast === last) return undefined;
    if (expectedLast > last || events.length === 0) return wrong(last);
    let offset = -1;
    for (const [i, event] of events.entries()) {
      const found = this.writtenAt(stream, expectedLast + 1 + i);
      if (!found?.id.equals(event.id)) return i === 0 && expected === 'no_stream' && this.softDeleted(stream) ? undefined : wrong(last);
      offset = found.offset;
    }
    return { outcome: 'appended', revision: BigInt(expectedLast + events.length), position: BigInt(offset) };
  }

  /** Without an exact expected revision a repetition is recognised only by the ids of the newest events. */
  private repeatedByIds(stream: string, events: readonly NewEvent[], last: number): Answer | undefined {
    let answer: Answer | undefined;
    for (const [i, event] of events.entries()) {
      const found = this.ids.get(event.id);
      if (found?.stream !== stream) return i === 0 ? undefined : wrong(last);
      answer = { outcome: 'appended', revision: BigInt(found.ordinal), position: BigInt(found.offset) };
    }
    return answer;
  }

  private place(stream: string, events: readonly NewEvent[], tombstone = false): Appended {
    const name = Buffer.from(stream);
    const createdMs = this.now();
    const { writer } = this;
    let ordinal = this.head(stream).last;
    let offset = writer.tail;
    const frames: Frame[] = [];
    for (const [i, event] of events.entries()) {
      const edges = { first: i === 0, last: i === events.length - 1 };
      const frame = encodeFrame(name, event, { ordinal: ++ordinal, offset, durable: writer.committed, createdMs, tombstone, ...edges });
      frames.push(frame);
      offset += frame.length;
    }
    // Only now: if an event cannot be encoded, those before it must not be written.
    for (const frame of frames) {
      this.ids.add(frame.id, { stream, ordinal: frame.ordinal, offset: frame.offset });
      writer.add(frame);
    }
    const last = frames.at(-1)!;
    const metadata = isMetastream(stream) ? metadataOf(last) : undefined;
    this.heads.set(stream, { last: ordinal, tombstoned: tombstone, metadata });
    return { outcome: 'appended', revision: last.revision, position: last.position };
  }

  private head(stream: string): Head {
    const pending = this.heads.get(stream);
    if (pending) return pending;
    const { index } = this.durable;
    const number = index.find(stream);
    return { last: index.last(number), tombstoned: index.tombstoned(number) };
  }

  private metadata(stream: string): StreamMetadata {
    return this.heads.get(metastreamOf(stream))?.metadata ?? this.durable.metadata(stream);
  }

  private softDeleted(stream: string): boolean {
    return this.metadata(stream).truncateBefore === Infinity;
  }

  private tombstoned(stream: string): boolean {
    return this.head(stream).tombstoned || (isMetastream(stream) && this.head(originalOf(stream)).tombstoned);
  }

  private writtenAt(stream: string, ordinal: number): Frame | undefined {
    const { index, frameAt } = this.durable;
    const offset = index.offset(index.find(stream), ordinal);
    if (offset >= 0) return frameAt(offset);
    for (const frame of this.writer.pending())
      if (frame.ordinal === ordinal && frame.kind === KIND_EVENT && frame.stream === stream) return frame;
    return undefined;
  }
}

const GREATEST = BigInt(Number.MAX_SAFE_INTEGER);
const metadataOf = (frame: Frame) => (frame.type === '$metadata' ? parseMetadata(frame.data) : NO_METADATA);
const wrong = (last: number): WrongExpectedRevision => ({
  outcome: 'wrong-expected-revision',
  current: last < 0 ? undefined : BigInt(last),
});
const systemEvent = (type: string, data: Buffer): NewEvent => ({
  id: randomUUIDBytes(),
  type,
  json: true,
  data,
  metadata: Buffer.alloc(0),
});
