/**
 * The checkpoint of a process whose inputs finish in any order. Hides: the open inputs. Promises: it never passes an unfinished input. Does not:
 * save it.
 */
import { nowMs } from '#platform/runtime/clock';
type Entry = { readonly before: bigint; readonly since: number; finished: boolean };

export class LowWater {
  private readonly entries: Entry[] = [];
  private head = 0;

  private seen: bigint;
  /** When it last moved, by performance.now(). */
  movedAt = performance.now();
  /** The value before the newest position. */
  private prior: bigint;

  /** @param finished everything up to this position is finished */
  constructor(finished: bigint) {
    this.seen = this.prior = finished;
  }

  /** Starts an input; `since` is the time that its age counts from, ms since 1970. Returns the function to call when it is finished. */
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

  /** Everything up to this position is irrelevant to the process, except the inputs started before. */
  pass(position: bigint): void {
    if (position <= this.seen) return;
    this.prior = this.seen;
    this.seen = position;
  }

  /** Everything up to here has been handed out. */
  get handedOut(): bigint {
    return this.seen;
  }

  /** Everything up to here is finished. */
  get finished(): bigint {
    return this.head < this.entries.length ? this.entries[this.head]!.before : this.seen;
  }

  /** Start of the oldest unfinished input, ms. */
  get oldest(): number | undefined {
    return this.entries[this.head]?.since;
  }

  get unfinished(): number {
    return this.entries.length - this.head;
  }
}
