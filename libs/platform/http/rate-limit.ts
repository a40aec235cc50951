/**
 * How many requests a caller may send. Hides: token buckets. Promises: a caller over the limit is refused, others are not affected; memory
 * is bounded. Does not: count across api apps; each counts alone.
 */
import { Problem } from '#platform/problem/problem';

const BUCKETS = 50_000;

/** A bucket per caller that holds ten seconds' worth and fills steadily. */
export class RateLimit {
  private readonly buckets = new Map<string, { left: number; at: number }>();
  private readonly perMs: number;
  private readonly depth: number;

  /** `perMinute` 0 for no limit. */
  constructor(
    private readonly perMinute: number,
    /** Milliseconds of any monotonic clock. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.perMs = perMinute / 60_000;
    this.depth = Math.max(1, Math.ceil(perMinute / 6));
  }

  /** Counts requests of a caller. @throws Problem 429 */
  take(caller: string, requests = 1): void {
    if (this.perMinute === 0) return;
    const now = this.now();
    const bucket = this.buckets.get(caller) ?? { left: this.depth, at: now };
    bucket.left = Math.min(this.depth, bucket.left + (now - bucket.at) * this.perMs);
    bucket.at = now;
    this.buckets.delete(caller);
    this.buckets.set(caller, bucket);
    if (this.buckets.size > BUCKETS) this.buckets.delete(this.buckets.keys().next().value!);
    if (bucket.left < requests) {
      const retryAfterSeconds = Math.max(1, Math.ceil((requests - bucket.left) / this.perMs / 1000));
      throw new Problem(429, 'too-many-requests', `You may send ${this.perMinute} requests per minute.`, {
        retryAfterSeconds,
        whatToDo: `Wait ${retryAfterSeconds} s, then send fewer requests.`,
      });
    }
    bucket.left -= requests;
  }
}

/** The caller behind an address: an IPv6 host owns a /64. */
export const callerOf = (address: string): string =>
  address.includes(':') && !address.startsWith('::ffff:') ? address.split(':').slice(0, 4).join(':') : address;
