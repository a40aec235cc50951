import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const LINES = 60_000;

/** An app that writes many lines and exits; on stderr it says when it has begun to exit. */
const leaving = (): ChildProcess =>
  spawn(
    process.execPath,
    [
      '-e',
      `const { leave, watchOutput } = require(${JSON.stringify(resolve(__dirname, 'leave.js'))});
       watchOutput();
       for (let line = 0; line < ${LINES}; line++) process.stdout.write('line ' + line + ' ' + 'x'.repeat(40) + '\\n');
       process.stderr.write('leaving');
       leave(3);`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );

describe('leaving', () => {
  it('waits for a reader that starts late, and delivers every byte', async () => {
    const app = leaving();
    const ended = once(app, 'close');
    await once(app.stderr!, 'data');
    let text = '';
    for await (const part of app.stdout!) text += String(part);
    expect(text.trimEnd().split('\n')).toHaveLength(LINES);
    expect(text.endsWith('\n')).toBe(true);
    expect(await ended).toEqual([3, null]);
  }, 20_000);

  it('exits at once, without an error, when its reader has gone away', async () => {
    const app = leaving();
    app.stdout!.destroy();
    expect(await once(app, 'exit')).toEqual([0, null]);
  }, 20_000);

  it('reports that the output cannot be written', async () => {
    const module = JSON.stringify(resolve(__dirname, 'leave.js'));
    const script = `const { leave, watchOutput } = require(${module}); watchOutput(); process.stdout.write('x'); leave(0)`;
    const app = spawn('/bin/sh', ['-c', `exec "$0" -e "$1" > /dev/full`, process.execPath, script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    app.stderr.on('data', (part: Buffer) => (said += part.toString()));
    expect(await once(app, 'close')).toEqual([1, null]);
    expect(said).toMatch(/^The output cannot be written: .*ENOSPC/);
  }, 20_000);
});
