/**
 * Hides: how disk space is freed while positions stay the same: dropped frames become holes in the same place. Promises: drops only what
 * retention no longer shows, never a stream's last event; the file being written is completed first if it holds anything to drop; a crash
 * leaves either the old file or the new one; the node keeps serving, since at most one block of 256 KiB is handled per turn. Does not:
 * reorder, renumber or merge files.
 */
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { encodeGap, type Frame, KIND_EVENT } from './frame';
import { PRIVATE_FILE } from './private-files';
import { ActiveIndex } from './segment-index';
import { FrameReader, type Segment, type Segments } from './segments';
import type { StreamIndex } from './stream-index';
import type { StreamState } from './stream-metadata';

const [open, read, write, fsync, fdatasync, close] = [
  promisify(fs.open),
  promisify(fs.read),
  promisify(fs.write),
  promisify(fs.fsync),
  promisify(fs.fdatasync),
  promisify(fs.close),
];

/** What a scavenge freed. */
export type Scavenged = Readonly<{ events: number; bytes: number }>;

/** What a scavenge needs from the running log. */
export type Retention = Readonly<{
  state(stream: string): StreamState;
  now(): number;
  /** Streams whose metadata were written since the scavenge began. */
  changed: ReadonlySet<string>;
  /** Completes the file that is being written. */
  complete(): Promise<void>;
  /** True when it should stop; the file that it was copying stays unchanged. */
  stopped(): boolean;
}>;

/** Bytes that are read, copied or indexed before other work gets a turn. */
const BLOCK = 256 * 1024;
/** Copied bytes after which they are flushed to disk, so that appends never wait for many of them. */
const SYNC_EVERY = 8 * 1024 * 1024;

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

export async function scavenge(segments: Segments, index: StreamIndex, retention: Retention): Promise<Scavenged> {
  const freed = { events: 0, bytes: 0 };
  const firstKept = new Map<string, number>();
  // Without room for another file only full files are scavenged, which makes room.
  if (await dropsAny(segments, retention)) await retention.complete().catch(() => undefined);
  const full = segments.list.length - 1;
  for (let s = 0; s < full && !retention.stopped(); s++) {
    const segment = segments.list[s]!;
    const dropped = new Map<string, Dropped>();
    const stretches = await plan(segments, segment, retention, firstKept, dropped);
    const gaps = stretches.filter((stretch) => !stretch.keep && stretch.events > 0);
    if (gaps.length === 0 || retention.stopped()) continue;
    if (!(await rewrite(segments, s, stretches, index, retention, dropped))) continue;
    for (const gap of gaps) {
      freed.events += gap.events;
      freed.bytes += gap.end - gap.start;
    }
  }
  return freed;
}

/** Whether the file being written holds anything to drop. */
async function dropsAny(segments: Segments, retention: Retention): Promise<boolean> {
  const { start, end } = segments.active!;
  const stretches = await plan(segments, { start, end }, retention, new Map(), new Map());
  return stretches.some(({ keep, events }) => !keep && events > 0);
}

/** Removes leftovers of scavenges that a crash interrupted. */
export function discardUnfinished(directory: string): void {
  for (const name of fs.readdirSync(directory)) if (name.endsWith('.log.new')) fs.rmSync(path.join(directory, name), { force: true });
}

type Dropped = Pick<Frame, 'stream' | 'ordinal' | 'createdMs'>;
type Stretch = { keep: boolean; start: number; end: number; events: number };

/** Divides a file into ranges to keep and ranges to drop, and returns the last dropped event of each stream. */
async function plan(
  segments: Segments,
  segment: Pick<Segment, 'start' | 'end'>,
  retention: Retention,
  firstKept: Map<string, number>,
  dropped: Map<string, Dropped>,
): Promise<Stretch[]> {
  const reader = new FrameReader(segments);
  const stretches: Stretch[] = [];
  let turnEnds = segment.start + BLOCK;
  for (let offset = segment.start; offset < segment.end && !retention.stopped();) {
    const frame = reader.at(offset);
    const event = frame.kind === KIND_EVENT;
    const kept = event ? keep(frame, firstKept, retention) : segment.start === 0 && offset === 0;
    if (event && !kept) dropped.set(frame.stream, { stream: frame.stream, ordinal: frame.ordinal, createdMs: frame.createdMs });
    const last = stretches.at(-1);
    if (last?.keep === kept) {
      last.end += frame.length;
      last.events += event ? 1 : 0;
    } else stretches.push({ keep: kept, start: offset, end: offset + frame.length, events: event ? 1 : 0 });
    offset += frame.length;
    if (offset < turnEnds) continue;
    turnEnds = offset + BLOCK;
    await breathe();
  }
  return stretches;
}

/** Retention drops the oldest events of a stream only; once an event is kept, all later ones are. */
function keep(frame: Frame, firstKept: Map<string, number>, retention: Retention): boolean {
  const known = firstKept.get(frame.stream);
  if (known !== undefined && frame.ordinal >= known) return true;
  if (mayGo(frame, retention)) return false;
  firstKept.set(frame.stream, frame.ordinal);
  return true;
}

function mayGo({ stream, ordinal, createdMs }: Dropped, { state: stateOf, now }: Retention): boolean {
  const state = stateOf(stream);
  const { maxAge } = state.metadata;
  const expired = maxAge !== undefined && createdMs < now() - maxAge * 1000;
  return (state.tombstoned || state.softDeleted || ordinal < state.first || expired) && ordinal !== state.last;
}

/** Replaces the file by a copy without the dropped frames; false if it has to stay unchanged. */
async function rewrite(
  segments: Segments,
  s: number,
  stretches: readonly Stretch[],
  index: StreamIndex,
  retention: Retention,
  dropped: ReadonlyMap<string, Dropped>,
): Promise<boolean> {
  const segment = segments.list[s]!;
  const fresh = `${segment.file}.new`;
  let placed = false;
  const fd = await open(fresh, 'w+', PRIVATE_FILE);
  try {
    if (!(await copy(segment, fd, stretches, retention))) return false;
    const rebuilt = await indexOf(segments, segment, stretches, index, retention);
    if (!rebuilt) return false;
    // From here to the end nothing else runs: an event that became visible again meanwhile is still in the old file.
    if (retention.stopped()) return false;
    for (const stream of retention.changed) {
      const last = dropped.get(stream);
      if (last && !mayGo(last, retention)) return false;
    }
    index.discard(s);
    fs.renameSync(fresh, segment.file);
    placed = true;
    segments.replace(segment, fd);
    index.replace(s, rebuilt);
  } finally {
    if (!placed) {
      await close(fd);
      fs.rmSync(fresh, { force: true });
    }
  }
  await syncDirectory(path.dirname(segment.file));
  return true;
}

/** Writes the ranges to keep to `to`, at the same offsets, and flushes them to disk; false if it was stopped. */
async function copy(segment: Segment, to: number, stretches: readonly Stretch[], { stopped }: Retention): Promise<boolean> {
  // Its own descriptor: the log may be closed meanwhile.
  const from = await open(segment.file, 'r');
  const buffer = Buffer.allocUnsafe(BLOCK);
  let unsynced = 0;
  try {
    for (const { keep, start, end } of stretches) {
      const [first, last] = [start - segment.start, end - segment.start];
      if (!keep) {
        await writeFully(to, encodeGap(start, end - start), first);
        buffer.writeUInt32LE(end - start);
        await writeFully(to, buffer.subarray(0, 4), last - 4);
        continue;
      }
      for (let at = first; at < last;) {
        if (stopped()) return false;
        const { bytesRead } = await read(from, buffer, 0, Math.min(BLOCK, last - at), at);
        if (bytesRead === 0) throw new Error(`${segment.file} is shorter than it was.`);
        await writeFully(to, buffer.subarray(0, bytesRead), at);
        at += bytesRead;
        unsynced += bytesRead;
        if (unsynced < SYNC_EVERY) continue;
        await fdatasync(to);
        unsynced = 0;
      }
    }
    await fsync(to);
    return !stopped();
  } finally {
    await close(from);
  }
}

async function writeFully(fd: number, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await write(fd, bytes, done, bytes.length - done, at + done)).bytesWritten;
}

/** The index of the file after the scavenge; undefined if it was stopped. */
async function indexOf(
  segments: Segments,
  segment: Segment,
  stretches: readonly Stretch[],
  index: StreamIndex,
  { stopped }: Retention,
): Promise<ActiveIndex | undefined> {
  const rebuilt = new ActiveIndex();
  const reader = new FrameReader(segments);
  let turnEnds = segment.start + BLOCK;
  for (const { keep, start, end } of stretches) {
    if (!keep) rebuilt.mark(start - segment.start);
    else {
      for (let offset = start; offset < end;) {
        if (stopped()) return undefined;
        const frame = reader.at(offset);
        rebuilt.mark(offset - segment.start);
        if (frame.kind === KIND_EVENT) rebuilt.add(index.numberOf(frame), frame.ordinal, offset - segment.start);
        offset += frame.length;
        if (offset < turnEnds) continue;
        turnEnds = offset + BLOCK;
        await breathe();
      }
    }
  }
  return rebuilt;
}

async function syncDirectory(directory: string): Promise<void> {
  const fd = await open(directory, 'r');
  try {
    await fsync(fd);
  } finally {
    await close(fd);
  }
}
