import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { nowMs } from '#platform/runtime/clock';
import { readable, withoutSecrets } from '#platform/runtime/logging';

const DAY = 24 * 3_600_000;
/** Bytes of a file, its longest time in ms, and how many older ones are kept beside it, until they are too old. */
const LIMITS = { bytes: 16 * 1024 * 1024, ms: DAY, files: 9, oldest: 30 * DAY };
type Limits = typeof LIMITS;
const WARNING = 40;
/** A denial of a verified caller, as the api's access log writes it. */
const DENIAL = /"actor":"(?:[^"\\]|\\.)*".*"msg":"denied"\}$/;

/**
 * The output of a child, in files of limited size, number and age; warnings and errors go to the terminal, too. Denials of verified callers have
 * files of their own, which no other lines can displace.
 */
export class LogFile {
  private readonly all: RotatingFile;
  private readonly denials: RotatingFile;
  private rest = '';
  private readonly last: string[] = [];

  constructor(
    path: string,
    private readonly show: (line: string) => void,
    limits: Limits = LIMITS,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.all = new RotatingFile(path, limits);
    this.denials = new RotatingFile(path.replace(/(\.log)?$/, '.denied.log'), limits);
  }

  write(part: Buffer): void {
    const lines = (this.rest + part.toString()).split('\n');
    this.rest = lines.pop()!.slice(-65_536);
    for (const line of lines) this.line(withoutSecrets(line));
  }

  /** The last lines, for an error message. */
  tail(): string {
    return [...this.last, this.rest]
      .filter(Boolean)
      .slice(-12)
      .map((line) => readable(line, false))
      .join('\n');
  }

  private line(line: string): void {
    (DENIAL.test(line) ? this.denials : this.all).write(line);
    this.last.push(line);
    if (this.last.length > 12) this.last.shift();
    const level = /^\{"level":(\d+)/.exec(line)?.[1];
    if (level === undefined ? line.trim() !== '' && !line.startsWith('LISTENING') : Number(level) >= WARNING) this.show(line);
  }
}

/** `path`, and the files before it: `path.1` (the newest) and so on. The file is made with its first line. */
class RotatingFile {
  private open?: { descriptor: number; size: number; since: number };

  constructor(
    private readonly path: string,
    private readonly limits: Limits,
  ) {}

  /** A full disk must not stop the system: only the line is lost. */
  write(line: string): void {
    try {
      const file = (this.open ??= this.begin());
      if (file.size > this.limits.bytes || nowMs() - file.since > this.limits.ms) this.rotate();
      const { descriptor } = (this.open ??= this.begin());
      this.open.size += writeSync(descriptor, line + '\n');
    } catch {
      // Tried again with the next line.
    }
  }

  private begin(): NonNullable<RotatingFile['open']> {
    const descriptor = openSync(this.path, 'a', 0o600);
    const { size, birthtimeMs } = statSync(this.path);
    return { descriptor, size, since: size > 0 ? birthtimeMs : nowMs() };
  }

  private rotate(): void {
    const { files, oldest } = this.limits;
    if (this.open) closeSync(this.open.descriptor);
    this.open = undefined;
    const at = (n: number) => (n === 0 ? this.path : `${this.path}.${n}`);
    rmSync(at(files), { force: true });
    for (let n = files - 1; n >= 0; n -= 1) {
      const stat = statSync(at(n), { throwIfNoEntry: false });
      if (stat && nowMs() - stat.mtimeMs > oldest) rmSync(at(n), { force: true });
      else if (stat) renameSync(at(n), at(n + 1));
    }
  }
}
