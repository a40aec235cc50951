import { text } from 'node:stream/consumers';
import { Pool } from 'pg';
import { Entity } from 'typeorm';
import { Cell, CellOneOf, Key, ScopeCell } from '#platform/views/cells';
import { csvOf } from './csv';
import { Exports } from './exports';
import { openPool } from '#platform/runtime/database';
import { ListRequests, type Asked } from './list-request';
import { Reads } from './reads';
import { withPostgres } from '#platform/testing/testing';
import { ViewReads } from '#platform/views/progress';

const Colour = { RED: 'RED', BLUE: 'BLUE' } as const;

@Entity('sample')
class Sample {
  @Key()
  sampleId: string;
  @ScopeCell()
  facilityId: string;
  @Cell('text', { optional: true })
  name: string | null;
  @Cell('instant', { optional: true })
  takenAt: string | null;
  @Cell('amount')
  weight: string;
  @CellOneOf(Colour)
  colour: keyof typeof Colour;
  @Cell('texts')
  tags: string[];
  @Cell('flag')
  held: boolean;
  @Cell('position')
  position: bigint;
}

const postgres = withPostgres();
let pool: Pool;
let reads: Reads;
let csv: Exports;
const requests = new ListRequests({
  row: Sample,
  table: 'sample',
  filters: { name: 'equals', takenAt: 'range', weight: 'range', colour: 'equals', tags: 'has', held: 'equals' },
  lasting: { usableAt: { until: 'takenAt', only: { colour: 'RED' } } },
  sorts: ['name', 'takenAt', 'weight', 'position'],
});

const SIZE = 60;
const order = (i: number) => (i * 37) % SIZE;

beforeAll(async () => {
  pool = openPool(postgres.url, 'spec');
  reads = new Reads(pool, new ViewReads(pool, postgres.url), 100, () => Promise.resolve(-1n));
  csv = new Exports(pool);
  await pool.query(`CREATE TABLE sample ("sampleId" text PRIMARY KEY, "facilityId" text NOT NULL, name text, "takenAt" timestamptz, weight numeric NOT NULL,
    colour text NOT NULL, tags text[] NOT NULL, held boolean NOT NULL, position bigint NOT NULL)`);
  for (let i = 0; i < SIZE; i += 1) {
    const n = order(i);
    await pool.query('INSERT INTO sample VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      `${n % 3 === 0 ? 'lyon' : 'haifa'}.S${n}`,
      n % 3 === 0 ? 'lyon' : 'haifa',
      n % 7 === 0 ? null : `=name ${n % 4}`,
      n % 5 === 0 ? null : new Date(Date.UTC(2026, 0, 1, 0, 0, n % 10)).toISOString(),
      `${n % 6}.${n % 2}`,
      n % 2 ? 'RED' : 'BLUE',
      [`t${n % 3}`, 'all'],
      n % 2 === 0,
      `${9007199254740993n + BigInt(n)}`,
    ]);
  }
});
afterAll(() => pool.end());

const run = async (asked: Asked, scope: string[] | null = null) => {
  const { text: sql, values, size, order: by } = requests.page(asked, scope);
  const found = await reads.rows<Sample & { __place: string | null }>(sql, values);
  const items = found.slice(0, size);
  const last = items.at(-1);
  return { items, next: found.length > size && last ? requests.cursor(by, last.__place, last.sampleId) : undefined };
};

const faults = (asked: Asked) => {
  try {
    requests.page(asked, null);
  } catch (error) {
    return (error as { extra: { errors: { field: string }[] } }).extra.errors.map(({ field }) => field);
  }
  return [];
};

describe('a list', () => {
  it('returns what is still valid at a moment: what ends later, and what never ends', async () => {
    const { items } = await run({ filter: { usableAt: '2026-01-01T00:00:04.000Z' }, first: 100 });
    const right = [...Array(SIZE).keys()].filter((n) => n % 2 === 1 && (n % 5 === 0 || n % 10 > 4));
    expect(items.map(({ sampleId }) => Number(/\d+/.exec(sampleId)![0])).sort((a, b) => a - b)).toEqual(right);
    expect(items.some(({ takenAt }) => takenAt === null)).toBe(true);
    expect(faults({ filter: { usableAt: 'soon' } })).toEqual(['usableAt']);
  });

  it.each(requests.orders)('returns every row once, page by page, sorted by %s, including ties and empty cells', async (sort) => {
    const all: string[] = [];
    let after: string | undefined;
    do {
      const page = await run({ sort, first: 7, after });
      all.push(...page.items.map(({ sampleId }) => sampleId));
      after = page.next;
    } while (after);
    const whole = (await run({ sort, first: 500 })).items;
    expect(all).toEqual(whole.map(({ sampleId }) => sampleId));
    expect(new Set(all).size).toBe(SIZE);
    const opposite = sort.endsWith('Descending') ? sort.replace('Descending', '') : `${sort}Descending`;
    expect((await run({ sort: opposite, first: 500 })).items.map(({ sampleId }) => sampleId)).toEqual([...all].reverse());
  });

  it('shows only rows of the given facilities, whatever the filter', async () => {
    expect((await run({ first: 500 }, ['haifa'])).items.every(({ facilityId }) => facilityId === 'haifa')).toBe(true);
    expect((await run({ filter: { facilityId: 'lyon' } }, ['haifa'])).items).toEqual([]);
    expect((await run({}, [])).items).toEqual([]);
    const one = requests.one('lyon.S3', ['haifa']);
    expect(await reads.rows(one.text, one.values)).toEqual([]);
  });

  it('keeps positions beyond 2^53 and instants to the millisecond', async () => {
    const { items } = await run({ sort: 'position', first: 1 });
    expect(items[0]).toMatchObject({ position: '9007199254740993', takenAt: null });
    expect((await run({ sort: 'takenAt', first: 1 })).items[0]!.takenAt).toMatch(/^2026-01-01T00:00:0\d\.000Z$/);
  });

  it('can be filtered by the declared filters', async () => {
    const count = async (filter: Record<string, unknown>) => (await run({ filter, first: 500 })).items.length;
    expect(await count({ colour: 'RED' })).toBe(30);
    expect(await count({ colour: ['RED', 'BLUE'] })).toBe(60);
    expect(await count({ held: true })).toBe(30);
    expect(await count({ tags: ['t0', 't1'] })).toBe(40);
    expect(await count({ weightFrom: '2', weightTo: '4' })).toBe(20);
    expect(await count({ takenAtFrom: '2026-01-01T00:00:09Z' })).toBe(6);
    expect(await count({ takenAtTo: '2026-01-01T01:00:02+01:00' })).toBe(6);
    expect(await count({ name: "x' OR 1=1 --" })).toBe(0);
    expect(await count({ name: '%' })).toBe(0);
  });

  it.each<[string, unknown]>([
    ['sort', 'weight; DROP TABLE sample'],
    ['sort', 'constructor'],
    ['sort', ['name']],
    ['first', 0],
    ['first', 501],
    ['first', 1e9],
    ['first', '1e2'],
    ['first', -1],
    ['first', 'x'],
    ['after', 'x'],
    ['after', Buffer.from('["","name","a","b"]').toString('base64url')],
    ['after', {}],
    ['after', 'x'.repeat(5000)],
  ])('refuses %s %p', (name, value) => expect(faults({ [name]: value })).toEqual([name]));

  it.each<[string, unknown]>([
    ['colour', 'GREEN'],
    ['colour', { $ne: 1 }],
    ['colour', []],
    ['takenAtFrom', '2026-01-01'],
    ['takenAtFrom', '2026-02-30T00:00:00Z'],
    ['takenAtFrom', '0000-01-01T00:00:00Z'],
    ['takenAtTo', '2026-01-01T00:00:00+23:59'],
    ['weightFrom', 'NaN'],
    ['weightFrom', '1e5'],
    ['weightFrom', ['1', '2']],
    ['held', 'yes'],
    ['name', 'a\0b'],
    ['name', '\ud800'],
    ['name', Array(101).fill('a')],
    ['nonsense', 'x'],
    ['__proto__x', 'x'],
    ['position', '1'],
    ['tags', [['a']]],
  ])('refuses the filter %s %p', (name, value) => expect(faults({ filter: { [name]: value } })).toEqual([name]));

  it('refuses a cursor of another order, and one whose place is invalid', async () => {
    const { next } = await run({ sort: 'name', first: 3 });
    expect(faults({ sort: 'weight', after: next })).toEqual(['after']);
    const [mark, , , key] = JSON.parse(Buffer.from(next!, 'base64url').toString()) as string[];
    const forged = (sort: string, place: unknown) => Buffer.from(JSON.stringify([mark, sort, place, key])).toString('base64url');
    for (const place of ['x', "1'; --", '1e400', {}, 7])
      expect(faults({ sort: 'weight', after: forged('weight', place) })).toEqual(['after']);
    for (const place of ['2026-13-45 99:99:99+99', '2026-02-30 00:00:00+00', '999999-01-01 00:00:00+00', '2026-01-01 00:00:00+99'])
      expect(faults({ sort: 'takenAt', after: forged('takenAt', place) })).toEqual(['after']);
    for (const place of ['2026-01-01 00:00:00+00', '2026-01-01 00:00:00.123456-03:30'])
      expect(faults({ sort: 'takenAt', after: forged('takenAt', place) })).toEqual([]);
  });

  it('comes as CSV without formulas', async () => {
    const { text: sql, values } = requests.all({ sort: 'sampleId', filter: { colour: 'RED' } }, ['haifa']);
    const lines = (await text((await csv.stream('ann', sql, values)).pipe(csvOf(requests.cells.map(({ name }) => name)))))
      .trimEnd()
      .split('\r\n');
    expect(lines).toHaveLength(21);
    expect(lines[0]).toBe('sampleId,facilityId,name,takenAt,weight,colour,tags,held,position');
    expect(lines[1]).toBe(`haifa.S1,haifa,"'=name 1",2026-01-01T00:00:01.000Z,1.1,RED,"[""t1"",""all""]",false,9007199254740994`);
  });

  it('releases the connection when an export is not read to its end', async () => {
    for (let i = 0; i < 12; i += 1) {
      const rows = await csv.stream('ann', 'SELECT generate_series(1, 1000000) AS n', []);
      await new Promise((done) => rows.once('data', done));
      rows.destroy();
      await new Promise((done) => rows.once('close', done));
    }
    expect(await reads.rows('SELECT 1 AS one', [])).toEqual([{ one: 1 }]);
  });

  it('lets one caller read two at once, slowly, and others meanwhile', async () => {
    const read = (caller: string) => csv.stream(caller, 'SELECT generate_series(1, 1000000) AS n', []);
    const open = [await read('ann'), await read('ann'), await read('bob')];
    await expect(read('ann')).rejects.toMatchObject({ status: 429, code: 'too-many-exports' });
    open.push(await read('bob'), await read('carl'), await read('carl'));
    await expect(read('dora')).rejects.toMatchObject({ status: 503, code: 'exports-busy' });
    const closed = open.map((rows) => new Promise((done) => rows.once('close', done)));
    for (const rows of open) rows.destroy();
    await Promise.all(closed);
    expect(await text((await csv.stream('ann', 'SELECT 1 AS n', [])).pipe(csvOf(['n'])))).toBe('n\r\n1\r\n');
  });

  it.each([
    ['stands still', { standstillMs: 50, wholeMs: 60_000 }],
    ['takes too long', { standstillMs: 60_000, wholeMs: 50 }],
  ])('takes the connection from a reader that %s', async (_, patience) => {
    const rows = await new Exports(pool, patience).stream('ann', 'SELECT generate_series(1, 1000000) AS n', []);
    await new Promise((done) => rows.once('readable', done));
    const error = await new Promise<Error>((done) => rows.once('error', done));
    expect(error.message).toMatch(/too slowly/);
  });
});
