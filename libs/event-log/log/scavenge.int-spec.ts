import fs from 'node:fs';
import path from 'node:path';
import { verify } from './backup';
import { EventLog } from './log';
import { all, close, crash, event, freshDirectory, logFiles, metadata, openLog, revisions } from './log-under-test';

describe('a scavenge', () => {
  const large = () => event(JSON.stringify('x'.repeat(60_000)));
  /** One full file of about 6 MB; `$maxCount` hides eight of ten events at its beginning. */
  async function withMuchToKeep(directory: string): Promise<EventLog> {
    const log = openLog(directory, { segmentSize: 6 * 1024 * 1024 });
    await log.append('s', 'no_stream', [...Array(10)].map(large));
    for (let i = 0; i < 10; i++) await log.append('other', 'any', [...Array(10)].map(large));
    await log.append('other', 'any', [event()]);
    await log.append('$$s', 'any', [metadata({ $maxCount: 2 })]);
    return log;
  }

  function shownOf(log: EventLog): number[] {
    const found: number[] = [];
    for (let next: number | undefined = 0; next !== undefined;) {
      const page = log.readStream('s', next, false, 1000);
      found.push(...page.frames.map((frame) => frame.ordinal));
      next = page.next;
    }
    return found;
  }

  it('lets other work run between any two blocks', async () => {
    const log = await withMuchToKeep(freshDirectory());
    let [turns, appended, running] = [0, 0, true];
    const count = () => {
      turns++;
      if (running) setImmediate(count);
    };
    const write = async () => {
      for (; running; appended++) {
        await log.append('meanwhile', 'any', [event()]);
        expect(log.readStream('meanwhile', appended, false, 1).frames).toHaveLength(1);
        expect(log.readAll(0, false, 10).frames.length).toBeGreaterThan(0);
      }
    };
    const freed = log.scavenge().finally(() => (running = false));
    count();
    await write();
    expect((await freed).events).toBe(8);
    expect(turns).toBeGreaterThan(6_000_000 / (256 * 1024));
    expect(appended).toBeGreaterThan(2);
    expect(revisions(log, 'meanwhile')).toHaveLength(appended);
    expect(revisions(log, 's')).toEqual([8, 9]);
  });

  it('does not free events that became visible again while it ran', async () => {
    let inTime = 0;
    for (const $maxCount of [undefined, 5, 2]) {
      for (let wait = 0; wait < 60; wait += 10) {
        const directory = freshDirectory();
        const log = await withMuchToKeep(directory);
        const freed = log.scavenge();
        for (let turn = 0; turn < wait; turn++) await new Promise((resolve) => setImmediate(resolve));
        await log.append('$$s', 'any', [metadata({ $maxCount })]);
        const unfinished = fs.readdirSync(path.join(directory, 'log')).some((name) => name.endsWith('.log.new'));
        const { events } = await freed;
        const first = unfinished ? 10 - ($maxCount ?? 10) : Math.max(10 - ($maxCount ?? 10), events);
        expect(shownOf(log)).toEqual([...Array(10 - first).keys()].map((i) => first + i));
        if (unfinished && $maxCount !== 2) inTime++;
        await close(log);
      }
    }
    expect(inTime).toBeGreaterThan(0);
  });

  it.each([false, true])('does not disturb a reader in the middle of a page (backwards: %s)', async (backwards) => {
    const directory = freshDirectory();
    let log = openLog(directory, { segmentSize: 1024 * 1024 });
    const some = () => event(JSON.stringify('x'.repeat(3_000)));
    for (let i = 0; i < 20; i++) await log.append('s', 'any', [...Array(25)].map(some));
    await log.append('$$s', 'any', [metadata({ $tb: 490 })]);
    await close(log);
    log = openLog(directory, { segmentSize: 1024 * 1024 });
    const reader = log.openReader(true);
    const found: number[] = [];
    let next: number | undefined = backwards ? 800_000 : 0;
    const page = () => {
      const read = log.readAll(next!, backwards, 20, reader);
      found.push(...read.frames.filter((frame) => frame.stream === 's').map((frame) => frame.ordinal));
      reader.release();
      next = read.next;
    };
    for (let i = 0; i < 3; i++) page();
    expect((await log.scavenge()).events).toBeGreaterThan(300);
    while (next !== undefined) page();
    expect(found.slice(0, 60)).toEqual(found.slice(0, 60).sort((a, b) => (backwards ? b - a : a - b)));
    if (!backwards) expect(found.slice(-10)).toEqual([...Array(10).keys()].map((i) => 490 + i));
  });

  it('interrupted by a crash leaves the log unchanged and no partial copy', async () => {
    const directory = freshDirectory();
    for (let turns = 0; turns < 60; turns += 7) {
      let log = await withMuchToKeep(directory);
      const before = all(log);
      const freed = log.scavenge().catch(() => undefined);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      crash(log);
      await freed;
      fs.writeFileSync(path.join(directory, 'log', '0000000000000000.log.new'), 'half');
      log = openLog(directory);
      const after = all(log);
      expect(after.length === before.length || after.filter((entry) => entry.startsWith('s@')).length === 2).toBe(true);
      expect(revisions(log, 's')).toHaveLength(2);
      expect(fs.readdirSync(path.join(directory, 'log')).filter((name) => name.endsWith('.log.new'))).toEqual([]);
      expect(verify(directory).events).toBe(after.length);
      await close(log);
      fs.rmSync(path.join(directory, 'log'), { recursive: true });
    }
  });

  it('completes the file that is being written if it holds anything to drop', async () => {
    const directory = freshDirectory();
    let log = openLog(directory);
    await log.append('gone', 'any', [event(), event(), event()]);
    await log.append('kept', 'any', [event()]);
    await log.delete('gone', 'any');
    const appended = Promise.all([...Array(50)].map(() => log.append('kept', 'any', [event()])));
    expect((await log.scavenge()).events).toBe(2);
    await appended;
    expect(logFiles(directory)).toHaveLength(2);
    await log.append('kept', 'any', [event()]);
    expect(revisions(log, 'kept')).toHaveLength(52);
    expect(revisions(log, 'gone')).toEqual([]);
    await close(log);
    expect(verify(directory).events).toBe(54);
    log = openLog(directory);
    expect(revisions(log, 'kept')).toHaveLength(52);
    expect((await log.scavenge()).events).toBe(0);
    expect(logFiles(directory)).toHaveLength(2);
  });

  it('ends at once when the log is closed', async () => {
    const directory = freshDirectory();
    const log = await withMuchToKeep(directory);
    const freed = log.scavenge();
    await close(log);
    expect((await freed).events).toBe(0);
    expect(verify(directory).events).toBe(112);
  });
});
