import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readRows, surveyFile } from './file';
import { parseMapping } from './mapping';
import { rowReader } from './rows';
import { archive, texts, workbook } from './spreadsheet-under-test';

const BASE = {
  name: 'x',
  facility: 'haifa',
  unit: 'kg',
  order: { column: 'order', otherwise: 'slug' },
  good: 'good',
  time: { zone: 'UTC', end: { column: 'end', format: ['ISO', 'excel'] } },
};
const HEADER = 'order,good,end';
const AT = '2026-01-05T10:00';

describe('odd files', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-odd-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const outcomes = async (bytes: string | Buffer, changes: object = {}) => {
    const path = join(directory, 'odd');
    writeFileSync(path, bytes);
    const mapping = parseMapping(JSON.stringify({ ...BASE, ...changes }));
    const survey = await surveyFile(path, mapping);
    const read = rowReader(mapping, survey.header, { name: 'odd' });
    const found = [];
    for await (const row of readRows(path, mapping, survey)) found.push(read(row));
    return found.map((outcome) => ('observation' in outcome ? outcome.observation : outcome));
  };

  it('that are compressed twice, or hold a spreadsheet, are refused with what to do', async () => {
    const csv = gzipSync(`${HEADER}\nA,5,${AT}\n`);
    const fault = (what: string) => ({ name: 'FileFault', code: 'not-text', message: expect.stringContaining(what) });
    await expect(outcomes(gzipSync(csv))).rejects.toMatchObject(fault('compressed twice'));
    await expect(outcomes(gzipSync(archive(workbook(`<row>${texts('order')}</row>`))))).rejects.toMatchObject(fault('zip archive'));
    expect(await outcomes(Buffer.concat([csv, gzipSync(`B,6,${AT}\n`)]))).toMatchObject([{ good: '5' }, { good: '6' }]);
  });

  it('of two encodings are refused with the byte that is wrong', async () => {
    const begin = Buffer.from(`${HEADER}\nMü,5,${AT}\n`);
    const file = Buffer.concat([begin, Buffer.from([0x4d, 0xfc]), Buffer.from(`,5,${AT}\n`)]);
    await expect(outcomes(file)).rejects.toMatchObject({
      code: 'not-text',
      message: expect.stringContaining(`(byte ${begin.length + 1})`),
    });
  });

  it('with columns of the same name: rows that differ in one of them are different rows', async () => {
    const name = async (first: string, second: string) =>
      ((await outcomes(`order,x,good,x,end\nA,${first},5,${second},${AT}\n`))[0] as { reportId: string }).reportId;
    const names = [await name('1', '3'), await name('2', '3'), await name('3', '1')];
    expect(new Set(names).size).toBe(3);
  });

  it('with 5,000 columns are read in no more time than their size needs', async () => {
    const columns = Array.from({ length: 5_000 }, (_, n) => n);
    const rows = Array.from({ length: 40 }, (_, n) => `A,5,${AT},${columns.map((column) => `${n}.${column}.x`).join(',')}`);
    const began = performance.now();
    expect(await outcomes(`${HEADER},${columns.map((n) => `c${n}`).join(',')}\n${rows.join('\n')}\n`)).toHaveLength(40);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it.each([
    ['.5', '0.5'],
    ['-.5', undefined],
    ['5.', '5'],
    ['.', undefined],
    ['\u200f5\u200e', '5'],
    ['-0', '0'],
    ['(0)', '0'],
    ['--5', undefined],
    ['TRUE', undefined],
  ])('with the amount %j', async (text, good) => {
    const code = text === '-.5' ? 'quantity-negative' : 'quantity-malformed';
    expect(await outcomes(`${HEADER}\nA,${text},${AT}\n`)).toMatchObject([good === undefined ? { rejected: { code } } : { good }]);
  });

  it('with marks of writing direction around a time are read', async () =>
    expect(await outcomes(`${HEADER}\nA,5,\u200f${AT}\u200e\n`)).toMatchObject([{ to: '2026-01-05T10:00:00Z' }]));

  it('with times before 1970, of half hours and a clock change of half an hour', async () => {
    const zone = (name: string) => ({ time: { zone: name, end: { column: 'end', format: 'ISO' } } });
    const to = async (time: string, name: string) => (await outcomes(`${HEADER}\nA,5,${time}\n`, zone(name)))[0];
    expect(await to('1969-12-31T23:59', 'UTC')).toMatchObject({ to: '1969-12-31T23:59:00Z' });
    expect(await to('2026-01-05T10:00-09:30', 'Asia/Kolkata')).toMatchObject({ to: '2026-01-06T01:00:00+05:30' });
    expect(await to('2026-10-04T02:15', 'Australia/Lord_Howe')).toMatchObject({ to: '2026-10-04T02:45:00+11:00' });
  });

  it('with sums below, and headers between, reject those rows and read the others', async () => {
    const rows = [`A,5,${AT}`, HEADER, `B,6,${AT}`, '', 'Total,11,', 'Sum: 11'];
    expect(await outcomes([HEADER, ...rows].join('\n'))).toMatchObject([
      { good: '5' },
      { rejected: { code: 'time-malformed' } },
      { good: '6' },
      { rejected: { code: 'cell-empty' } },
      { rejected: { code: 'cells-miscounted' } },
    ]);
  });

  it('whose rows of a spreadsheet are out of order are refused: an import resumes after a line', async () => {
    const row = (line: number) => `<row r="${line}">${texts('A', '5', AT)}</row>`;
    for (const lines of [
      [5, 3],
      [3, 3],
    ])
      await expect(
        outcomes(archive(workbook(`<row r="1">${texts('order', 'good', 'end')}</row>${lines.map(row).join('')}`))),
      ).rejects.toMatchObject({ code: 'sheet-malformed', message: expect.stringContaining('row 3 stands below row') });
  });

  it('with errors, truths and broken references in the cells of a spreadsheet', async () => {
    const cells = (...all: string[]) => `<row>${all.join('')}</row>`;
    const [five, at, missing] = ['<c><v>5</v></c>', '<c><v>46027.5</v></c>', '<c t="s"><v>99</v></c>'];
    const sheet = [
      cells(texts('order', 'good', 'end')),
      cells('<c t="s"><v>0</v></c>', five, at),
      cells(five, '<c t="e"><v>#DIV/0!</v></c>', at),
      cells(five, '<c t="b"><v>1</v></c>', at),
      cells(five, five, '<c t="e"><v>#N/A</v></c>'),
      cells(missing, five, at),
      cells(five, '<c t="str"><f>A1</f><v>7</v></c>', '<c t="d"><v>2026-01-05T10:00:00</v></c>'),
    ];
    const shared = { 'xl/sharedStrings.xml': '<sst><si><t>S 1</t></si></sst>' };
    expect(await outcomes(archive(workbook(sheet.join(''), shared)))).toMatchObject([
      { workOrderId: 'haifa.S-1', good: '5' },
      { rejected: { code: 'quantity-malformed' } },
      { rejected: { code: 'quantity-malformed' } },
      { rejected: { code: 'time-malformed' } },
      { rejected: { code: 'cell-empty' } },
      { workOrderId: 'haifa.5', good: '7', to: '2026-01-05T10:00:00Z' },
    ]);
  });
});
