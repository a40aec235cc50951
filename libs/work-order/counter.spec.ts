import fc from 'fast-check';
import { compare, isZero, minus, plus } from '#manufacturing/quantity';
import { advance, readingAfter, type Reading } from './counter';

const minute = (n: number) => new Date(Date.UTC(2026, 0, 5, 8, n)).toISOString();

/** Readings a minute apart, or at the minutes given. */
function read(raws: readonly string[], wrapAt?: string, minutes: readonly number[] = [...raws.keys()]) {
  let last: Reading | undefined;
  let good = '0';
  const moves = raws.map((raw, index): string | undefined => {
    const readAt = minute(minutes[index]!);
    const step = advance(last, raw, readAt, wrapAt);
    if (!step) return undefined;
    good = minus(plus(good, step.delta), step.takesBack?.good ?? '0');
    last = readingAfter(last, { raw, readAt, ...step });
    return step.move;
  });
  return { good, moves };
}

test.each([
  ['of the time before a reset counts', ['1000', '3', '1200'], [0, 20, 10], '203', ['First', 'Reset', 'BeforeReset']],
  ['counts once, and a later one what is more', ['1000', '3', '1200', '1200', '1300', '7'], [0, 20, 10, 10, 15, 30], '307', undefined],
  ['of the time before a used counter counts', ['5000', '812', '5020', '820'], [0, 20, 10, 30], '28', undefined],
  ['of the time before a glitch counts once', ['3737', '0', '3740', '3746'], [0, 20, 10, 30], '9', undefined],
  ['that the next one contains is no news', ['1000', '1010', '1005'], [0, 20, 10], '10', ['First', 'Advanced', undefined]],
  ['of after the reset is no news', ['1000', '3', '9', '5'], [0, 10, 30, 20], '9', ['First', 'Reset', 'Advanced', undefined]],
  ['of before the last one before a reset is no news', ['1000', '1010', '3', '1020'], [0, 10, 20, 5], '13', undefined],
] as [string, string[], number[], string, (string | undefined)[] | undefined][])('a late reading %s', (_, raws, minutes, good, moves) => {
  const found = read(raws, undefined, minutes);
  expect(found.good).toBe(good);
  if (moves) expect(found.moves).toEqual(moves);
});

describe('a counter', () => {
  test.each([
    ['dips by one', ['1000', '1010', '1009', '1011'], undefined, '11', ['First', 'Advanced', 'Jitter', 'Advanced']],
    ['dips for a while', ['1000', '1010', '1009', '1009', '1010', '1011'], undefined, '11', undefined],
    ['shows zero once', ['3737', '0', '3746'], undefined, '9', ['First', 'Reset', 'Recovered']],
    ['shows rubbish once', ['3737', '1200', '3746'], undefined, '9', ['First', 'Replaced', 'Recovered']],
    ['shows a small number once', ['3737', '5', '3746'], undefined, '9', ['First', 'Reset', 'Recovered']],
    ['is set back to zero', ['3737', '0', '4', '12'], undefined, '12', ['First', 'Reset', 'Advanced', 'Advanced']],
    ['is set back and runs past its old value', ['100', '0', '60', '140'], undefined, '140', undefined],
    ['is replaced by a used one', ['5000', '812', '820'], undefined, '8', ['First', 'Replaced', 'Advanced']],
    [
      'is replaced by one that shows nearly the same',
      ['10000', '9950', '9960', '9970'],
      undefined,
      '20',
      ['First', 'Jitter', 'Replaced', 'Advanced'],
    ],
    ['flickers', ['10000', '9950', '9960', '9940', '10005'], undefined, '10', ['First', 'Jitter', 'Replaced', 'Jitter', 'Recovered']],
    [
      'dips and comes back by ones',
      ['1010', '1008', '1009', '1010', '1012'],
      undefined,
      '2',
      ['First', 'Jitter', 'Jitter', undefined, 'Advanced'],
    ],
    ['passes its limit', ['65530', '4'], '65536', '10', ['First', 'Wrapped']],
    ['dips although it has a limit', ['1010', '1009', '1012'], '9999', '2', ['First', 'Jitter', 'Advanced']],
    ['repeats its dip', ['163', '162', '162'], undefined, '0', ['First', 'Jitter', undefined]],
    ['shows too much once', ['1000', '999999', '1001'], undefined, '1', ['First', 'Advanced', 'FellBack']],
    ['shows too much once and counts on', ['1000', '999999', '1001', '1050'], undefined, '50', undefined],
    ['shows too much twice', ['1000', '999999', '1001', '999999', '1002'], undefined, '2', undefined],
    [
      'shows too much, and less than before',
      ['1000', '999999', '999', '1002'],
      undefined,
      '2',
      ['First', 'Advanced', 'FellBack', 'Advanced'],
    ],
    ['shows too much and dips there', ['1000', '999999', '999998', '1001'], undefined, '1', ['First', 'Advanced', 'Jitter', 'FellBack']],
    ['shows zero and then too much', ['3737', '0', '999999', '3740'], undefined, '3', ['First', 'Reset', 'Recovered', 'FellBack']],
    ['shows too much below its limit', ['1000', '30000', '1001'], '65536', '1', ['First', 'Advanced', 'FellBack']],
    [
      'shows too much, and then more than a hundredth of that',
      ['1000', '5000', '1100'],
      undefined,
      '4000',
      ['First', 'Advanced', 'Replaced'],
    ],
    ['passes its limit from far', ['1000', '65000', '1001'], '65536', '65537', ['First', 'Advanced', 'Wrapped']],
    ['makes much and is set back', ['5', '4000', '6'], undefined, '4001', ['First', 'Advanced', 'Reset']],
    ['repeats itself', ['7', '7', '7'], undefined, '0', ['First', undefined, undefined]],
  ])('that %s', (_, raws, wrapAt, good, moves) => {
    const told = read(raws, wrapAt);
    expect(told.good).toBe(good);
    if (moves) expect(told.moves).toEqual(moves);
  });

  test('that makes much in a shift and is set back to what it showed is no spike', () => {
    const first = readingAfter(undefined, { raw: '300', readAt: minute(0), move: 'First', delta: '0' });
    const much = readingAfter(first, { raw: '5000', readAt: minute(60), move: 'Advanced', delta: '4700' });
    expect(advance(much, '301', minute(61))).toMatchObject({ delta: '301', move: 'Reset' });
    expect(advance(much, '301', minute(60))).toMatchObject({
      delta: '1',
      move: 'FellBack',
      takesBack: { good: '4700', readAt: minute(60) },
    });
  });

  test('never counts backwards, and jitter alone never adds a piece', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5_000 }), { minLength: 1, maxLength: 20 }), (raws) => {
        let last: Reading | undefined;
        raws.forEach((value, index) => {
          const raw = String(value);
          const step = advance(last, raw, minute(index));
          if (!step) return;
          expect(compare(step.delta, '0')).toBeGreaterThanOrEqual(0);
          expect(step.takesBack?.good ?? '0').toBe(step.takesBack ? last!.rose!.counted : '0');
          if (step.move === 'Jitter') expect(isZero(step.delta)).toBe(true);
          if (step.move === 'Advanced') expect(step.delta).toBe(minus(raw, last!.raw));
          last = readingAfter(last, { raw, readAt: minute(index), ...step });
        });
      }),
    );
  });
});
