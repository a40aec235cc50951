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

/** A lot of a material at a plant, in millionths, and the last day of the run on which it can be used. */
export type StockedLot = Readonly<{ lotId?: string; amount: bigint; lastDay: number }>;

/**
 * Stock of materials at plants. What is not listed is not limited. Work that ends by a day uses lots that can be used until then, so all fits exactly
 * where, from each day on, the lots that can be used then hold what later work needs: no assignment to lots is needed before the end.
 */
export class Stock {
  private readonly kept: ReadonlyMap<string, Readonly<{ lots: readonly StockedLot[]; from: readonly bigint[]; taken: bigint[] }>>;

  constructor(stock: Readonly<Record<string, readonly StockedLot[]>>, days: number) {
    this.kept = new Map(
      Object.entries(stock).map(([key, lots]) => {
        const byExpiry = [...lots].sort((a, b) => a.lastDay - b.lastDay || ((a.lotId ?? '') < (b.lotId ?? '') ? -1 : 1));
        const from = Array.from({ length: Math.max(1, days) }, (_, day) =>
          byExpiry.reduce((sum, { amount, lastDay }) => (lastDay >= day ? sum + amount : sum), 0n),
        );
        return [key, { lots: byExpiry, from, taken: from.map(() => 0n) }];
      }),
    );
  }

  /** What work that ends by the day can still use; undefined where it is not limited. */
  left(key: string, day: number): bigint | undefined {
    const found = this.kept.get(key);
    if (!found) return undefined;
    let left: bigint | undefined;
    for (let each = 0; each <= Math.min(day, found.from.length - 1); each += 1) {
      const here = found.from[each]! - found.taken[each]!;
      if (left === undefined || here < left) left = here;
    }
    return left ?? 0n;
  }

  /** Takes an amount for work that ends by the day, or, below 0, gives it back. */
  take(key: string, day: number, amount: bigint): void {
    const found = this.kept.get(key);
    if (!found) return;
    for (let each = 0; each <= Math.min(day, found.taken.length - 1); each += 1) found.taken[each]! += amount;
  }

  /** The last days before that one on which some of it can be used. */
  ends(key: string, before: number): number[] {
    return (this.kept.get(key)?.lots ?? []).map(({ lastDay }) => lastDay).filter((day) => day >= 0 && day < before);
  }

  /** Assigns lots to work that fits, given in the order of its last days: first expired, first out. */
  assign(key: string, work: readonly Readonly<{ amount: bigint; day: number }>[]): { lotId: string; amount: bigint }[][] {
    const lots = (this.kept.get(key)?.lots ?? []).map((lot) => ({ ...lot, left: lot.amount }));
    return work.map(({ amount, day }) => {
      let needed = amount;
      return lots.flatMap((lot) => {
        const part = lot.lastDay < day ? 0n : lot.left < needed ? lot.left : needed;
        lot.left -= part;
        needed -= part;
        return part > 0n && lot.lotId !== undefined ? [{ lotId: lot.lotId, amount: part }] : [];
      });
    });
  }
}
