/**
 * The wall clock. Hides where the time comes from. Promises one place to look at, and to replace, for everything that is stamped with it.
 * Does not measure how long something takes: `performance.now()` does, which no correction of the clock disturbs.
 */
export const now = (): Date => new Date();

/** Milliseconds since 1970. */
export const nowMs = (): number => Date.now();
