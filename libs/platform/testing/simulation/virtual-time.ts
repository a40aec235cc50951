/**
 * Time and chance of a simulation. Hides: the queue of what happens next. Promises: the same seed gives the same run; one thing happens at a time, and
 * all that follows from it at once happens before the next; each app has a clock of its own. Does not: wait for real time to pass.
 */
import { setClock } from '#platform/runtime/clock';

const immediately = setImmediate;
/** Resolves when no promise is left that can go on by itself. */
const settled = (): Promise<void> => new Promise((resolve) => immediately(resolve));

/** Numbers that look random and follow from the seed (mulberry32). */
export class Random {
  constructor(private state: number) {}

  /** From 0 to below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number, both ends included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)]!;
  }
}

type Happening = { readonly at: number; readonly seq: number; readonly app: string; readonly run: () => void; cancelled?: true };

export class VirtualTime {
  /** True time, ms since 1970. */
  now: number;
  /** The app whose code runs. */
  app = '';
  readonly random: Random;
  /** Ms by which the clock of an app is ahead. */
  readonly skews = new Map<string, number>();
  private readonly dead = new Set<string>();
  private readonly frozen = new Map<string, number>();
  private readonly queue: Happening[] = [];
  private count = 0;
  private stirred = false;

  constructor(start: string, seed: number) {
    this.now = Date.parse(start);
    this.random = new Random(seed);
  }

  /** Runs something later, in an app: never, if that has died by then; later, if it is frozen. */
  after(ms: number, run: () => void, app = this.app): Happening {
    const happening: Happening = { at: this.now + Math.max(0, ms), seq: (this.count += 1), app, run };
    push(this.queue, happening);
    return happening;
  }

  /** To be called by whatever may make a promise go on: it goes on before the next thing happens. */
  stir(): void {
    this.stirred = true;
  }

  /** The app stops for good, whatever it was doing. */
  kill(app: string): void {
    this.dead.add(app);
  }

  isDead(app: string): boolean {
    return this.dead.has(app);
  }

  /** The app does nothing until then, and goes on as if nothing had been. */
  freeze(app: string, until: number): void {
    this.frozen.set(app, until);
  }

  /** What happens until then, in its order. */
  async run(until: number): Promise<void> {
    for (let next = this.queue[0]; next && next.at <= until; next = this.queue[0]) {
      pop(this.queue);
      if (next.cancelled || this.dead.has(next.app)) continue;
      this.now = Math.max(this.now, next.at);
      const thaw = this.frozen.get(next.app) ?? 0;
      if (thaw > this.now) {
        this.after(thaw - this.now, next.run, next.app);
        continue;
      }
      this.app = next.app;
      next.run();
      if (this.stirred) await settled();
      this.stirred = false;
    }
    this.app = '';
    this.now = Math.max(this.now, until);
  }

  /** Runs something as part of an app: by its clock. */
  as<T>(app: string, run: () => T): T {
    const before = this.app;
    this.app = app;
    try {
      return run();
    } finally {
      this.app = before;
    }
  }

  get instant(): string {
    return new Date(this.now).toISOString();
  }

  /** While it runs, all clocks, pauses and random numbers of this app are those of the simulation. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    const before = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    const { random } = Math;
    setClock(() => this.now + (this.skews.get(this.app) ?? 0));
    Math.random = () => this.random.next();
    globalThis.setTimeout = ((then: () => void, ms = 0) => this.after(ms, () => (this.stir(), then()))) as never;
    globalThis.clearTimeout = ((timer?: Happening) => {
      if (timer) timer.cancelled = true;
    }) as never;
    try {
      return await run();
    } finally {
      Object.assign(globalThis, before);
      Math.random = random;
      setClock();
    }
  }
}

const isBefore = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);

function push(heap: Happening[], happening: Happening): void {
  let place = heap.push(happening) - 1;
  for (let parent = (place - 1) >> 1; place > 0 && isBefore(happening, heap[parent]!); parent = (place - 1) >> 1) {
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = happening;
}

function pop(heap: Happening[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let place = 0;
  for (let child = 1; child < heap.length; child = 2 * place + 1) {
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = last;
}
