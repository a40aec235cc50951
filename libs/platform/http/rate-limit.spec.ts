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
  it('takes more than a burst at once from a caller without debt, and lets it pay that back', () => {
    let now = 0;
    const limit = new RateLimit(60, () => now);
    limit.take('ann', 20);
    expect(() => limit.take('ann')).toThrow(expect.objectContaining({ extra: expect.objectContaining({ retryAfterSeconds: 11 }) }));
    now += 11_000;
    limit.take('ann');
    expect(() => limit.take('ann', 20)).toThrow(expect.objectContaining({ extra: expect.objectContaining({ retryAfterSeconds: 10 }) }));
  });
  it('tells what was spent once, those who spent most first, and learns debts on top of it', () => {
    const limit = new RateLimit(60, () => 0);
    limit.take('ann');
    limit.take('bob', 3);
    const spent = limit.takeSpent(1);
    expect([...spent]).toEqual([['bob', 3_000]]);
    expect([...limit.takeSpent(9)]).toEqual([['ann', 1_000]]);
    expect([...limit.takeSpent(9)]).toEqual([]);
    limit.giveBack(spent);
    limit.learn([['bob', 4_000]]);
    for (let i = 0; i < 3; i += 1) limit.take('bob');
    expect(() => limit.take('bob')).toThrow();
  });
  it('is off at zero', () => {
    const limit = new RateLimit(0, () => 0);
    for (let i = 0; i < 1000; i += 1) limit.take('ann');
  });
  it('counts the addresses of one IPv6 network as one caller', () => {
    expect(callerOf('2001:db8:1:2:aaaa::1')).toBe(callerOf('2001:db8:1:2:bbbb::2'));
    expect(callerOf('2001:db8::1')).toBe(callerOf('2001:DB8:0:0:ffff::2'));
    expect(callerOf('2001:db8::1')).not.toBe(callerOf('2001:db8:0:1::1'));
    expect(callerOf('fe80::1%eth0')).toBe(callerOf('fe80:0:0:0:1:2:3:4'));
    expect(callerOf('::ffff:10.0.0.1')).not.toBe(callerOf('::ffff:10.0.0.2'));
    expect(callerOf('::ffff:10.0.0.1')).toBe(callerOf('10.0.0.1'));
  });
});
