import { compare, convert, decimal, fitsUnit, isPositive, isZero, millionths, minus, percentOf, plus, sum } from './quantity';

describe('quantities', () => {
  it('add without float errors', () => {
    expect(plus('0.1', '0.2')).toBe('0.3');
    expect(minus('1', '0.9')).toBe('0.1');
    expect(minus('0.9', '1')).toBe('-0.1');
    expect(sum(Array(10).fill('0.1'))).toBe('1');
  });
  it('are the same sums whether they are short whole numbers or not', () => {
    const amounts = ['0', '7', '10', '999999999', '1000000000', '999999999999', '0.5', '1.50', '007', '-3'];
    for (const a of amounts)
      for (const b of amounts) {
        const [x, y] = [millionths(a), millionths(b)];
        expect([plus(a, b), minus(a, b), sum([a, b])]).toEqual([decimal(x + y), decimal(x - y), decimal(x + y)]);
        expect(compare(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0);
        expect([isZero(a), isPositive(a), fitsUnit(a, 'pcs')]).toEqual([x === 0n, x > 0n, x % 1_000_000n === 0n]);
      }
    expect(() => plus('1', '')).toThrow(RangeError);
  });
  it('compare by value, not as text', () => {
    expect(compare('9', '10')).toBe(-1);
    expect(compare('1.50', '1.5')).toBe(0);
  });
  it('convert exactly or not at all', () => {
    expect(convert({ amount: '1.5', unit: 'kg' }, 'g')).toBe('1500');
    expect(convert({ amount: '1', unit: 'mg' }, 't')).toBeUndefined();
    expect(convert({ amount: '1', unit: 'kg' }, 'pcs')).toBeUndefined();
  });
  it('are exact beyond 2^53', () => {
    expect(plus('999999999999.999999', '0.000001')).toBe('1000000000000');
    expect(decimal(millionths('123456789012.000001'))).toBe('123456789012.000001');
  });
  it('take a percentage', () => expect(percentOf('200', '2.5')).toBe('5'));
  it('refuse malformed decimals', () => {
    for (const bad of ['NaN', '1e400', '', '1.', '.5', '1.1234567', ' 1']) expect(() => millionths(bad)).toThrow(RangeError);
  });
});
