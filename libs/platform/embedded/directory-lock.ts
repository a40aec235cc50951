/**
 * Hides how one app locks a directory and how a pid is distinguished from a later OS process with the same pid. Promises that a lock ends
 * with its holder, even after `kill -9` or a power cut: the next app takes it over. Does not lock across machines or containers that share
 * a volume.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Identifies an OS process beyond doubt: its pid and when it started. */
export type ProcessMark = Readonly<{ pid: number; started: string }>;

/** The directory is in use by a running OS process. */
export class DirectoryTaken extends Error {
  constructor(
    readonly directory: string,
    readonly holder: ProcessMark,
  ) {
    super(`The directory ${directory} is in use by process ${holder.pid}.`);
    this.name = 'DirectoryTaken';
  }
}

const bootId = (): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
};

/** The mark of a running OS process; undefined if none has this pid (a zombie does not count). */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    if (process.platform === 'linux') {
      // The command name in field 2 may contain spaces and brackets: fields are counted from the last bracket.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, started: `${bootId()}/${fields[19]}` };
    }
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return started ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether exactly the marked OS process still runs. */
export const lives = (mark: ProcessMark): boolean => markOf(mark.pid)?.started === mark.started;

const holderIn = (text: string): ProcessMark | undefined => {
  try {
    const { pid, started } = JSON.parse(text) as ProcessMark;
    return Number.isInteger(pid) && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
};

const readOr = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/** The current holder of a directory, if any. */
export function holderOf(directory: string, name = 'lock'): ProcessMark | undefined {
  const holder = holderIn(readOr(join(directory, name)) ?? '');
  return holder && lives(holder) ? holder : undefined;
}

/**
 * Locks a directory for this app until the returned function is called or the app ends. @throws DirectoryTaken when a running OS process
 * holds it.
 */
export function lockDirectory(directory: string, name = 'lock'): () => void {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  const mine = JSON.stringify(markOf(process.pid));
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, mine, { mode: 0o644 });
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        linkSync(draft, path);
        return () => {
          if (readOr(path) === mine) rmSync(path, { force: true });
        };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const found = readOr(path);
      if (found === undefined) continue;
      const holder = holderIn(found);
      if (holder && lives(holder)) throw new DirectoryTaken(directory, holder);
      if (attempt > 20) throw new Error(`The lock ${path} cannot be taken; remove it when no process uses ${directory}.`);
      setAside(path, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock. Another app may do the same at this moment: the file moved away is checked, and put back if it is new. */
function setAside(path: string, dead: string): void {
  const aside = `${path}.dead.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readOr(aside) !== dead) {
    try {
      linkSync(aside, path);
    } catch {
      // A third app has the lock by now: the next round of the loop sees it.
    }
  }
  rmSync(aside, { force: true });
}
