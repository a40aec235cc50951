/**
 * Events that are folded and not committed yet. Hides: nothing. Promises: it knows which rows to write, which of them are new, and which events
 * are parked, in the order of the log. Does not: read, write or know the database.
 */
import type { Recorded } from '#kernel/event';
import type { NewlyParked } from './parking';
import type { Tuple } from './shape';
import type { LogEvent } from '#platform/store/log-event';

/** A row after all events folded so far. */
export type Entry = {
  readonly key: string;
  /** Null if there is no such row. */
  tuple: Tuple | null;
  /** Whether the table will contain it once the write under way is committed. */
  there: boolean;
  /** The last batch that changed it. */
  batch: number;
};

export const entryOf = (key: string, tuple: Tuple | null): Entry => ({ key, tuple, there: tuple !== null, batch: 0 });

/** An event to fold, with the rows that it may touch; `error` if it could not be read, and then its rows are not known. */
export type Work = { event: LogEvent; recorded?: Recorded; partition: string; keys: readonly string[]; rows: Entry[]; error?: string };

/** Rows to write. */
export type Writes = Readonly<{ fresh: readonly Tuple[]; changed: readonly Tuple[]; removed: readonly string[] }>;

/** Traces that get a link to the commit. */
const TRACED = 100;

let batches = 0;

export class Batch {
  readonly #number = ++batches;
  readonly #changed: Entry[] = [];
  readonly parked: NewlyParked[] = [];
  readonly #partitions = new Set<string>();
  /** Events that are not folded yet: they are folded when the batch is written, one by one if need be. */
  readonly unfolded: Work[] = [];
  readonly traced: Recorded[] = [];
  events = 0;
  /** Rows changed by this batch. */
  rows = 0;
  /** Recording time of its newest event, ms since 1970. */
  newestMs = 0;

  change(entry: Entry, tuple: Tuple | null): void {
    entry.tuple = tuple;
    if (entry.batch === this.#number) return;
    entry.batch = this.#number;
    this.#changed.push(entry);
    this.rows++;
  }

  /** Keys of the rows changed by this batch. */
  get keys(): string[] {
    return this.#changed.map(({ key }) => key);
  }

  /** What has to be written now. From here on its rows count as stored, because the next batch is written after this one. */
  seal(): Writes {
    const writes = { fresh: [] as Tuple[], changed: [] as Tuple[], removed: [] as string[] };
    for (const entry of this.#changed) {
      const { key, tuple, there } = entry;
      if (tuple) (there ? writes.changed : writes.fresh).push(tuple);
      else if (there) writes.removed.push(key);
      entry.there = tuple !== null;
    }
    return writes;
  }

  /** True if one of its own events was parked. */
  hasParked(partition: string): boolean {
    return this.parked.length > 0 && this.#partitions.has(partition);
  }

  park(work: Work, error: string | null): void {
    const { event, partition } = work;
    const { position, stream, revision, type, id } = event;
    const keys = work.error === undefined ? work.keys : null;
    this.parked.push({ partition, keys, position, stream, revision, type, id, error, attempts: error === null ? 0 : 1 });
    this.#partitions.add(partition);
  }

  /** Counts events that were folded, parked or deferred. */
  count(works: readonly Work[]): void {
    this.events += works.length;
    this.newestMs = works.at(-1)!.event.recordedMs;
    for (let i = 0; i < works.length && this.traced.length < TRACED; i++) if (works[i]!.recorded) this.traced.push(works[i]!.recorded!);
  }

  /** Adds what another batch has written and parked. */
  take(other: Batch): void {
    for (const entry of other.#changed) this.#changed.push(entry);
    this.rows += other.rows;
    for (const entry of other.parked) {
      this.parked.push(entry);
      this.#partitions.add(entry.partition);
    }
  }
}
