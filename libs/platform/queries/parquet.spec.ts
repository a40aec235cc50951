import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { readParquet } from '#platform/testing/parquet-under-test';
import { parquetOf } from './parquet';

const cells = [
  { name: 'id', kind: 'key' },
  { name: 'name', kind: 'text' },
  { name: 'at', kind: 'instant' },
  { name: 'amount', kind: 'amount' },
  { name: 'count', kind: 'whole' },
  { name: 'held', kind: 'flag' },
  { name: 'tags', kind: 'texts' },
  { name: 'more', kind: 'json' },
  { name: 'position', kind: 'position' },
] as const;
const rowOf = (n: number) => ({
  id: `haifa.S${n}`,
  name: n % 3 === 0 ? null : `=name ✓ ${n}`,
  at: n % 5 === 0 ? null : new Date(1_767_600_000_000 + n).toISOString(),
  amount: n % 2 ? `-${n}.000001` : '999999999999.999999',
  count: n,
  held: n % 2 === 0,
  tags: ['a', `t${n % 4}`],
  more: { n, deep: [null, 'x'] },
  position: `${9_007_199_254_740_993n + BigInt(n)}`,
});

test('every value comes back as it was, over several groups', async () => {
  const rows = Array.from({ length: 12_003 }, (_, n) => rowOf(n));
  const { rows: read, groups, types } = await readParquet(await buffer(Readable.from(rows).pipe(parquetOf(cells))));
  expect([read.length, groups]).toEqual([12_003, 3]);
  expect(types).toEqual({
    id: 'UTF8',
    name: 'UTF8',
    at: 'TIMESTAMP_MILLIS',
    amount: 'DECIMAL',
    count: 'INT32',
    held: 'BOOLEAN',
    tags: 'JSON',
    more: 'JSON',
    position: 'INT64',
  });
  const back = read.map(({ at, position, ...row }) => ({ ...row, at: at ? (at as Date).toISOString() : null, position: String(position) }));
  expect(back).toEqual(rows);
});

test('a file without rows has its columns', async () => {
  const { rows, types } = await readParquet(await buffer(Readable.from([]).pipe(parquetOf(cells))));
  expect([rows, Object.keys(types)]).toEqual([[], cells.map(({ name }) => name)]);
});

test('a value that cannot be encoded ends the file with an error, not with a file that looks whole', async () => {
  const broken = Readable.from([{ ...rowOf(1), position: 'nine' }]).pipe(parquetOf(cells));
  await expect(buffer(broken)).rejects.toThrow();
});
