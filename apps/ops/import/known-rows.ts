/** Report ids that identify rows across files: a digest of the row's key, and a number where rows of a file are equal. */
import { createHash } from 'node:crypto';
import { Digests } from './digests';

/** Repeated keys whose number is remembered; that of others is found in the set. */
const RECENT = 10_000;

/** Gives report ids to the rows of one file, in their order: equal keys are counted. */
export class KnownRows {
  private readonly recent = new Map<string, number>();

  constructor(private readonly seen = new Digests()) {}

  idOf(key: readonly string[]): string {
    const digest = createHash('sha256')
      .update(key.map((cell) => cell.trim()).join('\u001f'))
      .digest();
    const id = `row-${digest.toString('hex', 0, 12)}`;
    const [high, low] = [digest.readUInt32LE(0), digest.readUInt32LE(4)];
    if (this.seen.add(high, low)) return id;
    const times = (this.recent.get(id) ?? this.countOf(high, low)) + 1;
    this.seen.add(...nth(high, low, times));
    if (this.recent.size >= RECENT) this.recent.clear();
    this.recent.set(id, times);
    return `${id}.${times}`;
  }

  /** How often the key occurred: its second, third, … time has a digest of its own in the set. */
  private countOf(high: number, low: number): number {
    const has = (times: number) => times < 2 || this.seen.has(...nth(high, low, times));
    let [known, missing] = [1, 2];
    while (has(missing)) [known, missing] = [missing, 2 * missing];
    while (missing - known > 1) {
      const middle = (known + missing) >>> 1;
      if (has(middle)) known = middle;
      else missing = middle;
    }
    return known;
  }
}

const nth = (high: number, low: number, times: number): readonly [number, number] => [
  (high ^ Math.imul(times, 0x9e3779b1)) >>> 0,
  (low ^ Math.imul(times, 0x85ebca6b)) >>> 0,
];
