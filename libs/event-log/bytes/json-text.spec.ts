import { itemsOf, jsonOf, JsonText, membersOf } from './json-text';

describe('raw JSON text', () => {
  test('a list is split at its own commas only', () => {
    expect(itemsOf(' [ 1.10 , "a,]\\"b\\\\" , {"x":[1,{"y":2}]},[ ] , null ]')).toEqual([
      '1.10',
      '"a,]\\"b\\\\"',
      '{"x":[1,{"y":2}]}',
      '[ ]',
      'null',
    ]);
    expect(itemsOf('[ ]')).toEqual([]);
    expect(itemsOf('[{"a":1}]')).toEqual(['{"a":1}']);
  });

  test('an object is split into its members by name, whatever characters the names have', () => {
    const text = '{"n" : 12345678901234567890,"a:\\"b\\u0041" :{"c":":"}, "__proto__":1, "twice":1,"twice":2}';
    expect([...membersOf(text)]).toEqual([
      ['n', '12345678901234567890'],
      ['a:"bA', '{"c":":"}'],
      ['__proto__', '1'],
      ['twice', '2'],
    ]);
  });

  test('a raw text is written unchanged among other values', () => {
    const shown = { data: new JsonText('{"n":1.10,"big":12345678901234567890}'), list: [1, 'ä"', null], nothing: undefined };
    expect(jsonOf(shown)).toBe('{"data":{"n":1.10,"big":12345678901234567890},"list":[1,"ä\\"",null]}');
  });
});
