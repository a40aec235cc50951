import { jsonEvent } from '@eventstore/db-client';
import { PersistentSubscriptionsClient } from '@eventstore/db-client/generated/persistent_grpc_pb';
import { CreateReq, ReadReq as ConsumeReq } from '@eventstore/db-client/generated/persistent_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { BatchAppendReq, DeleteReq, ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Empty, UUID } from '@eventstore/db-client/generated/shared_pb';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { deadline, download, exchange, unary, upload } from './raw';
import { append, identifier, ofStream, proposed, read, uuid } from './requests';
import { all, contract, events, fresh, ours, type ServerUnderTest } from './server-under-test';

/** Sends arbitrary bytes as the only request of a method. */
const bytes = (server: ServerUnderTest, path: string, content: Buffer): Promise<{ code: number; details: string }> =>
  new Promise((resolve) => {
    const channel = server.mode === 'tls' ? credentials.createSsl(Buffer.from(server.authority!)) : credentials.createInsecure();
    const client = new Client(`${server.host}:${server.port}`, channel, { 'grpc.max_send_message_length': -1 });
    client.makeUnaryRequest<Buffer, Buffer>(
      path,
      (value) => value,
      (value) => value,
      content,
      server.as(),
      deadline(),
      (error: ServiceError | null) => {
        client.close();
        resolve({ code: error?.code ?? 0, details: error?.details ?? '' });
      },
    );
  });

const filtered = (options: ReadReq.Options, filter: ReadReq.Options.FilterOptions): ReadReq.Options => {
  options.clearNoFilter();
  return options.setFilter(filter);
};

contract('malformed input', (server) => {
  /** Checks that the node still serves, whatever happened before. */
  afterEach(async () => {
    const client = server().client();
    const stream = fresh('alive');
    await client.appendToStream(stream, events(1));
    expect(await all(client.readStream(stream))).toHaveLength(1);
  });

  it.each([
    '/event_store.client.streams.Streams/Merge',
    '/event_store.client.nothing.Nothing/Read',
    '/kurrentdb.protocol.v2.streams.StreamsService/AppendRecords',
    '/nonsense',
  ])('%s is not implemented', async (path) => {
    expect((await bytes(server(), path, Buffer.alloc(0))).code).toBe(status.UNIMPLEMENTED);
  });

  it.each([
    ['Streams/Delete', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['Streams/Read', Buffer.from([0x0a, 0x7f, 0x01])],
    ['Streams/Append', Buffer.from([0x0a, 0x05, 0x0a, 0xff])],
    ['Streams/BatchAppend', Buffer.from('this is no protobuf')],
  ])('%s refuses bytes that are not a valid message', async (method, content) => {
    const { code } = await bytes(server(), `/event_store.client.streams.${method}`, content);
    expect([status.INTERNAL, status.INVALID_ARGUMENT]).toContain(code);
  });

  it.each([
    'persistent_subscriptions.PersistentSubscriptions/Create',
    'persistent_subscriptions.PersistentSubscriptions/Read',
    'users.Users/Create',
  ])('%s refuses at once bytes that claim a length beyond their end', async (method) => {
    const started = Date.now();
    for (const claim of [
      [0x0a, 0xff, 0xff, 0xff, 0x7f],
      [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
      [0x0a, 0x06, 0x12, 0xff, 0xff, 0xff, 0x7f, 0x00],
    ]) {
      const { code } = await bytes(server(), `/event_store.client.${method}`, Buffer.from(claim));
      expect([status.INTERNAL, status.INVALID_ARGUMENT]).toContain(code);
    }
    expect(Date.now() - started).toBeLessThan(1_500);
  });

  it.each([
    'persistent_subscriptions.PersistentSubscriptions/Create',
    'persistent_subscriptions.PersistentSubscriptions/GetInfo',
    'users.Users/Create',
    'operations.Operations/StartScavenge',
    'streams.Streams/Read',
  ])('%s refuses an empty message', async (method) => {
    expect((await bytes(server(), `/event_store.client.${method}`, Buffer.alloc(0))).code).toBe(status.INVALID_ARGUMENT);
  });

  it('a message above the limit is refused as RESOURCE_EXHAUSTED', async () => {
    const { code } = await bytes(server(), '/event_store.client.streams.Streams/Delete', Buffer.alloc(18 * 1024 * 1024));
    expect(code).toBe(status.RESOURCE_EXHAUSTED);
  });

  const cannotBeNamed = async (name: string): Promise<void> => {
    const client = server().raw(StreamsClient);
    const wrote = await upload(client.append.bind(client), server().as(), [
      append((o) => o.setStreamIdentifier(identifier(name))),
      proposed(uuid()),
    ]);
    expect([status.INVALID_ARGUMENT, status.PERMISSION_DENIED]).toContain(wrote.code);
    const remove = new DeleteReq().setOptions(new DeleteReq.Options().setStreamIdentifier(identifier(name)).setAny(new Empty()));
    expect([status.INVALID_ARGUMENT, status.PERMISSION_DENIED]).toContain(
      (await unary(client.delete.bind(client, remove), server().as())).code,
    );
  };
  ours.it('a stream cannot be named ""', 'the original answers UNKNOWN', () => cannotBeNamed(''));
  it('a stream cannot be named $all', () => cannotBeNamed('$all'));
  ours.it('a stream cannot be named $$', 'an append to it ends the process of the original', () => cannotBeNamed('$$'));

  it('a name of a megabyte, or of invalid UTF-8, does no harm', async () => {
    const client = server().raw(StreamsClient);
    const long = await upload(client.append.bind(client), server().as(), [
      append((o) => o.setStreamIdentifier(identifier('x'.repeat(1_000_000)))),
      proposed(uuid()),
    ]);
    expect([status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED]).toContain(long.code);
    const odd = await upload(client.append.bind(client), server().as(), [
      append((o) => o.setStreamIdentifier(identifier(Buffer.from([0xff, 0xfe, 0x80])))),
      proposed(uuid()),
    ]);
    expect([status.OK, status.INVALID_ARGUMENT]).toContain(odd.code);
  });

  it('an event needs an id that is a UUID', async () => {
    const client = server().raw(StreamsClient);
    for (const id of [undefined, new UUID(), new UUID().setString('not a uuid')]) {
      const ended = await upload(client.append.bind(client), server().as(), [
        append((o) => o.setStreamIdentifier(identifier(fresh('order')))),
        proposed(id),
      ]);
      expect(ended.code).toBe(status.INVALID_ARGUMENT);
    }
  });

  it('events before their options are refused', async () => {
    const client = server().raw(StreamsClient);
    expect((await upload(client.append.bind(client), server().as(), [proposed(uuid())])).code).toBe(status.INVALID_ARGUMENT);
    expect((await upload(client.append.bind(client), server().as(), [])).code).toBe(status.INVALID_ARGUMENT);
    const batch = new BatchAppendReq().setCorrelationId(uuid()).setIsFinal(true);
    expect((await exchange(client.batchAppend(server().as(), deadline()), [batch])).code).toBe(status.INVALID_ARGUMENT);
  });

  it('out-of-range positions and revisions get an answer and cause no overflow', async () => {
    const client = server().raw(StreamsClient);
    const stream = fresh('order');
    await server().client().appendToStream(stream, events(3));
    const huge = '18446744073709551615';
    const almost = '9223372036854775807';
    const all64 = (commit: string) =>
      new ReadReq.Options.AllOptions().setPosition(new ReadReq.Options.Position().setCommitPosition(commit).setPreparePosition(commit));
    for (const revision of [huge, almost]) {
      const ended = await download(
        client.read(
          read((o) => o.setStream(ofStream(stream, revision))),
          server().as(),
          deadline(),
        ),
      );
      expect([status.OK, status.INVALID_ARGUMENT]).toContain(ended.code);
      expect(ended.answers.filter((answer) => answer.hasEvent())).toHaveLength(0);
      const back = await download(
        client.read(
          read((o) => o.setStream(ofStream(stream, revision)).setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS)),
          server().as(),
          deadline(),
        ),
      );
      expect([status.OK, status.INVALID_ARGUMENT]).toContain(back.code);
    }
    for (const position of [huge, almost, '1', '3', '12345']) {
      for (const direction of [ReadReq.Options.ReadDirection.FORWARDS, ReadReq.Options.ReadDirection.BACKWARDS]) {
        const ended = await download(
          client.read(
            read((o) => o.setAll(all64(position)).setReadDirection(direction)),
            server().as(),
            deadline(),
          ),
        );
        expect([status.OK, status.INVALID_ARGUMENT]).toContain(ended.code);
      }
    }
    const most = await download(
      client.read(
        read((o) => o.setStream(ofStream(stream)).setCount(huge)),
        server().as(),
        deadline(),
      ),
    );
    expect(most.answers.filter((answer) => answer.hasEvent())).toHaveLength(3);
    const none = await download(
      client.read(
        read((o) => o.setStream(ofStream(stream)).setCount('0')),
        server().as(),
        deadline(),
      ),
    );
    expect(none.answers.filter((answer) => answer.hasEvent())).toHaveLength(0);
    await expect(
      server()
        .client()
        .appendToStream(stream, events(1), { expectedRevision: BigInt(almost) }),
    ).rejects.toMatchObject({ type: 'wrong-expected-version' });
  });

  it.each(['(', '[z-a]', 'a{3,1}', '*'])('the pattern %p is refused', async (regex) => {
    const client = server().raw(StreamsClient);
    const expression = new ReadReq.Options.FilterOptions.Expression().setRegex(regex);
    const filter = new ReadReq.Options.FilterOptions().setEventType(expression).setMax(32).setCheckpointintervalmultiplier(1);
    const ended = await download(
      client.read(
        read((o) => filtered(o, filter)),
        server().as(),
        deadline(),
      ),
    );
    expect(ended.code).toBe(status.INVALID_ARGUMENT);
  });

  it('a pattern with catastrophic backtracking ends in time', async () => {
    const client = server().raw(StreamsClient);
    await server()
      .client()
      .appendToStream(fresh('order'), jsonEvent({ type: `${'a'.repeat(60)}!`, data: {} }));
    const expression = new ReadReq.Options.FilterOptions.Expression().setRegex('^(a+)+$');
    const filter = new ReadReq.Options.FilterOptions().setEventType(expression).setMax(32).setCheckpointintervalmultiplier(1);
    const started = Date.now();
    const ended = await download(
      client.read(
        read((o) => filtered(o, filter)),
        server().as(),
        deadline(),
      ),
    );
    expect([status.OK, status.INVALID_ARGUMENT]).toContain(ended.code);
    expect(Date.now() - started).toBeLessThan(8_000);
  });

  it('persistent subscriptions with impossible settings are refused with a reason', async () => {
    const client = server().raw(PersistentSubscriptionsClient);
    const base = () =>
      new CreateReq.Settings()
        .setRevision('0')
        .setMessageTimeoutMs(1_000)
        .setMaxRetryCount(1)
        .setCheckpointAfterMs(1_000)
        .setMinCheckpointCount(1)
        .setMaxCheckpointCount(2)
        .setLiveBufferSize(10)
        .setReadBatchSize(5)
        .setHistoryBufferSize(10);
    const create = (settings: CreateReq.Settings, stream: string, group = fresh('group')) =>
      unary(
        client.create.bind(
          client,
          new CreateReq().setOptions(
            new CreateReq.Options().setStreamIdentifier(identifier(stream)).setGroupName(group).setSettings(settings),
          ),
        ),
        server().as(),
      );
    for (const settings of [
      base().setReadBatchSize(0),
      base().setReadBatchSize(20),
      base().setReadBatchSize(-1),
      base().setLiveBufferSize(0),
      base().setMessageTimeoutMs(-1),
      base().setNamedConsumerStrategy(9 as never),
    ]) {
      expect(await create(settings, fresh('order'))).toMatchObject({
        code: status.INTERNAL,
        trailers: { exception: 'persistent-subscription-failed', reason: expect.stringMatching(/.+/) },
      });
    }
    expect((await create(base(), '')).code).toBe(status.INVALID_ARGUMENT);
    expect(await create(base(), fresh('order'))).toMatchObject({ code: status.OK });
  });

  it('acks and nacks of messages that are not in flight change nothing', async () => {
    const client = server().raw(PersistentSubscriptionsClient);
    const orphan = new ConsumeReq().setAck(new ConsumeReq.Ack().setIdsList([uuid()]));
    expect((await exchange(client.read(server().as(), deadline()), [orphan])).code).toBe(status.INVALID_ARGUMENT);
    const nothing = await exchange(client.read(server().as(), deadline()), [], Infinity, true);
    expect(nothing.code).toBe(status.OK);
  });
});
