// Hides: the node as a separate OS process, for tests that kill it.
// Promises: `start` resolves when the node serves; `kill` is SIGKILL and resolves when the OS process is gone; nothing outlives the test run.
// Does not: manage data; the caller provides the directory.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const main = join(__dirname, '../../../apps/event-store/main.js');
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A node in its own OS process. */
export interface NodeProcess {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from the start of the OS process to LISTENING. */
  readonly startedIn: number;
  /** Kills it without a clean shutdown; resolves when it is gone. */
  kill(): Promise<void>;
  /** Stops it cleanly; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Resolves with the exit code when it ends. */
  readonly ended: Promise<number | null>;
  /** Its output on stdout so far. */
  output(): string;
}

type Start = Readonly<{
  port?: number;
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Largest size of any file in bytes, to simulate a full disk; `prlimit` removes the limit. */
  largestFile?: number;
}>;

/** Starts a node on a free port, or on the given one. */
export const startProcess = (dataDir: string, { port = 0, args = [], env, largestFile }: Start = {}): Promise<NodeProcess> => {
  const began = Date.now();
  const command = [process.execPath, main, '--port', String(port), '--data-dir', dataDir, ...args];
  if (largestFile !== undefined) command.unshift('prlimit', `--fsize=${largestFile}:unlimited`);
  const child = spawn(command[0]!, command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { DEFAULT_ADMIN_PASSWORD: 'changeit', DEFAULT_OPS_PASSWORD: 'changeit', ...process.env, ...env },
  });
  running.add(child);
  const ended = new Promise<number | null>((resolve) =>
    child.once('exit', (code) => {
      running.delete(child);
      resolve(code);
    }),
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      const [, found] = /^LISTENING (\d+)$/m.exec(seen) ?? [];
      if (found === undefined) return;
      const end = (signal: NodeJS.Signals) => async () => {
        child.kill(signal);
        return ended;
      };
      const kill = end('SIGKILL');
      resolve({
        port: Number(found),
        pid: child.pid!,
        startedIn: Date.now() - began,
        kill: async () => void (await kill()),
        stop: end('SIGTERM'),
        ended,
        output: () => seen,
      });
    });
    void ended.then((code) => reject(new Error(`The node ended with ${code} before it served: ${errors}`)));
  });
};
