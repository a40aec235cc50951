import {
  EventStoreDBClient,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { startNode } from '../../node';
import { randomUUIDBytes } from '../../bytes/uuid';
import { all, events, fresh, take, until } from '../server-under-test';
import { connect, dataDir, kept, start } from './node-under-test';

const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, checkPointLowerBound: 1, checkPointUpperBound: 1, ...changes });
const index = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;

describe('a persistent subscription across kill -9', () => {
  it('continues after its checkpoint and repeats only what the checkpoint did not cover', async () => {
    let node = await start();
    let client = connect(node);
    const [stream, group] = [fresh('order'), fresh('group')];
    await client.appendToStream(stream, events(30));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const acked: number[] = [];
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 1 });
    subscription.on('error', () => undefined);
    subscription.on('data', (resolved) => {
      if (acked.length < 10)
        void subscription.ack(resolved).then(
          () => acked.push(index(resolved)),
          () => undefined,
        );
    });
    // The checkpoint's stream shows what is on disk, not only in memory.
    await until(async () => {
      const found = await all(client.readStream(`$persistentsubscription-${stream}::${group}-checkpoint`)).catch(() => []);
      return found.at(-1)?.event?.data === '9';
    });
    await node.kill();

    node = await start();
    client = connect(node);
    const info = await client.getPersistentSubscriptionToStreamInfo(stream, group);
    expect(info.settings).toEqual(settings());
    expect(info.stats.lastCheckpointedEventRevision).toBe(9n);
    const rest = await take(client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 30 }), 20);
    expect(rest.map(index)).toEqual(Array.from({ length: 20 }, (_, position) => position + 10));
  });

  it('that began at the end and has no checkpoint yet delivers all events since its creation', async () => {
    let node = await start();
    let client = connect(node);
    const [stream, group, everything] = [fresh('order'), fresh('group'), fresh('group')];
    await client.appendToStream(stream, events(5));
    await client.createPersistentSubscriptionToStream(stream, group, persistentSubscriptionToStreamSettingsFromDefaults());
    await client.createPersistentSubscriptionToAll(everything, persistentSubscriptionToAllSettingsFromDefaults(), {
      filter: streamNameFilter({ prefixes: [stream] }),
    });
    await client.appendToStream(stream, events(3, 'test', 5));
    await node.kill();

    node = await start();
    client = connect(node);
    expect((await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 3)).map(index)).toEqual([5, 6, 7]);
    expect((await take(client.subscribeToPersistentSubscriptionToAll(everything), 3)).map(index)).toEqual([5, 6, 7]);
  });

  it('keeps parked messages, and those whose replay was not finished', async () => {
    let node = await start();
    let client = connect(node);
    const [stream, group] = [fresh('order'), fresh('group')];
    await client.appendToStream(stream, events(4));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const parked = async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.parkedMessageCount;
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    let replayed = 0;
    let replaying = false;
    subscription.on('error', () => undefined);
    subscription.on('data', (resolved) => {
      if (!replaying) subscription.nack('park', 'later', resolved).catch(() => undefined);
      else if (replayed++ < 2) subscription.ack(resolved).catch(() => undefined);
    });
    await until(async () => (await parked()) === 4n);
    replaying = true;
    await client.replayParkedMessagesToStream(stream, group);
    await until(async () => (await parked()) === 2n);
    const metastream = `$$$persistentsubscription-${stream}::${group}-parked`;
    await until(async () =>
      (await all(client.readStream(metastream)).catch(() => [])).some(({ event }) => (event!.data as { $tb?: number }).$tb === 2),
    );
    await node.kill();

    node = await start();
    client = connect(node);
    expect(await parked()).toBe(2n);
    await client.replayParkedMessagesToStream(stream, group);
    const again = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 2);
    expect(again.map(index).sort()).toEqual([2, 3]);
  });

  it('loses no event when it is killed while events are consumed', async () => {
    const [stream, group] = [fresh('order'), fresh('group')];
    const total = 300;
    const processed = new Set<number>();
    let node = await start();
    await connect(node).appendToStream(stream, events(total));
    await connect(node).createPersistentSubscriptionToStream(stream, group, settings({ checkPointUpperBound: 10, messageTimeout: 1_000 }));
    for (let round = 1; processed.size < total; round++) {
      const client = connect(node);
      const goal = Math.min(total, round * 75);
      const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 20 });
      subscription.on('error', () => undefined);
      subscription.on('data', (resolved) => {
        processed.add(index(resolved));
        subscription.ack(resolved).catch(() => undefined);
      });
      await until(() => processed.size >= goal);
      await node.kill();
      node = await start();
    }
    expect(processed.size).toBe(total);
  });
});

it('keeps serving when a file that a persistent subscription reads is damaged, and reports the damage to its consumers', async () => {
  const options = { dataDir: dataDir(), segmentSize: 64 * 1024 };
  let node = await startNode(options);
  for (let i = 0; i < 100; i++) {
    const data = Buffer.from(JSON.stringify({ index: i, text: 'y'.repeat(1_000) }));
    await node.log.append('s', 'any', [{ id: randomUUIDBytes(), type: 'test', json: true, data, metadata: Buffer.alloc(0) }]);
  }
  const { offset } = node.log.event('s', 40)!;
  await node.close();
  const file = openSync(join(dataDir(), 'log', '0000000000000000.log'), 'r+');
  writeSync(file, 'Z', offset + 500);
  closeSync(file);
  const warned: string[] = [];
  const hear = (reason: Error) => warned.push(reason.message);
  process.on('unhandledRejection', hear);
  node = await startNode(options);
  try {
    const client = kept(EventStoreDBClient.connectionString(node.connectionString));
    const settings = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START });
    await client.createPersistentSubscriptionToStream('s', 'g', settings);
    const subscription = client.subscribeToPersistentSubscriptionToStream('s', 'g');
    const seen: number[] = [];
    subscription.on('data', (resolved) => {
      seen.push((resolved.event!.data as { index: number }).index);
      void subscription.ack(resolved);
    });
    const error = await new Promise<Error>((resolve) => subscription.on('error', resolve));
    expect(error.message).toMatch(/damaged: checksum/);
    expect(seen).toEqual([...Array(seen.length).keys()]);
    expect(seen.length).toBeGreaterThanOrEqual(20);
    await client.appendToStream('other', events(1));
  } finally {
    await node.close();
    process.off('unhandledRejection', hear);
  }
  expect(warned).toEqual([]);
});
