/**
 * Projects one part of one view while its lease is held. Hides: paging, retries, back-off, operators' requests. Promises: after any failure it
 * restarts from the committed checkpoint; trouble with the database or the store is waited out and parks nothing. Does not: share anything with
 * other parts except the pages of the feed, so that none waits for another.
 */
import { nowMs } from '#platform/runtime/clock';
import type { Feed, Follower } from './feed';
import { OtherLog } from './guard';
import { Fenced, PoisonInBuild, Refused, type Committed, type PartOfView } from './part';
import { requestsOf } from './parking';
import type { Pool } from 'pg';

export type ProjectorOptions = Readonly<{
  /** A batch is written once it has changed this many rows. */
  batchRows: number;
  /** Maximum time that a batch gathers pages, ms; shorter if the part is not far behind. */
  batchMs: number;
}>;
export const usualProjector: ProjectorOptions = { batchRows: 60_000, batchMs: 4_000 };

/** A batch gathers for this fraction of the lag: an hour behind, nobody waits for it; half a second behind, somebody may. */
const OF_ITS_AGE = 1 / 4;

/** A checkpoint that only passes events of other views may wait this long, so that one event does not cause a transaction in every view. */
const PASSING_MS = 20;
const PASSING_EVENTS = 256;

export type ProjectorState = 'starting' | 'behind' | 'current' | 'waiting' | 'stopped';

export class Projector {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #part?: PartOfView;
  state: ProjectorState = 'starting';
  /** Why it waits or stopped. */
  trouble?: string;
  /** True if it waits because the store's log is not the one that was folded. */
  otherLog = false;
  #movedAt = performance.now();
  /** Recording time of the newest event seen; a page of only the store's own events has none. */
  #newestMs = 0;
  /** The last known committed position: merely reading is not progress. */
  #moved?: bigint;

  constructor(
    private readonly load: (carefulThrough: bigint) => Promise<PartOfView>,
    private readonly feed: Feed,
    private readonly pool: Pool,
    private readonly on: Readonly<{
      committed: (what: Committed, part: PartOfView) => void;
      trouble: (error: unknown, transient: boolean) => void;
      poisoned: (error: PoisonInBuild) => Promise<void>;
    }>,
    private readonly options: ProjectorOptions = usualProjector,
  ) {
    this.#ended = this.#supervise();
  }

  /** Time since its checkpoint last moved or was found at the end of the log, ms. */
  get idleMs(): number {
    return performance.now() - this.#movedAt;
  }

  /** Age of what it folds while there is more, or the time for which it stands still, ms; 0 at the end of the log. */
  get lagMs(): number {
    if (this.state === 'current') return 0;
    return this.state === 'behind' && this.#newestMs > 0 ? this.feed.ageOf(this.#newestMs) : this.idleMs;
  }

  get position(): bigint | undefined {
    return this.#part?.position;
  }

  /** Resolves when the batch under way is done. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop;
    let carefulThrough = -1n;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#part = await this.load(carefulThrough);
        await this.#follow(this.#part, () => (failures = 0));
      } catch (error) {
        if (error instanceof Refused) {
          carefulThrough = error.through;
          continue;
        }
        this.trouble = error instanceof Error ? error.message : String(error);
        this.otherLog = error instanceof OtherLog;
        if (error instanceof PoisonInBuild) {
          this.state = 'stopped';
          await this.on.poisoned(error).catch((failed: unknown) => this.on.trouble(failed, true));
          return;
        }
        if (!signal.aborted) {
          this.state = 'waiting';
          this.on.trouble(error, !(error instanceof Fenced));
        }
        failures++;
        await pause(Math.min(3_000, 50 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2), signal);
      }
    }
    this.state = 'stopped';
  }

  async #follow(part: PartOfView, worked: () => void): Promise<void> {
    const follower = this.feed.join();
    try {
      await this.#work(part, follower, worked);
    } finally {
      follower.leave();
      part.close();
    }
  }

  async #work(part: PartOfView, feed: Follower, worked: () => void): Promise<void> {
    const { signal } = this.#stop;
    const { batchRows, batchMs } = this.options;
    let requestsReadAt = 0;
    let { resubscribed } = this.feed.wakeups;
    this.#moved = part.position;
    /** When the first page arrived that waits to be written or passed. */
    let begun: number | undefined;
    // While one batch is written the next is gathered, as long as there is more to read.
    let writing = Promise.resolve();
    let busy = false;
    try {
      while (!signal.aborted) {
        // Throws if the write failed.
        if (!busy) await writing;
        if (part.parkedPartitions > 0 && part.gathered.events === 0 && performance.now() - requestsReadAt > 250) {
          await writing;
          await this.#carryOutRequests(part);
          requestsReadAt = performance.now();
        }
        if (this.feed.wakeups.resubscribed !== resubscribed) {
          // The store may have come back with another log.
          ({ resubscribed } = this.feed.wakeups);
          await part.recognise(() => this.feed.last());
        }
        const passing = begun !== undefined && part.gathered.events === 0;
        const { careful } = part;
        const page = await feed.next(part.at, signal, passing ? Math.max(1, begun! + PASSING_MS - performance.now()) : undefined);
        if (signal.aborted) break;
        begun ??= performance.now();
        await part.gather(page.events, page.through);
        const { events, rows } = part.gathered;
        this.#newestMs = page.events.at(-1)?.recordedMs ?? this.#newestMs;
        // A wrong clock can only make a catch-up gather longer, up to the limit of a batch.
        const age = Math.max(this.feed.ageOf(this.#newestMs), nowMs() - this.#newestMs);
        const patience = page.last || careful ? 0 : Math.min(batchMs, age * OF_ITS_AGE);
        const waited = performance.now() - begun;
        if (events > 0) {
          const full = rows >= batchRows || page.last || careful;
          if (full || (waited >= patience && !busy)) {
            await writing;
            busy = true;
            writing = this.#write(part, page.last).finally(() => (busy = false));
            writing.catch(() => undefined);
            begun = undefined;
            if (page.last || careful) await writing;
          }
        } else if (part.at === part.position) begun = undefined;
        else if (page.last ? waited >= PASSING_MS || page.events.length >= PASSING_EVENTS : waited >= patience) {
          await writing;
          await part.advance(page.last);
          begun = undefined;
        }
        // Reading and folding is no success yet, the write may fail: trouble ends when the checkpoint moves, or is at the end.
        if (part.position !== this.#moved || (page.last && part.position === part.at)) {
          worked();
          this.trouble = undefined;
          this.otherLog = false;
          this.#movedAt = performance.now();
          this.#moved = part.position;
        }
        this.state = page.last ? 'current' : 'behind';
      }
      await writing;
    } finally {
      // The next load must see what this one has committed.
      await writing.catch(() => undefined);
    }
  }

  async #write(part: PartOfView, caughtUp: boolean): Promise<void> {
    this.on.committed(await part.commit(caughtUp), part);
  }

  /** Carries out operators' requests on parked partitions. */
  async #carryOutRequests(part: PartOfView): Promise<void> {
    for (const [partition, entries] of await requestsOf(this.pool, part.table.table, part.shard, 1_000)) {
      const events = [];
      for (const { stream, revision, requested } of entries) {
        const [event] = requested === 'skip' ? [] : await this.feed.readStream(stream, revision, 1);
        events.push(event?.revision === revision ? event : undefined);
      }
      await part.retry(partition, entries, events);
    }
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
