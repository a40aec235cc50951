/**
 * A set of 64-bit digests. Hides: the disk. Promises: memory is bounded whatever the number of digests (`inMemory`); the rest is on disk in sorted
 * runs, and is looked at only for digests that are probably there. Does not: forget.
 */
import { ScratchFile } from './scratch-file';

/** Digests in memory: 16 MB. */
const HELD = 1_000_000;
const LOAD = 0.6;
/** One digest of a run in so many is kept in memory; as many are read at once. */
const BLOCK = 512;
/** Bits of the filter before the runs: 16 MB. */
const FILTER_BITS = 2 ** 27;

type Run = Readonly<{ begin: number; length: number; firsts: BigUint64Array }>;

export class Digests {
  private places = new Uint32Array(2 * 4_096);
  private size = 0;
  private readonly disk = new ScratchFile();
  private readonly runs: Run[] = [];
  private filter?: Uint32Array;
  private readonly block = new BigUint64Array(BLOCK);

  constructor(private readonly held = HELD) {}

  /** Digests that are held in memory. */
  get inMemory(): number {
    return this.size + this.runs.reduce((sum, { firsts }) => sum + firsts.length, 0);
  }

  has(high: number, low: number): boolean {
    const [a, b] = entry(high, low);
    return this.places[this.placeOf(a, b) + 1] !== 0 || this.onDisk(a, b);
  }

  /** True if it is new. */
  add(high: number, low: number): boolean {
    const [a, b] = entry(high, low);
    const place = this.placeOf(a, b);
    if (this.places[place + 1] !== 0 || this.onDisk(a, b)) return false;
    this.places[place] = a;
    this.places[place + 1] = b;
    this.size += 1;
    if (this.size >= this.held) this.spill();
    else if (this.size > (LOAD * this.places.length) / 2) this.grow();
    return true;
  }

  /** Where the digest is, or would be. */
  private placeOf(a: number, b: number): number {
    const mask = this.places.length / 2 - 1;
    for (let place = a & mask; ; place = (place + 1) & mask) {
      const [x, y] = [this.places[2 * place]!, this.places[2 * place + 1]!];
      if ((x === a && y === b) || y === 0) return 2 * place;
    }
  }

  private grow(): void {
    const before = this.places;
    this.places = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] === 0) continue;
      const place = this.placeOf(before[at]!, before[at + 1]!);
      this.places.set(before.subarray(at, at + 2), place);
    }
  }

  private spill(): void {
    const filter = (this.filter ??= new Uint32Array(FILTER_BITS / 32));
    const { places } = this;
    // The digests move to the front of the table and are sorted there.
    for (let at = 0, next = 0; at < places.length; at += 2) {
      const [a, b] = [places[at]!, places[at + 1]!];
      if (b === 0) continue;
      for (const bit of bitsOf(a, b)) filter[bit >>> 5]! |= 1 << (bit & 31);
      places[next++] = a;
      places[next++] = b;
    }
    const sorted = new BigUint64Array(places.buffer, 0, this.size).sort();
    const firsts = BigUint64Array.from({ length: Math.ceil(this.size / BLOCK) }, (_, n) => sorted[n * BLOCK]!);
    const begin = this.disk.append(new Uint8Array(places.buffer, 0, this.size * 8));
    this.runs.push({ begin, length: this.size, firsts });
    places.fill(0);
    this.size = 0;
  }

  private onDisk(a: number, b: number): boolean {
    if (!this.filter || !bitsOf(a, b).every((bit) => (this.filter![bit >>> 5]! & (1 << (bit & 31))) !== 0)) return false;
    const digest = (BigInt(b) << 32n) | BigInt(a);
    return this.runs.some(({ begin, length, firsts }) => {
      const block = lastAtMost(firsts, firsts.length, digest);
      if (block < 0) return false;
      const there = Math.min(BLOCK, length - block * BLOCK);
      this.disk.read(new Uint8Array(this.block.buffer, 0, there * 8), begin + block * BLOCK * 8);
      return this.block[lastAtMost(this.block, there, digest)] === digest;
    });
  }
}

/** No digest has a second half of 0: that is an empty place. */
const entry = (high: number, low: number): readonly [number, number] => [high, low === 0 ? 1 : low];

const bitsOf = (a: number, b: number): number[] => [0, 1, 2, 3].map((n) => (a + Math.imul(n, b | 1)) & (FILTER_BITS - 1));

/** Index of the last of `length` sorted numbers that is not above the wanted one; -1 if there is none. */
function lastAtMost(sorted: BigUint64Array, length: number, wanted: bigint): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
