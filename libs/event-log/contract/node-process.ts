// Hides: the node as a process of its own, for tests that kill it.
// Promises: `start` resolves when the node serves; `kill` is SIGKILL and resolves when the process is gone; nothing outlives the test run.
// Does not: keep data; the caller brings the directory.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const main = join(__dirname, '../../../apps/event-store/main.js');
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A node in its own process. */
export interface NodeProcess {
  readonly port: number;
  readonly pid: number;
  /** Milliseconds from the start of the process to LISTENING. */
  readonly startedIn: number;
  /** Kills it as a power cut of the process would; resolves when it is gone. */
  kill(): Promise<void>;
  /** Stops it in order; resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Resolves with the exit code whenever it ends. */
  readonly ended: Promise<number | null>;
  /** What it wrote to stdout so far. */
  output(): string;
}

type Start = Readonly<{
  port?: number;
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Bytes that no file may exceed, as on a disk that is full; `prlimit` takes the limit away. */
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
