import { parseJson } from './json';

const refuses = (text: string | Buffer) =>
  expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 'malformed-json', status: 400 }));

describe('JSON from outside', () => {
  it('is read as usual', () => {
    expect(parseJson('{"a":[1,-2.5e3,"x\\"y:",{"a":null}],"b":{"a":true}, "c" : ":" }')).toEqual({
      a: [1, -2500, 'x"y:', { a: null }],
      b: { a: true },
      c: ':',
    });
    expect(parseJson(Buffer.from('"é"'))).toBe('é');
  });
  it.each(['', '{', '{"a":1}x', "{'a':1}", 'NaN', '\ufeff{}'])('refuses %p, which is not JSON', (text) => refuses(text));
  it('refuses a key that appears twice, however it is written', () => {
    refuses('{"a":1,"a":2}');
    refuses('{"a":1,"\\u0061":2}');
    refuses('{"x":[{"a":1 ,"b":2, "a" :3}]}');
  });
  it('refuses __proto__ and its kin, also when escaped', () => {
    refuses('{"constructor":{"prototype":{"x":1}}}');
    refuses('{"a":{"prototype":1}}');
    refuses('{"__proto__":{"x":1}}');
    refuses('{"a":{"__pro\\u0074o__":{"x":1}}}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
  it.each(['1e400', '-1e400', '9007199254740993', '[1,{"a":12345678901234567890}]'])('refuses %p, which a double does not hold', (text) =>
    refuses(text),
  );
  it('refuses broken UTF-8 and deep nesting', () => {
    refuses(Buffer.from([0x22, 0xc0, 0xaf, 0x22]));
    refuses('['.repeat(33) + ']'.repeat(33));
    expect(parseJson('['.repeat(32) + ']'.repeat(32))).toBeDefined();
  });
  it('refuses more keys, items or values than any input has, before anything looks at them', () => {
    const object = (keys: number) => `{${Array.from({ length: keys }, (_, n) => `"k${n}":1`).join()}}`;
    const list = (items: number, item = '{}') => `[${Array.from({ length: items }, () => item).join()}]`;
    expect(parseJson(object(256))).toBeDefined();
    refuses(object(257));
    expect(parseJson(list(1_000))).toHaveLength(1_000);
    refuses(list(1_001));
    refuses(`{"operations":${list(60_000)}}`);
    refuses(list(200, list(101, '1')));
  });
  it('does not build what it refuses', () => {
    const parse = jest.spyOn(JSON, 'parse');
    for (const text of ['['.repeat(400_000), '{"a":'.repeat(33), `[${'1,'.repeat(1_001)}1]`]) refuses(text);
    expect(parse.mock.calls.filter(([text]) => text.length > 10)).toEqual([]);
    parse.mockRestore();
  });
  it.each(['"', '{"', '{"a', '{"a\\\\', '{"\\u12', '-', '[-', '{"a":-}', '{"a"', '}}]]', ',', '{"\\', '"\\'])(
    'refuses %p, however it ends',
    (text) => refuses(text),
  );
});
