/**
 * Disks of other parts that are full, as this app learns from refused writes. Hides: how each part says so. Promises: one log line when a disk is
 * found full and one when it has room again; red in the readiness and in a metric while writes are refused. Does not: make room, or measure a
 * disk of another machine.
 */
import { statfs } from 'node:fs/promises';
import { now, nowMs } from './clock';
import type { Check, Detail } from './health';
import type { Logger } from './logging';
import { gauge } from './metrics';

export type DiskOf = 'event store' | 'postgresql';

/** A disk counts as full until no write was refused for so long: everything that is refused is tried again sooner. */
const REMEMBERED_MS = 30_000;
const WATCH_MS = 5_000;
/** On a disk that is nearly full small writes succeed between refused large ones: it has room only when none was refused for so long. */
const QUIET_MS = 5_000;
const full = new Map<DiskOf, { since: string; at: number }>();
let report: Pick<Logger, 'error' | 'info'> | undefined;

gauge('disk_full', '1 while writes are refused because a disk is full, by part.', ['part'], function () {
  for (const part of ['event store', 'postgresql'] as const) this.set({ part }, stillFull(part) ? 1 : 0);
});

/** SQLSTATE of PostgreSQL (53100), the system's own codes, and the words in which PostgreSQL and the embedded event store pass them on. */
export function isDiskFull(error: unknown): boolean {
  for (let cause = error, depth = 0; cause !== undefined && cause !== null && depth < 5; depth += 1) {
    const { code, message } = cause as { code?: unknown; message?: unknown };
    if (code === '53100' || code === 'ENOSPC' || code === 'EDQUOT') return true;
    if (typeof message === 'string' && /cannot write: (ENOSPC|EDQUOT|EFBIG)\b|: No space left on device$/.test(message)) return true;
    cause = (cause as { cause?: unknown }).cause;
  }
  return false;
}

/** Remembers that a write was refused, if that is why; true if it is. */
export function noteDisk(part: DiskOf, error: unknown): boolean {
  if (!isDiskFull(error)) return false;
  const known = full.get(part);
  if (known) known.at = nowMs();
  else {
    full.set(part, { since: now().toISOString(), at: nowMs() });
    report?.error({ part }, `the disk of the ${part} is full: make room; nothing has to be restarted`);
  }
  return true;
}

/** A write succeeded. */
export function noteRoom(part: DiskOf): void {
  const known = full.get(part);
  if (known && nowMs() - known.at >= QUIET_MS) forget(part);
}

function forget(part: DiskOf): void {
  full.delete(part);
  report?.info({ part }, `the disk of the ${part} has room again`);
}

/** Logs from now on, until the returned function is called. */
export function reportDisks(log: Pick<Logger, 'error' | 'info'> | undefined): () => void {
  report = log;
  const timer = setInterval(() => [...full.keys()].forEach(stillFull), WATCH_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    report = undefined;
  };
}

function stillFull(part: DiskOf): boolean {
  const known = full.get(part);
  if (!known) return false;
  if (nowMs() - known.at < REMEMBERED_MS) return true;
  forget(part);
  return false;
}

let databaseDirectory: string | undefined;
gauge('database_disk_free_bytes', "Room on PostgreSQL's disk; absent where it cannot be measured.", [], async function () {
  const disk = databaseDirectory === undefined ? undefined : await statfs(databaseDirectory).catch(() => undefined);
  if (disk) this.set(disk.bavail * disk.bsize);
  else this.remove();
});

/** Shows the room on PostgreSQL's disk as a metric from now on. */
export const measureDatabaseDisk = (directory: string): void => {
  databaseDirectory = directory;
};

/** For the readiness of an app: reads go on, so a full disk leaves it degraded. */
export const diskCheck: Check = {
  vital: false,
  probe: () => ([...full.keys()].some(stillFull) ? Promise.reject(new Error('a disk is full')) : Promise.resolve()),
  detail: (): Detail | undefined => {
    const [[part, { since }] = [undefined, { since: '' }]] = full;
    return part && { since, reason: `The disk of the ${[...full.keys()].join(' and of the ')} is full.` };
  },
};
