import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { readable, withoutSecrets } from '#platform/runtime/logging';

const LARGEST = 16 * 1024 * 1024;
const WARNING = 40;

/** The output of a child: in a file of limited size, with one older file beside it; warnings and errors go to the terminal, too. */
export class LogFile {
  private descriptor: number;
  private size: number;
  private rest = '';
  private readonly last: string[] = [];

  constructor(
    private readonly path: string,
    private readonly show: (line: string) => void,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.descriptor = openSync(path, 'a', 0o600);
    this.size = statSync(path).size;
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
    if (this.size > LARGEST) this.rotate();
    try {
      this.size += writeSync(this.descriptor, line + '\n');
    } catch {
      // A full disk must not stop the system: only the log line is lost.
    }
    this.last.push(line);
    if (this.last.length > 12) this.last.shift();
    const level = /^\{"level":(\d+)/.exec(line)?.[1];
    if (level === undefined ? line.trim() !== '' && !line.startsWith('LISTENING') : Number(level) >= WARNING) this.show(line);
  }

  private rotate(): void {
    try {
      closeSync(this.descriptor);
      renameSync(this.path, `${this.path}.old`);
    } finally {
      this.descriptor = openSync(this.path, 'a', 0o600);
      this.size = 0;
    }
  }
}
