import {
  PersistentSubscriptionDroppedError,
  START,
  binaryEvent,
  eventTypeFilter,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  streamNameFilter,
} from '@eventstore/db-client';
import { indexOf, settings } from './groups';
import { contract, events, fresh, take, until } from './server-under-test';

contract('persistent subscriptions', (server) => {
  it('deliver a stream from its start, then live', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(20));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    await client.appendToStream(stream, events(5, 'test', 20));
    const seen: number[] = [];
    for await (const resolved of subscription) {
      seen.push(indexOf(resolved));
      await subscription.ack(resolved);
      if (seen.length === 25) break;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index));
  });

  it('begin at a revision, inclusive', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(4));
    await client.createPersistentSubscriptionToStream(stream, group, settings({ startFrom: 1n }));
    const [first] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    expect(first!.event!.revision).toBe(1n);
  });

  it('begin at the end by default, which is fixed when the group is created', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(4));
    await client.createPersistentSubscriptionToStream(stream, group, persistentSubscriptionToStreamSettingsFromDefaults());
    await client.appendToStream(stream, events(1, 'test', 4));
    const [first] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    expect(indexOf(first!)).toBe(4);
  });

  it('retry at once, before anything new, and count the retries', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(40));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 10 });
    const retries = new Map<number, number>();
    let calls = 0;
    for await (const resolved of subscription) {
      calls++;
      const index = indexOf(resolved);
      const first = !retries.has(index);
      retries.set(index, resolved.retryCount);
      if (index === 39 && !first) break;
      if (index < 20) await subscription.nack('skip', 'not for me', resolved);
      else if (first) await subscription.nack('retry', 'once more', resolved);
      else await subscription.ack(resolved);
    }
    expect(calls).toBe(60);
    expect([...retries.values()].slice(20).every((count) => count === 1)).toBe(true);
  });

  it('park messages that were retried too often, and replay them on demand', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(6));
    await client.createPersistentSubscriptionToStream(stream, group, settings({ maxRetryCount: 1 }));
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    let replaying = false;
    const replayed: (string | undefined)[] = [];
    subscription.on('data', (resolved) => {
      const answer = replaying
        ? subscription.ack(resolved)
        : subscription.nack(indexOf(resolved) < 3 ? 'park' : 'retry', 'later', resolved);
      if (replaying) replayed.push(`${indexOf(resolved)} ${resolved.link?.type}`);
      answer.catch(() => undefined);
    });
    const parked = async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.parkedMessageCount;
    await until(async () => (await parked()) === 6n);
    replaying = true;
    await client.replayParkedMessagesToStream(stream, group, { stopAt: 4 });
    await until(() => replayed.length === 4);
    await until(async () => (await parked()) === 2n);
    await client.replayParkedMessagesToStream(stream, group);
    await until(async () => (await parked()) === 0n);
    expect([...replayed].sort()).toEqual([0, 1, 2, 3, 4, 5].map((index) => `${index} $>`));
    await subscription.unsubscribe();
  });

  it('park many messages of a stream with a long name', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'.repeat(2_000)), fresh('group')];
    await client.appendToStream(stream, events(120));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 200 });
    const messages = await new Promise<Parameters<typeof subscription.ack>>((resolve) => {
      const found: Parameters<typeof subscription.ack> = [];
      subscription.on('data', (resolved) => found.push(resolved) === 120 && resolve(found));
    });
    await subscription.nack('park', 'no', ...messages);
    await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.parkedMessageCount === 120n);
    await subscription.unsubscribe();
  });

  it('write parked messages as links with the reason', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(1));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    for await (const resolved of subscription) {
      await subscription.nack('park', 'broken', resolved);
      break;
    }
    const parkedStream = `$persistentsubscription-${stream}::${group}-parked`;
    const [parked] = await take(client.subscribeToStream(parkedStream, { fromRevision: START }), 1);
    expect(parked!.event!.type).toBe('$>');
    expect(Buffer.from(parked!.event!.data as Uint8Array).toString()).toBe(`0@${stream}`);
    expect(parked!.event!.metadata).toMatchObject({ reason: expect.stringContaining('broken'), added: expect.any(String) });
  });

  it('redeliver messages that were not answered in time', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(1));
    await client.createPersistentSubscriptionToStream(stream, group, settings({ messageTimeout: 500 }));
    const deliveries = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 3);
    expect(deliveries.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
  });

  it('pass the messages of a lost consumer to the next one', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(5));
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const lost = client.subscribeToPersistentSubscriptionToStream(stream, group);
    await take(lost, 5);
    const next = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 5);
    expect(next.map(indexOf)).toEqual([0, 1, 2, 3, 4]);
    expect(next.map(({ retryCount }) => retryCount)).toEqual([1, 1, 1, 1, 1]);
  });

  it('resolve links, and name the message by its link', async () => {
    const client = server().client();
    const [source, links, group] = [fresh('orders'), fresh('links'), fresh('group')];
    await client.appendToStream(source, events(2));
    await client.appendToStream(
      links,
      [0, 1].map((revision) => ({
        id: crypto.randomUUID(),
        contentType: 'application/octet-stream' as const,
        type: '$>',
        data: Buffer.from(`${revision}@${source}`),
        metadata: undefined,
      })),
    );
    await client.createPersistentSubscriptionToStream(links, group, settings({ resolveLinkTos: true }));
    const subscription = client.subscribeToPersistentSubscriptionToStream(links, group, { bufferSize: 1 });
    const seen: string[] = [];
    for await (const resolved of subscription) {
      seen.push(`${resolved.event!.streamId}/${resolved.event!.revision} by ${resolved.link!.streamId}/${resolved.link!.revision}`);
      await subscription.ack(resolved);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([`${source}/0 by ${links}/0`, `${source}/1 by ${links}/1`]);
  });

  it('keep a stream on one consumer when pinned, and distribute it when round robin', async () => {
    const client = server().client();
    const group = fresh('group');
    const prefix = fresh('pin');
    await client.createPersistentSubscriptionToAll(
      group,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START, consumerStrategyName: 'Pinned' }),
      { filter: streamNameFilter({ prefixes: [prefix] }) },
    );
    const seen: string[][] = [[], [], []];
    const consumers = seen.map((streams) => {
      const subscription = client.subscribeToPersistentSubscriptionToAll(group, { bufferSize: 100 });
      subscription.on('data', (resolved) => {
        streams.push(resolved.event!.streamId);
        subscription.ack(resolved).catch(() => undefined);
      });
      return subscription;
    });
    await until(async () => (await client.getPersistentSubscriptionToAllInfo(group)).connections.length === 3);
    for (let stream = 0; stream < 20; stream++) await client.appendToStream(`${prefix}-${stream}`, events(5));
    await until(() => seen.flat().length === 100);
    const owners = new Map<string, Set<number>>();
    seen.forEach((streams, consumer) => streams.forEach((stream) => owners.set(stream, (owners.get(stream) ?? new Set()).add(consumer))));
    expect(owners.size).toBe(20);
    expect([...owners.values()].every((set) => set.size === 1)).toBe(true);
    expect(seen.every((streams) => streams.length > 0)).toBe(true);
    await Promise.all(consumers.map((consumer) => consumer.unsubscribe()));
  });

  it.each([
    ['RoundRobin', [5, 5]],
    ['DispatchToSingle', [10, 0]],
  ] as const)('share messages by %s', async (consumerStrategyName, expected) => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings({ consumerStrategyName }));
    const counts = [0, 0];
    const consumers: ReturnType<typeof client.subscribeToPersistentSubscriptionToStream>[] = [];
    for (const consumer of [0, 1]) {
      const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 20 });
      subscription.on('data', () => void counts[consumer]!++);
      consumers.push(subscription);
      await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).connections.length === consumer + 1);
    }
    await client.appendToStream(stream, events(10));
    await until(() => counts[0]! + counts[1]! === 10);
    expect(counts).toEqual(expected);
    await Promise.all(consumers.map((consumer) => consumer.unsubscribe()));
  });

  it('filter $all on stream names and types, from any position', async () => {
    const client = server().client();
    const [prefix, type] = [fresh('filtered'), fresh('Type')];
    const { position } = await client.appendToStream(`${prefix}-a`, events(1, 'Before'));
    await client.appendToStream(`${prefix}-a`, [...events(3), ...events(2, type)]);
    await client.appendToStream(fresh('other'), events(3));
    await client.appendToStream(`${prefix}-b`, events(1, type));
    const [byName, byType] = [fresh('group'), fresh('group')];
    await client.createPersistentSubscriptionToAll(byName, persistentSubscriptionToAllSettingsFromDefaults({ startFrom: position! }), {
      filter: streamNameFilter({ regex: `^${prefix}-[ab]$` }),
    });
    await client.createPersistentSubscriptionToAll(byType, persistentSubscriptionToAllSettingsFromDefaults({ startFrom: START }), {
      filter: eventTypeFilter({ prefixes: [type] }),
    });
    const named = await take(client.subscribeToPersistentSubscriptionToAll(byName), 7);
    expect(named.map(({ event }) => event!.type)).toEqual(['Before', 'test', 'test', 'test', type, type, type]);
    const typed = await take(client.subscribeToPersistentSubscriptionToAll(byType), 3);
    expect(typed.map(({ event }) => event!.streamId)).toEqual([`${prefix}-a`, `${prefix}-a`, `${prefix}-b`]);
    expect(typeof typed[0]!.commitPosition).toBe('bigint');
  });

  it('pin unresolved links by the stream that they name', async () => {
    const client = server().client();
    const [stream, group] = [fresh('links'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings({ consumerStrategyName: 'Pinned', resolveLinkTos: false }));
    const seen: string[][] = [[], [], []];
    const consumers = seen.map((sources) => {
      const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 100 });
      subscription.on('data', (resolved) => {
        sources.push(
          Buffer.from(resolved.event!.data as Uint8Array)
            .toString()
            .split('@')[1]!,
        );
        subscription.ack(resolved).catch(() => undefined);
      });
      return subscription;
    });
    await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).connections.length === 3);
    const links = Array.from({ length: 240 }, (_, i) =>
      binaryEvent({ type: '$>', data: Buffer.from(`${Math.floor(i / 24)}@source-${i % 24}`) }),
    );
    await client.appendToStream(stream, links);
    await until(() => seen.flat().length === 240);
    expect(seen.every((sources) => sources.length > 0)).toBe(true);
    const owners = seen.map((sources) => new Set(sources));
    expect(owners.reduce((sum, { size }) => sum + size, 0)).toBe(24);
    await Promise.all(consumers.map((consumer) => consumer.unsubscribe()));
  });

  it('drop consumers of $all that begin at a position that is not an event’s', async () => {
    const client = server().client();
    const group = fresh('group');
    const { position } = await client.appendToStream(fresh('orders'), events(2));
    const startFrom = { commit: position!.commit + 1n, prepare: position!.commit + 1n };
    await client.createPersistentSubscriptionToAll(group, persistentSubscriptionToAllSettingsFromDefaults({ startFrom }));
    await expect(take(client.subscribeToPersistentSubscriptionToAll(group), 1)).rejects.toBeInstanceOf(PersistentSubscriptionDroppedError);
  });
});
