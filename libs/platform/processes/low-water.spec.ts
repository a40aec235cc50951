import { LowWater } from './low-water';

test('the checkpoint never passes an unfinished input, in whatever order the others finish', () => {
  const water = new LowWater(10n);
  const ends = [20n, 30n, 40n].map((position) => water.begin(position));
  expect(water.finished).toBe(10n);
  ends[1]!();
  ends[2]!();
  water.pass(50n);
  expect(water.finished).toBe(10n);
  ends[0]!();
  expect(water.finished).toBe(50n);
  const last = water.begin(60n);
  expect(water.finished).toBe(50n);
  last();
  expect(water.finished).toBe(60n);
});
test('two inputs from one event both hold the checkpoint', () => {
  const water = new LowWater(-1n);
  const first = water.begin(5n);
  const second = water.begin(5n);
  first();
  expect(water.finished).toBe(-1n);
  second();
  expect(water.finished).toBe(5n);
});
test('a long run keeps only open inputs in memory', () => {
  const water = new LowWater(0n);
  for (let position = 1n; position < 10_000n; position += 1n) water.begin(position)();
  expect(water.unfinished).toBe(0);
  expect((water as unknown as { entries: unknown[] }).entries.length).toBeLessThan(2_100);
});
