import {
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  ROUND_ROBIN,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '@eventstore/db-client';
import { indexOf, settings } from './groups';
import { contract, events, fresh, ours, pause, take, until } from './server-under-test';

contract('groups of persistent subscriptions', (server) => {
  it('report their settings and statistics', async () => {
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

  it('can be changed to any start and to a minimum checkpoint count above the maximum, and still write checkpoints', async () => {
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

  it('report the settings of a group of $all', async () => {
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

  it('drop their consumers when they are changed, and continue from the checkpoint', async () => {
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

  it('deliver only new events to a consumer that reconnects at once, after a change and after a restart of all groups', async () => {
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

  it('begin from the start when they are created again, even as soon as their deletion drops a consumer', async () => {
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

  it('accept no more consumers than allowed', async () => {
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

  it('that do not exist are refused by every call with the same text', async () => {
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

  it('accept names in any script', async () => {
    const client = server().client();
    const [stream, group] = [`어학연구소/0️⃣/${fresh('ด')}`, `ヽ༼ຈل͜ຈ༽ﾉ ${fresh('g')}`];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    await client.appendToStream(stream, jsonEvent({ type: 'grüße', data: { index: 0 } }));
    const [first] = await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1);
    expect(first!.event).toMatchObject({ streamId: stream, type: 'grüße' });
  });

  ours.it('are refused by name in any script', 'the original answers HTTP 500 if the name is not ASCII', async () => {
    const client = server().client();
    const [stream, group] = [fresh('ด'), `ヽ༼ຈل͜ຈ༽ﾉ ${fresh('g')}`];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
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
