/**
 * Keeps one part of one view up to date for as long as its lease is held. Hides: paging, retries, back-off, operators' wishes.
 * Promises: whatever fails, it begins again from the committed checkpoint; trouble of the database or the store is waited out and parks
 * nothing. Does not: share anything with other parts but the pages of the feed, so that none waits for another.
 */
import type { Feed, Follower } from './view-feed';
import { Fenced, PoisonInBuild, type Committed, type PartOfView, type Work } from './view-batch';
import { wishes } from './view-parking';
import type { Pool } from 'pg';

export type KeeperOptions = Readonly<{
  /** Most events in one transaction. */
  batchEvents: number;
  /** How long a batch may gather pages while it is behind, ms. */
  batchMs: number;
}>;
export const usualKeeper: KeeperOptions = { batchEvents: 20_000, batchMs: 1_000 };

/** A checkpoint that only passes events of other views may wait this long, so that one event is not a transaction in every view. */
const PASSING_MS = 20;
const PASSING_EVENTS = 256;

export type KeeperState = 'starting' | 'behind' | 'current' | 'waiting' | 'stopped';

export class Keeper {
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #part?: PartOfView;
  state: KeeperState = 'starting';
  /** Why it waits or stopped. */
  trouble?: string;
  /** When it last moved or was found at the end of the log, ms since 1970. */
  movedAt = Date.now();
  /** Events folded per second, smoothed over batches. */
  rate = 0;

  constructor(
    private readonly load: () => Promise<PartOfView>,
    private readonly feed: Feed,
    private readonly pool: Pool,
    private readonly on: Readonly<{
      committed: (what: Committed, part: PartOfView) => void;
      trouble: (error: unknown, transient: boolean) => void;
      poisoned: (error: PoisonInBuild) => Promise<void>;
    }>,
    private readonly options: KeeperOptions = usualKeeper,
  ) {
    this.#ended = this.#supervise();
  }

  get position(): bigint | undefined {
    return this.#part?.position;
  }

  get part(): PartOfView | undefined {
    return this.#part;
  }

  /** Resolves when the batch under way is done. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#part = await this.load();
        await this.#follow(this.#part, () => (failures = 0));
      } catch (error) {
        this.trouble = error instanceof Error ? error.message : String(error);
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
    }
  }

  async #work(part: PartOfView, feed: Follower, worked: () => void): Promise<void> {
    const { signal } = this.#stop;
    const { batchEvents, batchMs } = this.options;
    let at = part.guard.floor < part.position ? part.guard.floor : part.position;
    let wishedAt = 0;
    // When events that this part does not fold began to wait for their checkpoint.
    let passedAt = 0;
    // While one batch is written the next is gathered, as long as there is something to catch up with.
    let writing: Promise<void> | undefined;
    while (!signal.aborted) {
      if (part.parkedPartitions > 0 && Date.now() - wishedAt > 250) {
        await writing;
        await this.#grant(part);
        wishedAt = Date.now();
      }
      let page = passedAt > 0 ? await feed.next(at, signal, Math.max(1, passedAt + PASSING_MS - Date.now())) : await feed.next(at, signal);
      if (signal.aborted) break;
      const started = Date.now();
      const works = await part.admit(page.events, page.through);
      at = page.through;
      while (!page.last && works.length < batchEvents && Date.now() - started < batchMs && !signal.aborted) {
        page = await feed.next(at, signal);
        works.push(...(await part.admit(page.events, page.through)));
        at = page.through;
      }
      await writing;
      writing = undefined;
      if (works.length === 0 && at > part.position) {
        if (passedAt === 0) passedAt = Date.now();
        if (Date.now() - passedAt >= PASSING_MS || page.events.length >= PASSING_EVENTS) {
          await part.advance(at, page.last);
          passedAt = 0;
        }
      } else if (works.length > 0) {
        passedAt = 0;
        writing = this.#write(part, works, at, page.last, started);
        if (page.last) await writing;
        // Whoever waits for it hears of a failure.
        else writing.catch(() => undefined);
      }
      worked();
      this.trouble = undefined;
      this.movedAt = Date.now();
      this.state = page.last ? 'current' : 'behind';
    }
    await writing;
  }

  async #write(part: PartOfView, works: readonly Work[], through: bigint, caughtUp: boolean, started: number): Promise<void> {
    const done = await part.commit(works, through, caughtUp);
    this.#measure(done.events, Date.now() - started);
    this.on.committed(done, part);
  }

  #measure(events: number, ms: number): void {
    const now = (events * 1_000) / Math.max(1, ms);
    this.rate = this.rate === 0 ? now : this.rate * 0.8 + now * 0.2;
  }

  /** Does what operators asked for about parked partitions. */
  async #grant(part: PartOfView): Promise<void> {
    for (const [partition, entries] of await wishes(this.pool, part.table.table, part.shard, 1_000)) {
      const events = [];
      for (const entry of entries) {
        const [event] = await this.feed.readStream(entry.stream, entry.revision, 1);
        if (event?.revision !== entry.revision) break;
        events.push(event);
      }
      await part.retry(partition, entries.slice(0, events.length), events);
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
