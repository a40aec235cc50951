import type { Pool } from 'pg';
import { diskCheck } from '#platform/runtime/disk';
import { RateLimit } from './rate-limit';
import { shareLimit } from './shared-limit';

test('an api that reads only notices within a second that the disk of PostgreSQL is full', async () => {
  const full = Object.assign(new Error('could not extend file'), { code: '53100' });
  const shared = shareLimit(new RateLimit(60), { query: () => Promise.reject(full) } as unknown as Pool);
  await shared.start();
  await expect(diskCheck.probe()).rejects.toThrow('full');
  expect(diskCheck.detail?.()).toMatchObject({ reason: 'The disk of the postgresql is full.' });
  await shared.stop();
});
