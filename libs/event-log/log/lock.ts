/**
 * Hides: that a data directory belongs to one process at a time.
 * Promises: the lock is the kernel's, so that it ends with its process, kill -9 included, and is never stale.
 * Does not: see processes of another host, or of another network namespace, that mount the same directory.
 */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { privateDataDirectory } from './private-files';

/** Another process serves from this directory. */
export class DirectoryInUse extends Error {}

/** Takes the directory, or throws `DirectoryInUse`; the returned function gives it back. */
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
