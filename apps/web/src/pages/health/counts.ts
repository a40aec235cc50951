/** How many instances of processes there are, of which no more than a page of each state is known. Pure. */

type Row = Readonly<{ state: string; facilityId: string; dueAt?: string | null }>;
type Page = Readonly<{ items: readonly Row[]; nextCursor?: string | null }>;
type Counts = Readonly<{
  /** In the order of the pages. A text: `500+` where there are more than one page holds. */
  states: readonly string[];
  open: string;
  timers: string;
  next?: Readonly<{ dueAt: string; facilityId: string }>;
  /** Timers that should have rung before a moment. */
  overdue: string;
}>;

const text = (count: number, isMore: boolean): string => `${count}${isMore ? '+' : ''}`;
const isMore = ({ nextCursor }: Page): boolean => typeof nextCursor === 'string';

/** @param pages one for each state, those with the earliest timer first */
export function countsOf(pages: readonly Page[], before: number): Counts {
  const withTimer = pages.map((page) => page.items.flatMap(({ dueAt, facilityId, state }) => (dueAt ? { dueAt, facilityId, state } : [])));
  const timers = withTimer.flat().sort((a, b) => a.dueAt.localeCompare(b.dueAt));
  const isOverdue = ({ dueAt, state }: { dueAt: string; state: string }) => state === 'Waiting' && Date.parse(dueAt) < before;
  // Instances without a timer come last: where one is on the page, all timers are.
  const hidesTimers = pages.map((page, index) => isMore(page) && withTimer[index]!.length === page.items.length);
  const hidesOverdue = pages.some((_, index) => hidesTimers[index] && withTimer[index]!.every(isOverdue));
  const sum = pages.reduce((so, { items }) => so + items.length, 0);
  return {
    states: pages.map((page) => text(page.items.length, isMore(page))),
    open: text(sum, pages.some(isMore)),
    timers: text(timers.length, hidesTimers.includes(true)),
    ...(timers[0] && { next: timers[0] }),
    overdue: text(timers.filter(isOverdue).length, hidesOverdue),
  };
}
