import { chance } from './view-examples';
import { RowMemory } from './view-memory';
import type { Tuple } from './view-shape';

type Touched = { event: { id: string }; keys: string[] };

/** A table that a memory stands before, and how many keys it was asked for. */
function table(rows: number, before: ReadonlyMap<string, Tuple> = new Map()) {
  const stored = new Map(before);
  const asked: string[] = [];
  const memory = new RowMemory(rows, before.size === 0, (keys) => {
    asked.push(...keys);
    return Promise.resolve(new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key)!] as const] : []))));
  });
  /** Writes what `change` makes of each row, as one batch. */
  const write = async (touched: Touched[], change: (key: string, row: Tuple | undefined) => Tuple | null) => {
    await memory.ready(touched, () => undefined);
    const changes = new Map<string, Tuple | null>();
    const own = new Set<string>();
    for (const { event, keys } of touched)
      for (const key of keys) {
        if (key === event.id) own.add(key);
        const known = changes.has(key) ? changes.get(key)! : (memory.look(key) ?? null);
        if (!changes.has(key)) expect([event.id, key, known]).toEqual([event.id, key, stored.get(key) ?? null]);
        changes.set(key, change(key, known ?? undefined));
      }
    for (const [key, tuple] of changes) {
      if (tuple) stored.set(key, tuple);
      else stored.delete(key);
    }
    memory.remember(changes, own);
  };
  return { write, stored, asked };
}

let events = 0;
const touch = (...keys: string[]): Touched => ({ event: { id: `event-${events++}` }, keys });

test.each([
  ['from an empty table on', new Map<string, Tuple>()],
  ['before a table with rows', new Map<string, Tuple>([...Array(300).keys()].map((n) => [`row-${n}`, ['old', String(n)]]))],
])('a row is what was committed, however small the memory: %s', async (_, before) => {
  for (const seed of [1, 2, 3]) {
    const next = chance(seed);
    const { write } = table(20, before);
    const ids: string[] = [];
    for (let batch = 0; batch < 200; batch++) {
      const touched = Array.from({ length: 1 + next(12) }, () => {
        const own = touch();
        const dice = next(10);
        // Some events write a row of their own, and some touch such a row later.
        if (dice === 0) own.keys.push(own.event.id);
        else if (dice === 1 && ids.length > 0) own.keys.push(ids[next(ids.length)]!);
        else own.keys.push(`row-${next(500)}`, ...(dice === 2 ? [`row-${next(500)}`] : []));
        return own;
      });
      await write(touched, (key, row) => (next(8) === 0 ? null : [...(row ?? []).slice(-3), `${batch}:${key}`]));
      for (const { event, keys } of touched) if (keys[0] === event.id) ids.push(event.id);
    }
  }
});

test('new rows cost no question, even when memory holds few of the old ones', async () => {
  const { write, asked, stored } = table(100);
  for (let batch = 0; batch < 60; batch++)
    await write(
      Array.from({ length: 1000 }, (_, i) => touch(`row-${batch * 1000 + i}`)),
      (key) => [key],
    );
  expect(stored.size).toBe(60_000);
  // Those that the sketch holds for known: one in a hundred, and somewhat more in the layers that are full.
  expect(asked.length).toBeLessThan(60_000 * 0.05);
  const again = asked.length;
  await write([touch('row-5')], (_, row) => [...row!, 'again']);
  expect(asked.slice(again)).toEqual(['row-5']);
});

test('rows that bear the id of their event are neither asked for nor kept', async () => {
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
