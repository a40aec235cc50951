import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CONFIG } from '#platform/runtime/config';
import { lives, markOf, type ProcessMark } from '#platform/embedded/directory-lock';
import type { LogFile } from './log-file';

export type ChildOptions = Readonly<{
  name: string;
  main: string;
  /** Flags of Node.js. */
  flags?: readonly string[];
  env: NodeJS.ProcessEnv;
  /** File for its pid, read at the next start after a crash of the supervisor. */
  runDir: string;
  log: LogFile;
  /** Resolves when the child is ready; called repeatedly until it is ready or has ended. */
  isReady: () => Promise<boolean>;
  /** Seconds allowed for stopping. */
  drain: number;
  say: (text: string) => void;
  /** The child cannot run at all: its settings are wrong, or it never became ready. */
  onHopeless: (reason: Error) => void;
}>;

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 10_000;
/** A child that was never ready is given up after this many deaths. */
const TRIES = 4;
const READY_WITHIN = 90_000;

/** One app that is kept running: restarted when it dies, at once the first time and then with growing pauses, on the same port and data. */
export class Child {
  private process?: ChildProcess;
  private stopping = false;
  private everReady = false;
  private failures = 0;
  private pause = FIRST_PAUSE;
  private ended: Promise<void> = Promise.resolve();
  restarts = 0;

  constructor(private readonly options: ChildOptions) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Starts the child and keeps it running; resolves when it is ready for the first time. */
  async start(): Promise<void> {
    const hopeless = new Promise<never>((_, reject) => (this.giveUp = reject));
    hopeless.catch(() => undefined);
    this.spawn();
    await Promise.race([this.becomeReady(READY_WITHIN), hopeless]);
    this.everReady = true;
  }

  /** SIGTERM, then SIGKILL after the time limit. */
  async stop(): Promise<void> {
    this.stopping = true;
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const impatience = setTimeout(
      () => {
        this.options.say(`${this.options.name} did not stop in time and is killed.`);
        child.kill('SIGKILL');
      },
      (this.options.drain + 6) * 1_000,
    );
    await this.ended;
    clearTimeout(impatience);
  }

  /** Kills it at once. Acknowledged writes are safe. */
  kill(): void {
    this.stopping = true;
    this.process?.kill('SIGKILL');
  }

  private giveUp: (reason: Error) => void = () => undefined;

  private spawn(): void {
    const { name, main, flags = [], env, log, runDir } = this.options;
    const started = performance.now();
    // A process group of its own: Ctrl-C in the terminal reaches the supervisor, which stops things in order.
    const child = fork(main, [], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true, execArgv: [...flags] });
    this.process = child;
    child.stdout?.on('data', (part: Buffer) => log.write(part));
    child.stderr?.on('data', (part: Buffer) => log.write(part));
    if (child.pid !== undefined) record(runDir, name, child.pid);
    this.ended = new Promise((resolve) => {
      let over = false;
      const end = (code: number | null, signal: string | null) => {
        if (over) return;
        over = true;
        resolve();
        forget(runDir, name);
        if (!this.stopping) void this.again(code, signal, performance.now() - started);
      };
      child.once('exit', end);
      child.once('error', () => end(null, 'error'));
    });
  }

  private async again(code: number | null, signal: string | null, ran: number): Promise<void> {
    const { name, say, log } = this.options;
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    this.failures = ran > 30_000 ? 1 : this.failures + 1;
    if (ran > 30_000) this.pause = FIRST_PAUSE;
    if (code === EXIT_CONFIG || (!this.everReady && this.failures >= TRIES)) {
      const reason = new Error(`${name} ${how} and cannot run. Its last output:\n${log.tail()}`);
      this.giveUp(reason);
      this.options.onHopeless(reason);
      return;
    }
    if (this.failures === 1) say(`${name} ${how}; it restarts.`);
    else {
      say(`${name} ${how}; it restarts in ${this.pause} ms.`);
      await sleep(this.pause);
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    }
    if (this.stopping) return;
    this.restarts++;
    this.spawn();
    const pid = this.pid;
    await this.becomeReady(READY_WITHIN).then(
      () => this.pid === pid && say(`${name} is ready again.`),
      () => undefined,
    );
  }

  private async becomeReady(within: number): Promise<void> {
    const { name, isReady, log } = this.options;
    for (const until = performance.now() + within; !(await isReady()); await sleep(50)) {
      if (this.stopping) throw new Error(`${name} was stopped before it was ready.`);
      if (performance.now() > until) throw new Error(`${name} is not ready after ${within / 1_000} s. Its last output:\n${log.tail()}`);
    }
  }
}

const markPath = (runDir: string, name: string): string => join(runDir, `${name}.pid.json`);

function record(runDir: string, name: string, pid: number): void {
  try {
    mkdirSync(runDir, { recursive: true });
    writeFileSync(markPath(runDir, name), JSON.stringify(markOf(pid) ?? { pid, started: '' }));
  } catch {
    // A full disk must not stop the system. Without the file a child still ends with its supervisor: its channel closes.
  }
}

function forget(runDir: string, name: string): void {
  try {
    rmSync(markPath(runDir, name), { force: true });
  } catch {
    // The mark in it says that its process has ended.
  }
}

/** Ends apps left by a supervisor that was killed: they may still use our ports and data. Returns their number. */
export async function stopOrphans(runDir: string, say: (text: string) => void): Promise<number> {
  mkdirSync(runDir, { recursive: true });
  const orphans: (readonly [string, ProcessMark])[] = [];
  for (const file of readdirSync(runDir).filter((entry) => entry.endsWith('.pid.json'))) {
    try {
      const mark = JSON.parse(readFileSync(join(runDir, file), 'utf8')) as ProcessMark;
      if (lives(mark)) orphans.push([file.replace('.pid.json', ''), mark]);
    } catch {
      // Truncated: the process had just started when its supervisor died, and ends by itself.
    }
  }
  await Promise.all(
    orphans.map(async ([name, mark]) => {
      say(`Stopping ${name} (pid ${mark.pid}), left by an earlier start.`);
      for (const [signal, patience] of [
        ['SIGTERM', 15_000],
        ['SIGKILL', 5_000],
      ] as const) {
        if (!lives(mark)) return;
        process.kill(mark.pid, signal);
        for (const until = performance.now() + patience; lives(mark) && performance.now() < until;) await sleep(25);
      }
    }),
  );
  for (const file of readdirSync(runDir).filter((entry) => entry.endsWith('.pid.json'))) rmSync(join(runDir, file), { force: true });
  return orphans.length;
}
