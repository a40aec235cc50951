/**
 * Hides: copying a log while it is being written, and verifying that a copy is complete.
 * Promises: a backup holds every event that was acknowledged before it began, ends after a whole write and has been read back
 * byte by byte; nothing is copied over an existing log.
 * Does not: copy incrementally or over a network.
 */
import fs from 'node:fs';
import path from 'node:path';
import { KIND_EVENT } from './frame';
import { PRIVATE_FILE, privateDataDirectory, privateLogDirectory } from './private-files';
import { recover } from './recovery';
import { FrameReader, Segments } from './segments';
import { StreamIndex } from './stream-index';
import { StreamTable } from './stream-table';

/** The result of a check of a whole log. */
export type Verified = Readonly<{ events: number; streams: number; end: number }>;

const logIn = (dataDir: string) => path.join(dataDir, 'log');
const logFiles = (directory: string) =>
  fs
    .readdirSync(directory)
    .filter((name) => /^\d{16}\.log$/.test(name))
    .sort();

/** Copies the log of `dataDir`, whose node may keep writing, into the empty directory `target`. */
export function backup(dataDir: string, target: string): Verified {
  const from = logIn(dataDir);
  const to = emptyLog(target);
  let copied: string[] = [];
  for (let files = logFiles(from); files.length > copied.length; files = logFiles(from)) {
    for (const name of files.slice(Math.max(0, copied.length - 1))) copyDurably(path.join(from, name), path.join(to, name));
    copied = files;
  }
  syncDirectory(to);
  const tail = openAt(to).tail;
  const last = copied.at(-1);
  if (last) fs.truncateSync(path.join(to, last), tail - Number(last.slice(0, 16)));
  return verify(target);
}

/** Restores a backup into the empty directory `dataDir`. */
export function restore(source: string, dataDir: string): Verified {
  verify(source);
  const from = logIn(source);
  const to = emptyLog(dataDir);
  for (const name of logFiles(from)) copyDurably(path.join(from, name), path.join(to, name));
  syncDirectory(to);
  return verify(dataDir);
}

/** Reads every frame of a log and checks it; throws `DamagedLog` at the first flaw. Indexes are not trusted. */
export function verify(dataDir: string): Verified {
  const { segments, tail } = openAt(logIn(dataDir));
  try {
    const reader = new FrameReader(segments);
    const streams = new StreamTable();
    let events = 0;
    for (let offset = 0; offset < tail;) {
      const frame = reader.at(offset);
      offset += frame.length;
      if (frame.kind !== KIND_EVENT) continue;
      streams.intern(frame.streamBytes);
      events++;
    }
    return { events, streams: streams.size, end: tail };
  } finally {
    segments.close();
  }
}

function openAt(directory: string): { segments: Segments; tail: number } {
  if (!fs.existsSync(directory)) throw new Error(`There is no log in ${path.dirname(directory)}.`);
  const segments = Segments.open(directory);
  return { segments, tail: recover(segments, new StreamIndex(segments), () => undefined) };
}

function emptyLog(dataDir: string): string {
  const directory = logIn(dataDir);
  privateDataDirectory(dataDir);
  privateLogDirectory(directory);
  if (fs.readdirSync(directory).length > 0) throw new Error(`${dataDir} already holds a log.`);
  return directory;
}

/** Copies a file without its holes, from its end backwards: so no event that is written meanwhile is copied without those before it. */
function copyDurably(from: string, to: string): void {
  const source = fs.openSync(from, 'r');
  const target = fs.openSync(to, 'w', PRIVATE_FILE);
  try {
    const size = fs.fstatSync(source).size;
    const buffer = Buffer.alloc(ZEROS.length);
    for (let block = Math.ceil(size / buffer.length) - 1; block >= 0; block--) {
      const at = block * buffer.length;
      const read = fs.readSync(source, buffer, 0, Math.min(buffer.length, size - at), at);
      const bytes = buffer.subarray(0, read);
      if (!bytes.equals(ZEROS.subarray(0, read))) fs.writeSync(target, bytes, 0, read, at);
    }
    fs.ftruncateSync(target, size);
    fs.fsyncSync(target);
  } finally {
    fs.closeSync(source);
    fs.closeSync(target);
  }
}

const ZEROS = Buffer.alloc(1024 * 1024);

function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r');
  fs.fsyncSync(fd);
  fs.closeSync(fd);
}
