import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { csvCell, csvOf } from './csv';

describe('CSV', () => {
  it.each(['=1+1', '+cmd|calc', '-2+3', '@SUM(A1)', '\t=1', '\r=1', ' =1', '＝1', '|x', '%x'])(
    'does not let %p run in a spreadsheet',
    (attack) => {
      expect(csvCell(attack)).toMatch(/^"?'/);
    },
  );
  it.each([';=1', 'a;=1', 'a; +1', 'a\t-2', 'x;@SUM(A1)'])('does not let %p run where semicolons or tabs separate cells', (attack) => {
    expect(csvCell(attack)).toMatch(/[;\t] ?'[=+\-@]/);
  });
  it('begins with a byte-order mark if requested', async () => {
    expect(await buffer(Readable.from([]).pipe(csvOf(['a'], { byteOrderMark: true })))).toEqual(Buffer.from('\ufeffa\r\n'));
  });
  it('keeps numbers and plain text as they are', () => {
    for (const plain of ['-1.5', '12', 'haifa.M4', 'a-b', '']) expect(csvCell(plain)).toBe(plain);
    expect(csvCell(null)).toBe('');
    expect(csvCell(true)).toBe('true');
  });
  it('quotes what would end a cell', () => {
    expect(csvCell('a,b')).toBe('"a,b"');
    expect(csvCell('say "hi"')).toBe('"say ""hi"""');
    expect(csvCell(['a', 'b'])).toBe('"[""a"",""b""]"');
  });
  it('has a header line even without rows', async () => {
    expect(await text(Readable.from([]).pipe(csvOf(['a', 'b'])))).toBe('a,b\r\n');
    expect(await text(Readable.from([{ b: 2, a: 1 }]).pipe(csvOf(['a', 'b'])))).toBe('a,b\r\n1,2\r\n');
  });
});
