/**
 * How long a lease should last. Promises: on a machine so busy that renewals come late, leases last longer, so that workers that live do not take
 * each other's work in turns; where renewals come in time, a lease lasts as long as was asked for. Does not: hold leases.
 */

/** A lease outlasts so many renewals as late as the latest one. */
const RENEWALS = 4;
/** A worker that dies is taken over within this time at worst. */
const LONGEST_MS = 30_000;

export class LeaseTime {
  #renewedAt: number | undefined;
  #gapMs = 0;

  constructor(private readonly ttlMs: number) {}

  /** Call it when the database has confirmed a renewal. */
  renewed(now = performance.now()): void {
    const gap = this.#renewedAt === undefined ? 0 : now - this.#renewedAt;
    this.#renewedAt = now;
    // A single delay is forgotten after a few renewals in time.
    this.#gapMs = Math.max(gap, this.#gapMs / 2);
  }

  /** How long the next lease lasts, ms. */
  get ms(): number {
    return Math.max(this.ttlMs, Math.min(LONGEST_MS, Math.ceil(RENEWALS * this.#gapMs)));
  }
}
