/** The server's clock: the one of this browser may be wrong. */
let offset = 0;

/** @param date the Date header of an answer that has just arrived */
export function heardFrom(date: string | null): void {
  const told = Date.parse(date ?? '');
  if (Number.isNaN(told)) return;
  // The header has whole seconds: a smaller difference says nothing.
  const difference = told - Date.now();
  if (Math.abs(difference - offset) > 1_500) offset = difference;
}

/** Milliseconds since 1970. */
export const serverNow = (): number => Date.now() + offset;
