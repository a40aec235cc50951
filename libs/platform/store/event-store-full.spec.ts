import { EventStore, StoreUnavailable } from './event-store';

const storeThat = (fail: () => Error) => {
  const store = new EventStore('esdb://127.0.0.1:1?tls=false');
  let sent = 0;
  const link = { appends: { send: () => ((sent += 1), Promise.reject(fail())) } };
  const connection = { standing: link, get: () => Promise.resolve(link), suspect: () => undefined };
  Object.assign(store, { connection });
  const append = () => store.append('order-north.1', -1n, [{ type: 'Made', data: {}, metadata: {} } as never]);
  return { append, sent: () => sent };
};

it('an append that the full disk refuses is not repeated: nobody waits for an answer that is known', async () => {
  const full = storeThat(() => new Error('8 RESOURCE_EXHAUSTED: The node cannot write: ENOSPC: no space left on device, write'));
  await expect(full.append()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(full.sent()).toBe(1);
  const away = storeThat(() => new Error('14 UNAVAILABLE: the connection broke off'));
  await expect(away.append()).rejects.toBeInstanceOf(StoreUnavailable);
  expect(away.sent()).toBeGreaterThan(1);
});
