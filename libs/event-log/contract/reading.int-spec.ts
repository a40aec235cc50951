import { BACKWARDS, binaryEvent, END, FORWARDS, START, StreamDeletedError, StreamNotFoundError } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { status } from '@grpc/grpc-js';
import { deadline, download } from './raw';
import { all, contract, events, fresh, take } from './server-under-test';

const { Expression } = ReadReq.Options.FilterOptions;
const index = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;
const link = (target: string) => binaryEvent({ type: '$>', data: Buffer.from(target) });

contract('reading', (server) => {
  let stream: string;
  beforeAll(async () => {
    stream = fresh('order');
    await server().client().appendToStream(stream, events(10));
  });

  it.each([
    ['all of it', {}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['from a revision, inclusive', { fromRevision: 7n }, [7, 8, 9]],
    ['no more than asked for', { fromRevision: 2n, maxCount: 3 }, [2, 3, 4]],
    ['nothing after its end', { fromRevision: 10n }, []],
    ['backwards from its end', { direction: BACKWARDS, fromRevision: END, maxCount: 3 }, [9, 8, 7]],
    ['backwards from a revision, inclusive', { direction: BACKWARDS, fromRevision: 2n }, [2, 1, 0]],
    ['backwards from its start', { direction: BACKWARDS, fromRevision: START }, [0]],
    ['backwards from after its end', { direction: BACKWARDS, fromRevision: 99n, maxCount: 2 }, [9, 8]],
    ['forwards from its start', { direction: FORWARDS, fromRevision: START, maxCount: 1 }, [0]],
  ] as const)('gives %s', async (_title, options, expected) => {
    const found = await all(server().client().readStream(stream, options));
    expect(found.map(index)).toEqual(expected);
    expect(found.every(({ event }) => event!.streamId === stream && event!.revision === BigInt(index({ event })))).toBe(true);
  });

  it('reports a missing stream as a message, not as a status', async () => {
    const missing = fresh('missing');
    await expect(all(server().client().readStream(missing))).rejects.toThrow(StreamNotFoundError);
    const client = server().raw(StreamsClient);
    const options = new ReadReq.Options()
      .setStream(
        new ReadReq.Options.StreamOptions()
          .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(missing)))
          .setStart(new Empty()),
      )
      .setCount('10')
      .setNoFilter(new Empty())
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()));
    const ended = await download(client.read(new ReadReq().setOptions(options), server().as(), deadline()));
    expect(ended.code).toBe(status.OK);
    expect(Buffer.from(ended.answers[0]!.getStreamNotFound()!.getStreamIdentifier()!.getStreamName_asU8()).toString()).toBe(missing);
  });

  it('returns structured ids when asked for, and positions and creation time as in $all', async () => {
    const client = server().raw(StreamsClient);
    const options = new ReadReq.Options()
      .setStream(
        new ReadReq.Options.StreamOptions().setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream))).setRevision('3'),
      )
      .setCount('1')
      .setNoFilter(new Empty())
      .setUuidOption(new ReadReq.Options.UUIDOption().setStructured(new Empty()));
    const ended = await download(client.read(new ReadReq().setOptions(options), server().as(), deadline()));
    const found = ended.answers.find((answer) => answer.hasEvent())!.getEvent()!;
    const recorded = found.getEvent()!;
    expect(recorded.getId()!.hasStructured()).toBe(true);
    expect(recorded.getCommitPosition()).toBe(found.getCommitPosition());
    expect(recorded.getStreamRevision()).toBe('3');
    expect(recorded.getMetadataMap().get('content-type')).toBe('application/json');
    const ticks = BigInt(recorded.getMetadataMap().get('created')!);
    expect(Math.abs(Number(ticks / 10_000n) - Date.now())).toBeLessThan(60_000);
  });

  it('cannot be read forwards from its end', async () => {
    const client = server().client();
    const name = fresh('order');
    await client.appendToStream(name, events(3));
    await expect(all(client.readStream(name, { fromRevision: END }))).rejects.toMatchObject({ code: status.UNKNOWN });
  });

  it('reports first and last position to clients that ask for compatibility 1', async () => {
    const client = server().raw(StreamsClient);
    const options = new ReadReq.Options()
      .setStream(
        new ReadReq.Options.StreamOptions()
          .setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream)))
          .setStart(new Empty()),
      )
      .setCount('100')
      .setNoFilter(new Empty())
      .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()))
      .setControlOption(new ReadReq.Options.ControlOption().setCompatibility(1));
    const ended = await download(client.read(new ReadReq().setOptions(options), server().as(), deadline()));
    expect(ended.answers.filter((answer) => answer.hasEvent())).toHaveLength(10);
    expect(ended.answers.find((answer) => answer.hasLastStreamPosition())?.getLastStreamPosition()).toBe('9');
  });

  it('returns links unresolved, or resolved, or alone when their target is gone', async () => {
    const client = server().client();
    const [target, links, gone] = [fresh('target'), fresh('links'), fresh('gone')];
    await client.appendToStream(target, events(3));
    await client.appendToStream(gone, events(1));
    await client.deleteStream(gone);
    await client.appendToStream(links, [link(`2@${target}`), link(`0@${gone}`), link(`0@${target}`)]);
    const plain = await all(client.readStream(links));
    expect(plain.map(({ event, link }) => [event!.type, link])).toEqual(Array(3).fill(['$>', undefined]));
    const resolved = await all(client.readStream(links, { resolveLinkTos: true }));
    expect(resolved.map(({ event, link }) => [event?.streamId, event?.revision, link!.streamId, link!.revision])).toEqual([
      [target, 2n, links, 0n],
      [undefined, undefined, links, 1n],
      [target, 0n, links, 2n],
    ]);
    expect(resolved[0]!.commitPosition).toBe(plain[0]!.event!.position!.commit);
  });

  describe('$all', () => {
    it('holds the events of all streams in commit order', async () => {
      const client = server().client();
      const prefix = fresh('mix');
      for (let turn = 0; turn < 3; turn++)
        for (const name of ['a', 'b']) await client.appendToStream(`${prefix}-${name}`, events(1, 'test', turn));
      const found = (await all(client.readAll())).filter(({ event }) => event!.streamId.startsWith(prefix));
      expect(found.map(({ event }) => event!.streamId.slice(-1)).join('')).toBe('ababab');
      const positions = found.map(({ event }) => event!.position.commit);
      expect([...positions].sort((a, b) => (a < b ? -1 : 1))).toEqual(positions);
    });

    it('holds system events too', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.setStreamMetadata(name, { maxCount: 5 });
      const found = await all(client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 50 }));
      expect(found.some(({ event }) => event!.streamId === `$$${name}` && event!.type === '$metadata')).toBe(true);
    });

    it('cannot be read from a position that it does not have', async () => {
      const client = server().client();
      const { position } = await client.appendToStream(fresh('order'), events(2));
      const foreign = { commit: position!.commit + 1n, prepare: position!.commit + 1n };
      const refused = { code: status.INVALID_ARGUMENT, message: expect.stringContaining('Trying to read from an invalid position.') };
      await expect(all(client.readAll({ fromPosition: foreign }))).rejects.toMatchObject(refused);
      await expect(all(client.readAll({ fromPosition: foreign, direction: BACKWARDS }))).rejects.toMatchObject(refused);
      await expect(take(client.subscribeToAll({ fromPosition: foreign }), 1)).rejects.toMatchObject(refused);
    });

    it('begins at a position, inclusive when forwards and exclusive when backwards', async () => {
      const client = server().client();
      const [first, second, third] = await all(client.readAll({ maxCount: 3 }));
      const { position } = second!.event!;
      const [forwards] = await all(client.readAll({ fromPosition: position, maxCount: 1 }));
      expect(forwards!.event!.id).toBe(second!.event!.id);
      const [backwards] = await all(client.readAll({ direction: BACKWARDS, fromPosition: third!.event!.position, maxCount: 1 }));
      expect(backwards!.event!.id).toBe(second!.event!.id);
      const before = await all(client.readAll({ direction: BACKWARDS, fromPosition: position }));
      expect(before.map(({ event }) => event!.id)).toEqual([first!.event!.id]);
    });

    it('returns the same events in both directions', async () => {
      const client = server().client();
      const forwards = (await all(client.readAll())).map(({ event }) => event!.id);
      const backwards = (await all(client.readAll({ direction: BACKWARDS, fromPosition: END }))).map(({ event }) => event!.id);
      expect(backwards.slice(-forwards.length).reverse()).toEqual(forwards);
    });

    it('is filtered by the server by names and types', async () => {
      const client = server().client();
      const prefix = fresh('filter');
      await client.appendToStream(`${prefix}-a`, [...events(2, 'Made'), ...events(2, 'Moved')]);
      await client.appendToStream(`${prefix}-b`, events(1, `${prefix}Made`));
      const read = async (on: 'setStreamIdentifier' | 'setEventType', expression: InstanceType<typeof Expression>, backwards = false) => {
        const start = backwards
          ? new ReadReq.Options.AllOptions().setEnd(new Empty())
          : new ReadReq.Options.AllOptions().setStart(new Empty());
        const options = new ReadReq.Options()
          .setAll(start)
          .setReadDirection(backwards ? ReadReq.Options.ReadDirection.BACKWARDS : ReadReq.Options.ReadDirection.FORWARDS)
          .setCount('5')
          .setFilter(new ReadReq.Options.FilterOptions()[on](expression).setMax(32).setCheckpointintervalmultiplier(1))
          .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty()));
        const { answers } = await download(server().raw(StreamsClient).read(new ReadReq().setOptions(options), server().as(), deadline()));
        return answers.flatMap((answer) => {
          const name = answer.getEvent()?.getEvent()?.getStreamIdentifier()?.getStreamName_asU8();
          return name ? [Buffer.from(name).toString()] : [];
        });
      };
      expect(await read('setStreamIdentifier', new Expression().setPrefixList([`${prefix}-a`]))).toEqual(Array(4).fill(`${prefix}-a`));
      expect(await read('setEventType', new Expression().setRegex(`^${prefix}M[a-z]+$`), true)).toEqual([`${prefix}-b`]);
    });
  });

  describe('retention', () => {
    it('shows only the newest $maxCount events', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(10));
      await client.setStreamMetadata(name, { maxCount: 3 });
      expect((await all(client.readStream(name))).map(index)).toEqual([7, 8, 9]);
      expect((await all(client.readStream(name, { direction: BACKWARDS, fromRevision: END }))).map(index)).toEqual([9, 8, 7]);
      await client.appendToStream(name, events(1, 'test', 10));
      expect((await all(client.readStream(name))).map(index)).toEqual([8, 9, 10]);
    });

    it('shows nothing before $tb', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(10));
      await client.setStreamMetadata(name, { truncateBefore: 8 });
      expect((await all(client.readStream(name))).map(index)).toEqual([8, 9]);
      await client.setStreamMetadata(name, { truncateBefore: 10 });
      expect(await all(client.readStream(name))).toEqual([]);
    });

    it('shows nothing older than $maxAge', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(2));
      await client.setStreamMetadata(name, { maxAge: 1 });
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      await client.appendToStream(name, events(1, 'test', 2));
      expect((await all(client.readStream(name, { direction: BACKWARDS, fromRevision: END }))).map(index)).toEqual([2]);
    });

    it('keeps metadata unchanged', async () => {
      const client = server().client();
      const name = fresh('order');
      const metadata = {
        maxAge: 2,
        cacheControl: 15,
        truncateBefore: 1,
        maxCount: 12,
        kitten: '😾',
        acl: { readRoles: ['admin'], writeRoles: ['admin', 'ops'] },
      };
      await client.setStreamMetadata(name, metadata);
      expect((await client.getStreamMetadata(name)).metadata).toEqual(metadata);
      expect(await client.getStreamMetadata(fresh('missing'))).not.toHaveProperty('metadata');
      await expect(client.setStreamMetadata(name, metadata, { expectedRevision: 5n })).rejects.toMatchObject({
        type: 'wrong-expected-version',
      });
      const [written] = await all(client.readStream(`$$${name}`));
      expect(written!.event).toMatchObject({
        type: '$metadata',
        data: { $maxAge: 2, $cacheControl: 15, $tb: 1, $maxCount: 12, $acl: { $r: ['admin'], $w: ['admin', 'ops'] } },
      });
    });
  });

  describe('deleted streams', () => {
    it('read as missing after a soft delete, and continue their revisions with the next append', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(3));
      const deleted = await client.deleteStream(name);
      expect(typeof deleted.position!.commit).toBe('bigint');
      await expect(all(client.readStream(name))).rejects.toThrow(StreamNotFoundError);
      expect((await client.appendToStream(name, events(2, 'test', 3))).nextExpectedRevision).toBe(4n);
      expect((await all(client.readStream(name))).map(index)).toEqual([3, 4]);
    });

    it('accept no_stream after a soft delete', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(3));
      await client.deleteStream(name);
      expect((await client.appendToStream(name, events(1, 'test', 3), { expectedRevision: 'no_stream' })).nextExpectedRevision).toBe(3n);
      expect((await all(client.readStream(name))).map(index)).toEqual([3]);
    });

    it('refuse stream_exists after a soft delete', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(1));
      await client.deleteStream(name);
      await expect(client.appendToStream(name, events(1), { expectedRevision: 'stream_exists' })).rejects.toThrow(StreamDeletedError);
    });

    it('keep their other metadata when they are recreated', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(3));
      await client.deleteStream(name);
      await client.appendToStream(name, events(1, 'test', 3));
      expect((await client.getStreamMetadata(name)).metadata).toMatchObject({ truncateBefore: 3 });
    });

    it('are never readable or writable again after a tombstone', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(3));
      await client.tombstoneStream(name);
      const calls = [
        all(client.readStream(name)),
        client.appendToStream(name, events(1)),
        client.deleteStream(name),
        client.tombstoneStream(name),
      ];
      for (const refused of await Promise.allSettled<unknown>(calls)) {
        expect(refused).toMatchObject({ status: 'rejected', reason: { type: 'stream-deleted', streamName: name } });
      }
    });

    it('end with a tombstone that is not JSON, because it has no data', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(1));
      const { position } = await client.tombstoneStream(name);
      const [tombstone] = await all(client.readAll({ fromPosition: position!, maxCount: 1 }));
      expect(tombstone!.event).toMatchObject({ type: '$streamDeleted', streamId: name, isJson: false });
    });

    it('can be tombstoned before they exist', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.tombstoneStream(name, { expectedRevision: 'no_stream' });
      await expect(client.appendToStream(name, events(1))).rejects.toThrow(StreamDeletedError);
    });

    it.each(['deleteStream', 'tombstoneStream'] as const)('are refused by %s at another revision, in trailers', async (method) => {
      const client = server().client();
      const name = fresh('order');
      await client.appendToStream(name, events(3));
      await expect(client[method](name, { expectedRevision: 7n })).rejects.toMatchObject({
        code: status.FAILED_PRECONDITION,
        type: 'wrong-expected-version',
        streamName: name,
        expectedVersion: 7n,
        actualVersion: 2n,
      });
      await client[method](name, { expectedRevision: 2n });
    });

    it('cannot be soft-deleted if they never existed', async () => {
      const name = fresh('missing');
      const refused = server().client().deleteStream(name);
      await expect(refused).rejects.toMatchObject({ type: 'wrong-expected-version', streamName: name, actualVersion: -1n });
    });

    it('accept a soft delete of a stream that has metadata only', async () => {
      const client = server().client();
      const name = fresh('order');
      await client.setStreamMetadata(name, { cacheControl: 10 });
      expect(await client.deleteStream(name, { expectedRevision: 'no_stream' })).toBeDefined();
    });
  });
});
