/**
 * Hides: where each event of each stream lies in the log.
 * Promises: revisions of a stream are dense from `first` to `last`; memory grows by a few bytes per event.
 * Does not: hold event content or stream metadata.
 */
export class StreamIndex {
  private readonly numbers = new Map<string, number>();
  private readonly offsets: number[][] = [];
  private readonly firsts: number[] = [];
  private readonly tombstones = new Set<number>();

  /** The stream's number, or -1 if nothing was ever written to it. */
  find(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  /** Notes one committed event. */
  add(name: string, ordinal: number, offset: number, tombstone: boolean): void {
    let number = this.find(name);
    if (number < 0) {
      number = this.offsets.length;
      this.numbers.set(name, number);
      this.offsets.push([]);
      this.firsts.push(ordinal);
    }
    if (tombstone) this.tombstones.add(number);
    this.offsets[number]!.push(offset);
  }

  /** The stream's last revision, or -1. */
  last(number: number): number {
    return number < 0 ? -1 : this.firsts[number]! + this.offsets[number]!.length - 1;
  }

  /** The stream's first revision that is still in the log. */
  first(number: number): number {
    return number < 0 ? 0 : this.firsts[number]!;
  }

  /** Log offset of one event, or -1 if it is not in the log. */
  offset(number: number, ordinal: number): number {
    if (number < 0) return -1;
    return this.offsets[number]![ordinal - this.firsts[number]!] ?? -1;
  }

  tombstoned(number: number): boolean {
    return this.tombstones.has(number);
  }
}
