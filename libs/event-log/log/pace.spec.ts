import { Pace } from './pace';

const quickWrite = () => undefined;
function slowWrite(): void {
  for (const until = performance.now() + 1.5; performance.now() < until;);
}

/** How many of the next writes go to another thread before one is waited for in this thread. */
function rests(pace: Pace): number {
  let count = 0;
  while (!pace.quick()) count++;
  return count;
}

describe('the measured speed of a disk', () => {
  test('a fast disk is waited for in this thread, and an occasional slow write changes nothing', () => {
    const pace = new Pace();
    for (let n = 0; n < 100; n++) {
      expect(pace.quick()).toBe(true);
      pace.measured(n % 20 === 0 ? slowWrite : quickWrite);
    }
  });

  test('writes to a slow disk go to another thread, for longer after each trial', () => {
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

  test('a disk that has become fast is waited for again', () => {
    const pace = new Pace();
    for (let n = 0; n < 6; n++) {
      pace.measured(slowWrite);
      rests(pace);
    }
    for (let n = 0; n < 50; n++) pace.measured(quickWrite);
    for (let n = 0; n < 4; n++) pace.measured(slowWrite);
    expect(rests(pace)).toBe(0);
  });

  test('a failed write is not a measurement', () => {
    const pace = new Pace();
    expect(() =>
      pace.measured(() => {
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    expect(pace.quick()).toBe(true);
  });
});
