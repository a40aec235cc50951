import { existsSync, rmSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { ops, PROJECT } from './command-line';

test('the command line keeps its modules for the next command', async () => {
  const kept = join(PROJECT, 'dist', '.modules', 'ops.bin');
  rmSync(kept, { force: true });
  for (const _ of ['first', 'second']) {
    const { code, out } = await ops(['--help']).ended;
    expect({ code, usage: out.split('\n')[0] }).toEqual({ code: 0, usage: 'Usage: npm run ops -- [options] [command]' });
  }
  // Node.js from 22 on has a cache of its own.
  expect(existsSync(kept) || 'enableCompileCache' in Module).toBe(true);
});
