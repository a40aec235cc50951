import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { readRows, surveyFile } from './file';
import { parseMapping } from './mapping';
import { sheetRows } from './sheet';
import { XmlScanner } from './xml';

/** A zip archive of these parts, every second one compressed. */
function archive(parts: Record<string, string>): Buffer {
  const [bodies, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [n, [name, text]] of Object.entries(parts).entries()) {
    const [plain, named] = [Buffer.from(text), Buffer.from(name)];
    const packed = n % 2 ? plain : deflateRawSync(plain);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(named.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(n % 2 ? 0 : 8, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(plain.length, 24);
    entry.writeUInt16LE(named.length, 28);
    entry.writeUInt32LE(offset, 42);
    bodies.push(head, named, packed);
    directory.push(entry, named);
    offset += 30 + named.length + packed.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(parts).length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, entries, end]);
}

const workbook = (sheet: string, more: Record<string, string> = {}) => ({
  'xl/workbook.xml':
    '<?xml version="1.0"?><workbook xmlns:r="r"><sheets><sheet name="Log &amp; more" sheetId="1" r:id="rId1"/><sheet name="Two" sheetId="2" r:id="rId2"/></sheets></workbook>',
  'xl/_rels/workbook.xml.rels':
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/second.xml"/></Relationships>',
  'xl/worksheets/sheet1.xml': `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
  ...more,
});
const texts = (...cells: string[]) => cells.map((cell) => `<c t="inlineStr"><is><t>${cell}</t></is></c>`).join('');

describe('a spreadsheet', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ops-sheet-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const file = (parts: Record<string, string>) => {
    const path = join(directory, 'log.xlsx');
    writeFileSync(path, archive(parts));
    return path;
  };
  const rowsOf = async (parts: Record<string, string>, sheet?: string) => {
    const rows = [];
    for await (const row of sheetRows(file(parts), { delimiter: ';', ...(sheet ? { sheet } : {}) })) rows.push(row);
    return rows;
  };

  it('gives shared, inline, formula and numeric cells as texts in their columns', async () => {
    const shared =
      '<sst><si><t>order</t></si><si><r><t>a </t></r><r><t xml:space="preserve">&lt;b&gt; </t></r><rPh><t>x</t></rPh></si></sst>';
    const sheet = `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>good</t></is></c><c r="D1"/></row>
      <row r="4"><c r="A4" t="s"><v>1</v></c><c r="B4" t="b"><v>1</v></c><c r="C4" s="3"><v>40938.279166666667</v></c></row>
      <row r="5"><c r="B5" t="str"><f>A1&amp;"x"</f><v>y;"z"</v></c><c r="C5"><v>1.0000000000000001E-2</v></c></row>`;
    const rows = await rowsOf(workbook(sheet, { 'xl/sharedStrings.xml': shared }));
    expect(rows).toEqual([
      { line: 1, cells: ['order', '', 'good', ''], raw: 'order;;good;' },
      { line: 4, cells: ['a <b> ', 'TRUE', '40938.2791666667', ''], raw: 'a <b> ;TRUE;40938.2791666667;' },
      { line: 5, cells: ['', 'y;"z"', '0.01', ''], raw: ';"y;""z""";0.01;' },
    ]);
  });

  it('is read from the sheet that the mapping names, or from the first', async () => {
    const parts = workbook(`<row>${texts('a')}</row>`, {
      'xl/worksheets/second.xml': `<x:worksheet xmlns:x="y"><x:row>${texts('b').replace(/<(\/?)/g, '<$1x:')}</x:row></x:worksheet>`,
    });
    expect((await rowsOf(parts))[0]!.cells).toEqual(['a']);
    expect((await rowsOf(parts, 'Two'))[0]!.cells).toEqual(['b']);
    await expect(rowsOf(parts, 'Three')).rejects.toMatchObject({
      code: 'sheet-missing',
      message: expect.stringContaining('"Log & more", "Two"'),
    });
  });

  it('that is damaged, or another kind of zip archive, is refused with a code', async () => {
    await expect(rowsOf({ 'word/document.xml': '' })).rejects.toMatchObject({ code: 'not-a-spreadsheet' });
    const path = file(workbook(''));
    writeFileSync(path, archive(workbook('')).subarray(0, 200));
    const read = async () => {
      for await (const _ of sheetRows(path, { delimiter: ',' }));
    };
    await expect(read()).rejects.toMatchObject({ code: 'archive-damaged' });
  });

  it('is recognized by its first bytes and imported like any table', async () => {
    const mapping = parseMapping(
      JSON.stringify({
        name: 'x',
        facility: 'haifa',
        unit: 'pcs',
        order: { column: 'order' },
        good: 'good',
        time: { zone: 'UTC', end: { column: 'end', format: 'excel' } },
      }),
    );
    const path = file(
      workbook(
        `<row>${texts('order', 'good', 'end')}</row><row>${texts('', '', '')}</row><row r="3">${texts('A1')}<c><v>5</v></c><c><v>46027.4375</v></c></row>`,
      ),
    );
    expect(await surveyFile(path, mapping)).toMatchObject({ rows: 1, header: ['order', 'good', 'end'] });
    const rows = [];
    for await (const row of readRows(path, mapping)) rows.push(row);
    expect(rows).toEqual([{ line: 3, cells: ['A1', '5', '46027.4375'], raw: 'A1,5,46027.4375' }]);
  });

  it('that counts its days otherwise than the mapping is refused', async () => {
    const [parts, later] = [workbook(`<row>${texts('a')}</row>`), workbook(`<row>${texts('_x0041_x_x000D_')}</row>`)];
    later['xl/workbook.xml'] = later['xl/workbook.xml'].replace('<sheets>', '<workbookPr date1904="1"/><sheets>');
    const first = (given: Record<string, string>, format: string) =>
      sheetRows(file(given), { delimiter: ';', formats: ['ISO', format] }).next();
    await expect(first(later, 'excel')).rejects.toMatchObject({ code: 'days-differ' });
    await expect(first(parts, 'excel-1904')).rejects.toMatchObject({ code: 'days-differ' });
    expect((await first(parts, 'excel')).value).toMatchObject({ cells: ['a'] });
    // Control characters are written as their code.
    expect((await first(later, 'excel-1904')).value).toMatchObject({ cells: ['Ax\r'] });
  });

  it('is read correctly wherever its chunks are cut', () => {
    const text = '<a><!-- > --><b c="1 &amp; 2">x&#65;&#x42;<![CDATA[<y>]]></b><d/></a>';
    for (let size = 1; size < text.length; size += 1) {
      let heard = '';
      const scanner = new XmlScanner({
        open: (name, attribute) => (heard += `<${name} ${attribute('c') ?? ''}>`),
        close: (name) => (heard += `</${name}>`),
        text: (part) => (heard += part),
      });
      for (let at = 0; at < text.length; at += size) scanner.feed(text.slice(at, at + size));
      expect(heard).toBe('<a ><b 1 & 2>xAB<y></b><d ></d></a>');
    }
  });
});
