/** A long list in pages, so that adding to it costs the same however long it is. */
export type Rows<T> = readonly (readonly T[])[];
export const PAGE = 256;

export function withRow<T>(rows: Rows<T>, row: T): Rows<T> {
  const last = rows.at(-1);
  return last && last.length < PAGE ? [...rows.slice(0, -1), [...last, row]] : [...rows, [row]];
}

export const countOf = (rows: Rows<unknown>): number => Math.max(0, rows.length - 1) * PAGE + (rows.at(-1)?.length ?? 0);

/** The page of each row, from the first page on; the first page tells one list from another. */
type Places = Readonly<{ pages: (readonly string[])[]; of: Map<string, number> }>;
const indexes = new WeakMap<readonly string[], Places>();

/** Whether a list has that row. The last pages are read, those before them are in an index: a question costs the same however long the list is. */
export function holds(rows: Rows<string>, row: string): boolean {
  const recent = Math.max(0, rows.length - 2);
  for (let page = rows.length - 1; page >= recent; page -= 1) if (rows[page]!.includes(row)) return true;
  return recent > 0 && (placesIn(rows, recent).of.get(row) ?? Infinity) < recent;
}

/** The index of at least that many pages of the list. */
function placesIn(rows: Rows<string>, count: number): Places {
  let places = indexes.get(rows[0]!);
  const common = Math.min(places?.pages.length ?? 0, count) - 1;
  // A page that two lists share has the same pages before it.
  if (!places || places.pages[common] !== rows[common]) indexes.set(rows[0]!, (places = { pages: [], of: new Map() }));
  for (let page = places.pages.length; page < count; page += 1) {
    places.pages.push(rows[page]!);
    for (const row of rows[page]!) if (!places.of.has(row)) places.of.set(row, page);
  }
  return places;
}
