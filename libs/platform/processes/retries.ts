/**
 * How often and how long a requested action is tried before its instance is parked. Hides: nothing. Promises: nothing. Does not: count or wait
 * (instance-run.ts does), or say which faults are worth another attempt (faults.ts does).
 */
export type RetryPolicy = Readonly<{
  /** Attempts of an action that fails, before the instance is parked. */
  attempts: number;
  /** How long a target may answer "not now" to one instance while it serves others, ms. */
  awayMs: number;
  /** Before the second attempt; doubled each time, ms. */
  pauseMs: number;
}>;
export const usualRetryPolicy: RetryPolicy = { attempts: 5, awayMs: 120_000, pauseMs: 100 };
