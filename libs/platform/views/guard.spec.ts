import fc from 'fast-check';
import { chance } from '#platform/testing/view-examples';
import { RevisionGuard, WINDOW } from './guard';
import { LogEvent } from '#platform/store/log-event';
import { STREAMS } from '#platform/store/names';

const event = (position: bigint, stream: string, revision: bigint): LogEvent =>
  Object.assign(new LogEvent(), { position, stream, revision, id: `${stream}@${revision}`, type: 'Counted' });

/** A log of a few streams; positions have gaps, like offsets in a file. */
function logOf(seed: number, length: number, streams = 5): LogEvent[] {
  const next = chance(seed);
  const revisions = new Map<string, bigint>();
  let position = 9_007_199_254_740_990n;
  return Array.from({ length }, () => {
    position += BigInt(1 + next(300));
    const stream = `lot-haifa.L${next(streams)}`;
    const revision = revisions.get(stream) ?? 0n;
    revisions.set(stream, revision + 1n);
    return event(position, stream, revision);
  });
}

const readerOf = (log: readonly LogEvent[]) => (stream: string, from: bigint, max: number) =>
  Promise.resolve(log.filter((e) => e.stream === stream && e.revision >= from).slice(0, max));
const ids = (events: readonly LogEvent[]) => events.map(({ id }) => id);
const perStream = (admitted: readonly string[]) =>
  admitted.reduce((of, id) => of.set(id.split('@')[0]!, [...(of.get(id.split('@')[0]!) ?? []), id]), new Map<string, string[]>());

/** What a bad delivery does to a page: it repeats events and displaces them within a window. */
function disturb(events: readonly LogEvent[], next: (below: number) => number, window: number): LogEvent[] {
  const repeated = events.flatMap((e) => Array.from({ length: 1 + next(5) }, () => e));
  for (let i = 0; i < repeated.length; i++) {
    const j = Math.min(repeated.length - 1, i + next(window));
    [repeated[i], repeated[j]] = [repeated[j]!, repeated[i]!];
  }
  return repeated;
}

test('each event is admitted once and in the order of its stream, however pages repeat and displace them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 150 }), async (seed, length) => {
      const log = logOf(seed, length);
      const next = chance(seed + 1);
      const guard = new RevisionGuard(-1n, '', readerOf(log));
      const admitted: LogEvent[] = [];
      for (let at = 0; at < log.length;) {
        const to = Math.min(log.length, at + 1 + next(40));
        // Overlapping reads: up to 20 events come a second time.
        const page = log.slice(Math.max(0, at - next(20)), to);
        admitted.push(...(await guard.admit(disturb(page, next, 50), log[to - 1]!.position)));
        at = to;
      }
      expect(ids(admitted)).toEqual(ids(log));
    }),
    { numRuns: 1_000 },
  );
});

test('a hole in a stream is filled from the store before the next event is admitted', async () => {
  const log = logOf(7, 30, 1);
  const guard = new RevisionGuard(-1n, '', readerOf(log));
  await guard.admit(log.slice(0, 5), log[4]!.position);
  expect(ids(await guard.admit(log.slice(20, 22), log[21]!.position))).toEqual(ids(log.slice(5, 22)));
  expect(guard.counts.filled).toBe(15);
  // The missing event arrives late: it is known by now.
  expect(await guard.admit(log.slice(5, 20), log[19]!.position)).toEqual([]);
});

test('truncated revisions are not treated as a hole', async () => {
  const guard = new RevisionGuard(-1n, '', () => Promise.resolve([]));
  await guard.admit([event(1n, 's', 0n)], 1n);
  expect(ids(await guard.admit([event(9n, 's', 5n)], 9n))).toEqual(['s@5']);
});

test('after a crash, events within the stored window are recognised when read again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      const log = logOf(seed, 400, 40);
      const next = chance(seed);
      const admitted: string[] = [];
      let stored = '';
      let position = -1n;
      // One event in eight is withheld from its page and delivered with the next one, across a crash.
      let withheld: LogEvent[] = [];
      for (let at = 0; at < log.length; at += 20) {
        const guard = new RevisionGuard(position, stored, readerOf(log));
        const page = log.slice(at, at + 20);
        const held = at + 20 < log.length ? page.filter(() => next(8) === 0) : [];
        const again = log.filter((e) => e.position > guard.floor && e.position <= position && !withheld.includes(e));
        const delivered = [...again, ...withheld, ...page.filter((e) => !held.includes(e))];
        admitted.push(...ids(await guard.admit(delivered, page.at(-1)!.position)));
        withheld = held;
        stored = guard.stored;
        position = page.at(-1)!.position;
      }
      expect(admitted).toHaveLength(log.length);
      expect(perStream(admitted)).toEqual(perStream(ids(log)));
    }),
    { numRuns: 200 },
  );
});

test('an event that arrives late is counted, so that shared rows can be rebuilt', async () => {
  const log = logOf(3, 10, 10);
  const guard = new RevisionGuard(-1n, '', readerOf(log));
  const late = log.findIndex((e, i) => i > 0 && i < 8 && e.revision === 0n);
  await guard.admit(
    log.filter((_, i) => i !== late && i < 8),
    log[7]!.position,
  );
  await guard.admit([log[late]!], log[7]!.position);
  expect(guard.counts.late + guard.counts.filled).toBeGreaterThan(0);
});

test('the stored window is bounded', async () => {
  const log = logOf(5, 1_000, 200);
  const guard = new RevisionGuard(-1n, '', readerOf(log));
  await guard.admit(log, log.at(-1)!.position);
  expect(guard.stored.split('\n')).toHaveLength(WINDOW + 1);
  expect(guard.floor).toBe(log.at(-WINDOW - 1)!.position);
});

test.each([
  ['since', 0],
  ['and a restart since', 20],
])('each event is admitted once after streams were renumbered, %s', async (_, restart) => {
  const log = logOf(7, 500, 3);
  // As when more streams were seen than there are numbers; pages read earlier may be cached and come later.
  const numbered = (from: number, to: number, numbering: number) =>
    log
      .slice(from, to)
      .map((e) => Object.assign(event(e.position, e.stream, e.revision), { streamNumber: numbering * STREAMS + Number(e.stream.at(-1)) }));
  let guard = new RevisionGuard(-1n, '', readerOf(log));
  const admitted = ids(await guard.admit(log.slice(0, restart), log[restart]!.position - 1n));
  if (restart > 0) guard = new RevisionGuard(log[restart - 1]!.position, guard.stored, readerOf(log));
  for (const [from, to, numbering] of [
    [restart, 40, 0],
    [40, 200, 1],
    [200, 210, 0],
    [210, 500, 2],
  ] as const) {
    admitted.push(...ids(await guard.admit(numbered(from, to, numbering), log[to - 1]!.position)));
  }
  expect(admitted).toEqual(ids(log));
  expect(guard.counts).toEqual({ filled: 0, repeated: 0, late: 0 });
});

test('a window with streams of any name is read back as it was stored', async () => {
  const log = ['line\nbreak', '"quoted"', 'nul\0', 'with space ', '1 2 x\r'].map((stream, i) => event(BigInt(10 + i), stream, 0n));
  const guard = new RevisionGuard(-1n, '', readerOf(log));
  await guard.admit(log, 14n);
  expect(guard.stored).not.toContain('\0');
  const again = new RevisionGuard(14n, guard.stored, readerOf(log));
  expect(again.stored).toBe(guard.stored);
  expect(await again.admit(log, 14n)).toEqual([]);
});
