import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from '../log-file';

describe('the log files of a part', () => {
  let dir: string;
  const DAY = 24 * 3_600_000;
  const file = (limits: Partial<{ bytes: number; ms: number; files: number; oldest: number }> = {}) =>
    new LogFile(join(dir, 'api.log'), () => undefined, { bytes: 2_000, ms: DAY, files: 3, oldest: 30 * DAY, ...limits });
  const put = (log: LogFile, line: object) => log.write(Buffer.from(`${JSON.stringify(line)}\n`));
  const denial = (n: number) => ({ level: 40, process: 'api', n, status: 403, actor: 'eve', code: 'role-not-allowed', msg: 'denied' });
  const read = (name: string) => readFileSync(join(dir, name), 'utf8');

  beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'log-file-'))));
  afterEach(() => {
    jest.restoreAllMocks();
    rmSync(dir, { recursive: true, force: true });
  });

  test('take a limited number of bytes, and only this user reads them', () => {
    const log = file();
    for (let n = 0; n < 500; n += 1) put(log, { level: 30, n, msg: 'x'.repeat(100) });
    expect(readdirSync(dir).sort()).toEqual(['api.log', 'api.log.1', 'api.log.2', 'api.log.3']);
    for (const name of readdirSync(dir)) {
      expect(statSync(join(dir, name)).size).toBeLessThan(2_300);
      expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
    }
    expect(read('api.log')).toContain('"n":499');
  });
  test('keep a denial however much else is logged, also by callers without a token', () => {
    const log = file();
    put(log, denial(1));
    for (let n = 0; n < 500; n += 1) put(log, { level: 40, status: 401, address: '10.0.0.1', n, msg: 'denied' });
    for (let n = 0; n < 500; n += 1) put(log, { level: 30, actor: 'eve', n, msg: 'request' });
    expect(read('api.denied.log').trim().split('\n')).toEqual([JSON.stringify(denial(1))]);
  });
  test('begin a new file each day, and remove those of last month', () => {
    const log = file();
    put(log, { level: 30, n: 1 });
    jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 1.5 * DAY);
    put(log, { level: 30, n: 2 });
    expect([read('api.log.1'), read('api.log')]).toEqual(['{"level":30,"n":1}\n', '{"level":30,"n":2}\n']);
    jest.restoreAllMocks();
    const longAgo = (Date.now() - 40 * DAY) / 1_000;
    utimesSync(join(dir, 'api.log.1'), longAgo, longAgo);
    for (let n = 0; n < 40; n += 1) put(log, { level: 30, n, msg: 'x'.repeat(100) });
    expect(readdirSync(dir).map(read).join('')).not.toContain('{"level":30,"n":1}\n');
  });
  test('lose lines while the disk takes none, and go on afterwards', () => {
    rmSync(dir, { recursive: true });
    const log = file();
    rmSync(dir, { recursive: true });
    put(log, { level: 30, n: 1 });
    mkdirSync(dir);
    put(log, { level: 30, n: 2 });
    expect(read('api.log')).toBe('{"level":30,"n":2}\n');
  });
});
