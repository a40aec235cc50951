// Hides: who may read the log's files.
// Promises: only the user that runs the node. Does not: change the mode of a directory that holds anything else.

import fs from 'node:fs';

/** Mode of every file. */
export const PRIVATE_FILE = 0o600;
const PRIVATE_DIRECTORY = 0o700;
const OURS = new Set(['log', 'lock.sock']);

/** Creates the directory of a node, or removes others' access to an existing one. */
export function privateDataDirectory(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  if (fs.readdirSync(directory).every((name) => OURS.has(name))) closeToOthers(directory, PRIVATE_DIRECTORY);
}

/** Creates the directory of log files, or removes others' access to it and its files: earlier versions left them readable. */
export function privateLogDirectory(directory: string): void {
  fs.mkdirSync(directory, { recursive: true, mode: PRIVATE_DIRECTORY });
  closeToOthers(directory, PRIVATE_DIRECTORY);
  for (const name of fs.readdirSync(directory)) closeToOthers(`${directory}/${name}`, PRIVATE_FILE);
}

/** If the files belong to another user, as on some mounted volumes, their owner decides. */
function closeToOthers(path: string, mode: number): void {
  try {
    if ((fs.statSync(path).mode & 0o777) !== mode) fs.chmodSync(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'EROFS' && code !== 'ENOENT') throw error;
  }
}
