/**
 * What was folded and is not yet committed. Hides: which rows are new. Promises: rows as they stand after all that was folded so far, over
 * whatever lies under it. Does not: read, write or know the database.
 */
import type { Recorded } from '#kernel/event';
import type { Before } from './view-fold';
import type { ParkedEvent } from './view-parking';
import type { Tuple } from './view-shape';
import type { LogEvent } from './view-wire';

/** An event to be folded; `error` where it could not even be read. */
export type Work = { event: LogEvent; recorded?: Recorded; partition: string; keys: readonly string[]; error?: string };

/** Traces that a commit is noted in. */
const TRACED = 100;

export class Batch {
  /** Rows to write, or null to remove, by key. */
  readonly changes = new Map<string, Tuple | null>();
  /** Of the changed rows, those that were there before. */
  readonly there = new Set<string>();
  /** Of the changed rows, those that bear the id of the event that wrote them. */
  readonly own = new Set<string>();
  readonly parked: (ParkedEvent & { partition: string })[] = [];
  /** Events that are not folded yet: they are when the batch is written, where each may have to be tried by itself. */
  readonly unfolded: Work[] = [];
  readonly traced: Recorded[] = [];
  events = 0;
  /** When its newest event was recorded, ms since 1970. */
  newestMs = 0;
  readonly #partitions = new Set<string>();

  constructor(
    private readonly under: Before,
    private readonly parkedUnder: (partition: string) => boolean,
  ) {}

  readonly row: Before = (key) => {
    const changed = this.changes.get(key);
    return changed === undefined ? this.under(key) : changed;
  };

  set(key: string, tuple: Tuple | null): void {
    if (!this.changes.has(key) && this.under(key)) this.there.add(key);
    this.changes.set(key, tuple);
  }

  /** True where one of its own events was parked. */
  hasParked(partition: string): boolean {
    return this.#partitions.has(partition);
  }

  readonly isParked = (partition: string): boolean => this.hasParked(partition) || this.parkedUnder(partition);

  park({ event, partition }: Work, error: string | null): void {
    const { position, stream, revision, type, id } = event;
    this.parked.push({ partition, position, stream, revision, type, id, error, attempts: error === null ? 0 : 1 });
    this.#partitions.add(partition);
  }

  /** Counts events that were folded, parked or kept for later. */
  count(works: readonly Work[]): void {
    this.events += works.length;
    this.newestMs = works.at(-1)!.event.recordedMs;
    for (let i = 0; i < works.length && this.traced.length < TRACED; i++) if (works[i]!.recorded) this.traced.push(works[i]!.recorded!);
  }

  /** A batch that stands on this one. */
  next(): Batch {
    return new Batch(this.row, this.isParked);
  }

  /** Takes over what a batch that stood on this one has changed. */
  take(other: Batch): void {
    for (const [key, tuple] of other.changes) this.set(key, tuple);
    for (const key of other.own) this.own.add(key);
    for (const entry of other.parked) {
      this.parked.push(entry);
      this.#partitions.add(entry.partition);
    }
  }
}
