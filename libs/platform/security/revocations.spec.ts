import { Revocations } from './revocations';

describe('revocations', () => {
  const revocations = new Revocations();
  revocations.add({ subject: 'ann', issuedBefore: '2026-01-05T08:00:00Z', reason: 'left' });
  revocations.add({ tokenId: 't1', issuedBefore: '2026-01-05T08:00:00Z', reason: 'lost terminal' });
  const at = Date.parse('2026-01-05T08:00:00Z') / 1_000;

  it('end the tokens of a subject issued until then, but not those issued later', () => {
    expect(revocations.revokes({ subject: 'ann', issuedAt: at })).toBe(true);
    expect(revocations.revokes({ subject: 'ann' })).toBe(true);
    expect(revocations.revokes({ subject: 'ann', issuedAt: at + 1 })).toBe(false);
    expect(revocations.revokes({ subject: 'bob', issuedAt: at - 1 })).toBe(false);
  });
  it('end one token by its id', () => {
    expect(revocations.revokes({ subject: 'bob', tokenId: 't1', issuedAt: at - 1 })).toBe(true);
    expect(revocations.revokes({ subject: 'bob', tokenId: 't2', issuedAt: at - 1 })).toBe(false);
  });
  it('never shrink: an earlier revocation after a later one changes nothing', () => {
    revocations.add({ subject: 'ann', issuedBefore: '2025-01-05T08:00:00Z', reason: 'again' });
    expect(revocations.revokes({ subject: 'ann', issuedAt: at })).toBe(true);
  });
});
