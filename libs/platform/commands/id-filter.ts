/**
 * Which command ids a stretch of a stream may contain: a Bloom filter. Hides: its arithmetic and its stored forms. Promises: no false negatives;
 * one false positive in ten thousand ids. Does not: remember answers; a hit has to be looked up in the stream.
 */
import { hash } from 'node:crypto';
import { varint, varintEnd, writeVarint } from '#platform/store/varint';

/** Revisions that one filter covers. Stored filters contain this number; those with another are not used. */
export const STRETCH = 4_096;
/** The stretch that a revision is in; the first if the stream is empty. */
export const stretchOf = (revision: bigint): number => Number(revision / BigInt(STRETCH));
const BITS = 20 * STRETCH;
const PLACES = 14;
/** Begins a stored filter that lists its bits; no base64 begins with it. */
const LISTED = '~';
/** Bytes; a longer list would take more time than it saves. */
const LONGEST_LIST = 4_096;

export class IdFilter {
  private constructor(private readonly bits: Uint8Array) {}

  static empty(): IdFilter {
    return new IdFilter(new Uint8Array(BITS / 8));
  }

  /** @throws Error if it is not a filter of this size */
  static of(text: string): IdFilter {
    if (text.startsWith(LISTED)) return IdFilter.empty().with(Buffer.from(text.slice(1), 'base64'));
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

  /** A form that is short while few ids are in it: the distances between its bits. */
  toShortString(): string {
    const { bits } = this;
    const listed = Buffer.allocUnsafe(LONGEST_LIST);
    let at = 0;
    for (let n = 0, before = -1; n < BITS; n += 8)
      for (let byte = bits[n >> 3]!, place = n; byte !== 0; byte >>= 1, place += 1) {
        if ((byte & 1) === 0) continue;
        if (at > LONGEST_LIST - 4) return this.toString();
        at = writeVarint(listed, at, place - before);
        before = place;
      }
    return LISTED + listed.toString('base64', 0, at);
  }

  private with(listed: Buffer): this {
    for (let at = 0, place = -1; at < listed.length; at = varintEnd(listed, at)) {
      place += varint(listed, at);
      if (!(place < BITS)) throw new Error(`A stored filter has no bit ${place}`);
      this.bits[place >> 3]! |= 1 << (place & 7);
    }
    return this;
  }
}

/** The bits that an id sets. */
export type Places = readonly number[];

export function placesOf(key: string): Places {
  const digest = hash('sha256', key, 'buffer');
  const [first, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
  return Array.from({ length: PLACES }, (_, n) => ((first + n * step + digest[8 + n]! * 65_537) >>> 0) % BITS);
}
