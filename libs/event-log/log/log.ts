/**
 * Hides: the durable log, its index and the rules of EventStoreDB's streams.
 * Promises: an append that resolves is on disk; readers and followers see only durable events, in log order, each once.
 * Does not: speak gRPC, check access rights, or resolve links.
 */
import path from 'node:path';
import { type Appended, Appends, type ExpectedRevision, type WrongExpectedRevision } from './appends';
import { CommittedIds } from './committed-ids';
import { encodeMark, type Frame, KIND_EVENT, KIND_GAP, type NewEvent } from './frame';
import { Followers } from './followers';
import type { Journal } from './journal';
import { privateDataDirectory } from './private-files';
import { RecentBatches } from './recent-batches';
import { recover } from './recovery';
import { AppendSize, LogUnavailable } from './refusals';
import { discardUnfinished, scavenge, type Scavenged } from './scavenge';
import { DamagedLog, FrameReader, Segments } from './segments';
import { StreamIndex } from './stream-index';
import {
  isMetastream,
  metastreamOf,
  NO_METADATA,
  originalOf,
  parseMetadata,
  type StreamMetadata,
  type StreamState,
} from './stream-metadata';
import { type Batch, Writer } from './writer';

export type { ExpectedRevision } from './appends';

export type LogOptions = Readonly<{
  /** Bytes of data that one append may hold; 1 MiB as in EventStoreDB 24. */
  maxAppendSize?: number;
  /** Bytes after which a new file is started. */
  segmentSize?: number;
  /** False: answers before the data is on disk; only for the negative control of the power-cut test. */
  durable?: boolean;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Receives log lines for operators; dropped by default. */
  journal?: Journal;
}>;

/** Events of one read, and where the next read continues (absent at the end). */
export type Page = Readonly<{ frames: Frame[]; next: number | undefined }>;

const METADATA_CACHE = 20_000;
/** Bytes after which one read ends early, so that large events do not cause huge pages. */
const PAGE_BYTES = 256 * 1024;
const DEFAULT_SEGMENT = 64 * 1024 * 1024;
/** A metadata stream keeps one event. */
const METASTREAM: StreamMetadata = { maxCount: 1, raw: {} };

export class EventLog {
  readonly maxAppendSize: number;
  private readonly segments: Segments;
  private readonly index: StreamIndex;
  private readonly writer: Writer;
  private readonly appends: Appends;
  private readonly reader: FrameReader;
  private readonly metadataCache = new Map<string, StreamMetadata>();
  private readonly recent = new RecentBatches();
  private readonly followers = new Followers();
  /** Where each reader's last page ended: always the start of a frame. */
  private readonly reached = new WeakMap<FrameReader, number>();
  private readonly now: () => number;
  private closed = false;
  private readonly journal: Journal;
  /** Why the disk refuses writes, and since when; undefined while it accepts them. */
  trouble: Readonly<{ since: string; reason: string }> | undefined;
  private scavenging: Promise<Scavenged> | undefined;
  /** Streams whose metadata were written since the running scavenge began. */
  private changed: Set<string> | undefined;

  /** Opens and recovers the log in `dataDir`; throws `DamagedLog` rather than serving data that was not written. */
  constructor(
    readonly dataDir: string,
    options: LogOptions = {},
  ) {
    this.maxAppendSize = options.maxAppendSize ?? 1024 * 1024;
    this.now = options.now ?? Date.now;
    this.journal = options.journal ?? (() => undefined);
    privateDataDirectory(dataDir);
    this.segments = Segments.open(path.join(dataDir, 'log'), options.durable ?? true);
    discardUnfinished(this.segments.directory);
    this.reader = new FrameReader(this.segments);
    this.index = new StreamIndex(this.segments);
    const ids = new CommittedIds();
    const note = (frame: Frame) => ids.add(frame.id, { stream: frame.stream, ordinal: frame.ordinal, offset: frame.offset });
    const tail = this.segments.list.length === 0 ? this.begin() : recover(this.segments, this.index, note);
    this.segments.openForWriting(tail);
    const events = {
      committed: (batch: Batch) => this.commit(batch),
      failed: (frames: Frame[]) => this.appends.forget(frames),
      rolled: () => this.index.seal(),
      troubled: (error?: LogUnavailable) => this.troubled(error),
    };
    this.writer = new Writer(this.segments, options.segmentSize ?? DEFAULT_SEGMENT, events, tail);
    const durable = {
      index: this.index,
      metadata: (stream: string) => this.metadata(stream),
      frameAt: (offset: number) => this.frameAt(offset),
    };
    this.appends = new Appends(durable, this.writer, ids, this.now);
  }

  /** Log offset after the last durable event; only new events follow. */
  get end(): number {
    return this.writer.committed;
  }

  /** Totals written since the log was opened. */
  get counts(): Writer['counts'] {
    return this.writer.counts;
  }

  /** Number of streams that were ever written to. */
  get streams(): number {
    return this.index.streams;
  }

  /** Writes events, all or none; resolves when they are durable. */
  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended | WrongExpectedRevision> {
    const size = new AppendSize(this.maxAppendSize);
    for (const event of events) size.add(event);
    return this.durably(() => this.appends.append(stream, expected, events));
  }

  /** Soft delete: the stream reads as missing until the next append; its revisions continue. */
  delete(stream: string, expected: ExpectedRevision): Promise<Appended | WrongExpectedRevision> {
    return this.durably(() => this.appends.delete(stream, expected));
  }

  /** Hard delete: the name can never be used again. */
  tombstone(stream: string, expected: ExpectedRevision): Promise<Appended | WrongExpectedRevision> {
    return this.durably(() => this.appends.tombstone(stream, expected));
  }

  /** The current state of a stream, for readers. */
  state(stream: string): StreamState {
    const number = this.index.find(stream);
    const last = this.index.last(number);
    const metadata = this.metadata(stream);
    const tombstoned =
      this.index.tombstoned(number) || (isMetastream(stream) && this.index.tombstoned(this.index.find(originalOf(stream))));
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
    if (this.metadataCache.size >= METADATA_CACHE) this.metadataCache.delete(this.metadataCache.keys().next().value!);
    this.metadataCache.set(stream, metadata);
    return metadata;
  }

  /** One event by stream and revision, or undefined if it was never written or is no longer shown. */
  event(stream: string, ordinal: number): Frame | undefined {
    return this.readStream(stream, ordinal, false, 1, this.reader).frames.find((frame) => frame.ordinal === ordinal);
  }

  /**
   * Up to `limit` events of a stream, or fewer large ones, from `from` on (inclusive), and where to continue; `next` is undefined at the
   * stream's end. Retention applies; a missing or deleted stream reads as empty: `state` tells the difference.
   */
  readStream(stream: string, from: number, backwards: boolean, limit: number, reader = this.openReader()): Page {
    const state = this.state(stream);
    const frames: Frame[] = [];
    if (!state.exists) return { frames, next: undefined };
    const number = this.index.find(stream);
    let ordinal = backwards ? Math.min(from, state.last) : Math.max(from, state.first);
    if (!backwards && state.metadata.maxAge !== undefined) ordinal = this.firstAlive(number, ordinal, state);
    const step = backwards ? -1 : 1;
    let bytes = 0;
    while (frames.length < limit && bytes < PAGE_BYTES && ordinal >= state.first && ordinal <= state.last) {
      const offset = this.index.offset(number, ordinal);
      if (offset >= 0) {
        const frame = this.recent.frameAt(offset) ?? reader.at(offset);
        bytes += frame.length;
        if (!this.expired(frame, state.metadata)) frames.push(frame);
        else if (backwards) return { frames, next: undefined };
      }
      ordinal += step;
    }
    return { frames, next: ordinal >= state.first && ordinal <= state.last ? ordinal : undefined };
  }

  /** Up to `limit` events, or fewer large ones, of the whole log in log order: at or after `from`, or before it when `backwards`. */
  readAll(from: number, backwards: boolean, limit: number, reader = this.openReader()): Page {
    const frames: Frame[] = [];
    const end = this.end;
    let offset = from >= end ? end : backwards ? this.frameEnd(from, reader) : this.frameStart(from, reader);
    let bytes = 0;
    while (frames.length < limit && bytes < PAGE_BYTES && (backwards ? offset > 0 : offset < end)) {
      let frame: Frame;
      if (backwards) frame = reader.before(offset);
      else frame = this.recent.frameAt(offset) ?? reader.at(offset);
      offset = backwards ? offset - frame.length : offset + frame.length;
      if (frame.kind !== KIND_EVENT) continue;
      frames.push(frame);
      bytes += frame.length;
    }
    if (!backwards) this.reached.set(reader, offset);
    return { frames, next: (backwards ? offset > 0 : offset < end) ? offset : undefined };
  }

  /** Whether a frame begins at this log offset, or began there before a scavenge; also true at and beyond the log's end. */
  isPosition(offset: number): boolean {
    if (offset <= 0 || offset >= this.end || this.recent.frameAt(offset)) return true;
    const found = this.reader.probe(offset);
    if (typeof found !== 'string' && this.index.offset(this.index.find(found.stream), found.ordinal) === offset) return true;
    for (let at = this.index.near(offset); at <= offset;) {
      const { kind, length } = this.reader.at(at);
      if (at === offset || (kind === KIND_GAP && at + length > offset)) return true;
      at += length;
    }
    return false;
  }

  /** A reader's own read buffer; pass it to successive reads of one consumer. */
  openReader(reuse = false): FrameReader {
    return new FrameReader(this.segments, reuse);
  }

  /** Calls back after each commit, until the returned function is called. */
  follow(listener: () => void): () => void {
    return this.followers.follow(listener);
  }

  /** Calls back after each commit that touches the stream or its metadata. */
  followStream(stream: string, listener: () => void): () => void {
    return this.followers.followStream(stream, listener);
  }

  /** Frees what retention no longer shows; readers continue meanwhile. A second call joins the first. */
  scavenge(signal?: AbortSignal): Promise<Scavenged> {
    this.scavenging ??= this.scavengeOnce(signal).finally(() => (this.scavenging = undefined));
    return this.scavenging;
  }

  /** Closes the files without a clean shutdown, as a crash would. */
  abandon(): void {
    this.closed = true;
    this.writer.abandon();
    this.segments.close();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.scavenging?.catch(() => undefined);
    await this.writer.close();
    this.segments.close();
  }

  private async scavengeOnce(signal?: AbortSignal): Promise<Scavenged> {
    const changed = (this.changed = new Set<string>());
    const freed = await scavenge(this.segments, this.index, {
      state: (stream) => this.state(stream),
      now: this.now,
      changed,
      complete: () => this.writer.complete(),
      stopped: () => this.closed || signal?.aborted === true,
    }).finally(() => (this.changed = undefined));
    if (this.closed) return freed;
    this.recent.dropBefore(this.segments.active!.start);
    return freed;
  }

  private troubled(error: LogUnavailable | undefined): void {
    this.trouble = error && { since: new Date(this.now()).toISOString(), reason: error.code ?? 'the disk refuses writes' };
    if (error) this.journal('error', 'The disk refuses writes; reads continue.', { code: error.code, reason: error.message });
    else this.journal('info', 'The disk accepts writes again.');
  }

  private begin(): number {
    this.segments.roll(0);
    const mark = encodeMark(0, 0, this.now());
    this.segments.appendNow(mark.buffer);
    this.index.add(mark, false);
    return mark.length;
  }

  private async durably(decide: () => Appended | WrongExpectedRevision): Promise<Appended | WrongExpectedRevision> {
    if (this.closed) throw new LogUnavailable('The node is closing.');
    const answer = decide();
    await this.writer.settled();
    return answer;
  }

  private commit(batch: Batch): void {
    for (const frame of batch.frames) {
      const event = frame.kind === KIND_EVENT;
      this.index.add(frame, event);
      if (!event) continue;
      const { stream } = frame;
      if (!isMetastream(stream)) continue;
      this.metadataCache.delete(originalOf(stream));
      this.changed?.add(originalOf(stream));
    }
    this.appends.settle(batch.frames);
    this.recent.add(batch);
    this.followers.notify(batch);
  }

  private frameAt(offset: number): Frame {
    return this.recent.frameAt(offset) ?? this.reader.at(offset);
  }

  /**
   * Where the first frame at or after `offset` begins. A position that a client made up may be within an event's data, where bytes may look
   * like a frame: only frames in the index count.
   */
  private frameStart(offset: number, reader: FrameReader): number {
    if (this.recent.frameAt(offset)) return offset;
    const found = reader.probe(offset);
    // The frame that began here when the last page ended may be part of a gap after a scavenge.
    if (typeof found === 'string') return this.frameEnd(offset, reader);
    if (this.reached.get(reader) === offset) return offset;
    const known = found.kind === KIND_EVENT && this.index.offset(this.index.find(found.stream), found.ordinal) === offset;
    return known ? offset : this.frameEnd(offset, reader);
  }

  /** The end of the frame that contains `offset`, or `offset` itself if a frame begins there; a gap or an invalid position is not damage. */
  private frameEnd(offset: number, reader: FrameReader): number {
    let at = this.index.near(offset);
    while (at < offset) {
      const frame = reader.at(at);
      at += frame.length;
    }
    if (at === offset) {
      const frame = reader.probe(offset);
      if (typeof frame === 'string' && offset < this.end) throw new DamagedLog(this.segments.directory, offset, frame);
    }
    return at;
  }

  private expired(frame: Frame, metadata: StreamMetadata): boolean {
    return metadata.maxAge !== undefined && frame.createdMs < this.now() - metadata.maxAge * 1000;
  }

  /** The first revision from `from` on that `$maxAge` still shows, by bisection. */
  private firstAlive(number: number, from: number, state: StreamState): number {
    let low = from;
    let high = state.last + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const offset = this.index.offset(number, middle);
      if (offset < 0 || this.expired(this.frameAt(offset), state.metadata)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
