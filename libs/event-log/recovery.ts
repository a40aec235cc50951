/**
 * Hides: telling a write that a crash cut short from damage to what was acknowledged.
 * Promises: every whole write is noted in order; the unacknowledged rest is cut off; anything else throws `DamagedLog`.
 * Does not: repair damage; an acknowledged event is never dropped to make the node start.
 */
import { checkFrame, type Frame, HEADER } from './frame';
import { DamagedLog, FrameReader, type Segments } from './segments';
import fs from 'node:fs';

/** Replays the segments from the `from`th on and returns the log's tail. */
export function recover(segments: Segments, note: (frame: Frame) => void, from = 0): number {
  const reader = new FrameReader(segments);
  let tail = segments.list[from]?.start ?? 0;
  for (const [i, segment] of segments.list.entries()) {
    if (i < from) continue;
    const next = segments.list[i + 1];
    if (segment.start !== tail) throw new DamagedLog(segment.file, tail, 'missing bytes before this file');
    if (next && segment.end < next.start) throw new DamagedLog(segment.file, segment.end, 'missing bytes at the end of the file');
    if (next) segment.end = next.start;
    let write: Frame[] = [];
    let offset = segment.start;
    while (offset < segment.end) {
      const frame = reader.probe(offset);
      if (typeof frame === 'string') {
        if (next) throw new DamagedLog(segment.file, offset, frame);
        const witness = laterWitness(segment.fd, segment.start, segment.end, offset);
        if (witness !== undefined) throw new DamagedLog(segment.file, offset, `${frame}, though position ${witness} says it was durable`);
        break;
      }
      if (frame.firstOfWrite) write = [];
      write.push(frame);
      offset += frame.length;
      if (!frame.lastOfWrite) continue;
      for (const whole of write) note(whole);
      write = [];
      tail = offset;
    }
    if (next && tail !== next.start) throw new DamagedLog(segment.file, tail, 'incomplete write');
  }
  return tail;
}

/** Position of a sound frame behind `flaw` that was written after the bytes at `flaw` were durable. */
function laterWitness(fd: number, start: number, end: number, flaw: number): number | undefined {
  const rest = Buffer.alloc(Math.max(0, end - flaw));
  fs.readSync(fd, rest, 0, rest.length, flaw - start);
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
