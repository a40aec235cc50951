/** Where in a history somebody reads, the newest entries first. Pure. */

/** Entries before a position, those after it, or the newest of all. */
export type Place = Readonly<{ before?: string; after?: string }>;
type Entry = Readonly<{ position: string }>;

const PAGE = 50;
export const NEWEST: Place = {};

/** From an event back, itself included. */
export const atEvent = (position: string): Place => ({ before: String(BigInt(position) + 1n) });

/** What the api is asked. */
export const asked = ({ before, after }: Place, limit = PAGE) =>
  after !== undefined ? { limit, after } : { limit, newestFirst: true, ...(before !== undefined && { after: before }) };

/** The entries of an answer with the newest first, and where the older and the newer ones are, if there may be any. */
export function turned<Each extends Entry>(
  place: Place,
  items: readonly Each[],
  next: string | null,
): { shown: readonly Each[]; older?: Place; newer?: Place } {
  const shown = place.after === undefined ? items : [...items].reverse();
  const [first, last] = [shown[0], shown.at(-1)];
  if (!first || !last) return { shown, ...(place.after !== undefined && { older: atEvent(place.after) }) };
  const goesOn = next !== null;
  return {
    shown,
    ...((place.after !== undefined || goesOn) && { older: { before: last.position } }),
    ...((place.after === undefined ? place.before !== undefined : goesOn) && { newer: { after: first.position } }),
  };
}
