import { BadPattern, compilePattern } from './pattern';

describe('a pattern', () => {
  const texts = [
    '',
    'a',
    'ab',
    'abc',
    'aab',
    'order-1',
    'Order-12',
    '$ce-order',
    '$metadata',
    'work order',
    'x\n',
    'äö-7',
    '2026-11-22',
    'a.b',
    'foo|bar',
    'aXb',
  ];
  it.each([
    '',
    '^a',
    'b$',
    '^ab?c*$',
    '^[^\\$].*',
    '^(?!\\$)',
    '^(order|Order)-\\d+$',
    '[a-c]{2,3}',
    '(?:ab|a)+b',
    'a|b|c',
    '\\bor',
    '\\w+-\\w+',
    '^.{3}$',
    '^\\S+$',
    '\\$ce-',
    '[\\w.]+',
    'a\\.b',
    'foo\\|bar',
    '(a*)*b',
    '^(a|ab)(c|bcd)?$',
    'x+?',
    '[^a-z]',
    '(?=.*1)order',
    '^(?!.*(?=b)).*a',
    '(?=(a|ab)(?!c))[ab]+',
    'a(?!(?:b|c)*$)',
    '(?=(?:a*)*b)a',
    '\\d{4}-\\d{2}',
    '^$',
    '[-a]',
    '[a\\]]',
    '()',
  ])('%s matches the same texts as RegExp', (source) => {
    const mine = compilePattern(source);
    const theirs = new RegExp(source.replace(/\$$/, '(?:\\n?)$'));
    for (const text of texts.filter((text) => !/[äö]/.test(text) || !/\\[wb]/.test(source)))
      expect([text, mine(text)]).toEqual([text, theirs.test(text)]);
  });

  it('can ignore case', () => expect(compilePattern('(?i)^oRDER-[a-c]$')('Order-B')).toBe(true));

  it.each([
    '(a+)+$',
    '(a|a)*$',
    '(a|aa)+$',
    '(.*)*x',
    '(a?){200}a{200}$',
    '([a-z]+)*\\d',
    '(?=.*b)',
    '(?=.*'.repeat(9) + 'b' + ')'.repeat(9),
  ])('%s takes bounded time', (source) => {
    const matches = compilePattern(source);
    const start = performance.now();
    matches('a'.repeat(2000) + '!');
    expect(performance.now() - start).toBeLessThan(500);
  });

  it.each(['(', ')', '[', '[b-a]', '*a', 'a{2,1}', '(a)\\1', '(?<=a)b', '\\', 'a{5000}', '(((a{100}){100}){100})', '('.repeat(5000)])(
    '%s is refused',
    (source) => {
      expect(() => compilePattern(source)).toThrow(BadPattern);
    },
  );
});
