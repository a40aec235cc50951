import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOf, MappingFaults, parseMapping } from './mapping';

const committed = readFileSync(join(__dirname, '..', '..', '..', '..', 'docs', 'mappings', 'production-log.yaml'), 'utf8');
const faultsOf = (text: string): readonly string[] => {
  try {
    parseMapping(text);
  } catch (error) {
    if (error instanceof MappingFaults) return error.faults;
    throw error;
  }
  return [];
};

describe('a mapping', () => {
  it('of the production log can be read', () => {
    const mapping = parseMapping(committed);
    expect(mapping).toMatchObject({
      name: 'production-log',
      facility: 'haifa',
      unit: 'pcs',
      csv: { delimiter: ';' },
      time: { zone: 'Asia/Jerusalem', ambiguous: 'earlier' },
    });
    expect(columnsOf(mapping)).toEqual(expect.arrayContaining(['Case ID', 'Complete Timestamp', 'Qty_for_MRB', 'Rework']));
  });

  it('has the same digest with any layout and comments', () => {
    const reordered = `# other words\n${committed.replace('facility: haifa\n', '')}\nfacility: "haifa"\n`;
    expect(parseMapping(reordered).digest).toBe(parseMapping(committed).digest);
    expect(parseMapping(committed.replace('unit: pcs', 'unit: kg')).digest).not.toBe(parseMapping(committed).digest);
  });

  it('may be JSON', () => {
    const json = JSON.stringify({
      name: 'plain',
      facility: 'haifa',
      unit: 'kg',
      time: { zone: 'UTC', end: { column: 'end', format: 'ISO' } },
      order: { column: 'order' },
      machine: { column: 'machine' },
      operation: { column: 'op' },
      kind: { column: 'kind', values: { run: 'Production' } },
      good: 'good',
    });
    expect(parseMapping(json)).toMatchObject({ name: 'plain', csv: { delimiter: ',' }, time: { nonexistent: 'later' } });
  });

  it('lists every fault at once', () => {
    const faults = faultsOf(`
name: Production Log
facility: Haifa
unit: pieces
colour: red
csv: { delimiter: ';;', encoding: klingon }
time: { zone: Mars/Olympus, end: { column: Complete, format: yyyy-MM }, ambiguous: perhaps }
machine: { column: M, rules: [{ match: '(' , id: x }, { match: a }] }
kind: { column: K, values: { S: Sleeping } }
rework: { column: R, when: [true] }
`);
    const named = [
      'colour',
      'name',
      'facility',
      'csv.delimiter',
      'csv.encoding',
      'time.zone',
      'time.end.format',
      'time.ambiguous',
      'unit',
      'order',
      'machine.rules[0].match',
      'machine.rules[1]',
      'kind.values.S',
      'good',
      'rework.when',
    ];
    for (const path of named) expect(faults).toContainEqual(expect.stringContaining(`${path} `));
  });

  it.each([
    ['X', /epoch-s/],
    ['dd.MM.yyyy hh:mm', /HH/],
    ['DD.MM.YYYY HH:mm', /yyyy/],
    ['HH:mm', /year, month and day/],
  ])('says what is wrong with the format %s', (format, expected) => {
    const text = committed.replace('format: dd.MM.yyyy HH:mm', `format: ${format}`);
    expect(faultsOf(text)).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    ['thousandsMark: "."\ndecimalMark: "."', 'thousandsMark'],
    ['negative: maybe', 'negative'],
    ['rows: { skip: { column: a, match: "(" } }', 'rows.skip.match'],
    ['rows: { keys: [a] }', 'rows.keys'],
  ])('checks %s', (lines, path) => expect(faultsOf(`${committed}\n${lines}`)).toContainEqual(expect.stringContaining(`${path} `)));

  it.each([
    ['broken YAML', 'name: [', /./],
    ['a key twice', 'name: a\nname: b', /unique/i],
    ['a list', '- a', /object/],
    ['nothing', '', /object/],
  ])('refuses %s', (_what, text, expected) => expect(faultsOf(text).join('\n')).toMatch(expected));
});
