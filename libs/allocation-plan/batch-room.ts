/**
 * What is free of a resource up to each day of the run. All work of a run may begin on its first day, so work fits exactly where, for every day,
 * the work that must be done by then is no more than the minutes until then: no assignment to days is needed before the end.
 */
import type { Bucket } from '#facility-capacity/facility-capacity.events';

export class Room {
  /** Minutes until the end of each day, and those that must be worked by then. */
  private readonly until: readonly number[];
  private readonly taken: number[];

  constructor(private readonly free: readonly Bucket[]) {
    let sum = 0;
    this.until = free.map(({ minutes }) => (sum += minutes));
    this.taken = free.map(() => 0);
  }

  /** Minutes until the end of the day, taken or not. */
  total = (day: number): number => this.until[day] ?? 0;

  /** Minutes that can still be taken by the end of the day. */
  left(day: number): number {
    let left = Infinity;
    for (let each = day; each < this.until.length; each += 1) left = Math.min(left, this.until[each]! - this.taken[each]!);
    return left === Infinity ? 0 : left;
  }

  /** Takes minutes until the end of the day, or, below 0, gives them back. */
  take(day: number, minutes: number): void {
    for (let each = day; each < this.taken.length; each += 1) this.taken[each]! += minutes;
  }

  /** Assigns days to work that fits, given in the order of its last days: the first free minutes go to what is due first. */
  assign(work: readonly Readonly<{ minutes: number }>[]): Bucket[][] {
    let day = 0;
    let used = 0;
    return work.map(({ minutes }) => {
      const buckets: Bucket[] = [];
      for (let left = minutes; left > 0;) {
        const { date, minutes: open } = this.free[day]!;
        const part = Math.min(left, open - used);
        if (part > 0) buckets.push({ date, minutes: part });
        left -= part;
        used += part;
        if (left > 0) {
          day += 1;
          used = 0;
        }
      }
      return buckets;
    });
  }
}

/** Stock of materials at plants, in millionths. What is not listed is not limited. */
export class Stock {
  private readonly left: Map<string, bigint>;

  constructor(stock: Readonly<Record<string, bigint>>) {
    this.left = new Map(Object.entries(stock));
  }

  of = (key: string): bigint | undefined => this.left.get(key);

  take(key: string, amount: bigint): void {
    const left = this.left.get(key);
    if (left !== undefined) this.left.set(key, left - amount);
  }
}
