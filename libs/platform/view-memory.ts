/**
 * The rows of one part that were written or read lately. Hides: two generations, and a sketch of all keys that tells new rows without asking
 * the database. Promises: what it says a row is, is what is committed; bounded memory. Does not: write, or outlive an error.
 */
import type { Before } from './view-fold';
import type { Tuple } from './view-shape';

/** What is known of the rows that one event touches. */
type Touched = Readonly<{ event: Readonly<{ id: string }>; keys: readonly string[] }>;

export class RowMemory {
  #young = new Map<string, Tuple | null>();
  #old = new Map<string, Tuple | null>();
  /** All keys ever written, where that is known: from an empty table on. */
  #keys: KeySketch | undefined;
  /** True while every row of the table is in memory. */
  #complete: boolean;

  /**
   * @param rows most rows in memory
   * @param fromEmpty true where the table is empty now
   * @param fetch rows by key, as they are committed
   */
  constructor(
    private readonly rows: number,
    fromEmpty: boolean,
    private readonly fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, Tuple>>,
  ) {
    this.#complete = fromEmpty;
    this.#keys = fromEmpty ? new KeySketch() : undefined;
  }

  /**
   * Sees to it that the rows which events touch are known: one query for all that are not. What `look` says of them then holds until the
   * caller waits for anything. Rows that are `pending` need not be known: the caller knows them better.
   */
  async ready(touched: readonly Touched[], pending: Before): Promise<void> {
    if (this.#complete) return;
    // A commit in the meantime may push rows out again.
    for (let wanted = this.#unknown(touched, pending); wanted.size > 0; wanted = this.#unknown(touched, pending)) {
      const found = await this.fetch([...wanted]);
      for (const key of wanted) this.#young.set(key, found.get(key) ?? null);
    }
  }

  #unknown(touched: readonly Touched[], pending: Before): Set<string> {
    const wanted = new Set<string>();
    for (const { event, keys } of touched) {
      for (const key of keys) {
        // A row that bears its event's id is written by this event first, and each event comes once.
        if (key === event.id || this.#recall(key) || pending(key) !== undefined) continue;
        if (this.#keys?.mayHold(key) !== false) wanted.add(key);
      }
    }
    return wanted;
  }

  /** What was committed. Rows that bear an event's id are rarely touched again: they are left to the database. */
  remember(changes: ReadonlyMap<string, Tuple | null>, own: ReadonlySet<string>): void {
    if (own.size > 0) this.#complete = false;
    changes.forEach((tuple, key) => {
      if (!this.#keys?.add(key)) this.#keys = undefined;
      if (!own.has(key)) this.#remember(key, tuple);
    });
  }

  /** A row as it is committed; undefined where there is none, or it is not known. */
  readonly look: Before = (key) => {
    const young = this.#young.get(key);
    return young === undefined ? this.#old.get(key) : young;
  };

  /** True where the row is known; it then stays so for another generation. */
  #recall(key: string): boolean {
    if (this.#young.has(key)) return true;
    const old = this.#old.get(key);
    if (old !== undefined) this.#young.set(key, old);
    return old !== undefined;
  }

  #remember(key: string, tuple: Tuple | null): void {
    this.#young.set(key, tuple);
    if (this.#young.size < this.rows / 2) return;
    if (this.#old.size > 0) this.#complete = false;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** Bits of the largest sketch: 16 MiB, good for some ten million keys. */
const MOST_BITS = 2 ** 27;
const FIRST_BITS = 2 ** 18;
/** Four bits per key in ten or more: one key in a hundred is held for known that is not. */
const BITS_PER_KEY = 10;

/** A Bloom filter that grows: it never forgets a key, and holds a few for known that are not. */
class KeySketch {
  readonly #layers: Uint32Array[] = [new Uint32Array(FIRST_BITS / 32)];
  #room = FIRST_BITS / BITS_PER_KEY;

  /** False once it is full, and good for nothing any more. */
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
