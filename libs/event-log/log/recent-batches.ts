/**
 * The newest events, cached in memory. Hides: how they are found, and when the oldest are dropped. Promises: bounded memory; the same
 * content as on disk. Does not: read files.
 */
import type { Frame } from './frame';
import type { Batch } from './writer';

/** Bytes of newest events that are served from memory. */
const ROOM_BYTES = 16 * 1024 * 1024;

export class RecentBatches {
  private readonly batches: Batch[] = [];
  private bytes = 0;

  add(batch: Batch): void {
    this.batches.push(batch);
    this.bytes += batch.bytes;
    while (this.bytes > ROOM_BYTES && this.batches.length > 1) this.dropOldest();
  }

  /** Drops what was written before this log offset. */
  dropBefore(offset: number): void {
    while (this.batches[0] && this.batches[0].start < offset) this.dropOldest();
  }

  /** The frame that begins at this log offset, if it is still in memory. */
  frameAt(offset: number): Frame | undefined {
    const oldest = this.batches[0];
    if (!oldest || offset < oldest.start) return undefined;
    const batch = this.batches[lastWhere(this.batches.length, (i) => this.batches[i]!.start <= offset)]!;
    const frame = batch.frames[lastWhere(batch.frames.length, (i) => batch.frames[i]!.offset <= offset)]!;
    return frame.offset === offset ? frame : undefined;
  }

  private dropOldest(): void {
    this.bytes -= this.batches.shift()!.bytes;
  }
}

/** The last index below `count` for which `holds` (true up to some point, and at 0). */
function lastWhere(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
