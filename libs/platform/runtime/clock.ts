/**
 * The wall clock. Hides where the time comes from. Promises one place to read it from, and to replace it, for all timestamps. Does not
 * measure durations: use `performance.now()`, which clock corrections do not affect.
 */
const wallClock = (): number => Date.now();
let source = wallClock;

export const now = (): Date => new Date(source());

/** Milliseconds since 1970. */
export const nowMs = (): number => source();

/** Replaces the clock of this app, for simulations; without a source the wall clock counts again. */
export const setClock = (other: () => number = wallClock): void => {
  source = other;
};
