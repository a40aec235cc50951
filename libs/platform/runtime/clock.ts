/**
 * The wall clock. Hides where the time comes from. Promises one place to read it from, and to replace it, for all timestamps. Does not
 * measure durations: use `performance.now()`, which clock corrections do not affect.
 */
export const now = (): Date => new Date();

/** Milliseconds since 1970. */
export const nowMs = (): number => Date.now();
