import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const main = resolve(__dirname, '../main.js');
const bare: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME };

/** One start of the system, as `npm start` does it after its build. */
export class Start {
  output = '';
  readonly process: ChildProcess;
  readonly ended: Promise<number | string>;

  constructor(env: NodeJS.ProcessEnv, ...args: string[]) {
    this.process = spawn(process.execPath, [main, ...args], { env: { ...bare, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const stream of [this.process.stdout!, this.process.stderr!])
      stream.on('data', (part: Buffer) => (this.output += part.toString()));
    this.ended = new Promise((done) => this.process.once('exit', (code, signal) => done(signal ?? code ?? -1)));
  }

  async says(what: string | RegExp, patience = 45_000): Promise<void> {
    await until(
      () => (typeof what === 'string' ? this.output.includes(what) : what.test(this.output)),
      patience,
      () => `it never printed ${String(what)}:\n${this.output}`,
    );
  }

  stop(signal: NodeJS.Signals = 'SIGTERM') {
    this.process.kill(signal);
    return this.ended;
  }
}

/** Waits until something holds; `complaint` says what did not happen. */
export async function until(holds: () => boolean | Promise<boolean>, patience: number, complaint: () => string): Promise<void> {
  for (const end = Date.now() + patience; !(await holds()); await sleep(50)) if (Date.now() > end) throw new Error(complaint());
}
