/** Volumes of a given size, to be filled up or copied: ext4 in a file, mounted through a loop device. Needs root on Linux. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** Returns why volumes are not available; undefined if they are. */
export function whyNoMounts(work) {
  if (process.platform !== 'linux') return 'they need Linux';
  if (process.getuid() !== 0) return 'they need root';
  const image = path.join(work, 'probe.img');
  const mount = path.join(work, 'probe');
  try {
    makeDisk(image, mount, 8);
    execFileSync('umount', [mount]);
    return undefined;
  } catch (error) {
    return `a loop device cannot be mounted (${String(error.stderr ?? error.message)
      .trim()
      .slice(0, 200)})`;
  } finally {
    fs.rmSync(image, { force: true });
  }
}

export function makeDisk(image, mount, megabytes) {
  fs.mkdirSync(mount, { recursive: true });
  fs.closeSync(fs.openSync(image, 'w'));
  fs.truncateSync(image, megabytes * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', image], { stdio: 'pipe' });
  execFileSync('mount', ['-o', 'loop', image, mount], { stdio: 'pipe' });
}

export function unmount(mount) {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      return execFileSync('umount', [mount], { stdio: 'pipe' });
    } catch {
      execFileSync('sleep', ['0.1']);
    }
  }
  throw new Error(`cannot unmount ${mount}`);
}

/** Uses up all remaining space: most of it at once, the rest byte by byte. */
export function fill(ballast) {
  const { bavail, bsize } = fs.statfsSync(path.dirname(ballast));
  // Others may need some of it at the same moment.
  const most = bavail * bsize - 32 * 1024 * 1024;
  if (most > 0) execFileSync('fallocate', ['-l', String(most), ballast]);
  const fd = fs.openSync(ballast, 'a');
  try {
    for (let size = 1024 * 1024; size >= 4096;) {
      try {
        if (fs.writeSync(fd, Buffer.alloc(size)) < size) size /= 2;
      } catch {
        size /= 2;
      }
    }
  } finally {
    fs.closeSync(fd);
  }
}
