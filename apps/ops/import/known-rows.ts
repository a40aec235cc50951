/** Report ids that identify rows across files: a digest of the row's key, and a number where rows of a file are equal. */
import { createHash } from 'node:crypto';

const LOAD = 0.6;

/** A set of 64-bit digests in flat memory: 8 bytes each, kept at most 60 % full. */
class Digests {
  private places = new Uint32Array(2 * 4_096);
  private size = 0;

  /** True if it is new. */
  add(high: number, low: number): boolean {
    if (this.size > (LOAD * this.places.length) / 2) this.grow();
    return this.put(high, low);
  }

  private put(high: number, low: number): boolean {
    // No digest is 0, 0: that is an empty place.
    const [a, b] = high === 0 && low === 0 ? [0, 1] : [high, low];
    const mask = this.places.length / 2 - 1;
    for (let place = b & mask; ; place = (place + 1) & mask) {
      const [x, y] = [this.places[2 * place]!, this.places[2 * place + 1]!];
      if (x === a && y === b) return false;
      if (x !== 0 || y !== 0) continue;
      this.places[2 * place] = a;
      this.places[2 * place + 1] = b;
      this.size += 1;
      return true;
    }
  }

  private grow(): void {
    const before = this.places;
    this.places = new Uint32Array(2 * before.length);
    this.size = 0;
    for (let at = 0; at < before.length; at += 2) if (before[at] !== 0 || before[at + 1] !== 0) this.put(before[at]!, before[at + 1]!);
  }
}

/** Gives report ids to the rows of one file, in their order: equal keys are counted. */
export class KnownRows {
  private readonly seen = new Digests();
  /** How often each repeated key occurred. */
  private readonly repeated = new Map<string, number>();

  idOf(key: readonly string[]): string {
    const digest = createHash('sha256')
      .update(key.map((cell) => cell.trim()).join('\u001f'))
      .digest();
    const id = `row-${digest.toString('hex', 0, 12)}`;
    if (this.seen.add(digest.readUInt32LE(0), digest.readUInt32LE(4))) return id;
    const times = (this.repeated.get(id) ?? 1) + 1;
    this.repeated.set(id, times);
    return `${id}.${times}`;
  }
}
