/** The clock of the server: that of this browser may be wrong. Milliseconds between 1970 and the moment from which performance.now() counts. */
let origin = performance.timeOrigin;

/** @param date the Date header of an answer that has just arrived */
export function heardFrom(date: string | null): void {
  const told = Date.parse(date ?? '');
  if (Number.isNaN(told)) return;
  // The header has whole seconds: a smaller difference says nothing.
  const from = told - performance.now();
  if (Math.abs(from - origin) > 1_500) origin = from;
}

/** How far the server's clock is ahead of this browser's, in milliseconds. */
export const serverAheadBy = (): number => origin - performance.timeOrigin;

/** Milliseconds since 1970. */
export const serverNow = (): number => origin + performance.now();
