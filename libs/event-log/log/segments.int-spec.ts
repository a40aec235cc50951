import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Segments } from './segments';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Keeps all of libuv's threads busy until they are released: who opens a pipe for reading waits for a writer. */
function busyThreads(directory: string): () => Promise<void> {
  const pipe = path.join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const readers = Promise.all([1, 2, 3, 4].map(() => fs.promises.open(pipe, 'r')));
  return async () => {
    const writer = fs.openSync(pipe, 'w');
    for (const reader of await readers) await reader.close();
    fs.closeSync(writer);
    fs.rmSync(pipe);
  };
}

describe('a file of the log', () => {
  let directory: string;
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'event-log-segments-'));
  });
  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  test('keeps bytes that were written while it was being extended with zeros', async () => {
    const segments = Segments.open(directory);
    segments.roll(0);
    const written: Buffer[] = [];
    let tail = 0;
    const append = async (size: number) => {
      const bytes = Buffer.alloc(size, written.length + 1);
      written.push(bytes);
      tail += size;
      await segments.append(bytes, tail - size);
    };
    await append(KIB);
    await segments.settled();
    await append(2 * MIB + MIB / 2);
    const release = busyThreads(directory);
    await append(KIB);
    // The zeros after 4 MiB are being written, and the next write goes beyond them.
    expect(fs.statSync(segments.active!.file).size).toBe(4 * MIB);
    const beyond = append(3 * MIB);
    await release();
    await beyond;
    await segments.settled();
    expect(fs.readFileSync(segments.active!.file).subarray(0, tail).equals(Buffer.concat(written))).toBe(true);
    segments.close();
  });
});
