import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRows, surveyFile } from './file';
import { parseMapping } from './mapping';
import { RejectedRows } from './rejected-rows';
import { rowReader, type Observation } from './rows';
import { archive, texts, workbook } from './spreadsheet-under-test';

const GERMAN = {
  name: 'x',
  facility: 'haifa',
  unit: 'kg',
  csv: { delimiter: ';' },
  decimalMark: ',',
  thousandsMark: '.',
  order: { column: 'order', otherwise: 'slug' },
  good: 'good',
  scrap: { column: 'bad', reasonCode: 'MRB' },
  ordered: 'asked',
  time: { zone: 'UTC', end: { column: 'end', format: 'ISO' }, duration: { column: 'lasted', unit: 'min' } },
};
const HEADER = ['order', 'good', 'bad', 'asked', 'lasted', 'end'];
const numbers = (...values: string[]) => values.map((value) => `<c><v>${value}</v></c>`).join('');

describe('cells of a spreadsheet', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-cells-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'log.xlsx');
  /** What became of the rows below the header. */
  const outcomes = async (rows: readonly string[], changes: object = {}, more = '', header = HEADER) => {
    const mapping = parseMapping(JSON.stringify({ ...GERMAN, ...changes }));
    const parts = workbook([texts(...header), ...rows].map((row) => `<row>${row}</row>`).join(''));
    parts['xl/worksheets/sheet1.xml'] = parts['xl/worksheets/sheet1.xml'].replace('</sheetData>', `</sheetData>${more}`);
    writeFileSync(path, archive(parts));
    const survey = await surveyFile(path, mapping);
    const read = rowReader(mapping, survey.header, { name: 'log.xlsx' });
    const rejects = new RejectedRows(join(directory, 'rejected.csv'), mapping);
    const found: Partial<Observation & { code: string }>[] = [];
    for await (const row of readRows(path, mapping, survey)) {
      const outcome = read(row);
      if ('rejected' in outcome) rejects.add(row, survey.header);
      if ('rejected' in outcome) found.push({ code: outcome.rejected.code });
      if ('observation' in outcome) found.push(outcome.observation);
    }
    rejects.close();
    return found;
  };

  it('that are numbers have their value whatever the marks of the mapping; texts are read with the marks', async () => {
    const [number, text] = await outcomes([
      `${texts('A')}${numbers('1.234', '2.5', '1000', '90.5')}${texts('2026-01-05T10:00')}`,
      texts('A', '1.234', '2,5', '1.000', '90,5', '2026-01-05T10:00'),
    ]);
    expect(number).toMatchObject({ good: '1.234', scrap: [{ quantity: '2.5' }], ordered: { amount: '1000' } });
    expect(text).toMatchObject({ good: '1234', scrap: [{ quantity: '2.5' }], ordered: { amount: '1000' } });
    expect([number!.from, text!.from]).toEqual(['2026-01-05T08:29:30Z', '2026-01-05T08:29:30Z']);
  });

  it.each([
    ['1E-3', '0.001'],
    ['0.30000000000000004', '0.3'],
    ['1.0000000000000001E-1', '0.1'],
    ['5.5511151231257827E-17', '0'],
    ['-5.5511151231257827E-17', '0'],
    ['-0', '0'],
    ['2.3999999999999999E3', '2400'],
    ['1E+5', '100000'],
    ['1E+30', undefined],
  ])('that are stored as %s are %s', async (stored, good) => {
    expect(await outcomes([`${texts('A')}${numbers(stored, '0', '1', '0')}${texts('2026-01-05T10:00')}`])).toMatchObject([
      good === undefined ? { code: 'quantity-malformed' } : { good },
    ]);
  });

  it('that are rejected are given back with the marks of the mapping', async () => {
    const cells = `${texts('')}${numbers('1.234', '2.5', '1000', '0.5')}${texts('2026-01-05T10:00')}`;
    expect(await outcomes([cells])).toMatchObject([{ code: 'cell-empty' }]);
    expect(readFileSync(join(directory, 'rejected.csv'), 'utf8')).toBe(`${HEADER.join(';')}\n;1,234;2,5;1000;0,5;2026-01-05T10:00\n`);
  });

  it('that are merged downwards name all their rows, and count in the first one', async () => {
    const merged = (...refs: string[]) => `<mergeCells>${refs.map((ref) => `<mergeCell ref="${ref}"/>`).join('')}</mergeCells>`;
    const at = '2026-01-05T10:00';
    const rows = [
      `${texts('A')}${numbers('3', '1', '1.5', '60')}${texts(at)}`,
      `${texts('')}${numbers('4')}<c/>${texts('')}${numbers('30')}${texts('')}`,
      `${texts('', '', '')}${texts('', '', '')}<c r="G4"><v>1</v></c>`,
      `${texts('B')}${numbers('5', '0', '1', '0')}${texts(at)}`,
    ];
    const header = [...HEADER, 'no'];
    const found = await outcomes(rows, {}, merged('A2:A4', 'B3:B4', 'C2:C3', 'D2:D4', 'E3:E4', 'F2:F4', 'A1:G1'), header);
    expect(found).toMatchObject([
      { workOrderId: 'haifa.A', good: '3', scrap: [{ quantity: '1' }], ordered: { amount: '1.5' }, from: '2026-01-05T09:00:00Z' },
      { workOrderId: 'haifa.A', good: '4', scrap: [], ordered: { amount: '1.5' }, from: '2026-01-05T09:30:00Z' },
      { workOrderId: 'haifa.A', good: '0', scrap: [], ordered: { amount: '1.5' }, from: '2026-01-05T10:00:00Z' },
      { workOrderId: 'haifa.B', good: '5' },
    ]);
    expect(new Set(found.map(({ reportId }) => reportId)).size).toBe(4);
  });

  it('that are merged from the header down have no value of it', async () => {
    const rows = [texts('', '1', '', '', '', '2026-01-05T10:00')];
    expect(await outcomes(rows, {}, '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>')).toMatchObject([{ code: 'quantity-malformed' }]);
    const changes = { time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } } };
    expect(await outcomes(rows, changes, '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>')).toMatchObject([{ code: 'cell-empty' }]);
  });

  it('that hold an error are no ids', async () => {
    const cells = `<c t="e"><v>#N/A</v></c>${numbers('1', '2', '3', '0')}${texts('2026-01-05T10:00')}`;
    expect(await outcomes([cells])).toMatchObject([{ code: 'cell-error' }]);
  });
});
