import { chance } from '#platform/testing/view-examples';
import { Batch, type Entry } from './batch';
import { RowBudget, RowMemory } from './memory';
import type { Tuple } from './shape';

type Touched = { event: { id: string }; keys: string[]; rows: Entry[] };

/** A table with a memory in front, and the number of keys that were looked up. Each batch is committed while the next one is folded. */
function table(rows: number, before: ReadonlyMap<string, Tuple> = new Map()) {
  const stored = new Map(before);
  /** The rows after all events folded so far. */
  const folded = new Map(before);
  const asked: string[] = [];
  const memory = new RowMemory(new RowBudget(rows), before.size === 0, (keys) => {
    asked.push(...keys);
    return Promise.resolve(new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key)!] as const] : []))));
  });
  let commit = () => undefined as void;
  /** Folds what `change` makes of each row, as one batch. */
  const write = async (touched: Touched[], change: (key: string, row: Tuple | undefined) => Tuple | null) => {
    const batch = new Batch();
    for (const half of [touched.slice(0, touched.length >> 1), touched.slice(touched.length >> 1)]) {
      await memory.resolve(half);
      for (const { event, keys, rows } of half)
        for (const [i, key] of keys.entries()) {
          const known = rows[i]!.tuple;
          expect([event.id, key, known]).toEqual([event.id, key, folded.get(key) ?? null]);
          const tuple = change(key, known ?? undefined);
          batch.change(rows[i]!, tuple);
          if (tuple) folded.set(key, tuple);
          else folded.delete(key);
        }
      // The previous batch is committed when half of this one is folded.
      commit();
      commit = () => undefined;
    }
    const { fresh, changed, removed } = batch.seal();
    commit = () => {
      for (const tuple of fresh) expect(stored.has(tuple[0]!)).toBe(false);
      for (const tuple of changed) expect(stored.has(tuple[0]!)).toBe(true);
      for (const tuple of [...fresh, ...changed]) stored.set(tuple[0]!, tuple);
      for (const key of removed) expect(stored.delete(key)).toBe(true);
      memory.committed(fresh, 0);
    };
  };
  return { write, folded, asked };
}

let events = 0;
const touch = (...keys: string[]): Touched => ({ event: { id: `event-${events++}` }, keys, rows: [] });

test.each([
  ['starting with an empty table', new Map<string, Tuple>()],
  ['starting with existing rows', new Map<string, Tuple>([...Array(300).keys()].map((n) => [`row-${n}`, [`row-${n}`, 'old']]))],
])('a row equals what was committed, however small the memory: %s', async (_, before) => {
  for (const seed of [1, 2, 3]) {
    const next = chance(seed);
    const { write } = table(20, before);
    const ids: string[] = [];
    for (let batch = 0; batch < 200; batch++) {
      const touched = Array.from({ length: 1 + next(12) }, () => {
        const own = touch();
        const dice = next(10);
        // Some events write a row of their own, and some touch such a row later.
        if (dice === 0) ids.push(own.event.id);
        if (dice === 0) own.keys.push(own.event.id);
        else if (dice < 5 && ids.length > 0) own.keys.push(ids.at(-1 - next(Math.min(ids.length, 12)))!);
        else own.keys.push(`row-${next(500)}`, ...(dice === 6 ? [`row-${next(500)}`] : []));
        return own;
      });
      await write(touched, (key, row) => (next(8) === 0 ? null : [key, ...(row ?? []).slice(-2), `${batch}`]));
    }
  }
});

test('new rows need no lookup, even if memory holds few of the old ones', async () => {
  const { write, asked, folded } = table(100);
  for (let batch = 0; batch < 60; batch++)
    await write(
      Array.from({ length: 1000 }, (_, i) => touch(`row-${batch * 1000 + i}`)),
      (key) => [key],
    );
  expect(folded.size).toBe(60_000);
  // False positives of the sketch: one in a hundred, and somewhat more in layers that are full.
  expect(asked.length).toBeLessThan(60_000 * 0.05);
  const again = asked.length;
  await write([touch('row-5')], (_, row) => [...row!, 'again']);
  expect(asked.slice(again)).toEqual(['row-5']);
});

test('rows keyed by the id of their event are neither looked up nor kept', async () => {
  const { write, asked } = table(100, new Map([['other', ['x']]]));
  for (let batch = 0; batch < 20; batch++)
    await write(
      Array.from({ length: 50 }, () => {
        const own = touch();
        return { ...own, keys: [own.event.id] };
      }),
      (key) => [key],
    );
  expect(asked).toEqual([]);
});
