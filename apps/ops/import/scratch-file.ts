/** A file for what does not fit in memory. Promises: it has no name from its first moment, so nothing is left behind however the app ends. */
import { mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
}

function nameless(): number {
  const directory = mkdtempSync(join(tmpdir(), 'ops-import-'));
  try {
    return openSync(join(directory, 'scratch'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
