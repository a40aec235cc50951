import { setTimeout as sleep } from 'node:timers/promises';
import { Feed, type Follower, type Page } from './feed';
import { BEFORE_ALL, type LogReader } from '#platform/store/log-reader';
import { LogEvent } from '#platform/store/log-event';

/** A log with the given number of events at positions 1, 2, …, and the positions from which it was read. */
function logOf(length: number) {
  const reads: bigint[] = [];
  const events = Array.from({ length }, (_, i) =>
    Object.assign(new LogEvent(), {
      position: BigInt(i + 1),
      stream: `stream-${i % 7}`,
      revision: BigInt(Math.floor(i / 7)),
      type: 'Counted',
    }),
  );
  const log: LogReader = {
    readAll: (after, max) => {
      reads.push(after);
      const from = after < 0n ? 0 : Number(after);
      return Promise.resolve(events.slice(from, from + max));
    },
    readStream: () => Promise.resolve([]),
    last: () => Promise.resolve(events.at(-1)),
    subscribe: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  };
  return { log, reads };
}

const options = { pageSize: 10, kept: 50, pollMs: 20, paceMs: 0 };
const stop = new AbortController();

async function follow(feed: Follower, at: (page: Page) => Promise<unknown>): Promise<number> {
  let count = 0;
  for (let after = BEFORE_ALL; ;) {
    const page = await feed.next(after, stop.signal);
    count += page.events.length;
    after = page.through;
    if (page.last) return count;
    await at(page);
  }
}

describe('views that catch up', () => {
  test('share one read of each page, whatever their speeds', async () => {
    const { log, reads } = logOf(1000);
    const feed = new Feed(log, options);
    const paces = [() => Promise.resolve(), () => sleep(0), ({ through }: Page) => sleep(through % 100n === 0n ? 12 : 0)];
    const followers = paces.map((pace) => ({ pace, follower: feed.join() }));
    expect(await Promise.all(followers.map(({ follower, pace }) => follow(follower, pace)))).toEqual([1000, 1000, 1000]);
    // Each of them looks at the end.
    const pages = reads.filter((after) => after < 1000n);
    expect(pages.length).toBe(new Set(pages).size);
    for (const { follower } of followers) follower.leave();
    await feed.close();
  });

  test('do not wait for one that has paused for more than a moment, and it still gets its pages', async () => {
    const { log } = logOf(1000);
    const feed = new Feed(log, options);
    const stopped = feed.join();
    const first = await stopped.next(BEFORE_ALL, stop.signal);
    const quick = feed.join();
    expect(await follow(quick, () => Promise.resolve())).toBe(1000);
    expect(await follow(stopped, () => Promise.resolve())).toBe(1000);
    expect(first.events[0]!.position).toBe(1n);
    await feed.close();
  });

  test('reread pages that were evicted', async () => {
    const { log, reads } = logOf(30);
    const feed = new Feed(log, options);
    const follower = feed.join();
    await follow(follower, () => Promise.resolve());
    feed.forget();
    expect(await follow(follower, () => Promise.resolve())).toBe(30);
    expect(reads.filter((after) => after === BEFORE_ALL)).toHaveLength(2);
    await feed.close();
  });
});

describe('the end of the log', () => {
  /** A log that grows, its feed, and one view at its end. */
  async function atTheEnd(paceMs: number) {
    const { log } = logOf(1_000);
    let length = 0;
    let ring: () => void = () => undefined;
    const growing: LogReader = {
      ...log,
      readAll: async (after, max) => (await log.readAll(after, max)).filter(({ position }) => position <= BigInt(length)),
      subscribe: (heard, signal) => {
        ring = heard;
        return log.subscribe(heard, signal);
      },
    };
    const feed = new Feed(growing, { pageSize: 100, kept: 500, pollMs: 60_000, paceMs });
    const follower = feed.join();
    let after = BEFORE_ALL;
    /** The number of events that the view gets when some more are recorded. */
    const record = async (events: number) => {
      const next = follower.next(after, stop.signal);
      await sleep(0);
      length += events;
      ring();
      const page = await next;
      after = page.through;
      return page.events.length;
    };
    return { record, close: () => feed.close() };
  }

  test('is read at once while few events come', async () => {
    const { record, close } = await atTheEnd(60_000);
    for (let n = 0; n < 50; n += 1) expect(await record(3)).toBe(3);
    await close();
  });

  test('is read no more often than its pace while many come', async () => {
    const { record, close } = await atTheEnd(80);
    expect(await record(40)).toBe(40);
    const from = performance.now();
    expect(await record(40)).toBe(40);
    expect(performance.now() - from).toBeGreaterThan(60);
    await close();
  });
});
