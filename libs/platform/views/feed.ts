/**
 * The log in pages, read once for all views of a worker. Hides: paging, sharing, read-ahead, the subscription. Promises: every page comes from a
 * read of the log, in order. The subscription is only a wake-up that shortens the poll: it may end, fail, repeat itself or fall silent without
 * causing a gap. Memory is bounded by the page cache. Does not: remember the position of a view.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isOfStore } from '#kernel/event';
import { endsLog } from '#platform/store/log-cursor';
import { BEFORE_ALL, type LogReader } from '#platform/store/log-reader';
import type { LogEvent } from '#platform/store/log-event';

/** Events after `after`, up to and including `through`. */
export type Page = Readonly<{
  after: bigint;
  through: bigint;
  /** Without the store's own events (`$…`). */
  events: readonly LogEvent[];
  /** True if no further event was known. */
  last: boolean;
}>;

/** One reader of the feed. */
export type Follower = {
  /** The position up to which it needs no more pages. */
  at: bigint | undefined;
  /** The page after a position. Waits for one, at most the poll interval, and returns an empty page if nothing came. */
  next(after: bigint, signal: AbortSignal, waitMs?: number): Promise<Page>;
  leave(): void;
};

export type FeedOptions = Readonly<{
  pageSize: number;
  /** Events kept for views that are further behind. */
  kept: number;
  /** How long a view waits for a wake-up before it polls, ms. */
  pollMs: number;
  /** While events come in numbers, the end of the log is read once in this time, ms: a hundred events cost little more to write than one. */
  paceMs: number;
}>;

export const usualFeed: FeedOptions = { pageSize: 1024, kept: 24_576, pollMs: 500, paceMs: 100 };

/** Events at the end of the log that count as many; fewer are read at once, since somebody may be waiting for them. */
const MANY = 32;

/** How long available pages are folded before the event loop handles I/O, ms. */
const TURN_MS = 20;

/** How long a view waits for a slower one that would otherwise have to reread a page about to be evicted, ms. */
const PATIENCE_MS = 1_000;

export class Feed {
  readonly #pages = new Map<bigint, Page>();
  #kept = 0;
  readonly #followers = new Set<Follower>();
  #moved: (() => void)[] = [];
  #turn: Promise<void> | undefined;
  #turnAt = 0;
  readonly #reads = new Map<bigint, Promise<Page>>();
  readonly #singles = new Map<string, Promise<LogEvent[]>>();
  readonly #stop = new AbortController();
  #rung: Promise<void>;
  #ring: () => void = () => undefined;
  /** Position of the newest event seen by any view. */
  #seen = BEFORE_ALL;
  /** Recording time of the newest known event, by the store's clock, and when it became known, by this app's monotonic clock. */
  #endMs = 0;
  #endAt = 0;
  #learning?: Promise<void>;
  #wakeups = { notified: 0, polled: 0, resubscribed: 0 };
  /** The end of the log is not read again before this time. */
  #pacedUntil = 0;
  readonly #subscription: Promise<void>;
  #mute = new AbortController();

  constructor(
    private readonly log: LogReader,
    private readonly options: FeedOptions = usualFeed,
  ) {
    this.#rung = this.#renew();
    this.#subscription = this.#listen();
  }

  /** Registers a view as a reader; it must call `leave` when it stops. */
  join(): Follower {
    const follower: Follower = {
      at: undefined,
      next: async (after, signal, waitMs) => {
        follower.at = after;
        const page = await this.#next(after, signal, waitMs);
        await this.#breathe();
        follower.at = page.through;
        this.#drop();
        this.#tell();
        return page;
      },
      leave: () => {
        this.#followers.delete(follower);
        this.#tell();
      },
    };
    this.#followers.add(follower);
    return follower;
  }

  async #next(after: bigint, signal: AbortSignal, waitMs = this.options.pollMs): Promise<Page> {
    const rung = this.#rung;
    let page = this.#pages.get(after);
    if (!page) {
      await this.#waitForTheLast(after, signal);
      page = await this.#read(after);
    }
    if (!page.last) {
      this.#learnEnd();
      this.#readAhead(page.through);
    }
    if (page.through > after || signal.aborted) return page;
    const heard = await this.#wait(rung, signal, waitMs);
    // A short wait without a wake-up says nothing about the subscription, and needs no read.
    if (!heard && waitMs < this.options.pollMs) return page;
    const later = await this.#read(after);
    if (!heard && later.through > after) this.#deaf();
    return later;
  }

  get wakeups(): Readonly<{ notified: number; polled: number; resubscribed: number }> {
    return this.#wakeups;
  }

  /** Position of the newest event that any view of this worker has been given. */
  get seen(): bigint {
    return this.#seen;
  }

  /** How long before the end of the log an event was recorded, ms, by the store's clock: this app's may be wrong or be adjusted. */
  ageOf(recordedMs: number): number {
    return Math.max(0, this.#endMs + (performance.now() - this.#endAt) - recordedMs);
  }

  #noteEnd(event: Pick<LogEvent, 'recordedMs'> | undefined): void {
    if (!event || event.recordedMs <= this.#endMs) return;
    this.#endMs = event.recordedMs;
    this.#endAt = performance.now();
  }

  /** Asks for the end of the log, for views that are far from it. */
  #learnEnd(): void {
    this.#learning ??= this.log.last().then(
      (event) => this.#noteEnd(event),
      () => (this.#learning = undefined),
    );
  }

  /** Events of one stream. Single events are cached for a while, since all views ask for the same ones. */
  readStream(stream: string, from: bigint, max: number): Promise<LogEvent[]> {
    if (max !== 1) return this.log.readStream(stream, from, max);
    const name = `${from}@${stream}`;
    const known = this.#singles.get(name);
    if (known) return known;
    const read = this.log.readStream(stream, from, 1);
    this.#singles.set(name, read);
    // A missing or unreadable event may become available later: do not cache it.
    void read.then(
      (events) => events[0]?.revision === from || this.#singles.delete(name),
      () => this.#singles.delete(name),
    );
    if (this.#singles.size > 512) this.#singles.delete(this.#singles.keys().next().value!);
    return read;
  }

  /** The newest event of the log, if any. */
  last(): Promise<LogEvent | undefined> {
    return this.log.last();
  }

  /** Drops all pages, for example after one turned out to have a hole; the following events are read from the log again. */
  forget(): void {
    this.#pages.clear();
    this.#kept = 0;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#ring();
    this.log.close?.();
    await this.#subscription;
  }

  #readAhead(after: bigint): void {
    if (this.#pages.has(after) || this.#reads.has(after) || this.#wouldForget(after)) return;
    this.#read(after).catch(() => undefined);
  }

  #read(after: bigint): Promise<Page> {
    const known = this.#pages.get(after);
    if (known) return Promise.resolve(known);
    const running = this.#reads.get(after);
    if (running) return running;
    const read = this.#paced(after)
      .then(() => this.log.readAll(after, this.options.pageSize))
      .then((events): Page => {
        let newest = events[0];
        for (const event of events) if (event.position > newest!.position) newest = event;
        const through = newest && newest.position > after ? newest.position : after;
        if (through > this.#seen) {
          this.#seen = through;
          this.#noteEnd(newest);
        }
        const page: Page = {
          after,
          through,
          events: events.filter((event) => !isOfStore(event)),
          last: endsLog(events, this.options.pageSize),
        };
        if (page.last && events.length >= MANY) this.#pacedUntil = performance.now() + this.options.paceMs;
        if (through > after) this.#keep(page);
        return page;
      })
      .finally(() => this.#reads.delete(after));
    this.#reads.set(after, read);
    return read;
  }

  async #paced(after: bigint): Promise<void> {
    const waitMs = after === this.#seen ? this.#pacedUntil - performance.now() : 0;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  #keep(page: Page): void {
    this.#pages.set(page.after, page);
    this.#kept += page.events.length + 1;
    for (const oldest of this.#pages.values()) {
      if (this.#kept <= this.options.kept) break;
      this.#pages.delete(oldest.after);
      this.#kept -= oldest.events.length + 1;
    }
  }

  /** Yields to the event loop now and then: while pages are available, folding would otherwise block everything else. */
  #breathe(): Promise<void> | undefined {
    if (performance.now() - this.#turnAt < TURN_MS) return undefined;
    return (this.#turn ??= new Promise((resolve) =>
      setImmediate(() => {
        this.#turn = undefined;
        this.#turnAt = performance.now();
        resolve();
      }),
    ));
  }

  /** Drops pages that every view has read. */
  #drop(): void {
    for (const page of this.#pages.values()) {
      for (const { at } of this.#followers) if (at === undefined || at < page.through) return;
      this.#pages.delete(page.after);
      this.#kept -= page.events.length + 1;
    }
  }

  /**
   * Views that catch up stay together, so that each page is read once for all of them. A view that is further behind than the cached pages reads
   * on its own and holds nobody up.
   */
  async #waitForTheLast(after: bigint, signal: AbortSignal): Promise<void> {
    for (const until = performance.now() + PATIENCE_MS; !signal.aborted;) {
      const left = until - performance.now();
      if (left <= 0 || !this.#wouldForget(after)) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#moved.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** True if reading on from here would evict a page that another view reads next. */
  #wouldForget(after: bigint): boolean {
    const [oldest] = this.#pages.values();
    if (!oldest || this.#kept + this.options.pageSize < this.options.kept || oldest.after >= after) return false;
    for (const { at } of this.#followers) if (at === oldest.after) return true;
    return false;
  }

  #tell(): void {
    for (const moved of this.#moved.splice(0)) moved();
  }

  #renew(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = () => {
        this.#rung = this.#renew();
        resolve();
      };
    });
  }

  /** True if a wake-up came, false if the poll interval passed. */
  async #wait(rung: Promise<void>, signal: AbortSignal, waitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    const heard = await Promise.race([
      rung.then(() => true),
      new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), waitMs);
        stop = () => resolve(true);
        signal.addEventListener('abort', stop, { once: true });
      }),
    ]);
    clearTimeout(timer);
    if (stop) signal.removeEventListener('abort', stop);
    this.#wakeups[heard ? 'notified' : 'polled']++;
    return heard;
  }

  /** The poll found an event that the subscription did not announce: the subscription is silent and is replaced. */
  #deaf(): void {
    this.#mute.abort();
  }

  async #listen(): Promise<void> {
    for (let tries = 0; !this.#stop.signal.aborted; tries++) {
      this.#mute = new AbortController();
      const signal = AbortSignal.any([this.#stop.signal, this.#mute.signal]);
      const started = performance.now();
      await this.log.subscribe(() => this.#ring(), signal).catch(() => undefined);
      if (this.#stop.signal.aborted) return;
      this.#wakeups.resubscribed++;
      if (performance.now() - started > 10_000) tries = 0;
      const backOff = Math.min(5_000, 50 * 2 ** Math.min(tries, 7));
      await new Promise((resolve) => setTimeout(resolve, backOff * (0.5 + Math.random() / 2)));
    }
  }
}
