import { excess, lowerLimit, NO_TOLERANCE, shortfall, upperLimit } from './tolerance';

describe('the tolerance rule', () => {
  const five = { overPercent: '5', underPercent: '2.5' };
  it('allows exactly the agreed limits', () => {
    expect(upperLimit('200', five)).toBe('210');
    expect(lowerLimit('200', five)).toBe('195');
    expect(excess('210', '200', five)).toBeUndefined();
    expect(shortfall('195', '200', five)).toBeUndefined();
  });
  it('returns excess and shortfall', () => {
    expect(excess('211', '200', five)).toBe('1');
    expect(shortfall('194.5', '200', five)).toBe('0.5');
  });
  it('allows no deviation when none was agreed', () => {
    expect(excess('10.000001', '10', NO_TOLERANCE)).toBe('0.000001');
    expect(shortfall('9.999999', '10', NO_TOLERANCE)).toBe('0.000001');
  });
});
