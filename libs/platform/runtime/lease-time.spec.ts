import { LeaseTime } from './lease-time';

const after = (ttlMs: number, ...gaps: number[]): number => {
  const time = new LeaseTime(ttlMs);
  let now = 0;
  time.renewed(now);
  for (const gap of gaps) time.renewed((now += gap));
  return time.ms;
};

describe('a lease', () => {
  it('lasts as long as was asked for where renewals come in time', () => expect(after(2_000, 400, 480, 410)).toBe(2_000));
  it('lasts longer where they come late', () => expect(after(2_000, 3_000)).toBe(12_000));
  it('lasts half a minute at most', () => expect(after(2_000, 60_000)).toBe(30_000));
  it('is short again soon after a single delay', () => {
    expect(after(2_000, 10_000, 400, 400)).toBe(10_000);
    expect(after(2_000, 10_000, 400, 400, 400, 400, 400)).toBe(2_000);
  });
});
