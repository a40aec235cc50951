import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DirectoryTaken, lives, lockDirectory, markOf } from './directory-lock';
import { testDirectory } from '#platform/testing/testing';

describe('the lock of a directory', () => {
  let directory: string;
  beforeEach(() => (directory = testDirectory()));

  it('is held until it is released', () => {
    const unlock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(DirectoryTaken);
    expect(() => lockDirectory(directory)).toThrow(`in use by process ${process.pid}`);
    unlock();
    lockDirectory(directory)();
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });

  it('ends with its holder, even by kill -9', async () => {
    const code = `require(${JSON.stringify(resolve(__dirname, 'directory-lock.js'))}).lockDirectory(${JSON.stringify(directory)});
      console.log('held'); setInterval(() => 0, 1000)`;
    const other = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((held) => other.stdout.once('data', held));
    expect(() => lockDirectory(directory)).toThrow(`in use by process ${other.pid}`);
    const mark = markOf(other.pid!)!;
    const exited = new Promise((done) => other.once('exit', done));
    other.kill('SIGKILL');
    await exited;
    expect(lives(mark)).toBe(false);
    lockDirectory(directory)();
  });

  it('is not kept by a later OS process with the same pid, nor by a damaged file', () => {
    writeFileSync(join(directory, 'lock'), JSON.stringify({ pid: process.pid, started: 'another-boot/1' }));
    lockDirectory(directory)();
    writeFileSync(join(directory, 'lock'), '');
    lockDirectory(directory)();
  });
});
