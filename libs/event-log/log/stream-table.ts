/**
 * Hides: the names and last revisions of all streams in flat memory: about 50 bytes plus the name per stream, nothing on the JS heap.
 * Promises: numbers are assigned in order of appearance and never change; a seeded hash keeps hostile names from slowing it down. Does not:
 * forget a stream.
 */
import { randomBytes } from 'node:crypto';

const SEED = randomBytes(4).readUInt32LE();

/** MurmurHash3 (32 bits) with a random seed per OS process. */
function hash(bytes: Buffer): number {
  let h = SEED;
  const whole = bytes.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, 0xcc9e2d51);
    h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  let k = 0;
  for (let i = bytes.length - 1; i >= whole; i--) k = (k << 8) | bytes[i]!;
  k = Math.imul(k, 0xcc9e2d51);
  h ^= Math.imul((k << 15) | (k >>> 17), 0x1b873593) ^ bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function grown<T extends Uint32Array | Float64Array | Uint8Array>(array: T, make: (length: number) => T): T {
  const larger = make(array.length * 2);
  larger.set(array);
  return larger;
}

export class StreamTable {
  private count = 0;
  private names: Buffer = Buffer.alloc(64 * 1024);
  private namesEnd = 0;
  private slots = new Uint32Array(4096);
  private hashes = new Uint32Array(1024);
  /** Where each name begins; the next entry is where it ends. */
  private nameStarts = new Float64Array(1025);
  private lasts = new Float64Array(1024);
  private tombstones = new Uint8Array(1024);

  get size(): number {
    return this.count;
  }

  /** The stream's number, or -1. */
  find(name: string): number {
    const bytes = Buffer.from(name);
    const slot = this.slots[this.slotOf(bytes, hash(bytes))]!;
    return slot - 1;
  }

  /** The stream's number; a new one if the name is new. */
  intern(bytes: Buffer): number {
    const h = hash(bytes);
    const slot = this.slotOf(bytes, h);
    const known = this.slots[slot]!;
    if (known !== 0) return known - 1;
    const number = this.count++;
    if (number >= this.hashes.length) this.growStreams();
    this.slots[slot] = number + 1;
    this.hashes[number] = h;
    while (this.namesEnd + bytes.length > this.names.length) this.names = Buffer.concat([this.names], this.names.length * 2);
    bytes.copy(this.names, this.namesEnd);
    this.nameStarts[number] = this.namesEnd;
    this.namesEnd += bytes.length;
    this.nameStarts[number + 1] = this.namesEnd;
    this.lasts[number] = -1;
    if (this.count * 2 > this.slots.length) this.growSlots();
    return number;
  }

  name(number: number): Buffer {
    return this.names.subarray(this.nameStarts[number]!, this.nameStarts[number + 1]!);
  }

  last(number: number): number {
    return this.lasts[number]!;
  }

  setLast(number: number, ordinal: number): void {
    this.lasts[number] = ordinal;
  }

  tombstoned(number: number): boolean {
    return number >= 0 && this.tombstones[number] === 1;
  }

  bury(number: number): void {
    this.tombstones[number] = 1;
  }

  private slotOf(bytes: Buffer, h: number): number {
    const mask = this.slots.length - 1;
    let slot = h & mask;
    for (;;) {
      const number = this.slots[slot]! - 1;
      if (number < 0) return slot;
      if (this.hashes[number] === h) {
        const start = this.nameStarts[number]!;
        if (this.names.compare(bytes, 0, bytes.length, start, this.nameStarts[number + 1]!) === 0) return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  private growStreams(): void {
    this.hashes = grown(this.hashes, (n) => new Uint32Array(n));
    this.lasts = grown(this.lasts, (n) => new Float64Array(n));
    this.tombstones = grown(this.tombstones, (n) => new Uint8Array(n));
    const starts = new Float64Array(this.hashes.length + 1);
    starts.set(this.nameStarts);
    this.nameStarts = starts;
  }

  private growSlots(): void {
    this.slots = new Uint32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = this.hashes[number]! & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = number + 1;
    }
  }
}
