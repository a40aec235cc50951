import { Pace } from './pace';

const quickWrite = () => undefined;
function slowWrite(): void {
  for (const until = performance.now() + 1.5; performance.now() < until;);
}

/** How many of the next writes go to another thread before one is waited for. */
function rests(pace: Pace): number {
  let count = 0;
  while (!pace.quick()) count++;
  return count;
}

describe('the pace of a disk', () => {
  test('a quick disk is waited for, and a slow write now and then changes nothing', () => {
    const pace = new Pace();
    for (let n = 0; n < 100; n++) {
      expect(pace.quick()).toBe(true);
      pace.measured(n % 20 === 0 ? slowWrite : quickWrite);
    }
  });

  test('a slow disk is left to another thread, for longer after each trial', () => {
    const pace = new Pace();
    for (let n = 0; n < 5; n++) pace.measured(slowWrite);
    const first = rests(pace);
    expect(first).toBeGreaterThan(10);
    pace.measured(slowWrite);
    const second = rests(pace);
    expect(second).toBe(2 * first);
    for (let n = 0; n < 20; n++) {
      pace.measured(slowWrite);
      rests(pace);
    }
    pace.measured(slowWrite);
    expect(rests(pace)).toBeLessThanOrEqual(8192);
  });

  test('a disk that has become quick is waited for again', () => {
    const pace = new Pace();
    for (let n = 0; n < 6; n++) {
      pace.measured(slowWrite);
      rests(pace);
    }
    for (let n = 0; n < 50; n++) pace.measured(quickWrite);
    for (let n = 0; n < 4; n++) pace.measured(slowWrite);
    expect(rests(pace)).toBe(0);
  });

  test('what fails is not a measurement', () => {
    const pace = new Pace();
    expect(() =>
      pace.measured(() => {
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    expect(pace.quick()).toBe(true);
  });
});
