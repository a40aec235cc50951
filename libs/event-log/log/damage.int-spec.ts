import fs from 'node:fs';
import { verify } from './backup';
import { encodeFrame, encodeGap, encodeMark, TRAILER } from './frame';
import { DamagedLog } from './segments';
import { all, close, event, freshDirectory, lived, logFile, openLog, revisions, unnoted } from './log-under-test';

describe('a log on a damaged disk', () => {
  it('truncates a torn tail and continues from there', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event('{"kept":1}')]);
    const kept = log.end;
    await log.append('s', 0n, [event('{"torn":1}'), event('{"torn":2}')]);
    const torn = log.end - 20;
    await close(log);
    unnoted(directory);
    fs.truncateSync(logFile(directory, -1), torn);
    const again = openLog(directory);
    expect(again.end).toBe(kept);
    expect(revisions(again, 's')).toEqual([0]);
    expect(await again.append('s', 0n, [event('{"next":1}')])).toMatchObject({ outcome: 'appended', revision: 1n });
  });

  it('drops a write of several events as a whole when its last event is torn', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event(), event(), event()]);
    const end = log.end;
    await close(log);
    unnoted(directory);
    fs.truncateSync(logFile(directory, -1), end - 1);
    expect(openLog(directory).state('s').exists).toBe(false);
  });

  it('refuses to start on a flipped bit in the newest file, even in the last event written', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event('{"amount":"100"}')]);
    await close(log);
    const file = logFile(directory, -1);
    const bytes = fs.readFileSync(file);
    bytes[bytes.indexOf('"100"') + 1]! ^= 2;
    fs.writeFileSync(file, bytes);
    expect(() => openLog(directory)).toThrow(DamagedLog);
  });

  it('refuses to start when acknowledged events were cut off the newest file', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event()]);
    await close(log);
    fs.truncateSync(logFile(directory, -1), 100);
    expect(() => openLog(directory)).toThrow(/missing bytes/);
  });

  it('reports a flipped bit in a full file when it is read, and in a check', async () => {
    const directory = freshDirectory();
    await close(await lived(directory));
    const file = logFile(directory, 1);
    const bytes = fs.readFileSync(file);
    bytes[Math.floor(bytes.length / 2)]! ^= 16;
    fs.writeFileSync(file, bytes);
    const again = openLog(directory);
    expect(() => all(again)).toThrow(DamagedLog);
    await close(again);
    expect(() => verify(directory)).toThrow(/damaged.*at log position \d+/);
  });

  it('never mistakes bytes within an event for a frame, whatever position a reader asks for', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event()]);
    const place = { ordinal: 0, durable: 0, createdMs: 0, first: true, last: true, tombstone: false };
    for (const [round, forge] of [
      (offset: number) => encodeFrame(Buffer.from('s'), event('"forged"'), { ...place, offset }).buffer,
      (offset: number) => encodeFrame(Buffer.from('unknown'), event('"forged"'), { ...place, offset }).buffer,
      (offset: number) => encodeMark(offset, 0, 0).buffer,
      (offset: number) => Buffer.concat([encodeGap(offset, 2_000), Buffer.alloc(20)]),
    ].entries()) {
      const forged = Buffer.alloc(400, 'x');
      const start = log.end;
      await log.append('host', 'any', [{ ...event(), data: forged }]);
      const dataAt = log.end - start - TRAILER - forged.length;
      const host = log.end;
      forge(host + dataAt).copy(forged);
      await log.append('host', 'any', [{ ...event(), data: forged }]);
      await log.append('s', 'any', [event(`{"next":${round}}`)]);
      const told = (at: number, reader = log.openReader()) =>
        log.readAll(at, false, 1, reader).frames.map((frame) => frame.data.toString());
      expect(told(host + dataAt)).toEqual([`{"next":${round}}`]);
      expect(log.readAll(host + dataAt, true, 1).frames[0]!.data).toEqual(forged);
      const reader = log.openReader();
      log.readAll(start, false, 1, reader);
      expect(told(host + dataAt, reader)).toEqual([`{"next":${round}}`]);
    }
  });

  it('refuses to start without one of its files', async () => {
    const directory = freshDirectory();
    await close(await lived(directory));
    fs.rmSync(logFile(directory, 1));
    expect(() => openLog(directory)).toThrow(/missing bytes/);
  });
});
