/**
 * How far a process has come when its inputs end in any order. Promises: never past an unfinished input. Does not: save it.
 */
import { nowMs } from '#platform/runtime/clock';
type Entry = { readonly before: bigint; readonly since: number; finished: boolean };

export class LowWater {
  private readonly entries: Entry[] = [];
  private head = 0;

  private seen: bigint;
  /** When it last moved, by performance.now(). */
  movedAt = performance.now();
  /** Where it was before the newest position. */
  private prior: bigint;

  /** @param finished everything up to this position is finished */
  constructor(finished: bigint) {
    this.seen = this.prior = finished;
  }

  /** An input begins that is as old as `since` says, ms. Returns what to call when it is finished. */
  begin(position: bigint, since = nowMs()): () => void {
    this.pass(position);
    const entry: Entry = { before: this.prior, since, finished: false };
    this.entries.push(entry);
    return () => {
      entry.finished = true;
      if (this.entries[this.head] === entry) this.movedAt = performance.now();
      while (this.head < this.entries.length && this.entries[this.head]!.finished) this.head += 1;
      if (this.head <= 1_024 || this.head * 2 <= this.entries.length) return;
      this.entries.splice(0, this.head);
      this.head = 0;
    };
  }

  /** Nothing up to this position concerns the process, other than what has begun. */
  pass(position: bigint): void {
    if (position <= this.seen) return;
    this.prior = this.seen;
    this.seen = position;
  }

  /** All up to here has been handed out. */
  get handedOut(): bigint {
    return this.seen;
  }

  /** All up to here is finished. */
  get finished(): bigint {
    return this.head < this.entries.length ? this.entries[this.head]!.before : this.seen;
  }

  /** Since when the oldest unfinished input has been there, ms. */
  get oldest(): number | undefined {
    return this.entries[this.head]?.since;
  }

  get unfinished(): number {
    return this.entries.length - this.head;
  }
}
