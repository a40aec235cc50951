/**
 * Hides: the lock that keeps a data directory to one OS process at a time. Promises: the kernel holds the lock, so it ends with its OS
 * process, even by kill -9, and is never stale. Does not: detect use of the same directory from another host or network namespace.
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { privateDataDirectory } from './private-files';

/** Another OS process uses this directory. */
export class DirectoryInUse extends Error {}

/** Locks the directory, or throws `DirectoryInUse`; the returned function releases it. */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  privateDataDirectory(directory);
  const inUse = () => new DirectoryInUse(`Another process uses ${directory}.`);
  if (process.platform === 'linux') {
    const { dev, ino } = fs.statSync(directory, { bigint: true });
    return release(await listen(`\0event-log-${dev}-${ino}`, inUse));
  }
  const file = path.join(directory, 'lock.sock');
  if (await answers(file)) throw inUse();
  fs.rmSync(file, { force: true });
  return release(await listen(file, inUse));
}

function listen(name: string, inUse: () => Error): Promise<net.Server> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? inUse() : error));
    server.listen(name, () => resolve(server.unref()));
  });
}

function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(file);
    socket.once('connect', () => resolve((socket.destroy(), true)));
    socket.once('error', () => resolve(false));
  });
}

const release = (server: net.Server) => () => new Promise<void>((resolve) => server.close(() => resolve()));
