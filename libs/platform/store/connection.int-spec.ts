import type { Metadata } from '#kernel/event';
import { freePort } from '#platform/embedded/embedded-postgres';
import { testStore } from '#platform/testing/testing';
import { EventStore, StoreUnavailable } from './event-store';
import { reportStore } from './store-report';

const metadata = { commandId: 'c', actor: 'a', schema: 1 } as unknown as Metadata;
const counted = (n: number) => ({ type: 'Counted', data: { n }, metadata });

async function until(what: () => Promise<unknown>, ms = 6_000): Promise<number> {
  const begun = performance.now();
  for (;;) {
    try {
      await what();
      return performance.now() - begun;
    } catch (error) {
      if (performance.now() - begun > ms) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

it('appends again after its node was killed and restarted, whatever was called meanwhile, also with hosts that never answer', async () => {
  const node = await testStore();
  const lost: string[] = [];
  const found: number[] = [];
  const url = `esdb://127.0.0.1:${node.port},127.0.0.1:${await freePort()}?tls=false`;
  const store = new EventStore(url, 1_500);
  store.connection.watch({ lost: ({ reason }) => lost.push(reason!), found: (_, ms) => found.push(ms) });
  await store.append('order-1', -1n, [counted(1)]);
  expect(store.state).toMatchObject({ up: true, node: `127.0.0.1:${node.port}` });
  await node.kill();
  for (let n = 0; n < 5; n++) await expect(store.append('order-1', 0n, [counted(2)])).rejects.toBeInstanceOf(StoreUnavailable);
  expect(store.state.up).toBe(false);
  await node.start();
  expect(await until(() => store.append('order-1', 0n, [counted(2)]))).toBeLessThan(6_000);
  expect(lost).toHaveLength(1);
  expect(found).toHaveLength(2);
  await store.close();
  await node.stop();
}, 60_000);

it('connects to a node that is started after it', async () => {
  const node = await testStore();
  await node.kill();
  const store = new EventStore(node.url, 1_000);
  const said: string[] = [];
  const line = (_: object, text: string) => void said.push(text);
  reportStore(store.connection, { info: line, warn: line } as never);
  await expect(store.append('order-1', -1n, [counted(1)])).rejects.toBeInstanceOf(StoreUnavailable);
  await node.start();
  expect(await until(() => store.append('order-1', -1n, [counted(1)]))).toBeLessThan(6_000);
  expect(said[0]).toMatch(/^not connected to the event store yet/);
  await node.kill();
  await expect(store.append('order-1', 0n, [counted(2)])).rejects.toBeInstanceOf(StoreUnavailable);
  expect(said.at(-1)).toMatch(/^lost the connection/);
  await store.close();
  await node.stop();
}, 60_000);
