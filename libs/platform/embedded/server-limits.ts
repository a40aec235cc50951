/**
 * What the sessions of the embedded PostgreSQL cannot exceed, whatever they set: memory of one server process, connections, bytes of the
 * server's log and of NOTIFY. Hides: the kernel's limits (Linux only). Does not: limit disk or time.
 */
import { closeSync, ftruncateSync, openSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** Address space of each server process; about 250 MB of it are shared. A query that needs more fails with 53200; the server goes on. */
const MEMORY_BYTES = 1024 ** 3;
const LOG_BYTES = 16 * 1024 * 1024;
const OLDER_LOGS = 4;
const WATCH_MS = 2_000;

/** Settings of the server. */
export const LIMITS = [
  'max_connections=200',
  'authentication_timeout=5s', // A log-in that is begun and left takes a connection until then.
  'max_notify_queue_pages=8192', // 64 MB. Whoever fills the queue stops wake-ups (views/wake-ups.ts); with the default, 8 GB, also the disk.
];

/** The command that starts a server within its limits, under the same process id. */
export const withinLimits = (program: string, args: readonly string[]): [string, string[]] =>
  process.platform === 'linux'
    ? ['/bin/sh', ['-c', `ulimit -v ${MEMORY_BYTES / 1024} && exec "$0" "$@"`, program, ...args]]
    : [program, [...args]];

/** Moves the newest bytes of the server's log on when it is too long, while the server goes on appending to it. */
export function boundLog(path: string, { bytes = LOG_BYTES, older = OLDER_LOGS } = {}): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= bytes) return;
  for (let n = older - 1; n > 0; n -= 1)
    if (statSync(`${path}.${n}`, { throwIfNoEntry: false })) renameSync(`${path}.${n}`, `${path}.${n + 1}`);
  const descriptor = openSync(path, 'r+');
  try {
    const newest = Buffer.alloc(bytes);
    const length = readSync(descriptor, newest, 0, bytes, size - bytes);
    writeFileSync(`${path}.1`, newest.subarray(0, length), { mode: 0o600 });
    ftruncateSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Keeps the log bounded until the server has ended. */
export function watchLog<T extends { exited: Promise<void> }>(path: string, server: T): T {
  const timer = setInterval(() => {
    try {
      boundLog(path);
    } catch {
      // A full disk: tried again.
    }
  }, WATCH_MS);
  timer.unref();
  void server.exited.finally(() => clearInterval(timer));
  return server;
}
