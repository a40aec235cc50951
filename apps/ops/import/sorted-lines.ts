/**
 * Lines of text in sorted order. Hides: the disk. Promises: memory is bounded whatever their number: so many lines, and one piece of each sorted
 * run. Does not: keep lines with line breaks apart.
 */
import { ScratchFile } from './scratch-file';

const HELD = 100_000;

export class SortedLines {
  private lines: string[] = [];
  private readonly disk = new ScratchFile();
  private readonly runs: { begin: number; end: number }[] = [];

  constructor(private readonly held = HELD) {}

  /** Lines that are held in memory. */
  get inMemory(): number {
    return this.lines.length;
  }

  add(line: string): void {
    this.lines.push(line);
    if (this.lines.length < this.held) return;
    const begin = this.disk.size;
    this.lines.sort();
    for (let at = 0; at < this.lines.length; at += 1_000) this.disk.append(Buffer.from(`${this.lines.slice(at, at + 1_000).join('\n')}\n`));
    this.runs.push({ begin, end: this.disk.size });
    this.lines = [];
  }

  *sorted(): Generator<string> {
    this.lines.sort();
    type Head = { line: string; rest: Iterator<string> };
    /** The heads of all runs, the least last. */
    const heads: Head[] = [];
    const put = (rest: Iterator<string>) => {
      const { value, done } = rest.next();
      if (done) return;
      let [low, high] = [0, heads.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (heads[middle]!.line > value) low = middle + 1;
        else high = middle;
      }
      heads.splice(low, 0, { line: value, rest });
    };
    for (const { begin, end } of this.runs) put(this.disk.lines(begin, end));
    put(this.lines.values());
    for (let least = heads.pop(); least; least = heads.pop()) {
      yield least.line;
      put(least.rest);
    }
  }
}
