import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readRows, surveyFile } from './file';
import { parseMapping, type Mapping } from './mapping';

const mapping = parseMapping(`
name: log
facility: haifa
csv: { delimiter: ';', encoding: windows-1252 }
unit: pcs
time: { zone: UTC, end: { column: end, format: ISO } }
order: { column: order no }
good: good
`);
const header = 'order no;good;end';
const row = 'A1;5;2026-01-05T10:00';

describe('a table as programs write it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-header-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const rowsOf = async (content: string | Buffer, by: Mapping = mapping) => {
    const path = join(directory, 'log.csv');
    writeFileSync(path, content);
    const { header: columns, rows: count } = await surveyFile(path, by);
    const rows = [];
    for await (const { line, cells } of readRows(path, by)) rows.push([line, cells[0]]);
    expect(rows).toHaveLength(count);
    return { columns, rows };
  };
  const usual = { columns: header.split(';'), rows: [[2, 'A1']] };

  it('may have a title above its header', async () => {
    const content = `Log of June\nprinted;1.7.;by "ERP";now;\n\n${header}\n${row}\n`;
    expect(await rowsOf(content)).toEqual({ ...usual, rows: [[5, 'A1']] });
    expect(await rowsOf(`sep=;\n${header}\n${row}\n`)).toEqual({ ...usual, rows: [[3, 'A1']] });
    const far = `title\n`.repeat(60);
    await expect(rowsOf(`${far}${header}\n${row}\n`)).rejects.toMatchObject({ code: 'columns-missing' });
  });

  it('says what is missing in the row that is most like a header', async () => {
    await expect(rowsOf(`Log\n\norder no;good;begin\n${row}\n`)).rejects.toMatchObject({
      code: 'columns-missing',
      message: 'Missing columns: "end"; present: "order no", "good", "begin".',
    });
    await expect(rowsOf(`Log\n${header.replaceAll(';', ',')}\n`)).rejects.toMatchObject({ code: 'wrong-delimiter' });
  });

  it('may have names with other spaces', async () => {
    expect(await rowsOf(` order\u00a0no ;"good";end\t\n${row}\n`.replace('\u00a0', '  '))).toEqual(usual);
    await expect(rowsOf(`order no; order  no;good;end\n`)).rejects.toMatchObject({ code: 'columns-doubled' });
  });

  it.each([
    ['UTF-8 with its mark, though the mapping says otherwise', Buffer.from(`\ufeff${header}\nÄ1;5;x\n`)],
    ['UTF-16 with its mark, compressed', gzipSync(Buffer.from(`\ufeff${header}\nÄ1;5;x\n`, 'utf16le'))],
    ['Windows-1252', Buffer.from(`${header}\nÄ1;5;x\n`, 'latin1')],
  ])('may be in %s', async (_, content) => expect(await rowsOf(content)).toEqual({ ...usual, rows: [[2, 'Ä1']] }));

  it('in UTF-16 without a mark says so; a NUL is named with its place', async () => {
    const text = Buffer.from(`${header}\n${row}\n`, 'utf16le');
    const looks = (name: string) => ({ code: 'not-text', message: expect.stringContaining(`looks like ${name} without`) });
    await expect(rowsOf(text)).rejects.toMatchObject(looks('utf-16le'));
    await expect(rowsOf(Buffer.from(text).swap16())).rejects.toMatchObject(looks('utf-16be'));
    expect(await rowsOf(text, { ...mapping, csv: { ...mapping.csv, encoding: 'utf-16le' } })).toEqual(usual);
    await expect(rowsOf(`${header}\n${row}\0`)).rejects.toMatchObject({ message: expect.stringContaining('near byte 39') });
  });

  it('may mix all kinds of line ends, and end with the mark of DOS', async () => {
    expect(await rowsOf(`${header}\r\n${row}\n${row}\r${row}\r\n\u001a`)).toMatchObject({ rows: [2, 3, 4].map((line) => [line, 'A1']) });
    expect(await rowsOf(`${header}\r\r\n${row}\r\r\n`)).toMatchObject({ rows: [[3, 'A1']] });
  });

  it('of the old form of Excel is named as that', async () =>
    expect(rowsOf(Buffer.from('d0cf11e0a1b11ae1', 'hex'))).rejects.toMatchObject({ message: expect.stringContaining('(xls)') }));
});
