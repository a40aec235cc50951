/**
 * Which command ids a stretch of a stream may hold: a Bloom filter. Hides: its arithmetic. Promises: never denies an id that it was given;
 * what it says of others is wrong once in ten thousand times. Does not: remember answers; a hit has to be looked up in the stream.
 */
import { hash } from 'node:crypto';

/** Revisions that one filter covers. Stored filters say it, and those of another length are not used. */
export const STRETCH = 4_096;
/** The stretch that a revision is in; the first where there is none yet. */
export const stretchOf = (revision: bigint): number => Number(revision / BigInt(STRETCH));
const BITS = 20 * STRETCH;
const PLACES = 14;

export class IdFilter {
  private constructor(private readonly bits: Uint8Array) {}

  static empty(): IdFilter {
    return new IdFilter(new Uint8Array(BITS / 8));
  }

  /** @throws where it is not a filter of this size */
  static of(text: string): IdFilter {
    const bits = Buffer.from(text, 'base64');
    if (bits.length !== BITS / 8) throw new Error(`a filter of ${bits.length} bytes`);
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

/** Where an id leaves its marks. */
export type Places = readonly number[];

export function placesOf(key: string): Places {
  const digest = hash('sha256', key, 'buffer');
  const [first, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
  return Array.from({ length: PLACES }, (_, n) => ((first + n * step + digest[8 + n]! * 65_537) >>> 0) % BITS);
}
