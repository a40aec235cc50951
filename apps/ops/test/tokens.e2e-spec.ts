import { setTimeout as sleep } from 'node:timers/promises';
import { ApiUnderTest } from '../../api/test/api-under-test';
import { ops } from './command-line';

describe('tokens on the command line', () => {
  let under: ApiUnderTest;
  const run = (...args: string[]) =>
    ops(['tokens', ...args], { EVENTSTORE_URL: under.system.eventStoreUrl, DATABASE_URL: under.system.databaseUrl }).ended;
  const becomes = async (token: string, status: number) => {
    for (const end = Date.now() + 30_000; (await under.get('/me', token)).status !== status; await sleep(100))
      if (Date.now() > end) throw new Error(`it never became ${status}`);
  };
  beforeAll(async () => void (under = await ApiUnderTest.start()), 180_000);
  afterAll(() => under?.stop());

  it('are revoked by subject on every api, and tokens issued later are accepted', async () => {
    const issuedAt = Math.floor(Date.now() / 1000) - 60;
    const [old, other, later] = await Promise.all([
      under.issuer.token({ sub: 'gone', iat: issuedAt }),
      under.issuer.token({ sub: 'stays', iat: issuedAt, jti: 'j1' }),
      under.issuer.token({ sub: 'gone', iat: issuedAt + 60 }),
    ]);
    expect((await under.get('/me', old)).status).toBe(200);
    const before = ['--issued-before', new Date((issuedAt + 30) * 1000).toISOString()];
    expect(await run('revoke', '--subject', 'gone', ...before)).toMatchObject({ code: 64, err: expect.stringContaining('--reason') });
    expect(await run('revoke', '--reason', 'left us')).toMatchObject({ code: 64, err: expect.stringContaining('--subject') });
    expect(await run('revoke', '--subject', 'gone', ...before, '--reason', 'left us')).toMatchObject({ code: 0 });
    await becomes(old, 401);
    expect((await under.get('/me', old)).body.code).toBe('unauthenticated');
    expect((await under.get('/me', later)).status).toBe(200);
    expect((await under.get('/me', other)).status).toBe(200);
    expect(await run('revoke', '--token-id', 'j1', '--reason', 'lost terminal')).toMatchObject({ code: 0 });
    await becomes(other, 401);
    expect((await run('list', '--json')).json).toMatchObject([
      { subject: 'gone', reason: 'left us', by: expect.any(String) },
      { tokenId: 'j1', reason: 'lost terminal' },
    ]);
  }, 120_000);
});
