import { parseMapping } from './mapping';
import { rowReader, type RowsOf } from './rows';

const BASE = {
  name: 'x',
  facility: 'haifa',
  unit: 'kg',
  csv: { delimiter: ';' },
  decimalMark: ',',
  thousandsMark: '.',
  order: { column: 'order', otherwise: 'slug' },
  good: 'good',
  time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } },
};
type Cells = Readonly<Record<string, string>>;
const usual: Cells = { order: '007', good: '10,50', end: '2026-01-05T10:00', note: '1.1' };

describe('the name of a row', () => {
  const namesOf = (all: readonly Cells[], changes: object = {}, file: Partial<RowsOf> = {}) => {
    const read = rowReader(parseMapping(JSON.stringify({ ...BASE, ...changes })), Object.keys(all[0]!), { name: 'x.csv', ...file });
    return all.map((cells, n) => {
      const outcome = read({ line: n + 2, cells: Object.values(cells), raw: Object.values(cells).join(';') });
      if (!('observation' in outcome)) throw new Error(JSON.stringify(outcome));
      const { reportId, formerReportId } = outcome.observation;
      return { reportId, formerReportId };
    });
  };
  const nameOf = (cells: Cells, changes?: object) => namesOf([cells], changes)[0]!.reportId;

  it('is the same when its columns are in another order, its amounts in another form, or a column without values was added', () => {
    const name = nameOf(usual);
    const { order, good, end, note } = usual as Record<'order' | 'good' | 'end' | 'note', string>;
    expect(nameOf({ note, end, good, order })).toBe(name);
    expect(nameOf({ ...usual, good: '10,5' })).toBe(name);
    expect(nameOf({ ...usual, good: ' +10,500 ' })).toBe(name);
    expect(nameOf({ ...usual, checked: ' ' })).toBe(name);
    expect(nameOf({ ...usual, good: '1.000,0' })).toBe(nameOf({ ...usual, good: '1000' }));
  });

  it('is another when a value is another', () => {
    const changed = [{ good: '10,6' }, { order: '7' }, { order: '07' }, { note: '1.10' }, { note: '' }, { checked: 'yes' }];
    const names = [{}, ...changed].map((change) => nameOf({ ...usual, ...(change as Cells) }));
    expect(new Set(names).size).toBe(names.length);
    expect(nameOf({ order: 'A', good: '1', end: usual.end!, a: '2', b: '' })).not.toBe(
      nameOf({ order: 'A', good: '1', end: usual.end!, a: '', b: '2' }),
    );
  });

  it('stays when a mapping reads more columns as amounts or names', () => {
    const cells = { ...usual, bad: '0,50', what: '0012' };
    const more = { scrap: { column: 'bad', reasonCode: 'MRB' }, product: { column: 'what' } };
    expect(nameOf(cells, more)).toBe(nameOf(cells));
  });

  it('is counted where rows of a file are equal', () => {
    const [first, second, third] = namesOf([usual, { ...usual, good: '10,5' }, usual]);
    expect([second!.reportId, third!.reportId]).toEqual([`${first!.reportId}.2`, `${first!.reportId}.3`]);
    expect(second!.formerReportId).not.toContain('.');
    expect(third!.formerReportId).toBe(`${first!.formerReportId}.2`);
  });

  it('of an earlier release is told beside it, and stays the name in an import that began with it', () => {
    // As an earlier release made them.
    const former = 'row-248687ecd4033250d4949eb3';
    expect(namesOf([usual])[0]!.formerReportId).toBe(former);
    expect(namesOf([usual], {}, { byTexts: true })).toEqual([{ reportId: former, formerReportId: undefined }]);
    expect(namesOf([usual], {}, { linesOf: 'abc' })).toEqual([{ reportId: 'abc.2', formerReportId: undefined }]);
  });
});
