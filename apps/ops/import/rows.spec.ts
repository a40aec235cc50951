import fc from 'fast-check';
import { parseMapping, type Mapping } from './mapping';
import { legible, minutesBetween, rowReader, slug } from './rows';
import { sentence, shown } from './texts';

const mapping = parseMapping(`
name: log
facility: haifa
csv: { delimiter: ';' }
unit: pcs
time: { zone: Asia/Jerusalem, end: { column: end, format: dd.MM.yyyy HH:mm }, duration: { column: minutes, unit: min } }
order: { column: order }
machine: { column: machine, rules: [{ match: 'Machine (\\d+)', id: M$1 }] }
operation: { column: op, otherwise: slug }
person: { column: who }
ordered: asked
kind: { column: kind, values: { D: Production, S: Setup } }
good: good
scrap: { column: bad, reasonCode: MRB }
rework: { column: again, when: ['Y'] }
`);
const header = ['order', 'op', 'machine', 'who', 'asked', 'kind', 'good', 'bad', 'again', 'minutes', 'end'];
const usual = {
  order: 'Case7',
  op: 'Turning & Milling',
  machine: 'Machine 4 - Turning',
  who: 'ID1',
  asked: '10',
  kind: 'D',
  good: '3',
  bad: '0',
  again: 'no',
  minutes: '58.0',
  end: '30.01.2012 06:42',
};
const read = (cells: Partial<typeof usual> = {}, by: Mapping = mapping) => {
  const row = { ...usual, ...cells };
  const values = header.map((column) => row[column as keyof typeof usual]);
  return rowReader(by, header, { name: 'log.csv' })({ line: 5, cells: values, raw: values.join(';') });
};
const seen = (cells?: Partial<typeof usual>, by?: Mapping) => {
  const outcome = read(cells, by);
  if (!('observation' in outcome)) throw new Error(JSON.stringify(outcome));
  return outcome;
};

describe('a row', () => {
  it('becomes an observation with its raw text, line and exact times', () => {
    expect(seen()).toEqual({
      flags: [],
      reversal: false,
      observation: {
        workOrderId: 'haifa.Case7',
        reportId: expect.stringMatching(/^row-[0-9a-f]{24}$/),
        formerReportId: expect.stringMatching(/^row-[0-9a-f]{24}$/),
        kind: 'Production',
        operationId: 'Turning-Milling',
        operationName: 'Turning & Milling',
        equipmentId: 'haifa.M4',
        person: 'ID1',
        good: '3',
        scrap: [],
        rework: '0',
        unit: 'pcs',
        from: '2012-01-30T05:44:00+02:00',
        to: '2012-01-30T06:42:00+02:00',
        ordered: { amount: '10', unit: 'pcs' },
        sourceRow: 'log.csv:5',
        source: 'Case7;Turning & Milling;Machine 4 - Turning;ID1;10;D;3;0;no;58.0;30.01.2012 06:42',
      },
    });
  });

  it('keeps scrap with its reason, and counts reworked pieces as rework, not as new ones', () => {
    expect(seen({ bad: '2', again: 'Y' }).observation).toMatchObject({
      good: '0',
      rework: '3',
      scrap: [{ quantity: '2', reasonCode: 'MRB' }],
    });
  });

  it.each([
    [{ kind: 'X' }, 'report-type-unknown'],
    [{ kind: '__proto__' }, 'report-type-unknown'],
    [{ good: '-1' }, 'quantity-negative'],
    [{ good: '1e400' }, 'quantity-malformed'],
    [{ good: 'NaN' }, 'quantity-malformed'],
    [{ good: '' }, 'quantity-malformed'],
    [{ good: '0.0000001' }, 'quantity-too-precise'],
    [{ good: '1000000000000' }, 'quantity-too-precise'],
    [{ good: '1,5' }, 'quantity-malformed'],
    [{ minutes: '99999999' }, 'duration-implausible'],
    [{ end: '31.02.2012 06:42' }, 'time-malformed'],
    [{ end: '2012-01-30 06:42' }, 'time-malformed'],
    [{ order: '' }, 'cell-empty'],
    [{ order: 'Case 7' }, 'id-malformed'],
    [{ order: 'lodz.Case7' }, 'wrong-facility'],
    [{ machine: 'Oven' }, 'id-unknown'],
  ])('is rejected with a code: %j', (cells, code) => expect(read(cells)).toMatchObject({ rejected: { code } }));

  it('with too few cells is rejected', () => {
    const outcome = rowReader(mapping, header, { name: 'x' })({ line: 2, cells: ['a', 'b'], raw: 'a;b' });
    expect(outcome).toMatchObject({ rejected: { code: 'cells-miscounted' } });
  });

  it('reads decimal commas if the mapping says so, and then refuses points', () => {
    const comma: Mapping = { ...mapping, decimalMark: ',' };
    expect(seen({ good: '1,50', minutes: '58', asked: '10' }, comma).observation.good).toBe('1.5');
    expect(read({ good: '1.5', minutes: '58' }, comma)).toMatchObject({ rejected: { code: 'quantity-malformed' } });
  });
});

describe('texts of a file', () => {
  it('become distinct ids', () => {
    expect(slug('Turning & Milling - Machine 4')).toBe('Turning-Milling-Machine-4');
    expect(slug('Müller')).toMatch(/^Muller-[0-9a-f]{10}$/);
    const pairs = [
      ['Regulator +5V', 'Regulator -5V'],
      ['C++', 'C'],
      ['W3/1', 'W3-1'],
      ['Müller', 'Muller'],
      ['#1', '1'],
      ['-5', '5'],
    ] as const;
    for (const [a, b] of pairs) expect(slug(a)).not.toBe(slug(b));
    expect(slug('שבב')).not.toBe(slug('חריטה'));
    expect(slug('x'.repeat(70))).not.toBe(slug('x'.repeat(71)));
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(slug(text))));
  });

  it('are kept readable: control characters as escapes, length limited', () => {
    expect(legible('a\u0000b\tc\\', 100)).toBe('a\\u0000b\\u0009c\\\\');
    expect(legible('x'.repeat(50), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(legible('a\ud800b', 10)).toBe('a\ufffdb');
    expect(sentence(`order must be x, was ${shown('a\\b')}`, 100)).toBe('order must be x, was "a\\\\b"');
    expect(sentence('a\u0000b', 100)).toBe('a\\u0000b');
  });

  it('give exact minutes', () => expect(minutesBetween('2012-01-30T05:44:00+02:00', '2012-01-30T06:42:30+02:00')).toBe('58.5'));
});
