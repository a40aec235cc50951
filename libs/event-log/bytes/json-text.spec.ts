import { itemsOf, jsonOf, JsonText, membersOf } from './json-text';

describe('JSON as it is written', () => {
  test('a list comes apart at its own commas only', () => {
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

  test('an object gives its members by name, whatever stands in the names', () => {
    const text = '{"n" : 12345678901234567890,"a:\\"b\\u0041" :{"c":":"}, "__proto__":1, "twice":1,"twice":2}';
    expect([...membersOf(text)]).toEqual([
      ['n', '12345678901234567890'],
      ['a:"bA', '{"c":":"}'],
      ['__proto__', '1'],
      ['twice', '2'],
    ]);
  });

  test('a text stands among other values as it is written', () => {
    const shown = { data: new JsonText('{"n":1.10,"big":12345678901234567890}'), list: [1, 'ä"', null], nothing: undefined };
    expect(jsonOf(shown)).toBe('{"data":{"n":1.10,"big":12345678901234567890},"list":[1,"ä\\"",null]}');
  });
});
