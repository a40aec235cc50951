import { sourceOf } from './source';

type Answer = { data: { items: number[]; nextCursor?: string | null }; asOf: number; position?: string; behind: boolean };
type Pages = { firstPages(count: number, read: (after?: string) => Promise<Answer>): Promise<Answer> };
type Place = { before?: string; after?: string };
type Entry = { position: string };
type Places = {
  NEWEST: Place;
  atEvent(position: string): Place;
  asked(place: Place, limit?: number): { limit: number; newestFirst?: boolean; after?: string };
  turned(place: Place, items: Entry[], next: string | null): { shown: Entry[]; older?: Place; newer?: Place };
};
type Row = { state: string; facilityId: string; dueAt?: string };
type Counts = {
  countsOf(
    pages: { items: Row[]; nextCursor: string | null }[],
    before: number,
  ): { states: string[]; open: string; timers: string; next?: { dueAt: string }; overdue: string };
};

describe('pages of a list', () => {
  const { firstPages } = sourceOf<Pages>('client/pages.ts');
  const pages: Answer[] = [
    { data: { items: [1, 2], nextCursor: 'a' }, asOf: 20, position: '900', behind: false },
    { data: { items: [3], nextCursor: 'b' }, asOf: 10, position: '1000', behind: true },
    { data: { items: [4], nextCursor: null }, asOf: 30, position: '99', behind: false },
  ];
  const read = (after?: string) => Promise.resolve(pages[after === undefined ? 0 : after === 'a' ? 1 : 2]!);

  it('are one answer, as old as the oldest of them', async () => {
    expect(await firstPages(1, read)).toBe(pages[0]);
    expect(await firstPages(2, read)).toEqual({ data: { items: [1, 2, 3], nextCursor: 'b' }, asOf: 10, position: '900', behind: true });
    const all = { data: { items: [1, 2, 3, 4], nextCursor: null }, asOf: 10, position: '99', behind: true };
    expect(await firstPages(3, read)).toEqual(all);
    expect(await firstPages(9, read)).toEqual(all);
  });
});

describe('a long history', () => {
  const { NEWEST, atEvent, asked, turned } = sourceOf<Places>('pages/audit/place.ts');
  const all = Array.from({ length: 25 }, (_, index) => ({ position: String((index + 1) * 10) }));
  /** As GET /audit/history answers. */
  const page = (place: Place, most = 10) => {
    const { newestFirst, after, limit } = asked(place, most);
    const from = after === undefined ? undefined : BigInt(after);
    const beyond = ({ position }: Entry) => from === undefined || (newestFirst ? BigInt(position) < from : BigInt(position) > from);
    const found = (newestFirst ? [...all].reverse() : all).filter(beyond);
    const items = found.slice(0, limit);
    return turned(place, items, found.length > limit ? items.at(-1)!.position : null);
  };
  const shown = (place: Place) => page(place).shown.map(({ position }) => Number.parseInt(position, 10) / 10);

  it('begins with the newest, and leads to the first one and back', () => {
    const first = page(NEWEST);
    expect([shown(NEWEST)[0], first.newer]).toEqual([25, undefined]);
    const second = page(first.older!);
    expect(shown(first.older!)).toEqual([15, 14, 13, 12, 11, 10, 9, 8, 7, 6]);
    expect([shown(second.older!), page(second.older!).older]).toEqual([[5, 4, 3, 2, 1], undefined]);
    expect(shown(second.newer!)).toEqual(shown(NEWEST));
    expect(page(second.newer!).newer).toBeUndefined();
  });

  it('opens at an event, from which both ways lead on', () => {
    const at = page(atEvent('120'));
    expect(shown(atEvent('120'))).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect([shown(at.older!), shown(at.newer!)]).toEqual([
      [2, 1],
      [22, 21, 20, 19, 18, 17, 16, 15, 14, 13],
    ]);
    const empty = page({ after: '250' });
    expect([empty.shown, shown(empty.older!)[0]]).toEqual([[], 25]);
  });
});

describe('instances of processes', () => {
  const { countsOf } = sourceOf<Counts>('pages/health/counts.ts');
  const rows = (count: number, state: string, dueAt?: string): Row[] =>
    Array.from({ length: count }, () => ({ state, facilityId: 'haifa', ...(dueAt && { dueAt }) }));
  const now = Date.parse('2026-01-05T10:00:00Z');
  const none = { items: [], nextCursor: null };

  it('are counted in each state by itself, and as more where one page does not hold them', () => {
    const waiting = { items: [...rows(2, 'Waiting', '2026-01-05T09:00:00Z'), ...rows(498, 'Waiting')], nextCursor: 'a' };
    const parked = { items: rows(3, 'Parked', '2026-01-05T11:00:00Z'), nextCursor: null };
    expect(countsOf([waiting, none, parked, none], now)).toEqual({
      states: ['500+', '0', '3', '0'],
      open: '503+',
      timers: '5',
      next: { dueAt: '2026-01-05T09:00:00Z', facilityId: 'haifa', state: 'Waiting' },
      overdue: '2',
    });
  });

  it('are more than a page of timers, and of overdue ones, where all of a page are such', () => {
    const due = { items: rows(500, 'Waiting', '2026-01-05T09:00:00Z'), nextCursor: 'a' };
    expect(countsOf([due, none, none, none], now)).toMatchObject({ timers: '500+', overdue: '500+' });
    expect(countsOf([{ items: [], nextCursor: null }], now)).toEqual({ states: ['0'], open: '0', timers: '0', overdue: '0' });
  });
});
