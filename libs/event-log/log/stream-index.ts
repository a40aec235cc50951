/**
 * Hides: the log offset of each event of each stream, across all files.
 * Promises: revisions of a stream are dense from `first` to `last`; start-up reads saved indexes instead of the log.
 * Does not: hold event content or stream metadata.
 */
import fs from 'node:fs';
import type { Frame } from './frame';
import { ActiveIndex, type Run, SealedIndex } from './segment-index';
import type { Segment, Segments } from './segments';
import { StreamTable } from './stream-table';

export class StreamIndex {
  private readonly table = new StreamTable();
  private readonly sealed: SealedIndex[] = [];
  private active = new ActiveIndex();
  /** Per file: the first stream number that it added, and the streams that were tombstoned in it. */
  private readonly firstNumbers: number[] = [0];
  private readonly buried: number[][] = [[]];
  private memo: { number: number; run: Run; base: number } | undefined;

  constructor(private readonly segments: Segments) {}

  get streams(): number {
    return this.table.size;
  }

  /** The stream's number, or -1 if nothing was ever written to it. */
  find(name: string): number {
    return this.table.find(name);
  }

  /** Records one committed frame of the newest file. */
  add(frame: Frame, isEvent: boolean): void {
    const base = this.segments.list[this.sealed.length]!.start;
    const offset = frame.offset - base;
    this.active.mark(offset);
    if (!isEvent) return;
    const number = this.table.intern(frame.streamBytes);
    const ordinal = frame.ordinal;
    this.active.add(number, ordinal, offset);
    this.table.setLast(number, ordinal);
    this.memo = undefined;
    if (!frame.tombstone) return;
    this.table.bury(number);
    this.buried.at(-1)!.push(number);
  }

  /** The newest file is full: its index is compacted and saved. */
  seal(): void {
    this.push(this.active.seal());
    this.save(this.sealed.length - 1);
  }

  /** Loads the saved index of the next file; false if it has to be rebuilt from the log. */
  load(segment: Segment): boolean {
    const saved = SealedIndex.load(indexFile(segment), segment.start, segment.end);
    if (!saved) return false;
    for (const name of saved.newNames) this.table.intern(name);
    for (const number of saved.tombstones) {
      this.table.bury(number);
      this.buried.at(-1)!.push(number);
    }
    saved.index.eachHead((number, last) => this.table.setLast(number, last));
    this.push(saved.index);
    return true;
  }

  /** The stream's last revision, or -1. */
  last(number: number): number {
    return number < 0 ? -1 : this.table.last(number);
  }

  /** The stream's first revision that is still in the log. */
  first(number: number): number {
    if (number < 0) return 0;
    for (const index of this.sealed) {
      const run = index.run(number);
      if (run && run.count > 0) return run.first;
    }
    return this.active.run(number)?.first ?? 0;
  }

  /** Log offset of one event, or -1 if it is not in the log. */
  offset(number: number, ordinal: number): number {
    if (number < 0 || ordinal < 0 || ordinal > this.last(number)) return -1;
    const memo = this.memo;
    if (memo && memo.number === number) {
      const i = ordinal - memo.run.first;
      if (i >= 0 && i < memo.run.count) return memo.base + memo.run.offsets[memo.run.from + i]!;
    }
    for (let s = this.sealed.length; s >= 0; s--) {
      const run = s === this.sealed.length ? this.active.run(number) : this.sealed[s]!.run(number);
      if (!run || ordinal < run.first) continue;
      if (ordinal >= run.first + run.count) return -1;
      const base = this.segments.list[s]!.start;
      this.memo = { number, run, base };
      return base + run.offsets[run.from + ordinal - run.first]!;
    }
    return -1;
  }

  tombstoned(number: number): boolean {
    return this.table.tombstoned(number);
  }

  /** A frame start at or before a log offset, at most about 64 KiB and one frame away. */
  near(offset: number): number {
    const s = this.segments.indexAt(offset);
    const base = this.segments.list[s]!.start;
    return base + (s < this.sealed.length ? this.sealed[s]!.near(offset - base) : this.active.near(offset - base));
  }

  /** Number of the stream that a committed event belongs to. */
  numberOf(frame: Frame): number {
    return this.table.intern(frame.streamBytes);
  }

  /** Replaces the index of a file that scavenging rewrote; names and last revisions stay. */
  replace(s: number, rebuilt: ActiveIndex): void {
    this.sealed[s] = rebuilt.seal();
    this.memo = undefined;
    this.save(s);
  }

  /** Deletes the saved index of a file that is about to change. */
  discard(s: number): void {
    fs.rmSync(indexFile(this.segments.list[s]!), { force: true });
  }

  /** A failed save only costs time at the next start. */
  private save(s: number): void {
    const segment = this.segments.list[s]!;
    const from = this.firstNumbers[s]!;
    const to = this.firstNumbers[s + 1]!;
    const names: Buffer[] = [];
    for (let number = from; number < to; number++) {
      const name = this.table.name(number);
      const length = Buffer.alloc(2);
      length.writeUInt16LE(name.length);
      names.push(length, name);
    }
    try {
      this.sealed[s]!.save(
        indexFile(segment),
        segment.start,
        segment.end,
        Buffer.concat(names),
        to - from,
        Uint32Array.from(this.buried[s]!),
      );
    } catch {
      fs.rmSync(`${indexFile(segment)}.new`, { force: true });
    }
  }

  private push(index: SealedIndex): void {
    this.sealed.push(index);
    this.active = new ActiveIndex();
    this.firstNumbers.push(this.table.size);
    this.buried.push([]);
    this.memo = undefined;
  }
}

const indexFile = (segment: Segment) => segment.file.replace(/\.log$/, '.index');
