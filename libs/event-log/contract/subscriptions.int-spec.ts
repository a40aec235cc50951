import {
  type AllStreamSubscription,
  binaryEvent,
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { ReadReq, type ReadResp } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { deadline, download } from './raw';
import { contract, events, fresh, pause, take, until } from './server-under-test';

const index = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, position) => position);

contract('subscriptions', (server) => {
  it('deliver the past of a stream, then live events, without gap or repetition', async () => {
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(200));
    const seen: number[] = [];
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    subscription.on('data', (resolved) => seen.push(index(resolved)));
    for (let batch = 0; batch < 30; batch++) await client.appendToStream(stream, events(10, 'test', 200 + batch * 10));
    await until(() => seen.length === 500);
    await pause(50);
    expect(seen).toEqual(upTo(500));
    await subscription.unsubscribe();
  });

  it('begin after a revision', async () => {
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(5));
    expect((await take(client.subscribeToStream(stream, { fromRevision: 2n }), 2)).map(index)).toEqual([3, 4]);
  });

  it('deliver only new events when they begin at the end', async () => {
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(5));
    const subscription = client.subscribeToStream(stream, { fromRevision: END });
    const found = take(subscription, 1);
    await new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    await client.appendToStream(stream, events(1, 'test', 5));
    expect((await found).map(index)).toEqual([5]);
  });

  it('wait for a stream that does not exist yet', async () => {
    const client = server().client();
    const stream = fresh('order');
    const found = take(client.subscribeToStream(stream, { fromRevision: START }), 1);
    await pause(50);
    await client.appendToStream(stream, events(1));
    expect((await found).map(index)).toEqual([0]);
  });

  it('send a confirmation first, and a message when they have caught up', async () => {
    const client = server().raw(StreamsClient);
    const stream = fresh('order');
    await server().client().appendToStream(stream, events(3));
    const options = new ReadReq.Options()
      .setStream(
        new ReadReq.Options.StreamOptions()
          .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream)))
          .setStart(new Empty()),
      )
      .setSubscription(new ReadReq.Options.SubscriptionOptions())
      .setNoFilter(new Empty())
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()));
    const { answers } = await download(client.read(new ReadReq().setOptions(options), server().as(), deadline()), 5);
    const kinds = (answer: ReadResp) =>
      answer.hasConfirmation() ? 'confirmation' : answer.hasEvent() ? 'event' : answer.hasCaughtUp() ? 'caught-up' : 'other';
    expect(answers.map(kinds)).toEqual(['confirmation', 'event', 'event', 'event', 'caught-up']);
    expect(answers[0]!.getConfirmation()!.getSubscriptionId()).not.toBe('');
  });

  it('send it again when they have fallen behind and caught up again', async () => {
    const client = server().client();
    const stream = fresh('order');
    let caughtUp = 0;
    let seen = 0;
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    subscription.on('data', () => seen++);
    subscription.on('caughtUp', () => caughtUp++);
    await until(() => caughtUp === 1);
    await client.appendToStream(stream, events(2000));
    await until(() => seen === 2000 && caughtUp === 2);
    await client.appendToStream(stream, events(1));
    await until(() => seen === 2001);
    await pause(50);
    expect(caughtUp).toBe(2);
    await subscription.unsubscribe();
  });

  it('of a tombstoned stream end with its deletion', async () => {
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(1));
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    const failed = new Promise((resolve) => subscription.on('error', resolve));
    await new Promise<void>((resolve) => subscription.once('data', () => resolve()));
    await client.tombstoneStream(stream);
    expect(await failed).toMatchObject({ type: 'stream-deleted', streamName: stream });
    await expect(take(client.subscribeToStream(stream, { fromRevision: START }), 1)).rejects.toMatchObject({ type: 'stream-deleted' });
  });

  it('continue after a soft delete with the next append', async () => {
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(2));
    const seen: number[] = [];
    const subscription = client.subscribeToStream(stream, { fromRevision: START });
    subscription.on('data', (resolved) => seen.push(index(resolved)));
    await until(() => seen.length === 2);
    await client.deleteStream(stream);
    await client.appendToStream(stream, events(1, 'test', 2));
    await until(() => seen.length === 3);
    expect(seen).toEqual([0, 1, 2]);
    await subscription.unsubscribe();
  });

  it('resolve links', async () => {
    const client = server().client();
    const [target, links] = [fresh('target'), fresh('links')];
    await client.appendToStream(target, events(2));
    await client.appendToStream(links, binaryEvent({ type: '$>', data: Buffer.from(`1@${target}`) }));
    const [resolved] = await take(client.subscribeToStream(links, { fromRevision: START, resolveLinkTos: true }), 1);
    expect(resolved).toMatchObject({ event: { streamId: target, revision: 1n }, link: { streamId: links, revision: 0n } });
  });

  it('to $all begin after a position and continue live', async () => {
    const client = server().client();
    const stream = fresh('order');
    const { position } = await client.appendToStream(stream, events(1));
    await client.appendToStream(stream, events(2, 'test', 1));
    const mine: number[] = [];
    const subscription = client.subscribeToAll({ fromPosition: position! });
    subscription.on('data', (resolved) => resolved.event!.streamId === stream && mine.push(index(resolved)));
    await until(() => mine.length === 2);
    await client.appendToStream(stream, events(2, 'test', 3));
    await until(() => mine.length === 4);
    expect(mine).toEqual([1, 2, 3, 4]);
    await subscription.unsubscribe();
  });

  it.each([
    ['prefixes of names', (prefix: string) => streamNameFilter({ prefixes: [`${prefix}-a`] }), ['a', 'a']],
    ['a pattern of names', (prefix: string) => streamNameFilter({ regex: `^${prefix}-[bc]$` }), ['b', 'c']],
    ['prefixes of types', (prefix: string) => eventTypeFilter({ prefixes: [`${prefix}X`, `${prefix}Z`] }), ['a', 'c']],
    ['a pattern of types', (prefix: string) => eventTypeFilter({ regex: `^${prefix}[YZ]` }), ['a', 'b', 'c']],
  ] as const)('to $all are filtered by %s', async (_title, filter, expected) => {
    const client = server().client();
    const prefix = fresh('f');
    for (const [name, type] of [
      ['a', 'X'],
      ['a', 'Y'],
      ['b', 'Y'],
      ['c', 'Z'],
    ])
      await client.appendToStream(`${prefix}-${name}`, events(1, `${prefix}${type}`));
    const found = await take(client.subscribeToAll({ fromPosition: START, filter: filter(prefix) }), expected.length);
    expect(found.map(({ event }) => event!.streamId.slice(-1))).toEqual(expected);
  });

  it('to $all send strictly increasing checkpoints at the requested interval', async () => {
    const client = server().client();
    const stream = fresh('order');
    const { position } = await client.appendToStream(stream, events(1));
    const checkpoints: Position[] = [];
    let active = false;
    let overlapped = false;
    let seen = 0;
    const subscription = client.subscribeToAll({
      fromPosition: position!,
      filter: excludeSystemEvents({
        checkpointInterval: 2,
        checkpointReached: async (_subscription: AllStreamSubscription, at: Position) => {
          checkpoints.push(at);
          active = true;
          await pause(20);
          active = false;
        },
      }),
    });
    subscription.on('data', () => {
      overlapped ||= active;
      seen++;
    });
    await new Promise<void>((resolve) => subscription.once('confirmation', () => resolve()));
    for (let batch = 0; batch < 19; batch++) await client.appendToStream(stream, events(20));
    await client.appendToStream(stream, [...events(3), jsonEvent({ type: 'last', data: {} })]);
    await until(() => seen === 384);
    await until(() => checkpoints.length >= 6);
    expect(overlapped).toBe(false);
    expect(checkpoints.length).toBeLessThanOrEqual(8);
    const commits = checkpoints.map(({ commit }) => commit);
    expect(commits).toEqual([...new Set(commits)].sort((a, b) => (a < b ? -1 : 1)));
    await subscription.unsubscribe();
  });

  it('to $all send a checkpoint even if nothing matches', async () => {
    const client = server().client();
    await client.appendToStream(fresh('order'), events(50));
    const reached = new Promise<Position>((resolve) => {
      const subscription = client.subscribeToAll({
        fromPosition: START,
        filter: streamNameFilter({
          prefixes: [fresh('nothing')],
          checkpointReached: async (_subscription: AllStreamSubscription, position: Position) => {
            resolve(position);
            await subscription.unsubscribe();
          },
        }),
      });
      subscription.on('error', () => undefined);
      subscription.resume();
    });
    expect(typeof (await reached).commit).toBe('bigint');
  });

  it('to $all lose nothing that arrives while the last page of the past waits for a slow reader', async () => {
    const client = server().client();
    const stream = fresh('catching-up');
    const marker = await client.appendToStream(stream, jsonEvent({ type: 'marker', data: {} }));
    // One page of the node, and more than the client and the connection buffer unread.
    const past = upTo(200).map((index) => jsonEvent({ type: 'past', data: { index, text: 'x'.repeat(1_000) } }));
    await client.appendToStream(stream, past);
    const subscription = client.subscribeToAll({ fromPosition: marker.position });
    await pause(300);
    await client.appendToStream(stream, events(3, 'meanwhile'));
    await pause(50);
    const seen: bigint[] = [];
    subscription.on('data', ({ event }) => {
      if (event!.streamId === stream) seen.push(event!.revision);
    });
    await until(() => seen.length >= past.length);
    await client.appendToStream(stream, events(1, 'last'));
    await until(() => seen.at(-1) === 204n);
    expect(seen).toEqual(upTo(204).map((revision) => BigInt(revision + 1)));
    await subscription.unsubscribe();
  });

  it('lose nothing for a reader that is slow', async () => {
    const client = server().client();
    const stream = fresh('order');
    for (let batch = 0; batch < 20; batch++) {
      await client.appendToStream(
        stream,
        Array.from({ length: 50 }, (_, item) => jsonEvent({ type: 'test', data: { index: batch * 50 + item, filler: 'x'.repeat(2_000) } })),
      );
    }
    const seen: number[] = [];
    for await (const resolved of client.subscribeToStream(stream, { fromRevision: START })) {
      seen.push(index(resolved));
      if (seen.length % 100 === 0) await pause(20);
      if (seen.length === 1_000) break;
    }
    expect(seen).toEqual(upTo(1_000));
  });

  it('can share one connection in large numbers', async () => {
    const client = server().client();
    const prefix = fresh('many');
    const found = upTo(90).map((number) => take(client.subscribeToStream(`${prefix}-${number}`, { fromRevision: START }), 1));
    await pause(200);
    await Promise.all(upTo(90).map((number) => client.appendToStream(`${prefix}-${number}`, events(1, 'test', number))));
    expect((await Promise.all(found)).map(([resolved]) => index(resolved!))).toEqual(upTo(90));
  });
});
