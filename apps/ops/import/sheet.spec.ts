import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRows, surveyFile } from './file';
import { parseMapping } from './mapping';
import { sheetRows } from './sheet';
import { archive, texts, workbook } from './spreadsheet-under-test';
import { XmlScanner } from './xml';

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
      { line: 4, cells: ['a <b> ', 'TRUE', '40938.2791666667', ''], raw: 'a <b> ;TRUE;40938.2791666667;', numbers: new Set([2]) },
      { line: 5, cells: ['', 'y;"z"', '0.01', ''], raw: ';"y;""z""";0.01;', numbers: new Set([2]) },
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
    expect(rows).toEqual([{ line: 3, cells: ['A1', '5', '46027.4375'], raw: 'A1,5,46027.4375', numbers: new Set([1, 2]) }]);
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

  describe('that was made to do harm is refused at once, or costs no more than its size', () => {
    const CELL = '<c><v>1</v></c>';
    const bytesOf = (parts: Record<string, string>, change: (bytes: Buffer) => void) => {
      const bytes = archive(parts);
      change(bytes);
      const path = join(directory, 'changed.xlsx');
      writeFileSync(path, bytes);
      return path;
    };
    const readAll = async (path: string) => {
      let rows = 0;
      for await (const _ of sheetRows(path, { delimiter: ';' })) rows += 1;
      return rows;
    };
    const place = (bytes: Buffer, signature: string) => bytes.indexOf(Buffer.from(signature, 'hex'));

    it.each([
      ['a row with the number 2^31', `<row r="2147483648">${CELL}</row>`, 'sheet-malformed'],
      ['a row with a number that is none', `<row r="1e9">${CELL}</row>`, 'sheet-malformed'],
      ['a row with a negative number', `<row r="-1">${CELL}</row>`, 'sheet-malformed'],
      ['a cell in column ZZZ', `<row><c r="ZZZ1"><v>1</v></c></row>`, 'sheet-too-large'],
      ['20,000 cells in a row', `<row>${CELL.repeat(20_000)}</row>`, 'sheet-too-large'],
      ['a text of two million characters', `<row>${texts('x'.repeat(2_000_000))}</row>`, 'sheet-too-large'],
      ['a tag that does not end', `<row ${'x="1" '.repeat(60_000)}`, 'sheet-malformed'],
      ['a comment that does not end', `<!-- ${'x'.repeat(300_000)}`, 'sheet-malformed'],
    ])('%s', async (_, sheet, code) => {
      await expect(rowsOf(workbook(sheet))).rejects.toMatchObject({ name: 'SheetFault', code });
    });

    it('a header of 16,384 columns above thousands of rows with one cell', async () => {
      const path = file(workbook(`<row><c r="XFD1"><v>1</v></c></row>${`<row>${CELL}</row>`.repeat(3_100)}`));
      await expect(readAll(path)).rejects.toMatchObject({ code: 'sheet-too-large' });
    });

    it('entities that a document declares', async () => {
      const parts = workbook(`<row>${texts('&lol;')}</row>`);
      parts['xl/worksheets/sheet1.xml'] = `<!DOCTYPE x [<!ENTITY lol "lol">]>${parts['xl/worksheets/sheet1.xml']}`;
      await expect(rowsOf(parts)).rejects.toMatchObject({ code: 'sheet-malformed' });
    });

    it('references to what every object has, to half characters and to none are texts', async () => {
      const rows = await rowsOf(workbook(`<row>${texts('&constructor;&__proto__;', '&#xD800;&#0;&#x110000;_x0000_')}</row>`));
      expect(rows[0]!.cells).toEqual(['&constructor;&__proto__;', '\ufffd'.repeat(4)]);
    });

    it('a text or a tag in pieces costs no more than its size: 40 MB without an end', () => {
      for (const [begin, piece] of [
        ['&', 'x'.repeat(16_384)],
        ['<a>', '&'.repeat(16_384)],
        ['<a ', ' '.repeat(16_384)],
      ] as const) {
        const scanner = new XmlScanner({});
        const began = performance.now();
        const feed = () => {
          scanner.feed(begin);
          for (let n = 0; n < 2_500; n += 1) scanner.feed(piece);
        };
        if (begin === '<a ') expect(feed).toThrow('a tag does not end');
        else feed();
        expect(performance.now() - began).toBeLessThan(5_000);
      }
    });

    it('a part that would unpack to thousands of times its size is not unpacked', async () => {
      const path = bytesOf(workbook(''), (bytes) => bytes.writeUInt32LE(1e9, place(bytes, '504b0102') + 24));
      await expect(readAll(path)).rejects.toMatchObject({ code: 'archive-damaged', message: expect.stringContaining('times its size') });
    });

    it('sizes, checksums, places and flags that lie', async () => {
      const parts = workbook(`<row>${texts('a')}</row>`);
      const entry = (bytes: Buffer) => place(bytes, '504b0102');
      for (const change of [
        (bytes: Buffer) => bytes.writeUInt32LE(5, entry(bytes) + 24),
        (bytes: Buffer) => bytes.writeUInt32LE(0xfffffff0, entry(bytes) + 20),
        (bytes: Buffer) => bytes.writeUInt32LE(0xfffffff0, entry(bytes) + 42),
        (bytes: Buffer) => bytes.writeUInt32LE(12, entry(bytes) + 42),
        (bytes: Buffer) => bytes.writeUInt32LE(7, entry(bytes) + 16),
        (bytes: Buffer) => bytes.writeUInt16LE(1, entry(bytes) + 8),
        (bytes: Buffer) => bytes.writeUInt16LE(12, entry(bytes) + 10),
        (bytes: Buffer) => bytes.writeUInt32LE(0, 0),
        (bytes: Buffer) => bytes.writeUInt16LE(60_000, bytes.length - 12),
      ])
        await expect(readAll(bytesOf(parts, change))).rejects.toMatchObject({ code: 'archive-damaged' });
      expect(await readAll(bytesOf(parts, () => undefined))).toBe(1);
    });

    it('a file that is cut off anywhere', async () => {
      const whole = archive(workbook(`<row>${texts('a')}</row>`));
      const path = join(directory, 'cut.xlsx');
      for (let length = 4; length < whole.length; length += 13) {
        writeFileSync(path, whole.subarray(0, length));
        await expect(readAll(path)).rejects.toMatchObject({ code: 'archive-damaged' });
      }
    });

    it('names that lead out of the archive find nothing', async () => {
      const parts = workbook('');
      parts['xl/_rels/workbook.xml.rels'] = parts['xl/_rels/workbook.xml.rels'].replace('worksheets/sheet1.xml', '../../../etc/passwd');
      await expect(rowsOf(parts)).rejects.toMatchObject({ code: 'archive-damaged', message: expect.stringContaining('it lacks') });
    });
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
