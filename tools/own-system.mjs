/** `npm start` in a directory of its own, on free ports, with no settings but those given: for campaigns and stories. Stopped with the caller. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/apps/standalone/main.js', import.meta.url));
const PATIENCE_MS = 120_000;

/** Resolves when it is ready; `said` is what it has printed so far, `ended` resolves with its exit code or signal. */
export async function startOwnSystem(dataDir, settings = {}) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, PORT: '0', ...settings };
  const child = spawn(process.execPath, [MAIN, '--empty'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const system = {
    pid: child.pid,
    said: '',
    ended: new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code))),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (system.said += part));
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  void system.ended.then(() => process.removeListener('exit', end));
  system.stop = () => (end(), system.ended);
  for (const until = Date.now() + PATIENCE_MS; !system.said.includes('Ready.'); await sleep(100))
    if (Date.now() > until || child.exitCode !== null || child.signalCode !== null) {
      await system.stop();
      throw new Error(`the system did not start:\n${system.said}`);
    }
  return Object.assign(system, { endpoints: JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) });
}
