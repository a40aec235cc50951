/**
 * Hides: the offsets of the events in one log file, by stream: 4 bytes per event and 16 per stream once the file is full.
 * Promises: a saved index is used only if its checksum is right and it belongs to its file; else it is rebuilt from the log.
 * Does not: know other files.
 */
import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { PRIVATE_FILE } from './private-files';

/** Distance between recorded frame starts, from which any offset in a file is found. */
const STRIDE = 64 * 1024;

/** Offsets of a stream's events within a file: the event of revision `first + i` is at `offsets[from + i]`. */
export type Run = { first: number; from: number; count: number; offsets: ArrayLike<number> };

/** The file that is still being written. */
export class ActiveIndex {
  private readonly streams = new Map<number, { first: number; offsets: number[] }>();
  private readonly marks: number[] = [];
  events = 0;

  /** Records that a frame begins at `offset` (relative to the file). */
  mark(offset: number): void {
    const block = Math.ceil(offset / STRIDE);
    while (this.marks.length < block) this.marks.push(this.marks.at(-1) ?? 0);
    this.marks[block] = offset;
  }

  add(number: number, ordinal: number, offset: number): void {
    const run = this.streams.get(number);
    if (run) run.offsets.push(offset);
    else this.streams.set(number, { first: ordinal, offsets: [offset] });
    this.events++;
  }

  run(number: number): Run | undefined {
    const run = this.streams.get(number);
    return run && { first: run.first, from: 0, count: run.offsets.length, offsets: run.offsets };
  }

  /** A frame start at or before `offset`. */
  near(offset: number): number {
    return near(this.marks, offset);
  }

  seal(): SealedIndex {
    const numbers = Uint32Array.from(this.streams.keys()).sort();
    const firsts = ordinals(
      [...this.streams.values()].every((run) => run.first < TWO_32),
      numbers.length,
    );
    const starts = new Uint32Array(numbers.length + 1);
    const offsets = new Uint32Array(this.events);
    let at = 0;
    for (const [i, number] of numbers.entries()) {
      const run = this.streams.get(number)!;
      firsts[i] = run.first;
      starts[i] = at;
      offsets.set(run.offsets, at);
      at += run.offsets.length;
    }
    starts[numbers.length] = at;
    return new SealedIndex(numbers, firsts, at > numbers.length ? starts : undefined, offsets, Uint32Array.from(this.marks));
  }
}

function near(marks: ArrayLike<number>, offset: number): number {
  for (let block = Math.min(Math.ceil(offset / STRIDE), marks.length - 1); block >= 0; block--) {
    if (marks[block]! <= offset) return marks[block]!;
  }
  return 0;
}

/** A file that is full. */
export class SealedIndex {
  constructor(
    private readonly numbers: Uint32Array,
    private readonly firsts: Uint32Array | Float64Array,
    /** Where each stream's offsets begin; absent if every stream has exactly one event here. */
    private readonly starts: Uint32Array | undefined,
    private readonly offsets: Uint32Array,
    private readonly marks: Uint32Array,
  ) {}

  run(number: number): Run | undefined {
    let low = 0;
    let high = this.numbers.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.numbers[middle]!;
      if (found === number) return this.runAt(middle);
      if (found < number) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  near(offset: number): number {
    return near(this.marks, offset);
  }

  /** Calls back for every stream in the file with its newest revision in it. */
  eachHead(tell: (number: number, last: number) => void): void {
    const { numbers, firsts } = this;
    for (let i = 0; i < numbers.length; i++) tell(numbers[i]!, firsts[i]! + this.start(i + 1) - this.start(i) - 1);
  }

  private runAt(i: number): Run {
    const from = this.start(i);
    return { first: this.firsts[i]!, from, count: this.start(i + 1) - from, offsets: this.offsets };
  }

  private start(i: number): number {
    return this.starts ? this.starts[i]! : i;
  }

  /** Saves the index next to its file, with the names that first appear in it and the streams that were tombstoned in it. */
  save(file: string, start: number, end: number, newNames: Buffer, newStreams: number, tombstones: Uint32Array): void {
    const head = Buffer.alloc(HEAD);
    head.write(MAGIC, 0, 'latin1');
    head.writeDoubleLE(start, 8);
    head.writeDoubleLE(end, 16);
    const lengths = [newStreams, newNames.length, tombstones.length, this.numbers.length, this.offsets.length, this.marks.length];
    for (const [i, length] of lengths.entries()) head.writeUInt32LE(length, 24 + 4 * i);
    head.writeUInt32LE(this.firsts.BYTES_PER_ELEMENT, 48);
    const parts = [
      head,
      bytesOf(this.firsts),
      bytesOf(this.numbers),
      bytesOf(this.starts ?? new Uint32Array(0)),
      bytesOf(this.offsets),
      bytesOf(this.marks),
      bytesOf(tombstones),
      newNames,
    ];
    const body = Buffer.concat(parts);
    const check = Buffer.alloc(4);
    check.writeUInt32LE(crc32(body));
    fs.writeFileSync(`${file}.new`, Buffer.concat([body, check]), { mode: PRIVATE_FILE });
    fs.renameSync(`${file}.new`, file);
  }

  /** The saved index of the file from `start` to `end`, or undefined if there is no valid one. */
  static load(file: string, start: number, end: number): { index: SealedIndex; newNames: Buffer[]; tombstones: Uint32Array } | undefined {
    let content: Buffer;
    try {
      content = fs.readFileSync(file);
    } catch {
      return undefined;
    }
    const body = content.length - 4;
    if (body < HEAD || content.toString('latin1', 0, 8) !== MAGIC || content.readUInt32LE(body) !== crc32(content.subarray(0, body)))
      return undefined;
    if (content.readDoubleLE(8) !== start || content.readDoubleLE(16) !== end) return undefined;
    const [streams, nameBytes, buried, numbers, offsets, marks] = [0, 1, 2, 3, 4, 5].map((i) => content.readUInt32LE(24 + 4 * i)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    let at = HEAD;
    const take = (length: number) => content.subarray(at, (at += length));
    const words = (count: number) => {
      const bytes = take(count * 4);
      return bytes.byteOffset % 4 === 0 ? new Uint32Array(bytes.buffer, bytes.byteOffset, count) : new Uint32Array(copyOf(bytes));
    };
    const narrow = content.readUInt32LE(48) === 4;
    const firsts = narrow ? words(numbers) : new Float64Array(copyOf(take(numbers * 8)));
    const index = new SealedIndex(words(numbers), firsts, offsets > numbers ? words(numbers + 1) : undefined, words(offsets), words(marks));
    const tombstones = words(buried);
    const names = take(nameBytes);
    const newNames: Buffer[] = [];
    for (let i = 0, place = 0; i < streams; i++) {
      const length = names.readUInt16LE(place);
      newNames.push(names.subarray(place + 2, place + 2 + length));
      place += 2 + length;
    }
    return { index, newNames, tombstones };
  }
}

const MAGIC = 'evlogix3';
const HEAD = 56;
const TWO_32 = 2 ** 32;
const ordinals = (narrow: boolean, length: number) => (narrow ? new Uint32Array(length) : new Float64Array(length));
const bytesOf = (array: Uint32Array | Float64Array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const copyOf = (bytes: Buffer) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
