// Hides: directories and logs that a spec opens, removed when each test ends, and helpers that inspect a log.
// Promises: nothing is left behind. Does not: test.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type NewEvent } from './frame';
import { EventLog, type LogOptions } from './log';
import { randomUUIDBytes } from '../bytes/uuid';

const directories: string[] = [];
export function freshDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'event-log-'));
  directories.push(directory);
  return directory;
}
const open = new Set<EventLog>();
/** Abandons a log as a crash would: nothing is closed, not even at the end of the test. */
export function crash(log: EventLog): void {
  open.delete(log);
  log.abandon();
}
export function openLog(directory: string, options: LogOptions = {}): EventLog {
  const log = new EventLog(directory, options);
  open.add(log);
  return log;
}
export async function close(log: EventLog): Promise<void> {
  open.delete(log);
  await log.close();
}
afterEach(async () => {
  for (const log of open) await close(log);
  for (const directory of directories.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

export const event = (data = '{}', type = 'Counted'): NewEvent => ({
  id: randomUUIDBytes(),
  type,
  json: true,
  data: Buffer.from(data),
  metadata: Buffer.from('{"by":"x"}'),
});
export const metadata = (json: object) => event(JSON.stringify(json), '$metadata');
export const revisions = (log: EventLog, stream: string, backwards = false) =>
  log.readStream(stream, backwards ? Number.MAX_SAFE_INTEGER : 0, backwards, 1000).frames.map((frame) => frame.ordinal);
export function all(log: EventLog): string[] {
  const found: string[] = [];
  for (let from: number | undefined = 0; from !== undefined;) {
    const page = log.readAll(from, false, 7);
    found.push(...page.frames.map((frame) => `${frame.stream}@${frame.ordinal}:${frame.data.toString()}`));
    from = page.next;
  }
  return found;
}
export function allBackwards(log: EventLog): string[] {
  const found: string[] = [];
  for (let from: number | undefined = log.end; from !== undefined;) {
    const page = log.readAll(from, true, 7);
    found.push(...page.frames.map((frame) => `${frame.stream}@${frame.ordinal}:${frame.data.toString()}`));
    from = page.next;
  }
  return found;
}
export const logFiles = (directory: string) =>
  fs
    .readdirSync(path.join(directory, 'log'))
    .filter((name) => name.endsWith('.log'))
    .sort();
export const logFile = (directory: string, n: number) => path.join(directory, 'log', logFiles(directory).at(n)!);

/** As if the node had died before it recorded how much was durable. */
export const unnoted = (directory: string) => fs.rmSync(path.join(directory, 'log', 'durable'));

/** Several files of a few events each, as after a long time. */
export async function lived(directory: string, options: LogOptions = {}): Promise<EventLog> {
  const log = openLog(directory, { segmentSize: 2500, ...options });
  for (let i = 0; i < 60; i++) await log.append(`s-${i % 5}`, 'any', [event(`{"i":${i}}`)]);
  return log;
}
