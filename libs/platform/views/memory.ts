/**
 * The recently read or written rows of one part. Hides: generations, and a sketch of all keys that recognises new rows without asking the
 * database. Promises: one entry per row, with the latest folded state until it is committed; bounded memory. Does not: write, or survive an
 * error.
 */
import { entryOf, type Entry } from './batch';
import type { Tuple } from './shape';

/** What is known of the rows that one event touches. */
type Touched = Readonly<{ event: Readonly<{ id: string }>; keys: readonly string[]; rows: Entry[] }>;

/** Rows that the parts of a worker may keep in memory together. While there is room, a part keeps what it has; after that, no more than its share. */
export class RowBudget {
  #kept = 0;
  #parts = 0;

  constructor(private readonly rows: number) {}

  join(): void {
    this.#parts++;
  }

  leave(kept: number): void {
    this.#parts--;
    this.#kept -= kept;
  }

  /** Reports how many rows a part kept before and keeps now; true if some must be dropped. */
  exceeded(before: number, now: number): boolean {
    this.#kept += now - before;
    return this.#kept > this.rows && now * this.#parts > this.rows;
  }
}

export class RowMemory {
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  /** Rows keyed by the id of the event that wrote them are rarely touched again: after their commit they are only kept in the database. */
  #own = new Map<string, Entry>();
  #ownBefore = new Map<string, Entry>();
  /** All keys ever written; only known if the table was empty at the start. */
  #keys: KeySketch | undefined;
  /** True while every row of the table is in memory. */
  #complete: boolean;
  #counted = 0;

  /**
   * @param fromEmpty true if the table is empty now
   * @param fetch reads committed rows by key
   */
  constructor(
    private readonly budget: RowBudget,
    fromEmpty: boolean,
    private readonly fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Tuple>>,
  ) {
    this.#complete = fromEmpty;
    this.#keys = fromEmpty ? new KeySketch() : undefined;
    budget.join();
  }

  /** Gives each event the entries of the rows that it may touch: from memory, and with one query for all unknown ones. */
  async resolve(touched: readonly Touched[]): Promise<void> {
    const wanted = new Set<string>();
    for (const { event, keys, rows } of touched) {
      for (let i = 0; i < keys.length; i++) {
        const entry = this.#find(keys[i]!, event.id);
        if (entry) rows[i] = entry;
        else wanted.add(keys[i]!);
      }
    }
    if (wanted.size === 0) return;
    const found = await this.fetch([...wanted]);
    for (const key of wanted) this.#young.set(key, entryOf(key, found.get(key) ?? null));
    for (const { keys, rows } of touched) for (let i = 0; i < keys.length; i++) rows[i] ??= this.#young.get(keys[i]!)!;
  }

  #find(key: string, eventId: string): Entry | undefined {
    const young = this.#young.get(key);
    if (young) return young;
    const old = this.#old.size > 0 ? this.#old.get(key) : undefined;
    if (old) {
      this.#young.set(key, old);
      return old;
    }
    if (this.#own.size + this.#ownBefore.size > 0) {
      const own = this.#own.get(key) ?? this.#ownBefore.get(key);
      if (own) {
        this.#own.set(key, own);
        return own;
      }
    }
    // A row keyed by its event's id is first written by that event, and each event comes once.
    if (key !== eventId && !this.#complete && this.#keys?.mayHold(key) !== false) return undefined;
    const entry = entryOf(key, null);
    (key === eventId ? this.#own : this.#young).set(key, entry);
    return entry;
  }

  /**
   * A batch with these new rows was committed. Rows looked up since the commit before it stay: the batch now being gathered, which is committed
   * next, may have changed them.
   */
  committed(fresh: readonly Tuple[], keyAt: number): void {
    for (let i = 0; i < fresh.length && this.#keys; i++) if (!this.#keys.add(fresh[i]![keyAt]!)) this.#keys = undefined;
    if (this.#own.size > 0) this.#complete = false;
    if (this.#own.size + this.#ownBefore.size > 0) {
      this.#ownBefore = this.#own;
      this.#own = new Map();
    }
    const kept = this.#young.size + this.#old.size;
    const before = this.#counted;
    this.#counted = kept;
    if (!this.budget.exceeded(before, kept)) return;
    if (this.#old.size > 0) this.#complete = false;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Gives its share back. */
  close(): void {
    this.budget.leave(this.#counted);
    this.#counted = 0;
  }
}

/** Bits of the largest sketch: 16 MiB, enough for about ten million keys. */
const MOST_BITS = 2 ** 27;
const FIRST_BITS = 2 ** 18;
/** Four bits per key, at ten or more bits of space per key: about one false positive in a hundred. */
const BITS_PER_KEY = 10;

/** A Bloom filter that grows: no false negatives, a few false positives. */
class KeySketch {
  readonly #layers: Uint32Array[] = [new Uint32Array(FIRST_BITS / 32)];
  #room = FIRST_BITS / BITS_PER_KEY;

  /** False once it is full and therefore useless. */
  add(key: string): boolean {
    if (this.mayHold(key)) return true;
    let newest = this.#layers.at(-1)!;
    if (this.#room-- <= 0) {
      const bits = newest.length * 32 * 4;
      if (bits > MOST_BITS) return false;
      this.#layers.push((newest = new Uint32Array(bits / 32)));
      this.#room = bits / BITS_PER_KEY;
    }
    const [low, high] = hashes(key);
    for (let i = 0; i < 4; i++) {
      const bit = (low + Math.imul(i, high)) & (newest.length * 32 - 1);
      newest[bit >>> 5]! |= 1 << (bit & 31);
    }
    return true;
  }

  mayHold(key: string): boolean {
    const [low, high] = hashes(key);
    return this.#layers.some((layer) => {
      for (let i = 0; i < 4; i++) {
        const bit = (low + Math.imul(i, high)) & (layer.length * 32 - 1);
        if ((layer[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
      }
      return true;
    });
  }
}

/** Two hashes of 32 bits; the second is odd, so that all multiples differ. */
function hashes(key: string): [low: number, high: number] {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
  }
  low ^= low >>> 13;
  return [Math.imul(low, 0x85ebca6b) >>> 0, (Math.imul(high ^ (high >>> 16), 0xc2b2ae35) | 1) >>> 0];
}
