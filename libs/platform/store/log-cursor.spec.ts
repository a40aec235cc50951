import { PassThrough } from 'node:stream';
import { type Call, Cursors } from './log-cursor';
import { BEFORE_ALL } from './log-reader';
import { LogEvent } from './log-event';

/** A store with this many events at positions 1, 2, …; counts how often a read began. */
function storeOf(length: number) {
  const begun: bigint[] = [];
  const begin = (after: bigint): Promise<Call> => {
    begun.push(after);
    const call = Object.assign(new PassThrough({ objectMode: true }), { cancel: () => void call.destroy(new Error('CANCELLED')) });
    for (let at = after < 0n ? 1 : Number(after) + 1; at <= length; at++)
      call.write(Object.assign(new LogEvent(), { position: BigInt(at) }));
    if (length < 100) call.end();
    return Promise.resolve(call as unknown as Call);
  };
  return { begin, begun };
}

const positions = (events: readonly LogEvent[]) => events.map(({ position }) => position);

test('a long read continues where it stopped, page by page', async () => {
  const { begin, begun } = storeOf(25);
  const cursors = new Cursors(begin, 1_000);
  expect(positions(await cursors.take(BEFORE_ALL, 10))).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n]);
  expect(positions(await cursors.take(10n, 10))).toEqual([11n, 12n, 13n, 14n, 15n, 16n, 17n, 18n, 19n, 20n]);
  expect(positions(await cursors.take(20n, 10))).toEqual([21n, 22n, 23n, 24n, 25n]);
  expect(begun).toEqual([BEFORE_ALL]);
  cursors.close();
});

test('a read that was closed because it was idle is started again, without an error', async () => {
  const { begin, begun } = storeOf(200);
  const cursors = new Cursors(begin, 1_000, 20);
  expect(positions(await cursors.take(BEFORE_ALL, 10))).toHaveLength(10);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(positions(await cursors.take(10n, 10))).toEqual([11n, 12n, 13n, 14n, 15n, 16n, 17n, 18n, 19n, 20n]);
  expect(begun).toEqual([BEFORE_ALL, 10n]);
  cursors.close();
});

test('a read fails in time when the store stops answering', async () => {
  const { begin } = storeOf(105);
  const cursors = new Cursors(begin, 50);
  await cursors.take(BEFORE_ALL, 100);
  await expect(cursors.take(100n, 100)).rejects.toThrow('the store has sent nothing for 50 ms');
});
