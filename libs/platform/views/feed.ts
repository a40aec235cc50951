/**
 * The log in pages, read once for all views of a worker. Hides: paging, sharing, read-ahead, the subscription.
 * Promises: every page comes from a read of the log, in order; the subscription is only a wake-up that shortens the poll, so that it may
 * end, fail, repeat itself or fall silent without a gap. Memory is bounded by the page cache. Does not: remember where a view is.
 */
import { endsLog } from '#platform/store/log-cursor';
import { BEFORE_ALL, type LogReader } from '#platform/store/log-reader';
import type { LogEvent } from '#platform/store/log-event';

/** Events after `after`, up to and including `through`. */
export type Page = Readonly<{
  after: bigint;
  through: bigint;
  /** Without the store's own events (`$…`). */
  events: readonly LogEvent[];
  /** True where nothing was known to follow. */
  last: boolean;
}>;

/** One reader of the feed. */
export type Follower = {
  /** The position up to which it has what it needs. */
  at: bigint | undefined;
  /** The page after a position; waits for one, up to the poll interval if not less, and gives an empty one where nothing came. */
  next(after: bigint, signal: AbortSignal, waitMs?: number): Promise<Page>;
  leave(): void;
};

export type FeedOptions = Readonly<{
  pageSize: number;
  /** Events kept for views that follow behind. */
  kept: number;
  /** How long a view waits for a wake-up before it looks for itself, ms. */
  pollMs: number;
}>;

export const usualFeed: FeedOptions = { pageSize: 1024, kept: 24_576, pollMs: 500 };

/** How long pages that lie ready may be folded before sockets are looked after, ms. */
const TURN_MS = 20;

/** How long a view waits for one that would else have to read again what is about to be forgotten, ms. */
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
  /** Position of the newest event seen, by whatever view. */
  #seen = BEFORE_ALL;
  /** When the newest event known was recorded, by the store's clock, and when that became known, by this app's running time. */
  #endMs = 0;
  #endAt = 0;
  #learning?: Promise<void>;
  #wakeups = { bell: 0, poll: 0, resubscribed: 0 };
  readonly #bell: Promise<void>;
  #mute = new AbortController();

  constructor(
    private readonly log: LogReader,
    private readonly options: FeedOptions = usualFeed,
  ) {
    this.#rung = this.#renew();
    this.#bell = this.#listen();
  }

  /** A view begins to read; it says so when it ends. */
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
    // A short wait that passed in silence says nothing about the subscription, and costs no read.
    if (!heard && waitMs < this.options.pollMs) return page;
    const later = await this.#read(after);
    if (!heard && later.through > after) this.#deaf();
    return later;
  }

  get wakeups(): Readonly<{ bell: number; poll: number; resubscribed: number }> {
    return this.#wakeups;
  }

  /** Position of the newest event that any view of this worker has been given. */
  get seen(): bigint {
    return this.#seen;
  }

  /** How long before the end of the log something was recorded, ms. The clock is the store's: this app's may be wrong, or be set. */
  ageOf(recordedMs: number): number {
    return Math.max(0, this.#endMs + (performance.now() - this.#endAt) - recordedMs);
  }

  #noteEnd(event: Pick<LogEvent, 'recordedMs'> | undefined): void {
    if (!event || event.recordedMs <= this.#endMs) return;
    this.#endMs = event.recordedMs;
    this.#endAt = performance.now();
  }

  /** Asks where the log ends, for views that are far from it. */
  #learnEnd(): void {
    this.#learning ??= this.log.last().then(
      (event) => this.#noteEnd(event),
      () => (this.#learning = undefined),
    );
  }

  /** Events of one stream. Single events are remembered for a while, since all views ask for the same ones. */
  readStream(stream: string, from: bigint, max: number): Promise<LogEvent[]> {
    if (max !== 1) return this.log.readStream(stream, from, max);
    const name = `${from}@${stream}`;
    const known = this.#singles.get(name);
    if (known) return known;
    const read = this.log.readStream(stream, from, 1);
    this.#singles.set(name, read);
    // What is not there yet, or could not be read, may be later.
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

  /** Lets go of all pages, as when one turned out to have a hole: what follows is read from the log again. */
  forget(): void {
    this.#pages.clear();
    this.#kept = 0;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#ring();
    this.log.close?.();
    await this.#bell;
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
    const read = this.log
      .readAll(after, this.options.pageSize)
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
          events: events.filter((event) => !event.stream.startsWith('$') && !event.type.startsWith('$')),
          last: endsLog(events, this.options.pageSize),
        };
        if (through > after) this.#keep(page);
        return page;
      })
      .finally(() => this.#reads.delete(after));
    this.#reads.set(after, read);
    return read;
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

  /** Everything else has its turn now and then: where pages lie ready, nothing but folding would go on for long. */
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

  /** Lets go of pages that every view has. */
  #drop(): void {
    for (const page of this.#pages.values()) {
      for (const { at } of this.#followers) if (at === undefined || at < page.through) return;
      this.#pages.delete(page.after);
      this.#kept -= page.events.length + 1;
    }
  }

  /**
   * Views that catch up keep together, so that each page is read once for all of them. Whoever is further behind than the pages that are
   * kept is on its own, and holds up nobody.
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

  /** True where reading on from here would push out a page that another view reads next. */
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

  /** True where the bell rang, false where the poll interval passed. */
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
    this.#wakeups[heard ? 'bell' : 'poll']++;
    return heard;
  }

  /** The poll found what the subscription did not announce: it is silent, so it is replaced. */
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
