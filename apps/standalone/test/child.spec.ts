import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../child';
import type { LogFile } from '../log-file';

describe('an app that dies', () => {
  const work = mkdtempSync(join(tmpdir(), 'child-'));
  const main = join(work, 'main.js');
  const said: string[] = [];
  let child: Child;
  beforeAll(() => {
    writeFileSync(main, 'setInterval(() => undefined, 1_000);');
    child = new Child({
      ...{ name: 'app', main, env: process.env, runDir: join(work, 'run'), drain: 1 },
      log: { write: () => undefined, tail: () => '' } as unknown as LogFile,
      isReady: () => Promise.resolve(true),
      say: (text) => void said.push(text),
      onHopeless: (reason) => void said.push(reason.message),
    });
    return child.start();
  });
  afterAll(async () => {
    await child.stop();
    rmSync(work, { recursive: true, force: true });
  });

  it('is restarted at once the first time, and after a pause when it dies again soon', async () => {
    for (let deaths = 1; deaths <= 2; deaths += 1) {
      process.kill(child.pid!, 'SIGKILL');
      while (said.filter((text) => text === 'app is ready again.').length < deaths) await sleep(5);
    }
    expect(said).toEqual([
      'app was ended by SIGKILL; it restarts.',
      'app is ready again.',
      'app was ended by SIGKILL; it restarts in 200 ms.',
      'app is ready again.',
    ]);
    expect(child.restarts).toBe(2);
  }, 30_000);

  it('is restarted even if its pid cannot be written, as on a full disk', async () => {
    rmSync(join(work, 'run'), { recursive: true });
    writeFileSync(join(work, 'run'), '');
    said.length = 0;
    process.kill(child.pid!, 'SIGKILL');
    while (!said.includes('app is ready again.')) await sleep(5);
    expect(child.restarts).toBe(3);
  }, 30_000);
});
