import fs from 'node:fs';
import { backup, restore } from './backup';
import { all, close, event, freshDirectory, lived, logFile, openLog, unnoted } from './log-under-test';

describe('backup', () => {
  it('of a log that is being written holds every acknowledged event, and can be restored elsewhere', async () => {
    const log = await lived(freshDirectory());
    const target = freshDirectory();
    const elsewhere = freshDirectory();
    const acknowledged = all(log);
    const writing = Promise.all([...Array(20).keys()].map((i) => log.append('later', 'any', [event(`{"l":${i}}`)])));
    backup(log.dataDir, target);
    await writing;
    restore(target, elsewhere);
    expect(all(openLog(elsewhere)).slice(0, acknowledged.length)).toEqual(acknowledged);
    expect(() => restore(target, elsewhere)).toThrow(/already holds/);
  });
});

test('a backup is complete although events are written before and after the place being copied', async () => {
  const directory = freshDirectory();
  const log = openLog(directory);
  const large = () => event(JSON.stringify('x'.repeat(300_000)));
  for (let i = 0; i < 3; i++) await log.append('s', 'any', [large()]);
  const { readSync } = fs;
  const full = logFile(directory, 0);
  const early = fs.readFileSync(full);
  for (let i = 0; i < 3; i++) await log.append('s', 'any', [large()]);
  await close(log);
  const late = fs.readFileSync(full);
  unnoted(directory);
  // The file before the second three events were written.
  fs.writeFileSync(full, Buffer.concat([early, Buffer.alloc(4 * 1024 * 1024 - early.length)]));
  let reads = 0;
  const reading = jest.spyOn(fs, 'readSync').mockImplementation(((...args: Parameters<typeof readSync>) => {
    const read = readSync(...args);
    if (++reads === 1) fs.writeFileSync(full, late);
    return read;
  }) as typeof readSync);
  const target = freshDirectory();
  try {
    expect(backup(directory, target).events).toBeGreaterThanOrEqual(3);
  } finally {
    reading.mockRestore();
  }
});
