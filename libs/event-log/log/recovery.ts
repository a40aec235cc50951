/**
 * Hides: how a write that a crash interrupted is distinguished from damage to acknowledged events. Promises: every complete write is
 * indexed in order; an incomplete, unacknowledged one is dropped; anything else throws `DamagedLog`. Does not: repair damage; an
 * acknowledged event is never dropped to make the node start.
 */
import fs from 'node:fs';
import { checkFrame, type Frame, HEADER, KIND_EVENT } from './frame';
import { DamagedLog, FrameReader, type Segment, type Segments } from './segments';
import type { StreamIndex } from './stream-index';

/** Bytes at the log's end whose events are passed to the caller. */
const NEWEST = 20 * 1024 * 1024;

/** Indexes the log, from saved indexes if they can be trusted, and returns its tail; `note` gets the newest events. */
export function recover(segments: Segments, index: StreamIndex, note: (event: Frame) => void): number {
  let trusted = true;
  let tail = 0;
  for (const [i, segment] of segments.list.entries()) {
    if (segment.start !== tail) throw new DamagedLog(segment.file, tail, 'missing bytes before this file');
    const next = segments.list[i + 1];
    if (!next) {
      const end = scanNewest(segments, segment, index, note);
      const noted = segments.notedDurable();
      if (end < noted) throw new DamagedLog(segment.file, end, `missing bytes up to position ${noted}`);
      return end;
    }
    if (segment.end < next.start) throw new DamagedLog(segment.file, segment.end, 'missing bytes at the end of the file');
    tail = segment.end = next.start;
    trusted &&= index.load(segment);
    if (!trusted) {
      scanFull(segments, segment, index);
      index.seal();
    }
  }
  return tail;
}

/** A file that has a successor holds complete writes only; each frame must be valid. */
function scanFull(segments: Segments, segment: Segment, index: StreamIndex): void {
  const reader = new FrameReader(segments);
  for (let offset = segment.start; offset < segment.end;) {
    const frame = reader.at(offset);
    index.add(frame, frame.kind === KIND_EVENT);
    offset += frame.length;
  }
}

function scanNewest(segments: Segments, segment: Segment, index: StreamIndex, note: (event: Frame) => void): number {
  const reader = new FrameReader(segments);
  let write: Frame[] = [];
  let tail = segment.start;
  for (let offset = segment.start; offset < segment.end;) {
    const frame = reader.probe(offset);
    if (typeof frame === 'string') {
      const witness = laterWitness(segment, offset);
      if (witness !== undefined)
        throw new DamagedLog(segment.file, offset, `${frame}, though position ${witness} says that it was durable`);
      break;
    }
    if (frame.firstOfWrite) write = [];
    write.push(frame);
    offset += frame.length;
    if (!frame.lastOfWrite) continue;
    for (const whole of write) {
      index.add(whole, whole.kind === KIND_EVENT);
      if (whole.kind === KIND_EVENT && whole.offset > segment.end - NEWEST) note(whole);
    }
    write = [];
    tail = offset;
  }
  return tail;
}

/** Position of a valid frame after `flaw` that was written when the bytes at `flaw` were already durable. */
function laterWitness(segment: Segment, flaw: number): number | undefined {
  const rest = Buffer.alloc(Math.max(0, segment.end - flaw));
  fs.readSync(segment.fd, rest, 0, rest.length, flaw - segment.start);
  let last = rest.length - 1;
  while (last >= 0 && rest[last] === 0) last--;
  for (let at = 1; at <= last && at + HEADER <= rest.length; at++) {
    const offset = flaw + at;
    if (rest.readUInt32LE(at + 44) !== offset % 4294967296) continue;
    const frame = checkFrame(rest, at, rest.length, offset);
    if (typeof frame !== 'string' && frame.durable > flaw) return offset;
  }
  return undefined;
}
