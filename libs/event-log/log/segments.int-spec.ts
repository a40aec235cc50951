import { pbkdf2 } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Segments } from './segments';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Keeps all of libuv's threads busy for some time: work handed to them now is done after all work of this thread. */
const busyThreads = () => Promise.all([1, 2, 3, 4].map(() => promisify(pbkdf2)('a', 'b', 50_000, 64, 'sha512')));

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
    const busy = busyThreads();
    await append(KIB);
    // The zeros after 4 MiB are being written, and the next write goes beyond them.
    expect(fs.statSync(segments.active!.file).size).toBe(4 * MIB);
    await append(3 * MIB);
    await segments.settled();
    await busy;
    expect(fs.readFileSync(segments.active!.file).subarray(0, tail).equals(Buffer.concat(written))).toBe(true);
    segments.close();
  });
});
