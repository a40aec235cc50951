/**
 * Hides: giving disk space back while positions stay what they are: dropped frames become holes in the same place.
 * Promises: drops only what retention no longer shows, never a stream's last event, never anything of the file that is being written;
 * a crash in between leaves the old file or the new one.
 * Does not: reorder, renumber or merge files.
 */
import fs from 'node:fs';
import path from 'node:path';
import { encodeGap, type Frame, KIND_EVENT } from './frame';
import { ActiveIndex } from './segment-index';
import { FrameReader, type Segment, type Segments } from './segments';
import type { StreamIndex } from './stream-index';
import type { StreamState } from './stream-metadata';

/** What a scavenge freed. */
export type Scavenged = Readonly<{ events: number; bytes: number }>;

/** Stops between two files when `signal` says so. */
export async function scavenge(
  segments: Segments,
  index: StreamIndex,
  state: (stream: string) => StreamState,
  now: () => number,
  signal?: AbortSignal,
): Promise<Scavenged> {
  const freed = { events: 0, bytes: 0 };
  const firstKept = new Map<string, number>();
  const full = segments.list.length - 1;
  for (let s = 0; s < full && !signal?.aborted; s++) {
    const segment = segments.list[s]!;
    const runs = await plan(segments, segment, (frame) => keep(frame, firstKept, state, now));
    const dropped = runs.filter((run) => !run.keep && run.events > 0);
    if (dropped.length === 0) continue;
    rewrite(segments, s, segment, runs, index);
    for (const run of dropped) {
      freed.events += run.events;
      freed.bytes += run.end - run.start;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return freed;
}

type Stretch = { keep: boolean; start: number; end: number; events: number };

/** Divides a file into stretches to keep and stretches to drop. */
async function plan(segments: Segments, segment: Segment, keep: (frame: Frame) => boolean): Promise<Stretch[]> {
  const reader = new FrameReader(segments);
  const stretches: Stretch[] = [];
  let seen = 0;
  for (let offset = segment.start; offset < segment.end;) {
    const frame = reader.at(offset);
    const event = frame.kind === KIND_EVENT;
    const kept = event ? keep(frame) : segment.start === 0 && offset === 0;
    const last = stretches.at(-1);
    if (last?.keep === kept) {
      last.end += frame.length;
      last.events += event ? 1 : 0;
    } else stretches.push({ keep: kept, start: offset, end: offset + frame.length, events: event ? 1 : 0 });
    offset += frame.length;
    if (++seen % 2000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return stretches;
}

/** Retention drops the oldest events of a stream only; once an event is kept, all later ones are. */
function keep(frame: Frame, firstKept: Map<string, number>, stateOf: (stream: string) => StreamState, now: () => number): boolean {
  const { stream, ordinal } = frame;
  const known = firstKept.get(stream);
  if (known !== undefined && ordinal >= known) return true;
  const state = stateOf(stream);
  const { maxAge } = state.metadata;
  const expired = maxAge !== undefined && frame.createdMs < now() - maxAge * 1000;
  const hidden = state.tombstoned || state.softDeleted || ordinal < state.first || expired;
  if (hidden && ordinal !== state.last) return false;
  firstKept.set(stream, ordinal);
  return true;
}

function rewrite(segments: Segments, s: number, segment: Segment, stretches: readonly Stretch[], index: StreamIndex): void {
  const fresh = `${segment.file}.new`;
  const fd = fs.openSync(fresh, 'w+');
  try {
    for (const stretch of stretches) {
      const length = stretch.end - stretch.start;
      const at = stretch.start - segment.start;
      if (stretch.keep) copy(segment.fd, fd, at, length);
      else {
        const header = encodeGap(stretch.start, length);
        const trailer = Buffer.alloc(4);
        trailer.writeUInt32LE(length);
        fs.writeSync(fd, header, 0, header.length, at);
        fs.writeSync(fd, trailer, 0, 4, at + length - 4);
      }
    }
    fs.fsyncSync(fd);
  } catch (error) {
    fs.closeSync(fd);
    fs.rmSync(fresh, { force: true });
    throw error;
  }
  index.discard(s);
  fs.renameSync(fresh, segment.file);
  const directory = fs.openSync(path.dirname(segment.file), 'r');
  fs.fsyncSync(directory);
  fs.closeSync(directory);
  fs.closeSync(segment.fd);
  segment.fd = fd;
  index.replace(s, (number) => indexOf(segments, segment, number));
}

function copy(from: number, to: number, at: number, length: number): void {
  const buffer = Buffer.allocUnsafe(Math.min(length, 4 * 1024 * 1024));
  for (let done = 0; done < length;) {
    const read = fs.readSync(from, buffer, 0, Math.min(buffer.length, length - done), at + done);
    fs.writeSync(to, buffer, 0, read, at + done);
    done += read;
  }
}

function indexOf(segments: Segments, segment: Segment, number: (frame: Frame) => number): ActiveIndex {
  const index = new ActiveIndex();
  const reader = new FrameReader(segments);
  for (let offset = segment.start; offset < segment.end;) {
    const frame = reader.at(offset);
    index.mark(offset - segment.start);
    if (frame.kind === KIND_EVENT) index.add(number(frame), frame.ordinal, offset - segment.start);
    offset += frame.length;
  }
  return index;
}
