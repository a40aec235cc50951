/**
 * Hides: the durable log, its index and the rules of EventStoreDB's streams.
 * Promises: an append that resolves is on disk; readers and followers see only durable events, in log order, each once.
 * Does not: speak gRPC, check access rights, or resolve links for you.
 */
import fs from 'node:fs';
import path from 'node:path';
import { CommittedIds } from './committed-ids';
import { encodeFrame, encodeMark, Frame, KIND_EVENT, type NewEvent } from './frame';
import { FrameReader, Segments } from './segments';
import { isMetastream, metastreamOf, NO_METADATA, originalOf, parseMetadata, SOFT_DELETED, type StreamMetadata, withTruncateBefore } from './stream-metadata';
import { StreamIndex } from './stream-index';
import { AppendTooLarge, LogUnavailable, StreamDeleted } from './refusals';
import { recover } from './recovery';
import { randomUUIDBytes } from './uuid';

/** What the writer expects of the stream: its last revision, or one of the three words. */
export type ExpectedRevision = bigint | 'any' | 'no_stream' | 'stream_exists';

/** `revision` is the stream's last revision after the append (absent: no such stream); `position` is absent if nothing was written. */
export type Appended = Readonly<{ outcome: 'appended'; revision?: bigint; position?: bigint }>;
/** `current` is the stream's last revision; absent: no such stream. */
export type WrongExpectedRevision = Readonly<{ outcome: 'wrong-expected-revision'; current?: bigint }>;

export type LogOptions = Readonly<{
  /** Bytes of data, metadata and type that one append may hold; 1 MiB as in EventStoreDB 24. */
  maxAppendSize?: number;
  /** Bytes after which a new file begins. */
  segmentSize?: number;
  /** False answers before the disk does: only for the negative control of the power-cut test. */
  durable?: boolean;
  now?: () => number;
}>;

/** A stream as a reader finds it. */
export type StreamState = Readonly<{
  exists: boolean;
  /** Hard-deleted for ever. */
  tombstoned: boolean;
  softDeleted: boolean;
  /** Last revision; -1 if nothing was written. */
  last: number;
  /** First revision that retention still shows (age not considered). */
  first: number;
  metadata: StreamMetadata;
}>;

type Head = { last: number; tombstoned: boolean; metadata?: StreamMetadata };
type Batch = { frames: Frame[]; bytes: number; start: number; ids: Buffer[]; settle: Array<(error?: Error) => void> };

const METADATA_CACHE = 20_000;
const RECENT_BYTES = 16 * 1024 * 1024;

export class EventLog {
  private readonly segments: Segments;
  private readonly index = new StreamIndex();
  private readonly ids = new CommittedIds();
  private readonly metadataCache = new Map<string, StreamMetadata>();
  private readonly reader: FrameReader;
  private readonly recent: Batch[] = [];
  private recentBytes = 0;
  private readonly followers = new Set<() => void>();
  private readonly streamFollowers = new Map<string, Set<() => void>>();

  private committed: number;
  private tail: number;
  private heads = new Map<string, Head>();
  private batch: Batch | undefined;
  private inFlight: Batch | undefined;
  private writing = false;
  private closed = false;
  readonly maxAppendSize: number;
  private readonly segmentSize: number;
  private readonly now: () => number;

  /** Opens and recovers the log in `dataDir`; throws `DamagedLog` instead of serving what was not written. */
  constructor(dataDir: string, options: LogOptions = {}) {
    this.maxAppendSize = options.maxAppendSize ?? 1024 * 1024;
    this.segmentSize = options.segmentSize ?? 128 * 1024 * 1024;
    this.now = options.now ?? Date.now;
    fs.mkdirSync(dataDir, { recursive: true });
    this.segments = Segments.open(path.join(dataDir, 'log'), options.durable ?? true);
    this.reader = new FrameReader(this.segments);
    if (this.segments.list.length === 0) {
      this.segments.roll(0);
      const mark = encodeMark(0, 0, this.now());
      this.segments.appendNow(mark, 0);
      this.committed = this.tail = mark.length;
    } else {
      this.committed = this.tail = recover(this.segments, (frame) => this.note(frame));
      this.segments.openForWriting(this.tail);
    }
  }

  /** Log offset behind the last durable event; the position from which only new events follow. */
  get end(): number {
    return this.committed;
  }

  /** Writes events, all or none; resolves when they are durable. */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended | WrongExpectedRevision> {
    let size = 0;
    for (const event of events) size += event.data.length + event.metadata.length + Buffer.byteLength(event.type);
    if (size > this.maxAppendSize) return Promise.reject(new AppendTooLarge(this.maxAppendSize));
    return this.admit(() => this.decideAppend(stream, expected, events));
  }

  /** Soft delete: the stream reads as missing until someone appends again; numbering goes on. */
  delete(stream: string, expected: ExpectedRevision): Promise<Appended | WrongExpectedRevision> {
    return this.admit(() => {
      const refused = this.check(stream, expected, []);
      if (refused) return refused;
      const meta = metastreamOf(stream);
      if (this.head(stream).last < 0 && this.head(meta).last < 0) return wrong(-1);
      return this.place(meta, [systemEvent('$metadata', Buffer.from(`{"$tb":${SOFT_DELETED}}`))]);
    });
  }

  /** Hard delete: the name can never be used again. */
  tombstone(stream: string, expected: ExpectedRevision): Promise<Appended | WrongExpectedRevision> {
    return this.admit(() => this.check(stream, expected, []) ?? this.place(stream, [systemEvent('$streamDeleted', Buffer.alloc(0))], true));
  }

  /** What a reader may know of a stream right now. */
  state(stream: string): StreamState {
    const number = this.index.find(stream);
    const last = this.index.last(number);
    const metadata = this.metadata(stream);
    const tombstoned = this.deletedForEver(stream);
    const softDeleted = metadata.truncateBefore === Infinity;
    let first = this.index.first(number);
    if (metadata.truncateBefore !== undefined) first = Math.max(first, metadata.truncateBefore);
    if (metadata.maxCount !== undefined) first = Math.max(first, last + 1 - metadata.maxCount);
    return { exists: last >= 0 && !tombstoned && !softDeleted, tombstoned, softDeleted, last, first, metadata };
  }

  /** Newest durable metadata of a stream. */
  metadata(stream: string): StreamMetadata {
    if (isMetastream(stream)) return METASTREAM;
    const cached = this.metadataCache.get(stream);
    if (cached) return cached;
    const number = this.index.find(metastreamOf(stream));
    if (number < 0) return NO_METADATA;
    const frame = this.frameAt(this.index.offset(number, this.index.last(number)));
    const metadata = frame.type === '$metadata' ? parseMetadata(frame.data) : NO_METADATA;
    this.remember(stream, metadata);
    return metadata;
  }

  /** One event by stream and revision, or undefined if it was never written or is no longer shown. */
  event(stream: string, ordinal: number): Frame | undefined {
    const state = this.state(stream);
    if (!state.exists || ordinal < state.first || ordinal > state.last) return undefined;
    const offset = this.index.offset(this.index.find(stream), ordinal);
    if (offset < 0) return undefined;
    const frame = this.frameAt(offset);
    return this.expired(frame, state.metadata) ? undefined : frame;
  }

  /**
   * Up to `limit` events of a stream, from `from` on (inclusive), and where to go on; `next` is undefined at the stream's end.
   * Retention applies; a missing or deleted stream reads as empty: ask `state` for the difference.
   */
  readStream(stream: string, from: number, backwards: boolean, limit: number, reader = new FrameReader(this.segments)): Page {
    const state = this.state(stream);
    const number = this.index.find(stream);
    const frames: Frame[] = [];
    if (!state.exists) return { frames, next: undefined };
    let ordinal = backwards ? Math.min(from, state.last) : Math.max(from, state.first);
    if (!backwards && state.metadata.maxAge !== undefined) ordinal = this.firstAlive(number, ordinal, state);
    const step = backwards ? -1 : 1;
    while (frames.length < limit && ordinal >= state.first && ordinal <= state.last) {
      const offset = this.index.offset(number, ordinal);
      if (offset >= 0) {
        const frame = this.recentFrame(offset) ?? reader.at(offset);
        if (!this.expired(frame, state.metadata)) frames.push(frame);
        else if (backwards) return { frames, next: undefined };
      }
      ordinal += step;
    }
    return { frames, next: ordinal >= state.first && ordinal <= state.last ? ordinal : undefined };
  }

  /** Up to `limit` events of the whole log in its order: at or after `from`, or before it when `backwards`. */
  readAll(from: number, backwards: boolean, limit: number, reader = new FrameReader(this.segments)): Page {
    const frames: Frame[] = [];
    let offset = Math.min(from, this.committed);
    while (frames.length < limit && (backwards ? offset > 0 : offset < this.committed)) {
      const frame = backwards ? reader.before(offset) : (this.recentFrame(offset) ?? reader.at(offset));
      offset = backwards ? offset - frame.length : offset + frame.length;
      if (frame.kind === KIND_EVENT) frames.push(frame);
    }
    return { frames, next: (backwards ? offset > 0 : offset < this.committed) ? offset : undefined };
  }

  /** A reader's own window onto the files; pass it to successive reads of one consumer. */
  openReader(): FrameReader {
    return new FrameReader(this.segments);
  }

  /** Calls back after each commit, until the returned function is called. */
  follow(listener: () => void): () => void {
    this.followers.add(listener);
    return () => void this.followers.delete(listener);
  }

  /** Calls back after each commit that touches the stream or its metadata. */
  followStream(stream: string, listener: () => void): () => void {
    const listeners = this.streamFollowers.get(stream) ?? new Set();
    this.streamFollowers.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.streamFollowers.delete(stream);
    };
  }

  async close(): Promise<void> {
    this.closed = true;
    while (this.writing || this.batch) await new Promise((resolve) => setImmediate(resolve));
    this.segments.close();
  }

  private admit<T extends Appended | WrongExpectedRevision>(decide: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.closed) return reject(new LogUnavailable('The log is closed.'));
      let answer: T;
      try {
        answer = decide();
      } catch (error) {
        return reject(error as Error);
      }
      if (!this.batch && !this.writing) return resolve(answer);
      this.openBatch().settle.push((error) => (error ? reject(error) : resolve(answer)));
      this.schedule();
    });
  }

  private decideAppend(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Appended | WrongExpectedRevision {
    const decided = this.check(stream, expected, events);
    if (decided) return decided;
    const { last } = this.head(stream);
    if (events.length === 0) return { outcome: 'appended', revision: last < 0 ? undefined : BigInt(last) };
    const metadata = this.pendingMetadata(stream);
    if (metadata.truncateBefore === Infinity) this.place(metastreamOf(stream), [systemEvent('$metadata', withTruncateBefore(metadata, last + 1))]);
    return this.place(stream, events);
  }

  /** The original's commit check: undefined means go on and write. */
  private check(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Appended | WrongExpectedRevision | undefined {
    const { last } = this.head(stream);
    if (this.pendingTombstone(stream)) throw new StreamDeleted(stream);
    const softDeleted = this.pendingMetadata(stream).truncateBefore === Infinity;
    if (expected === 'stream_exists') {
      if (softDeleted) throw new StreamDeleted(stream);
      if (last < 0 && this.head(metastreamOf(stream)).last < 0) return wrong(last);
    }
    if (expected === 'any' || expected === 'stream_exists') {
      let written: { ordinal: number; offset: number } | undefined;
      for (const [i, event] of events.entries()) {
        const found = this.ids.get(event.id);
        if (!found || found.stream !== stream) return i === 0 ? undefined : wrong(last);
        written = found;
      }
      return written && { outcome: 'appended', revision: BigInt(written.ordinal), position: BigInt(written.offset) };
    }
    const expectedLast = expected === 'no_stream' ? -1 : expected > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(expected);
    if (expectedLast === last) return undefined;
    if (expectedLast > last || events.length === 0) return wrong(last);
    let offset = -1;
    for (const [i, event] of events.entries()) {
      const found = this.writtenAt(stream, expectedLast + 1 + i);
      if (!found || !found.id.equals(event.id)) return i === 0 && expected === 'no_stream' && softDeleted ? undefined : wrong(last);
      offset = found.offset;
    }
    return { outcome: 'appended', revision: BigInt(expectedLast + events.length), position: BigInt(offset) };
  }

  private place(stream: string, events: readonly NewEvent[], tombstone = false): Appended {
    const batch = this.openBatch();
    const name = Buffer.from(stream);
    const createdMs = this.now();
    let { last } = this.head(stream);
    for (const [i, event] of events.entries()) {
      last++;
      const place = { ordinal: last, offset: this.tail, durable: this.committed, createdMs, first: i === 0, last: i === events.length - 1, tombstone };
      const bytes = encodeFrame(name, event, place);
      batch.frames.push(new Frame(bytes, 0, bytes.length));
      batch.bytes += bytes.length;
      batch.ids.push(event.id);
      this.ids.add(event.id, { stream, ordinal: last, offset: this.tail });
      this.tail += bytes.length;
    }
    const final = batch.frames.at(-1)!;
    const metadata = isMetastream(stream) ? (final.type === '$metadata' ? parseMetadata(final.data) : NO_METADATA) : undefined;
    this.heads.set(stream, { last, tombstoned: tombstone, metadata });
    return { outcome: 'appended', revision: final.revision, position: final.position };
  }

  private openBatch(): Batch {
    return (this.batch ??= { frames: [], bytes: 0, start: this.tail, ids: [], settle: [] });
  }

  private schedule(): void {
    if (this.writing) return;
    this.writing = true;
    setImmediate(() => void this.write());
  }

  private async write(): Promise<void> {
    while (this.batch) {
      const batch = this.batch;
      this.batch = undefined;
      this.inFlight = batch;
      try {
        if (batch.frames.length > 0) {
          if (batch.start - this.segments.active!.start >= this.segmentSize) this.segments.roll(batch.start);
          await this.segments.append(gather(batch), batch.start);
        }
      } catch (error) {
        this.fail(batch, error as Error);
        continue;
      }
      this.commit(batch);
    }
    this.writing = false;
    if (this.batch) this.schedule();
  }

  private commit(batch: Batch): void {
    for (const frame of batch.frames) {
      this.note(frame);
      if (this.heads.get(frame.stream)?.last === frame.ordinal) this.heads.delete(frame.stream);
    }
    this.committed = batch.start + batch.bytes;
    this.inFlight = undefined;
    for (const settle of batch.settle) settle();
    if (batch.frames.length === 0) return;
    this.keepRecent(batch);
    for (const listener of this.followers) listener();
    if (this.streamFollowers.size === 0) return;
    const touched = new Set<string>();
    for (const frame of batch.frames) touched.add(frame.stream);
    for (const stream of touched) {
      for (const listener of this.streamFollowers.get(stream) ?? []) listener();
      if (isMetastream(stream)) for (const listener of this.streamFollowers.get(originalOf(stream)) ?? []) listener();
    }
  }

  /** Nothing of the batch, nor of what was decided on top of it, has happened. */
  private fail(batch: Batch, error: Error): void {
    const refused = new LogUnavailable(`The node cannot write: ${error.message}`, (error as NodeJS.ErrnoException).code);
    const next = this.batch as Batch | undefined;
    this.batch = this.inFlight = undefined;
    this.tail = this.committed;
    this.heads.clear();
    for (const failed of next ? [batch, next] : [batch]) {
      for (const id of failed.ids) this.ids.delete(id);
      for (const settle of failed.settle) settle(refused);
    }
  }

  private note(frame: Frame): void {
    if (frame.kind !== KIND_EVENT) return;
    const { stream, ordinal, offset } = frame;
    this.index.add(stream, ordinal, offset, frame.tombstone);
    if (isMetastream(stream)) this.metadataCache.delete(originalOf(stream));
    if (this.tail <= offset) this.ids.add(Buffer.from(frame.id), { stream, ordinal, offset });
  }

  private head(stream: string): Head {
    const pending = this.heads.get(stream);
    if (pending) return pending;
    const number = this.index.find(stream);
    return { last: this.index.last(number), tombstoned: this.index.tombstoned(number) };
  }

  private pendingMetadata(stream: string): StreamMetadata {
    return this.heads.get(metastreamOf(stream))?.metadata ?? this.metadata(stream);
  }

  private pendingTombstone(stream: string): boolean {
    return this.head(stream).tombstoned || (isMetastream(stream) && this.head(originalOf(stream)).tombstoned);
  }

  private deletedForEver(stream: string): boolean {
    const gone = (name: string) => this.index.tombstoned(this.index.find(name));
    return gone(stream) || (isMetastream(stream) && gone(originalOf(stream)));
  }

  private writtenAt(stream: string, ordinal: number): Frame | undefined {
    const offset = this.index.offset(this.index.find(stream), ordinal);
    if (offset >= 0) return this.frameAt(offset);
    const here = (frame: Frame) => frame.ordinal === ordinal && frame.stream === stream;
    return this.inFlight?.frames.find(here) ?? this.batch?.frames.find(here);
  }

  private frameAt(offset: number): Frame {
    return this.recentFrame(offset) ?? this.reader.at(offset);
  }

  /** A frame that was committed so lately that it is still in memory. */
  private recentFrame(offset: number): Frame | undefined {
    const oldest = this.recent[0];
    if (!oldest || offset < oldest.start) return undefined;
    const batch = this.recent[bisect(this.recent.length, (i) => this.recent[i]!.start <= offset)]!;
    const frame = batch.frames[bisect(batch.frames.length, (i) => batch.frames[i]!.offset <= offset)]!;
    return frame.offset === offset ? frame : undefined;
  }

  private keepRecent(batch: Batch): void {
    this.recent.push(batch);
    this.recentBytes += batch.bytes;
    while (this.recentBytes > RECENT_BYTES && this.recent.length > 1) this.recentBytes -= this.recent.shift()!.bytes;
  }

  private expired(frame: Frame, metadata: StreamMetadata): boolean {
    return metadata.maxAge !== undefined && frame.createdMs < this.now() - metadata.maxAge * 1000;
  }

  /** The first revision from `from` on that `$maxAge` still shows, by bisection. */
  private firstAlive(number: number, from: number, state: StreamState): number {
    let low = from;
    let high = state.last + 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      const offset = this.index.offset(number, middle);
      if (offset < 0 || this.expired(this.frameAt(offset), state.metadata)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private remember(stream: string, metadata: StreamMetadata): void {
    if (this.metadataCache.size >= METADATA_CACHE) this.metadataCache.delete(this.metadataCache.keys().next().value!);
    this.metadataCache.set(stream, metadata);
  }
}

/** Events of one read, and where the next read goes on (absent at the end). */
export type Page = Readonly<{ frames: Frame[]; next: number | undefined }>;

/** A metadata stream keeps one event. */
const METASTREAM: StreamMetadata = { maxCount: 1, raw: {} };

const wrong = (last: number): WrongExpectedRevision => ({ outcome: 'wrong-expected-revision', current: last < 0 ? undefined : BigInt(last) });
const systemEvent = (type: string, data: Buffer): NewEvent => ({ id: randomUUIDBytes(), type, json: true, data, metadata: Buffer.alloc(0) });
const gather = (batch: Batch) => Buffer.concat(batch.frames.map((frame) => frame.buffer), batch.bytes);

/** The last index below `count` for which `holds` (true up to some point, and at 0). */
function bisect(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
