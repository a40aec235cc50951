/** A file for what does not fit in memory. Promises: it has no name from its first moment, so nothing is left behind however the app ends. */
import { mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

const PIECE = 32_768;

export class ScratchFile {
  private file?: number;
  /** Bytes written. */
  size = 0;

  /** Appends all bytes and returns where they begin. */
  append(bytes: Uint8Array): number {
    this.file ??= nameless();
    const begin = this.size;
    for (let done = 0; done < bytes.length;) done += writeSync(this.file, bytes, done, bytes.length - done, begin + done);
    this.size += bytes.length;
    return begin;
  }

  /** Fills the target from a position on; returns the bytes that are there. */
  read(target: Uint8Array, position: number): number {
    let done = 0;
    for (let got = -1; got !== 0 && done < target.length; done += got)
      got = readSync(this.file!, target, done, target.length - done, position + done);
    return done;
  }

  /** The lines between two positions. */
  *lines(begin = 0, end = this.size): Generator<string> {
    const [decoder, piece] = [new StringDecoder('utf8'), Buffer.alloc(PIECE)];
    let rest = '';
    for (let at = begin; at < end; at += PIECE) {
      const length = this.read(piece.subarray(0, Math.min(PIECE, end - at)), at);
      const lines = (rest + decoder.write(piece.subarray(0, length))).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
  }
}

/** Lines in the order in which they came, on disk beyond the first ones. */
export class KeptLines {
  count = 0;
  private waiting: string[] = [];
  private readonly disk = new ScratchFile();

  constructor(private readonly held = 1_000) {}

  get inMemory(): number {
    return this.waiting.length;
  }

  /** `line` has no line break. */
  add(line: string): void {
    this.count += 1;
    this.waiting.push(line);
    if (this.waiting.length < this.held) return;
    this.disk.append(Buffer.from(`${this.waiting.join('\n')}\n`));
    this.waiting = [];
  }

  *all(): Generator<string> {
    if (this.disk.size > 0) yield* this.disk.lines();
    yield* this.waiting;
  }
}

function nameless(): number {
  const directory = mkdtempSync(join(tmpdir(), 'ops-import-'));
  try {
    return openSync(join(directory, 'scratch'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
