import { callerOf, RateLimit } from './rate-limit';

describe('the rate limit', () => {
  it('lets a burst of ten seconds through, then a steady flow', () => {
    let now = 0;
    const limit = new RateLimit(60, () => now);
    for (let i = 0; i < 10; i += 1) limit.take('ann');
    expect(() => limit.take('ann')).toThrow(
      expect.objectContaining({ status: 429, extra: expect.objectContaining({ retryAfterSeconds: 1 }) }),
    );
    now += 1_000;
    limit.take('ann');
    expect(() => limit.take('ann')).toThrow();
  });
  it('counts each caller separately', () => {
    const limit = new RateLimit(6, () => 0);
    limit.take('ann');
    expect(() => limit.take('ann')).toThrow();
    limit.take('bob');
  });
  it('is off at zero', () => {
    const limit = new RateLimit(0, () => 0);
    for (let i = 0; i < 1000; i += 1) limit.take('ann');
  });
  it('counts the addresses of one IPv6 network as one caller', () => {
    expect(callerOf('2001:db8:1:2:aaaa::1')).toBe(callerOf('2001:db8:1:2:bbbb::2'));
    expect(callerOf('::ffff:10.0.0.1')).not.toBe(callerOf('::ffff:10.0.0.2'));
  });
});
