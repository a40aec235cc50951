import fs from 'node:fs';
import path from 'node:path';
import { verify } from './backup';
import type { Frame, NewEvent } from './frame';
import type { Page } from './log';
import { AppendTooLarge, StreamDeleted } from './refusals';
import { all, allBackwards, close, event, freshDirectory, lived, logFiles, metadata, openLog, revisions } from './log-under-test';

describe('an event log', () => {
  it('returns everything after a restart, forwards and backwards, across many files', async () => {
    const directory = freshDirectory();
    const log = await lived(directory);
    const before = all(log);
    expect(before).toHaveLength(60);
    expect(allBackwards(log)).toEqual([...before].reverse());
    await close(log);
    expect(logFiles(directory).length).toBeGreaterThan(4);
    const again = openLog(directory);
    expect(all(again)).toEqual(before);
    expect(allBackwards(again)).toEqual([...before].reverse());
    expect(revisions(again, 's-3')).toEqual([...Array(12).keys()]);
    expect(revisions(again, 's-3', true)).toEqual([...Array(12).keys()].reverse());
  });

  it('rebuilds an index that is missing or damaged', async () => {
    const directory = freshDirectory();
    const log = await lived(directory);
    const before = all(log);
    await close(log);
    const indexes = fs
      .readdirSync(path.join(directory, 'log'))
      .filter((name) => name.endsWith('.index'))
      .sort();
    fs.rmSync(path.join(directory, 'log', indexes[1]!));
    const last = path.join(directory, 'log', indexes[2]!);
    const bytes = fs.readFileSync(last);
    bytes[60]! ^= 1;
    fs.writeFileSync(last, bytes);
    const again = openLog(directory);
    expect(all(again)).toEqual(before);
    expect(revisions(again, 's-4')).toEqual([...Array(12).keys()]);
  });

  it('answers each concurrent append of one write with its own revision', async () => {
    const log = openLog(freshDirectory());
    const answers = await Promise.all([...Array(50).keys()].map(() => log.append('s', 'any', [event()])));
    expect(answers.map((answer) => answer.outcome === 'appended' && answer.revision)).toEqual([...Array(50).keys()].map(BigInt));
  });

  it('shows nothing before it is durable', async () => {
    const log = openLog(freshDirectory());
    const pending = log.append('s', 'no_stream', [event()]);
    expect(log.state('s').exists).toBe(false);
    expect(all(log)).toEqual([]);
    await pending;
    expect(log.state('s').exists).toBe(true);
  });

  it('does not overwrite a page until its reader releases it', async () => {
    const directory = freshDirectory();
    const texts = [...Array(400).keys()].map((n) => `{"n":${n},"filling":"${'x'.repeat(20_000)}"}`);
    const written = openLog(directory);
    for (const text of texts) await written.append('s', 'any', [event(text)]);
    await close(written);
    const log = openLog(directory);
    const reader = log.openReader(true);
    const told = ({ frames }: { frames: readonly Frame[] }) => frames.map((frame) => frame.data.toString());
    for (let from: number | undefined = 0, seen = 0; from !== undefined;) {
      const page = log.readAll(from, false, 50, reader);
      const once = told(page);
      expect(once).toEqual(texts.slice(seen, seen + once.length));
      // Further reads of the same reader overwrite nothing.
      const following: Page = page.next === undefined ? page : log.readAll(page.next, false, 50, reader);
      expect(told(page)).toEqual(once);
      reader.release();
      seen += once.length + (following === page ? 0 : following.frames.length);
      from = following.next;
    }
  });
});

describe('expected revisions', () => {
  it.each([
    ['no_stream on a new stream', 'no_stream', 'appended'],
    ['any on a new stream', 'any', 'appended'],
    ['stream_exists on a new stream', 'stream_exists', 'wrong-expected-revision'],
    ['a revision on a new stream', 5n, 'wrong-expected-revision'],
  ] as const)('%s', async (_, expected, outcome) => {
    expect(await openLog(freshDirectory()).append('s', expected, [event()])).toMatchObject({ outcome });
  });

  it('reports the current revision when it refuses', async () => {
    const log = openLog(freshDirectory());
    await log.append('s', 'no_stream', [event(), event()]);
    expect(await log.append('s', 'no_stream', [event()])).toEqual({ outcome: 'wrong-expected-revision', current: 1n });
    expect(await log.append('s', 7n, [event()])).toEqual({ outcome: 'wrong-expected-revision', current: 1n });
    expect(await log.append('other', 7n, [event()])).toEqual({ outcome: 'wrong-expected-revision', current: undefined });
  });

  it('sees an append that is not durable yet', async () => {
    const log = openLog(freshDirectory());
    const [first, second] = await Promise.all([log.append('s', 'no_stream', [event()]), log.append('s', 'no_stream', [event()])]);
    expect([first.outcome, second.outcome]).toEqual(['appended', 'wrong-expected-revision']);
  });

  it("accepts an empty append and reports the stream's revision", async () => {
    const log = openLog(freshDirectory());
    expect(await log.append('s', 'any', [])).toEqual({ outcome: 'appended', revision: undefined });
  });

  it('limits the number of events in one append, however small they are', async () => {
    const log = openLog(freshDirectory());
    const tiny = { ...event('', 'x'), metadata: Buffer.alloc(0) };
    await expect(log.append('s', 'any', Array<NewEvent>(250_000).fill(tiny))).rejects.toThrow(AppendTooLarge);
    await log.append('s', 'any', Array<NewEvent>(10_000).fill(tiny));
    expect(log.state('s').last).toBe(9_999);
  });

  it('limits the size of one append', async () => {
    const log = openLog(freshDirectory(), { maxAppendSize: 100 });
    await expect(log.append('s', 'any', [event('x'.repeat(101))])).rejects.toThrow(AppendTooLarge);
    const labelled = { ...event('x'), metadata: Buffer.alloc(1_000) };
    await expect(log.append('s', 'any', [labelled])).resolves.toMatchObject({ outcome: 'appended' });
    await expect(log.append('s', 'any', [labelled, labelled])).rejects.toThrow(AppendTooLarge);
  });
});

describe('a repeated append', () => {
  it.each(['no_stream', 'any'] as const)('with %s is answered like the first one and writes nothing', async (expected) => {
    const log = openLog(freshDirectory());
    const events = [event(), event()];
    const first = await log.append('s', expected, events);
    await log.append('s', 1n, [event()]);
    expect(await log.append('s', expected, events)).toEqual(first);
    expect(revisions(log, 's')).toEqual([0, 1, 2]);
  });

  it('writes nothing while the first is still in flight', async () => {
    const log = openLog(freshDirectory());
    const events = [event()];
    const [first, second] = await Promise.all([log.append('s', 'no_stream', events), log.append('s', 'no_stream', events)]);
    expect(second).toEqual(first);
    expect(revisions(log, 's')).toEqual([0]);
  });

  it('with an explicit revision is recognised after a restart, however long ago it was', async () => {
    const directory = freshDirectory();
    const log = openLog(directory, { segmentSize: 3000 });
    const events = [event(), event()];
    await log.append('s', 'no_stream', [event()]);
    const first = await log.append('s', 0n, events);
    for (let i = 0; i < 40; i++) await log.append('other', 'any', [event()]);
    await log.append('s', 2n, [event()]);
    await close(log);
    const again = openLog(directory);
    expect(await again.append('s', 0n, events)).toEqual(first);
    expect(await again.append('s', 0n, [events[0]!, event()])).toMatchObject({ outcome: 'wrong-expected-revision' });
  });

  it('with any is recognised after a restart while it is among the newest events', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    const events = [event()];
    const first = await log.append('s', 'any', events);
    await close(log);
    expect(await openLog(directory).append('s', 'any', events)).toEqual(first);
  });

  it('that adds a new event to known ones is refused', async () => {
    const log = openLog(freshDirectory());
    const known = event();
    await log.append('s', 'any', [known]);
    expect(await log.append('s', 'any', [known, event()])).toMatchObject({ outcome: 'wrong-expected-revision' });
  });

  it('at the current revision is appended again, as the original does', async () => {
    const log = openLog(freshDirectory());
    const same = event();
    await log.append('s', 'no_stream', [same]);
    expect(await log.append('s', 0n, [same])).toMatchObject({ outcome: 'appended', revision: 1n });
  });
});

test('an append with an event that cannot be encoded writes none of the others', async () => {
  const directory = freshDirectory();
  let log = openLog(directory);
  await expect(log.append('s', 'any', [event('{"n":1}'), event('{"n":2}', 'x'.repeat(70_000))])).rejects.toThrow(/out of range/);
  await log.append('s', 'any', [event('{"n":3}')]);
  expect(all(log)).toEqual(['s@0:{"n":3}']);
  await close(log);
  log = openLog(directory);
  expect(all(log)).toEqual(['s@0:{"n":3}']);
});

describe('deletion', () => {
  it('soft: reads as missing, continues its revisions when recreated', async () => {
    const log = openLog(freshDirectory());
    await log.append('s', 'no_stream', [event(), event()]);
    await log.delete('s', 1n);
    expect(log.state('s')).toMatchObject({ exists: false, softDeleted: true, tombstoned: false });
    await expect(log.append('s', 'stream_exists', [event()])).rejects.toThrow(StreamDeleted);
    expect(await log.append('s', 'no_stream', [event()])).toMatchObject({ revision: 2n });
    expect(revisions(log, 's')).toEqual([2]);
  });

  it('soft: is refused for a stream that never existed', async () => {
    expect(await openLog(freshDirectory()).delete('s', 'any')).toMatchObject({ outcome: 'wrong-expected-revision' });
  });

  it('hard: for ever, with its metadata, and after a restart', async () => {
    const directory = freshDirectory();
    const log = openLog(directory);
    await log.append('s', 'no_stream', [event()]);
    expect(await log.tombstone('s', 'any')).toMatchObject({ revision: 9223372036854775807n });
    await close(log);
    const again = openLog(directory);
    await expect(again.append('s', 'any', [event()])).rejects.toThrow(StreamDeleted);
    await expect(again.append('$$s', 'any', [metadata({})])).rejects.toThrow(StreamDeleted);
    expect(again.state('s').tombstoned).toBe(true);
  });

  it('hard: is allowed for a stream that never existed', async () => {
    expect(await openLog(freshDirectory()).tombstone('s', 'no_stream')).toMatchObject({ outcome: 'appended' });
  });
});

describe('retention', () => {
  it('shows only the newest $maxCount events, and only events from $tb on', async () => {
    const log = openLog(freshDirectory());
    await log.append('s', 'no_stream', [event(), event(), event(), event(), event()]);
    await log.append('$$s', 'any', [metadata({ $maxCount: 3 })]);
    expect(revisions(log, 's')).toEqual([2, 3, 4]);
    await log.append('$$s', 'any', [metadata({ $maxCount: 3, $tb: 4 })]);
    expect(revisions(log, 's')).toEqual([4]);
    expect(revisions(log, 's', true)).toEqual([4]);
    expect(log.event('s', 3)).toBeUndefined();
  });

  it('ignores values that are not whole numbers', async () => {
    const log = openLog(freshDirectory());
    for (let i = 0; i < 5; i++) await log.append('s', 'any', [event()]);
    for (const keys of [{ $maxCount: 2.5 }, { $tb: 1.5 }, { $maxAge: '1' }, { $maxCount: -1 }]) {
      await log.append('$$s', 'any', [metadata(keys)]);
      expect(revisions(log, 's')).toEqual([0, 1, 2, 3, 4]);
      expect(revisions(log, 's', true)).toEqual([4, 3, 2, 1, 0]);
    }
  });

  it('hides events older than $maxAge', async () => {
    let now = 1_000_000;
    const log = openLog(freshDirectory(), { now: () => now });
    for (let i = 0; i < 5; i++) {
      await log.append('s', 'any', [event()]);
      now += 10_000;
    }
    await log.append('$$s', 'any', [metadata({ $maxAge: 25 })]);
    expect(revisions(log, 's')).toEqual([3, 4]);
    expect(revisions(log, 's', true)).toEqual([4, 3]);
    now += 100_000;
    expect(revisions(log, 's')).toEqual([]);
    expect(log.state('s').exists).toBe(true);
  });

  it('scavenging frees hidden events, and only those; positions stay', async () => {
    const directory = freshDirectory();
    const log = await lived(directory);
    await log.append('$$s-1', 'any', [metadata({ $maxCount: 2 })]);
    await log.append('$$s-2', 'any', [metadata({ $tb: 6 })]);
    await log.tombstone('s-3', 'any');
    await log.delete('s-4', 'any');
    for (let i = 0; i < 10; i++) await log.append('filler', 'any', [event()]);
    const positionOf = (stream: string) => log.readStream(stream, 0, false, 100).frames.map((frame) => frame.offset);
    const kept = ['s-0', 's-1', 's-2'].map(positionOf);
    const halfway = log.readAll(0, false, 20);
    const freed = await log.scavenge();
    expect(freed.events).toBe(10 + 6 + 12 + 11);
    expect(['s-0', 's-1', 's-2'].map(positionOf)).toEqual(kept);
    const left = all(log);
    expect(left.filter((line) => line.startsWith('s-1@'))).toEqual([expect.stringContaining('s-1@10'), expect.stringContaining('s-1@11')]);
    expect(left.filter((line) => line.startsWith('s-0@'))).toHaveLength(12);
    expect(left.filter((line) => line.startsWith('s-4@'))).toHaveLength(1);
    expect(allBackwards(log)).toEqual([...left].reverse());
    expect(log.readAll(halfway.next!, false, 1).frames).toHaveLength(1);
    await close(log);
    const again = openLog(directory);
    expect(all(again)).toEqual(left);
    expect(await again.append('s-4', 'no_stream', [event()])).toMatchObject({ revision: 12n });
    await close(again);
    expect(verify(directory).events).toBe(left.length + 2);
  });
});
