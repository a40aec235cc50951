/**
 * Interned names of streams and types. Hides: a hash table over bytes. Promises: the same string for the same bytes, and a number that no
 * two names ever share. Does not: grow without bound; when it is full it forgets all.
 */

/** Streams whose numbers are remembered at once, a power of two. */
export const STREAMS = 131_072;

const LONGEST = 64;
/** Repeated names as the same strings: neither created nor hashed again for each event. */
class Names {
  private readonly strings: string[] = [];
  /** Offsets of the slots' names in `keys`, and their numbers; -1 if a slot is free. */
  private readonly entries: Int32Array;
  private readonly lengths: Uint8Array;
  private keys = new Uint8Array(64 * LONGEST);
  private first = 0;
  /** Number of the name that was returned last; -1 if it is too long to have one. */
  number = -1;

  /** @param most names that are remembered at once; then all are forgotten */
  constructor(private readonly most: number) {
    this.entries = new Int32Array(most * 2).fill(-1);
    this.lengths = new Uint8Array(most);
  }

  get(bytes: Buffer, from: number, to: number): string {
    const length = to - from;
    this.number = -1;
    if (length > LONGEST || length === 0) return bytes.toString('utf8', from, to);
    let hash = length;
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
    const last = this.entries.length - 1;
    for (let slot = (hash ^ (hash >>> 15)) & last; ; slot = (slot + 1) & last) {
      const entry = this.entries[slot]!;
      if (entry < 0) return this.add(slot, bytes, from, to);
      if (this.lengths[entry] !== length || !this.holds(entry * LONGEST, bytes, from, to)) continue;
      this.number = this.first + entry;
      return this.strings[entry]!;
    }
  }

  private add(slot: number, bytes: Buffer, from: number, to: number): string {
    const entry = this.strings.length;
    if (entry === this.most) {
      this.first += entry;
      this.strings.length = 0;
      this.entries.fill(-1);
      return this.get(bytes, from, to);
    }
    if ((entry + 1) * LONGEST > this.keys.length) {
      const keys = new Uint8Array(this.keys.length * 2);
      keys.set(this.keys);
      this.keys = keys;
    }
    this.entries[slot] = entry;
    this.lengths[entry] = to - from;
    this.keys.set(bytes.subarray(from, to), entry * LONGEST);
    this.number = this.first + entry;
    return (this.strings[entry] = bytes.toString('utf8', from, to));
  }

  private holds(key: number, bytes: Buffer, from: number, to: number): boolean {
    for (let at = from; at < to; at++, key++) if (this.keys[key] !== bytes[at]) return false;
    return true;
  }
}
export const types = new Names(1_024);
export const streams = new Names(STREAMS);
