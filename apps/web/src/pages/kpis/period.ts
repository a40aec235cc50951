/** Which time the figures of some days are about. Pure. */

type Section = Readonly<{ day: string | null; from: string; to: string }>;
export type Days = Readonly<{
  /** YYYY-MM-DD, both included. */
  first: string;
  last: string;
  /** Their first and last moment in the plant's zone, milliseconds since 1970. */
  from: number;
  to: number;
}>;

/**
 * From the midnight before the first day to the one after the last. A shift belongs to the day on which it begins: one that crosses the first midnight
 * is left out, and one that crosses the last is included, so that every question about this period counts the same.
 */
export function boundsOf(sections: readonly Section[], { first, last, from, to }: Days): { from: string; to: string } {
  let [begin, end] = [from, to];
  for (const { day, to: until } of sections) {
    if (day === null) continue;
    if (day < first) begin = Math.max(begin, Date.parse(until));
    else if (day <= last) end = Math.max(end, Date.parse(until));
  }
  return { from: new Date(begin).toISOString(), to: new Date(end).toISOString() };
}

/** The shifts of an answer, and the time outside of them. Without a calendar the whole is one period, which is no shift. */
export function divided<Period extends Section>(
  periods: readonly Period[],
  withCalendar: boolean,
): { counted: Period[]; outside?: Period } {
  if (!withCalendar) return { counted: [...periods] };
  return { counted: periods.filter(({ day }) => day !== null), outside: periods.find(({ day }) => day === null) };
}
