/** A node whose certificate or address changes while an app is connected to it. */
import dns from 'node:dns';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metadata } from '#kernel/event';
import { selfSigned } from '#event-log/contract/certificate';
import { startNode, type RunningNode } from '#event-log/node';
import { testDirectory } from '#platform/testing/testing';
import { EventStore, StoreUnavailable } from './event-store';

const counted = (n: number) => ({
  type: 'Counted',
  data: { n },
  metadata: { commandId: 'c', actor: 'a', schema: 1 } as unknown as Metadata,
});
/** Retries appending at a revision until it is stored; returns how long that took, in ms. */
async function appended(store: EventStore, expected: bigint): Promise<number> {
  const begun = performance.now();
  for (;;) {
    try {
      await store.append('order-1', expected, [counted(Number(expected))]);
      return performance.now() - begun;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() - begun > 15_000) throw error;
    }
  }
}
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

it('continues when certificates are replaced while it runs, by another authority, under the same file name', async () => {
  const dataDir = testDirectory('renewed');
  const file = join(testDirectory('certificates'), 'ca.crt');
  const start = async (port: number): Promise<RunningNode> => {
    const { certificate, key } = selfSigned();
    writeFileSync(file, certificate);
    return startNode({ dataDir, port, tls: { cert: certificate, key }, adminPassword: 'spec', opsPassword: 'spec' });
  };
  const first = await start(0);
  const store = new EventStore(`esdb://admin:spec@127.0.0.1:${first.port}?tls=true&tlsCAFile=${file}`, 2_000);
  ends.push(() => store.close());
  await appended(store, -1n);
  await first.close();
  const second = await start(first.port);
  ends.push(() => second.close());
  expect(await appended(store, 0n)).toBeLessThan(6_000);
}, 60_000);

it('follows a host name when it resolves to another address', async () => {
  const dataDir = testDirectory('resolved');
  let address = '127.0.0.1';
  const resolved = jest.fn();
  const lookup = jest.spyOn(dns.promises, 'lookup').mockImplementation((async (name: string) => {
    resolved(name);
    return [{ address, family: 4 }];
  }) as never);
  ends.push(async () => lookup.mockRestore());
  const before = await startNode({ dataDir, host: '127.0.0.1' });
  const store = new EventStore(`esdb://store.example:${before.port}?tls=false`, 2_000);
  ends.push(() => store.close());
  await appended(store, -1n);
  await before.close();
  // The old address no longer answers.
  const after = await startNode({ dataDir, host: '127.0.0.2', port: before.port });
  ends.push(() => after.close());
  address = '127.0.0.2';
  expect(await appended(store, 0n)).toBeLessThan(6_000);
  expect(resolved).toHaveBeenCalledWith('store.example');
}, 60_000);
