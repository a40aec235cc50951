/**
 * Which command ids a stretch of a stream may contain: a Bloom filter. Hides: its arithmetic. Promises: no false negatives; one false positive in
 * ten thousand ids. Does not: remember answers; a hit has to be looked up in the stream.
 */
import { hash } from 'node:crypto';

/** Revisions that one filter covers. Stored filters contain this number; those with another are not used. */
export const STRETCH = 4_096;
/** The stretch that a revision is in; the first if the stream is empty. */
export const stretchOf = (revision: bigint): number => Number(revision / BigInt(STRETCH));
const BITS = 20 * STRETCH;
const PLACES = 14;

export class IdFilter {
  private constructor(private readonly bits: Uint8Array) {}

  static empty(): IdFilter {
    return new IdFilter(new Uint8Array(BITS / 8));
  }

  /** @throws Error if it is not a filter of this size */
  static of(text: string): IdFilter {
    const bits = Buffer.from(text, 'base64');
    if (bits.length !== BITS / 8) throw new Error(`A stored filter has the wrong size: ${bits.length} bytes`);
    return new IdFilter(bits);
  }

  add(places: Places): void {
    for (const place of places) this.bits[place >> 3]! |= 1 << (place & 7);
  }

  mayHold(places: Places): boolean {
    return places.every((place) => (this.bits[place >> 3]! & (1 << (place & 7))) !== 0);
  }

  toString(): string {
    return Buffer.from(this.bits.buffer, this.bits.byteOffset, this.bits.byteLength).toString('base64');
  }
}

/** The bits that an id sets. */
export type Places = readonly number[];

export function placesOf(key: string): Places {
  const digest = hash('sha256', key, 'buffer');
  const [first, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
  return Array.from({ length: PLACES }, (_, n) => ((first + n * step + digest[8 + n]! * 65_537) >>> 0) % BITS);
}
