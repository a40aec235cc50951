import { Digests } from './digests';
import { KnownRows } from './known-rows';
import { Overlaps } from './overlaps';
import { sayJson, sayJsonWithList } from '../terminal';
import { KeptLines } from './scratch-file';
import { SortedLines } from './sorted-lines';

const HELD = 200;
/** The same numbers each time. */
const numbers = (count: number, most: number) =>
  Array.from({ length: count }, (_, n) => Math.imul(n + 1, 0x9e3779b1) >>> 0).map((n) => n % most);

describe('what an import remembers of rows', () => {
  it('is bounded in memory, and finds every repeat, however long the file', () => {
    const digests = new Digests(HELD);
    const rows = new KnownRows(digests);
    const times = new Map<number, number>();
    const firsts = new Map<number, string>();
    let most = 0;
    for (const key of [...numbers(4_000, 3_000), ...numbers(500, 20)]) {
      const id = rows.idOf([`row ${key}`]);
      const count = (times.get(key) ?? 0) + 1;
      times.set(key, count);
      if (count === 1) firsts.set(key, id);
      if (id !== (count === 1 ? firsts.get(key) : `${firsts.get(key)}.${count}`))
        throw new Error(`${key} for the ${count}. time became ${id}`);
      most = Math.max(most, digests.inMemory);
    }
    expect(new Set(firsts.values()).size).toBe(times.size);
    expect(times.size).toBeGreaterThan(10 * HELD);
    // Beside the digests, one in 512 of those on disk.
    expect(most).toBeLessThan(1.3 * HELD);
  });

  it('has no digest that was not added', () => {
    const digests = new Digests(HELD);
    const all = Array.from({ length: 2_000 }, (_, n) => [n, Math.imul(n, 0x85ebca6b) >>> 0] as const);
    expect(all.filter(([high, low]) => !digests.add(high, low))).toEqual([]);
    expect(all.filter(([high, low]) => !digests.has(high, low))).toEqual([]);
    expect(all.filter(([high, low]) => digests.has(high + 2_000, low) || digests.add(high, low))).toEqual([]);
  });
});

describe('what a dry run remembers of exceptions', () => {
  it('is bounded in memory, and all of it in order', () => {
    const kept = new KeptLines(HELD);
    const lines = numbers(4_000, 1_800).map((n) => `"Mü${n}\u001f${'x'.repeat(n % 50)}"`);
    for (const line of lines) {
      kept.add(line);
      if (kept.inMemory >= HELD) throw new Error(`${kept.inMemory} lines in memory`);
    }
    expect([kept.count, [...kept.all()]]).toEqual([4_000, lines]);
  });

  it('is written as one document, whatever its length', () => {
    let written = '';
    const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((written += String(text))));
    const documentOf = (say: () => void) => {
      written = '';
      say();
      return written;
    };
    for (const list of [
      [],
      [{ line: 1, code: 'a' }],
      [
        { line: 1, message: 'a\n"b"' },
        { line: 2, more: { than: [1, 2] } },
      ],
    ])
      expect(documentOf(() => sayJsonWithList({ file: 'x', rows: 7n }, 'list', list))).toBe(
        documentOf(() => sayJson({ file: 'x', rows: 7n, list })),
      );
    write.mockRestore();
  });
});

describe('what an import remembers of machines', () => {
  it('is bounded in memory and sorted, wherever a line is cut', () => {
    const sorted = new SortedLines(HELD);
    const lines = numbers(4_000, 1_800).map((n) => `Mü${n}\u001f${'x'.repeat(n % 50)}`);
    let most = 0;
    for (const line of lines) {
      sorted.add(line);
      most = Math.max(most, sorted.inMemory);
    }
    expect(most).toBeLessThan(HELD);
    expect([...sorted.sorted()]).toEqual([...lines].sort());
  });

  it('gives the same overlaps from disk as from memory', () => {
    const [small, large] = [new Overlaps(new SortedLines(HELD)), new Overlaps()];
    numbers(2_000, 20_000).forEach((from, line) => {
      const claim = { line, order: `haifa.W${line % 70}`, from: from - 10_000, to: from - 10_000 + (line % 9) * 40 };
      for (const overlaps of [small, large]) overlaps.add(`haifa.M${line % 5}`, claim);
    });
    const found = [...small.found()];
    expect(found.length).toBeGreaterThan(100);
    expect(found).toEqual([...large.found()]);
  });
});
