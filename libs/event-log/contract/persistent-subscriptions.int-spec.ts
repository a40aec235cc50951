import {
  type PersistentSubscriptionToStreamSettings,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  END,
  eventTypeFilter,
  jsonEvent,
  ROUND_ROBIN,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { contract, events, fresh, pause, take, until } from './server-under-test';

const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });

const indexOf = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;

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

  it('begin at the end by default, which is fixed when the group is made', async () => {
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

  it('park what was retried too often, and replay it on demand', async () => {
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

  it('deliver again what was not answered in time', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(1));
    await client.createPersistentSubscriptionToStream(stream, group, settings({ messageTimeout: 500 }));
    const deliveries = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 3);
    expect(deliveries.map(({ retryCount }) => retryCount)).toEqual([0, 1, 2]);
  });

  it('give the messages of a lost consumer to the next one', async () => {
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

  it('keep a stream with one consumer when pinned, and share it out when in turn', async () => {
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

  it('take $all from a position between two events', async () => {
    const client = server().client();
    const group = fresh('group');
    const [, , third] = await take(client.readAll({ maxCount: 3 }), 3);
    await client.createPersistentSubscriptionToAll(
      group,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: { commit: 1n, prepare: 1n } }),
    );
    const found = await take(client.subscribeToPersistentSubscriptionToAll(group), 2);
    expect(found.every(({ event }) => event!.position!.commit >= 1n)).toBe(true);
    expect(found[0]!.event!.position!.commit).toBeLessThanOrEqual(third!.event!.position.commit);
  });

  it('tell their settings and figures', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    const given = settings({ extraStatistics: true, checkPointUpperBound: 1, checkPointLowerBound: 1, maxSubscriberCount: 7 });
    await client.createPersistentSubscriptionToStream(stream, group, given);
    await client.appendToStream(stream, events(10));
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    let acked = 0;
    subscription.on(
      'data',
      (resolved) =>
        void subscription.ack(resolved).then(
          () => acked++,
          () => undefined,
        ),
    );
    await until(() => acked === 10);
    await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.lastCheckpointedEventRevision === 9n);
    const info = await client.getPersistentSubscriptionToStreamInfo(stream, group);
    expect(info).toMatchObject({ eventSource: stream, groupName: group, status: 'Live', settings: given });
    expect(info.stats).toMatchObject({ totalItems: 10n, lastKnownEventRevision: 9n, parkedMessageCount: 0n, totalInFlightMessages: 0 });
    expect(info.connections).toHaveLength(1);
    expect(info.connections[0]).toMatchObject({
      username: 'admin',
      connectionName: client.connectionName,
      totalItems: 10n,
      availableSlots: 10,
    });
    const keys = ['mean', 'median', 'fastest', 'quintile 1', 'quintile 5', '90%', '95%', '99%', '99.5%', '99.9%', 'highest'];
    expect([...info.connections[0]!.extraStatistics!.keys()]).toEqual(expect.arrayContaining(keys));
    await subscription.unsubscribe();
  });

  it('may be changed to any start and to a lower checkpoint bound above the upper one, and go on to checkpoint', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    const given = settings({ startFrom: END, checkPointUpperBound: 1 });
    await client.createPersistentSubscriptionToStream(stream, group, given);
    expect((await client.getPersistentSubscriptionToStreamInfo(stream, group)).settings).toEqual(given);
    const changed = { ...given, startFrom: 123n, checkPointLowerBound: 12, maxSubscriberCount: 200, consumerStrategyName: ROUND_ROBIN };
    await client.updatePersistentSubscriptionToStream(stream, group, changed);
    const idle = await client.getPersistentSubscriptionToStreamInfo(stream, group);
    expect(idle.settings).toEqual(changed);
    expect(idle.stats.lastKnownEventRevision).toBeUndefined();
    await client.appendToStream(stream, events(140));
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    const seen: bigint[] = [];
    subscription.on('data', (resolved) => {
      seen.push(resolved.event!.revision);
      void subscription.ack(resolved).catch(() => undefined);
    });
    await until(() => seen.length === 17);
    expect([seen[0], seen.at(-1)]).toEqual([123n, 139n]);
    await until(
      async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.lastCheckpointedEventRevision === 139n,
    );
    await subscription.unsubscribe();
    expect((await client.getPersistentSubscriptionToStreamInfo(stream, group)).settings).toEqual(changed);
  });

  it('tell the settings of a group of $all', async () => {
    const client = server().client();
    const group = fresh('group');
    const given = persistentSubscriptionToAllSettingsFromDefaults();
    await client.createPersistentSubscriptionToAll(group, given);
    const info = await client.getPersistentSubscriptionToAllInfo(group);
    expect(info.settings).toEqual(given);
    expect(typeof info.stats.lastKnownEventPosition!.commit).toBe('bigint');
    const changed = { ...given, startFrom: info.stats.lastKnownEventPosition!, maxSubscriberCount: 200 };
    await client.updatePersistentSubscriptionToAll(group, changed);
    expect((await client.getPersistentSubscriptionToAllInfo(group)).settings).toEqual(changed);
    expect((await client.listPersistentSubscriptionsToAll()).map(({ groupName }) => groupName)).toContain(group);
    await client.deletePersistentSubscriptionToAll(group);
    await expect(client.getPersistentSubscriptionToAllInfo(group)).rejects.toThrow(
      `5 NOT_FOUND: Subscription group ${group} on stream $all does not exist.`,
    );
  });

  it('are listed together and by stream', async () => {
    const client = server().client();
    const stream = fresh('orders');
    const groups = [fresh('group'), fresh('group')];
    for (const group of groups) await client.createPersistentSubscriptionToStream(stream, group, settings());
    const ofStream = await client.listPersistentSubscriptionsToStream(stream);
    expect(ofStream.map(({ groupName }) => groupName).sort()).toEqual([...groups].sort());
    const everywhere = await client.listAllPersistentSubscriptions();
    expect(everywhere.map(({ groupName }) => groupName)).toEqual(expect.arrayContaining(groups));
    await expect(client.listPersistentSubscriptionsToStream(fresh('missing'))).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });

  it('drop their consumers when they are changed, and go on from the checkpoint', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.appendToStream(stream, events(20));
    await client.createPersistentSubscriptionToStream(stream, group, settings({ checkPointLowerBound: 1, checkPointUpperBound: 1 }));
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 1 });
    const dropped = new Promise((resolve) => subscription.on('error', resolve));
    let acked = 0;
    subscription.on('data', (resolved) => {
      if (acked < 10) void subscription.ack(resolved).then(() => acked++);
    });
    await until(async () => (await client.getPersistentSubscriptionToStreamInfo(stream, group)).stats.lastCheckpointedEventRevision === 9n);
    await client.updatePersistentSubscriptionToStream(stream, group, settings({ maxRetryCount: 3 }));
    expect(await dropped).toBeInstanceOf(PersistentSubscriptionDroppedError);
    const [next] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    expect(indexOf(next!)).toBe(10);
  });

  it('give a consumer that comes back at once what is new, after a change and after a restart of all', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings({ checkPointAfter: 60_000 }));
    let count = 0;
    for (let round = 0; round < 6; round++) {
      const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
      subscription.on('data', (resolved) => void subscription.ack(resolved).then(() => count++));
      const again = new Promise<unknown>((resolve) =>
        subscription.on('error', () => {
          const next = client.subscribeToPersistentSubscriptionToStream(stream, group);
          next.on('error', resolve).on('confirmation', () => resolve(take(next, 1).then(([first]) => indexOf(first!))));
        }),
      );
      await client.appendToStream(stream, events(1, 'test', 2 * round));
      await until(() => count === round + 1);
      await pause(50);
      if (round % 2 === 0) await client.updatePersistentSubscriptionToStream(stream, group, settings({ checkPointAfter: 60_000 }));
      else await client.restartPersistentSubscriptionSubsystem();
      await client.appendToStream(stream, events(1, 'test', 2 * round + 1));
      expect(await Promise.race([again, pause(3_000)])).toBe(2 * round + 1);
      const late = client.subscribeToPersistentSubscriptionToStream(stream, group);
      await new Promise<void>((resolve) =>
        late.on(
          'data',
          (resolved) =>
            void late
              .ack(resolved)
              .then(() => pause(50))
              .then(() => resolve()),
        ),
      );
      await late.unsubscribe();
    }
  });

  it('begin anew when they are made again, be it as soon as their deletion drops a consumer', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    const chosen = settings({ checkPointLowerBound: 1, checkPointUpperBound: 1 });
    await client.appendToStream(stream, events(6));
    await client.createPersistentSubscriptionToStream(stream, group, chosen);
    for (let round = 0; round < 5; round++) {
      const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
      const made = new Promise<void>((resolve, reject) =>
        subscription.on('error', () => void client.createPersistentSubscriptionToStream(stream, group, chosen).then(resolve, reject)),
      );
      const seen: number[] = [];
      subscription.on('data', (resolved) => {
        seen.push(indexOf(resolved));
        void subscription.ack(resolved);
      });
      await until(() => seen.length >= 6);
      expect(seen.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
      await pause(50);
      const { metadata } = await client.getStreamMetadata(`$persistentsubscription-${stream}::${group}-checkpoint`);
      expect(metadata).toMatchObject({ maxCount: 2 });
      await Promise.all([client.deletePersistentSubscriptionToStream(stream, group), made]);
    }
  });

  it('drop their consumers when they are deleted', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    const dropped = new Promise((resolve) => subscription.on('error', resolve));
    await new Promise<void>((resolve) => subscription.on('confirmation', () => resolve()));
    await client.deletePersistentSubscriptionToStream(stream, group);
    expect(await dropped).toMatchObject({ type: 'persistent-subscription-dropped', streamName: stream, groupName: group });
    await client.createPersistentSubscriptionToStream(stream, group, settings());
  });

  it('take no more consumers than allowed', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings({ maxSubscriberCount: 1 }));
    const first = client.subscribeToPersistentSubscriptionToStream(stream, group);
    await new Promise<void>((resolve) => first.on('confirmation', () => resolve()));
    const second = take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    await expect(second).rejects.toThrow(PersistentSubscriptionMaximumSubscribersReachedError);
    await expect(second).rejects.toThrow(
      `9 FAILED_PRECONDITION: Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
    );
    await first.unsubscribe();
  });

  it('exist once', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const again = client.createPersistentSubscriptionToStream(stream, group, settings());
    await expect(again).rejects.toThrow(PersistentSubscriptionExistsError);
    await expect(again).rejects.toMatchObject({
      message: `6 ALREADY_EXISTS: Subscription group ${group} on stream ${stream} exists.`,
      streamName: stream,
      groupName: group,
    });
  });

  it('that do not exist are refused by every call, in the same words', async () => {
    const client = server().client();
    const [stream, group] = [fresh('missing'), fresh('group')];
    const message = `5 NOT_FOUND: Subscription group ${group} on stream ${stream} does not exist.`;
    const calls = [
      client.getPersistentSubscriptionToStreamInfo(stream, group),
      client.deletePersistentSubscriptionToStream(stream, group),
      client.updatePersistentSubscriptionToStream(stream, group, settings()),
      client.replayParkedMessagesToStream(stream, group),
      take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1),
    ];
    for (const refused of await Promise.allSettled(calls)) {
      expect(refused).toMatchObject({
        status: 'rejected',
        reason: { message, type: 'persistent-subscription-does-not-exist', streamName: stream, groupName: group },
      });
    }
  });

  it('take names in any script', async () => {
    const client = server().client();
    const [stream, group] = [`어학연구소/0️⃣/${fresh('ด')}`, `ヽ༼ຈل͜ຈ༽ﾉ ${fresh('g')}`];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    await client.appendToStream(stream, jsonEvent({ type: 'grüße', data: { index: 0 } }));
    const [first] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    expect(first!.event).toMatchObject({ streamId: stream, type: 'grüße' });
    await expect(client.createPersistentSubscriptionToStream(stream, group, settings())).rejects.toThrow(PersistentSubscriptionExistsError);
  });

  it('are restarted as a whole, dropping their consumers', async () => {
    const client = server().client();
    const [stream, group] = [fresh('orders'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    const dropped = new Promise((resolve) => subscription.on('error', resolve));
    await new Promise<void>((resolve) => subscription.on('confirmation', () => resolve()));
    await client.restartPersistentSubscriptionSubsystem();
    await dropped;
    await client.appendToStream(stream, events(1));
    await until(async () => {
      const [found] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1).catch(() => []);
      return found !== undefined;
    });
    await pause(0);
  });
});
