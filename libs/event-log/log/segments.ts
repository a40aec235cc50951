/**
 * Hides: that the log is several files of bounded size, each named by the log offset of its first byte. Promises: a write is durable when
 * it returns or its promise resolves (O_DSYNC); a read throws `DamagedLog` rather than returning a damaged frame. Does not: know streams;
 * for one OS process only (see lock.ts).
 */
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Frame, type Flaw, checkFrame, HEADER, MAX_FRAME } from './frame';
import { Pace } from './pace';
import { PRIVATE_FILE, privateLogDirectory } from './private-files';

const write = promisify(fs.write);
const fdatasync = promisify(fs.fdatasync);

/** The log on disk is not what was written; names the file and the position. */
export class DamagedLog extends Error {
  constructor(file: string, offset: number, flaw: string) {
    super(`The log is damaged: ${flaw} at log position ${offset} (${path.basename(file)}). Restore it from a backup or a replica.`);
  }
}

export type Segment = { readonly start: number; readonly file: string; fd: number; end: number };

function writeFullySync(fd: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done, bytes.length - done, at + done);
}

async function writeFully(fd: number, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await write(fd, bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

const EXTEND_BY = 4 * 1024 * 1024;
const DURABLE = 'durable';
/** Larger writes extend the file themselves; extending it with zeros first would only write twice. */
const SMALL_WRITE = 32 * 1024;
const ZEROS = Buffer.alloc(EXTEND_BY);
const nameOf = (start: number) => `${String(start).padStart(16, '0')}.log`;

export class Segments {
  readonly list: Segment[] = [];
  /** Allocated bytes of the active file: a small write within them changes no file size and needs no journal commit of the file system. */
  private allocated = 0;
  private extending: Promise<void> | undefined;
  private readonly pace = new Pace();
  private syncFd = -1;
  /** How often a file was replaced: bytes read from it before are then stale. */
  replaced = 0;

  private constructor(
    readonly directory: string,
    private readonly durable: boolean,
  ) {}

  static open(directory: string, durable = true): Segments {
    privateLogDirectory(directory);
    const segments = new Segments(directory, durable);
    const starts = fs
      .readdirSync(directory)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .map((name) => Number(name.slice(0, 16)))
      .sort((a, b) => a - b);
    for (const start of starts) {
      const file = path.join(directory, nameOf(start));
      const fd = fs.openSync(file, 'r');
      segments.list.push({ start, file, fd, end: start + fs.fstatSync(fd).size });
    }
    return segments;
  }

  get active(): Segment | undefined {
    return this.list.at(-1);
  }

  /** Resolves when nothing writes to the files any more but `append`. */
  async settled(): Promise<void> {
    await this.extending;
  }

  /** Starts a new file at `start`, while no write is pending; earlier ones are read-only from now on. After a failure nothing has changed. */
  roll(start: number): void {
    const full = this.active;
    if (full) {
      fs.ftruncateSync(this.syncFd, start - full.start);
      fs.fsyncSync(this.syncFd);
      this.allocated = full.end = start;
    }
    const file = path.join(this.directory, nameOf(start));
    fs.closeSync(fs.openSync(file, 'w', PRIVATE_FILE));
    const directory = fs.openSync(this.directory, 'r');
    fs.fsyncSync(directory);
    fs.closeSync(directory);
    const fd = fs.openSync(file, 'r');
    let syncFd: number;
    try {
      syncFd = this.writable(file, 0);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    if (this.syncFd >= 0) fs.closeSync(this.syncFd);
    this.syncFd = syncFd;
    this.list.push({ start, file, fd, end: start });
    this.allocated = start;
  }

  /** Opens the last file for writing at `tail`; everything after it is cut off. */
  openForWriting(tail: number): void {
    const active = this.active!;
    if (this.syncFd >= 0) fs.closeSync(this.syncFd);
    this.syncFd = -1;
    this.syncFd = this.writable(active.file, tail - active.start);
    this.allocated = tail;
    active.end = tail;
  }

  private writable(file: string, length: number): number {
    const { O_RDWR, O_DSYNC } = fs.constants;
    const fd = fs.openSync(file, this.durable ? O_RDWR | O_DSYNC : O_RDWR);
    try {
      fs.ftruncateSync(fd, length);
      fs.fsyncSync(fd);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    return fd;
  }

  /** Writes at the log's tail; durable when it returns, or when its promise resolves. After a failure the file ends at `offset` again. */
  append(bytes: Buffer, offset: number): Promise<void> | undefined {
    if (this.syncFd < 0) this.openForWriting(offset);
    const end = offset + bytes.length;
    if (bytes.length < SMALL_WRITE && this.allocated - end < EXTEND_BY / 2) this.extending ??= this.extend(this.active!);
    const room = end <= this.allocated || !this.extending;
    if (!room || !this.pace.quick()) return this.appendLater(bytes, offset);
    try {
      this.pace.measured(() => writeFullySync(this.syncFd, bytes, offset - this.active!.start));
    } catch (error) {
      this.cutBack(offset);
      throw error;
    }
    this.appended(end);
    return undefined;
  }

  private async appendLater(bytes: Buffer, offset: number): Promise<void> {
    try {
      if (offset + bytes.length > this.allocated) await this.extending;
      await writeFully(this.syncFd, bytes, offset - this.active!.start);
    } catch (error) {
      this.cutBack(offset);
      throw error;
    }
    this.appended(offset + bytes.length);
  }

  private appended(end: number): void {
    if (this.allocated < end) this.allocated = end;
    this.active!.end = end;
  }

  /** A later recovery must not find a half-written batch: its writers were told that it failed. */
  private cutBack(offset: number): void {
    try {
      this.openForWriting(offset);
    } catch {
      this.syncFd = -1;
    }
  }

  /** Writes the first bytes of a new log. */
  appendNow(bytes: Buffer): void {
    fs.writeSync(this.syncFd, bytes, 0, bytes.length, 0);
    this.active!.end = this.allocated = bytes.length;
  }

  /** Extends the active file with zeros while writes continue; if that fails, as on a full disk, the next write extends the file itself. */
  private async extend(active: Segment): Promise<void> {
    let fd: number | undefined;
    try {
      fd = fs.openSync(active.file, 'r+');
      let at = Math.max(this.allocated, active.end);
      const end = at + EXTEND_BY;
      while (at < end) at += (await write(fd, ZEROS, 0, end - at, at - active.start)).bytesWritten;
      if (this.durable) await fdatasync(fd);
      if (this.active === active && this.allocated < end) this.allocated = end;
    } catch {
      // If it matters, the next write reports the error.
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
      this.extending = undefined;
    }
  }

  /** Records in a separate file that everything before `offset` is durable. */
  async noteDurable(offset: number): Promise<void> {
    const note = Buffer.alloc(12);
    note.writeDoubleLE(offset, 4);
    note.writeUInt32LE(crc32(note.subarray(4)), 0);
    const { O_RDWR, O_CREAT, O_DSYNC } = fs.constants;
    const fd = fs.openSync(path.join(this.directory, DURABLE), O_RDWR | O_CREAT | O_DSYNC, PRIVATE_FILE);
    try {
      await writeFully(fd, note, 0);
    } finally {
      fs.closeSync(fd);
    }
  }

  /** Log offset before which everything was recorded as durable; 0 if the record is missing or damaged. */
  notedDurable(): number {
    try {
      const note = fs.readFileSync(path.join(this.directory, DURABLE));
      return note.length === 12 && note.readUInt32LE(0) === crc32(note.subarray(4)) ? note.readDoubleLE(4) : 0;
    } catch {
      return 0;
    }
  }

  /** Serves a full file from another descriptor from now on. */
  replace(segment: Segment, fd: number): void {
    fs.closeSync(segment.fd);
    segment.fd = fd;
    this.replaced++;
  }

  /** The segment that holds `offset`, by binary search. */
  indexAt(offset: number): number {
    let low = 0;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.list[middle]!.start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  close(): void {
    for (const segment of this.list) fs.closeSync(segment.fd);
    if (this.syncFd >= 0) fs.closeSync(this.syncFd);
    this.list.length = 0;
    this.syncFd = -1;
  }
}

const SMALLEST_WINDOW = 4 * 1024;
const LARGEST_WINDOW = 256 * 1024;

/** Reads frames by log offset through one buffer, which grows while reads are sequential. */
export class FrameReader {
  private window: Buffer = Buffer.alloc(0);
  private windowStart = 0;
  /** Earlier buffers that frames may still refer to, and a free one. */
  private earlier: Buffer[] = [];
  private free: Buffer | undefined;
  private size = SMALLEST_WINDOW;
  private replaced = 0;

  /** @param reuse true for a reader that uses frames only briefly and calls `release` after it */
  constructor(
    private readonly segments: Segments,
    private readonly reuse = false,
  ) {}

  /** Frees the buffer, for a reader that waits. */
  rest(): void {
    this.window = Buffer.alloc(0);
    this.earlier = [];
    this.free = undefined;
    this.size = SMALLEST_WINDOW;
  }

  /** The frames read so far are no longer needed: earlier buffers may be overwritten. */
  release(): void {
    for (const window of this.earlier.splice(0)) if (window.length >= LARGEST_WINDOW) this.free = window;
  }

  /** The valid frame at `offset`, or what is wrong there. */
  probe(offset: number): Frame | Flaw {
    const segment = this.segments.list[this.segments.indexAt(offset)];
    if (!segment || offset < segment.start || offset >= segment.end) return 'end of file';
    this.forgetReplaced();
    let at = offset - this.windowStart;
    if (at < 0 || at + HEADER > this.window.length) {
      this.size = at >= 0 && at <= this.window.length + SMALLEST_WINDOW ? Math.min(this.size * 2, LARGEST_WINDOW) : SMALLEST_WINDOW;
      this.load(segment, offset, this.size);
      at = 0;
    }
    let frame = checkFrame(this.window, at, this.window.length, offset);
    if (frame === 'end of file' && this.windowStart + this.window.length < segment.end) {
      const length = this.window.length - at >= 4 ? this.window.readUInt32LE(at) : 0;
      if (at > 0) this.size = Math.min(this.size * 2, LARGEST_WINDOW);
      this.load(segment, offset, Math.max(Math.min(length, MAX_FRAME), this.size));
      frame = checkFrame(this.window, 0, this.window.length, offset);
    }
    return frame;
  }

  /** The frame at `offset`; throws if there is none. */
  at(offset: number): Frame {
    const frame = this.probe(offset);
    if (typeof frame === 'string') {
      throw new DamagedLog(this.segments.list[this.segments.indexAt(offset)]?.file ?? this.segments.directory, offset, frame);
    }
    return frame;
  }

  /** The frame that ends just before `offset`. */
  before(offset: number): Frame {
    let index = this.segments.indexAt(offset);
    if (this.segments.list[index]!.start === offset) index--;
    const segment = this.segments.list[index]!;
    this.forgetReplaced();
    const at = offset - this.windowStart;
    if (at < 4 || at > this.window.length) {
      const start = Math.max(segment.start, offset - this.size);
      this.size = Math.min(this.size * 2, LARGEST_WINDOW);
      this.load(segment, start, offset - start);
    }
    const length = this.window.readUInt32LE(offset - this.windowStart - 4);
    if (length > offset - segment.start) throw new DamagedLog(segment.file, offset, 'length');
    return this.at(offset - length);
  }

  /** The bytes after the buffer may have become part of a gap that begins within it. */
  private forgetReplaced(): void {
    if (this.replaced === this.segments.replaced) return;
    this.replaced = this.segments.replaced;
    this.window = Buffer.alloc(0);
  }

  private load(segment: Segment, offset: number, size: number): void {
    const length = Math.min(size, segment.end - offset);
    if (this.reuse && this.window.length > 0) this.earlier.push(Buffer.from(this.window.buffer));
    const free = this.free && this.free.length >= length ? this.free : undefined;
    if (free) this.free = undefined;
    const buffer = (free ?? Buffer.allocUnsafeSlow(length)).subarray(0, length);
    const read = fs.readSync(segment.fd, buffer, 0, length, offset - segment.start);
    this.window = read === length ? buffer : buffer.subarray(0, read);
    this.windowStart = offset;
  }
}
