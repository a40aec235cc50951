/** Pages of a list as one answer. Pure. */
import type { Answer } from './api';

type Page = Readonly<{ items: readonly unknown[]; nextCursor?: string | null }>;

const lower = (a: string | undefined, b: string | undefined) => (a === undefined || (b !== undefined && BigInt(b) < BigInt(a)) ? b : a);

/** As old as the oldest of the two. */
const joined = (first: Answer<Page>, next: Answer<Page>): Answer<Page> => ({
  data: { ...next.data, items: [...first.data.items, ...next.data.items] },
  asOf: Math.min(first.asOf, next.asOf),
  position: lower(first.position, next.position),
  behind: first.behind || next.behind,
});

/** The first pages of a list, as far as there are so many. @param read the page after a cursor */
export async function firstPages(count: number, read: (after?: string) => Promise<Answer<Page>>): Promise<Answer<Page>> {
  let all = await read();
  for (let page = 1; page < count && all.data.nextCursor; page++) all = joined(all, await read(all.data.nextCursor));
  return all;
}
