import { EventEmitter, getEventListeners } from 'node:events';
import type { Connection } from './connection';
import { logReader } from './log-reader';

/** A connection that finds its node when `back` is called, and the calls that were made on it. */
function away() {
  const calls: (EventEmitter & { cancelled: boolean })[] = [];
  const call = () => {
    const made = Object.assign(new EventEmitter(), { cancelled: false, cancel: () => (made.cancelled = true) });
    calls.push(made);
    return Promise.resolve(made);
  };
  let back: () => void = () => undefined;
  const link = { long: { enter: () => Promise.resolve(() => undefined) }, client: { call } };
  const found = new Promise((resolve) => (back = () => resolve(link)));
  return { calls, back: () => back(), connection: { get: () => found, suspect: () => undefined } as unknown as Connection };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a subscription that is ended while the store is away', () => {
  it('ends at once, and the call is cancelled that begins when the store is back', async () => {
    const { calls, back, connection } = away();
    const stop = new AbortController();
    const ended = logReader(connection).subscribe(() => undefined, stop.signal);
    await settled();
    stop.abort();
    await ended;
    expect(calls).toEqual([]);
    back();
    await settled();
    expect(calls.map(({ cancelled }) => cancelled)).toEqual([true]);
  });

  it('ends, too, if both happen at the same moment', async () => {
    const { calls, back, connection } = away();
    const stop = new AbortController();
    const ended = logReader(connection).subscribe(() => undefined, stop.signal);
    back();
    stop.abort();
    await settled();
    for (const call of calls) call.emit('end');
    await ended;
    expect(calls.every(({ cancelled }) => cancelled)).toBe(true);
  });
});

it('a subscription that has ended leaves nothing at the signal of its caller, who subscribes again and again', async () => {
  const { calls, back, connection } = away();
  const stop = new AbortController();
  back();
  const ended = logReader(connection).subscribe(() => undefined, stop.signal);
  await settled();
  calls[0]!.emit('end');
  await ended;
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});
