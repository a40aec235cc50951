import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ops } from './command-line';
import { ImportUnderTest } from './import-under-test';

const BASE = {
  name: 'table',
  facility: 'haifa',
  unit: 'pcs',
  time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } },
  order: { column: 'order' },
  machine: { column: 'machine' },
  good: 'good',
};
const HEADER = 'order,machine,good,end';

describe('tables as plants send them', () => {
  let imports: ImportUnderTest;
  beforeAll(async () => {
    imports = await ImportUnderTest.start('tables', { BODY_LIMIT: '16384' }, { haifa: 'UTC', lodz: 'UTC' });
  }, 120_000);
  afterAll(() => imports?.stop());

  const written: ImportUnderTest['written'] = (...file) => imports.written(...file);
  const run = (rows: readonly string[], changes: object = {}, ...more: string[]) =>
    runFile(written('t.csv', [HEADER, ...rows, ''].join('\n')), changes, ...more);
  const runFile = (file: string, changes: object = {}, ...more: string[]) =>
    ops(['import', written('m.json', JSON.stringify({ ...BASE, ...changes })), file, ...imports.connection, '--json', ...more]).ended;
  const row = (order: string, n: number, good = 5) => `${order},M${n},${good},2026-01-05T10:${String(n).padStart(2, '0')}`;
  const rowsOf = (order: string, count: number) => Array.from({ length: count }, (_, n) => row(order, n));
  const goodOf = async (order: string) => {
    let good = 0;
    for (const { type, data } of await imports.store.read(`work-order-haifa.${order}`)) {
      const pieces = Number((data as { good?: string }).good ?? 0);
      if (['ProductionObserved', 'ProductionReportCorrected'].includes(type)) good += pieces;
      if (type === 'ProductionReportReversed') good -= pieces;
    }
    return good;
  };

  it('add only new rows when they grow, and are recognized when they were saved again', async () => {
    const first = rowsOf('Grow', 19);
    expect((await run(first)).json.tally).toMatchObject({ rows: 19, observed: 19, findings: [] });
    const grown = await run([...first, row('Grow', 30)], {}, '--report');
    expect(grown.json).toMatchObject({
      tally: { rows: 20, observed: 20, rejected: 0, findings: [{ code: 'known-before', count: 19 }] },
      known: 19,
      reconciliation: { equal: true, rows: { known: 19 } },
    });
    expect(await goodOf('Grow')).toBe(100);
    const saved = gzipSync(`${HEADER}\r\n${first.map((line) => `"${line.split(',').join('","')}"`).join('\r\n')}\r\n`);
    const head = (await imports.store.read('work-order-haifa.Grow')).length;
    expect((await runFile(written('saved.csv.gz', saved))).json.tally).toMatchObject({
      observed: 19,
      findings: [{ code: 'known-before', count: 19 }],
    });
    const turned = first.map((line) => line.replace(/^(.*),(.*),(.*),(.*)$/, '$4,$3.0,$2,$1'));
    expect((await runFile(written('turned.csv', `end,good,machine,order\n${turned.join('\n')}\n`))).json.tally).toMatchObject({
      observed: 19,
      findings: [{ code: 'known-before', count: 19 }],
    });
    expect(await imports.store.read('work-order-haifa.Grow', 0n, { bookkeeping: true })).toHaveLength(head);
  }, 180_000);

  it('keep rows that really repeat, and flag them', async () => {
    const { json } = await run([row('Twice', 1), row('Twice', 1)]);
    expect(json.tally).toMatchObject({ observed: 2, findings: expect.arrayContaining([{ code: 'RepeatedReportDetected', count: 1 }]) });
    expect(await goodOf('Twice')).toBe(10);
  }, 60_000);

  it('keep their facts when read through a second mapping; rows that read differently are flagged, and the first mapping can be used again', async () => {
    const rows = rowsOf('Remap', 3);
    const machine = { column: 'machine', rules: [{ match: '(.*)', id: 'X$1' }] };
    expect((await run(rows)).json.tally).toMatchObject({ observed: 3 });
    const second = (await run(rows, { machine })).json;
    expect(second).toMatchObject({ finishedBefore: false, tally: { observed: 3, rejected: 0 } });
    expect(second.tally.findings).toContainEqual({ code: 'imported-otherwise', count: 3 });
    const third = (await run(rows)).json;
    expect(third).toMatchObject({ finishedBefore: false, tally: { observed: 3, rejected: 0 } });
    expect((await run(rows)).json).toMatchObject({ finishedBefore: true, written: 0 });
    const order = { column: 'order', rules: [{ match: '(.*)', id: '$1Other' }] };
    const fourth = (await run(rows, { order })).json;
    expect(fourth).toMatchObject({
      known: 3,
      tally: { observed: 3, findings: expect.arrayContaining([{ code: 'imported-otherwise', count: 3 }]) },
    });
    expect(await imports.store.read('work-order-haifa.RemapOther')).toEqual([]);
    expect(await goodOf('Remap')).toBe(15);
    // One who may not read the log is warned; the last `--token` counts.
    const blind = await run(rows, { order: { always: 'Remap' } }, '--token', imports.under.tokens.device!);
    expect(blind).toMatchObject({ code: 0, err: expect.stringContaining('may not read the log') });
  }, 180_000);

  it('take pieces back if the mapping says so', async () => {
    const rows = [row('Back', 1, 8), row('Back', 2, 5), row('Back', 1, -3), row('Back', 9, -1)];
    const ended = await run(rows, { negative: 'reversal' }, '--report');
    expect(ended.json).toMatchObject({
      tally: { observed: 3, rejected: 1, findings: expect.arrayContaining([{ code: 'rejected:nothing-to-reverse', count: 1 }]) },
    });
    expect(await goodOf('Back')).toBe(10);
    expect((await run(rows, { negative: 'reversal' }, '--again')).json).toMatchObject({ written: 0 });
    expect(await goodOf('Back')).toBe(10);
  }, 180_000);

  it('may name their facilities; an unregistered one is refused, as a whole or row by row', async () => {
    const plants = written('plants.csv', `plant,${HEADER}\nhaifa,${row('P1', 1)}\nlodz,${row('P1', 2)}\nmars,${row('P1', 3)}\n`);
    const ended = await runFile(plants, { facility: { home: 'haifa', column: 'plant' } });
    expect(ended.json.tally).toMatchObject({ observed: 2, rejected: 1, findings: [{ code: 'rejected:facility-unknown', count: 1 }] });
    expect(await imports.store.read('work-order-lodz.P1')).not.toHaveLength(0);
    const nowhere = await run([row('P2', 1)], { facility: 'mars' });
    expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringMatching(/no facility mars.*facility-unknown/s)]);
    expect(await imports.store.read('work-order-mars.P2')).toEqual([]);
  }, 120_000);

  it('end with exit code 2 and say so if no row became a fact', async () => {
    expect(await run([])).toMatchObject({ code: 2, json: { tally: { rows: 0, observed: 0 } } });
    expect(await run(['A,M1,many,2026-01-05T10:00'])).toMatchObject({ code: 2, json: { tally: { rows: 1, rejected: 1 } } });
    const plain = await ops(['import', join(imports.directory, 'm.json'), join(imports.directory, 't.csv'), ...imports.connection]).ended;
    expect(plain).toMatchObject({ code: 2, err: expect.stringContaining('nothing became a fact') });
    expect(await run([], {}, '--dry-run')).toMatchObject({ code: 2 });
  }, 120_000);

  it('give back their rejected rows as a file to correct', async () => {
    const rejected = join(imports.directory, 'rejected.csv');
    const wrong = '"A ""1""",M1,5,2026-01-05T10:00';
    expect((await run([row('Fix', 1), 'Fix,M2,x,2026-01-05T10:02', wrong], {}, '--rejected', rejected)).json.tally.rejected).toBe(2);
    expect(readFileSync(rejected, 'utf8')).toBe(`${HEADER}\nFix,M2,x,2026-01-05T10:02\n${wrong}\n`);
    writeFileSync(rejected, readFileSync(rejected, 'utf8').replace(',x,', ',7,').replace('"A ""1"""', 'A1'));
    expect((await runFile(rejected)).json.tally).toMatchObject({ observed: 2, rejected: 0 });
    expect(await goodOf('Fix')).toBe(12);
  }, 120_000);

  it('with many rows can be imported by a system that accepts only small requests', async () => {
    const { json } = await run(Array.from({ length: 300 }, (_, n) => row(`Small${n % 3}`, n % 60, n)));
    expect(json.tally).toMatchObject({ rows: 300, observed: 300 });
    expect(await goodOf('Small0')).toBe(14_850);
  }, 120_000);
});
