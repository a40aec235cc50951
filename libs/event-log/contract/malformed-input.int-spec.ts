import { jsonEvent, START } from '@eventstore/db-client';
import { PersistentSubscriptionsClient } from '@eventstore/db-client/generated/persistent_grpc_pb';
import { CreateReq, ReadReq as ConsumeReq } from '@eventstore/db-client/generated/persistent_pb';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { AppendReq, BatchAppendReq, DeleteReq, ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { Client, type ClientUnaryCall, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { deadline, download, exchange, unary, upload } from './raw';
import { all, contract, events, fresh, pause, type ServerUnderTest, take, until } from './server-under-test';

const identifier = (stream: string | Buffer) => new StreamIdentifier().setStreamName(Buffer.from(stream as string));

/** Sends any bytes as the one request of a method. */
const bytes = (server: ServerUnderTest, path: string, content: Buffer): Promise<{ code: number; details: string }> =>
  new Promise((resolve) => {
    const channel = server.mode === 'tls' ? credentials.createSsl(Buffer.from(server.authority!)) : credentials.createInsecure();
    const client = new Client(`${server.host}:${server.port}`, channel, { 'grpc.max_send_message_length': -1 });
    const call: ClientUnaryCall = client.makeUnaryRequest<Buffer, Buffer>(
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
    void call;
  });

const append = (target: (options: AppendReq.Options) => AppendReq.Options) =>
  new AppendReq().setOptions(target(new AppendReq.Options().setAny(new Empty())));
const proposed = (id: UUID | undefined, type = 'test') => {
  const message = new AppendReq.ProposedMessage().setId(id).setData(Buffer.from('{}'));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return new AppendReq().setProposedMessage(message);
};
const uuid = () => new UUID().setString(randomUUID());

const read = (change: (options: ReadReq.Options) => ReadReq.Options) =>
  new ReadReq().setOptions(
    change(
      new ReadReq.Options()
        .setAll(new ReadReq.Options.AllOptions().setStart(new Empty()))
        .setCount('10')
        .setNoFilter(new Empty())
        .setUuidOption(new ReadReq.Options.UUIDOption().setString(new Empty())),
    ),
  );

const filtered = (options: ReadReq.Options, filter: ReadReq.Options.FilterOptions): ReadReq.Options => {
  options.clearNoFilter();
  return options.setFilter(filter);
};

const ofStream = (stream: string | Buffer, revision?: string) => {
  const options = new ReadReq.Options.StreamOptions().setStreamIdentifier(identifier(stream));
  return revision === undefined ? options.setStart(new Empty()) : options.setRevision(revision);
};

contract('malformed input', (server) => {
  /** Whatever happened before: the node still serves. */
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
  ])('%s refuses bytes that are no message', async (method, content) => {
    const { code } = await bytes(server(), `/event_store.client.streams.${method}`, content);
    expect([status.INTERNAL, status.INVALID_ARGUMENT]).toContain(code);
  });

  it.each([
    'persistent_subscriptions.PersistentSubscriptions/Create',
    'persistent_subscriptions.PersistentSubscriptions/Read',
    'users.Users/Create',
  ])('%s refuses bytes that claim more than there is, at once', async (method) => {
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

  it.each(['', '$all', '$$'])('a stream cannot be named %p', async (name) => {
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
  });

  it('a name of a megabyte, or without valid UTF-8, harms nobody', async () => {
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

  it('positions and revisions beyond everything are answered, not computed with', async () => {
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

  it('a pattern that backtracks for ever ends in time', async () => {
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

  it('acks and nacks of anything but messages in flight change nothing', async () => {
    const client = server().raw(PersistentSubscriptionsClient);
    const orphan = new ConsumeReq().setAck(new ConsumeReq.Ack().setIdsList([uuid()]));
    expect((await exchange(client.read(server().as(), deadline()), [orphan])).code).toBe(status.INVALID_ARGUMENT);
    const nothing = await exchange(client.read(server().as(), deadline()), [], Infinity, true);
    expect(nothing.code).toBe(status.OK);
  });

  const connectRaw = (): net.Socket => {
    const { host, port, authority } = server();
    const socket =
      server().mode === 'tls' ? tls.connect({ host, port, ca: authority, ALPNProtocols: ['h2'] }) : net.connect({ host, port });
    socket.on('error', () => undefined);
    return socket;
  };
  const closed = (socket: net.Socket): Promise<void> =>
    new Promise((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

  it('noise on the port ends the connection', async () => {
    const { host, port } = server();
    const socket = net.connect({ host, port });
    socket.on('error', () => undefined);
    socket.write(Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 7 + 3) % 256)));
    socket.resume();
    await closed(socket);
  });

  it('frames that break HTTP/2 end the connection', async () => {
    const socket = connectRaw();
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x01]));
    socket.resume();
    await closed(socket);
  });

  it('connections that say nothing, or a byte at a time, hinder nobody', async () => {
    const { host, port } = server();
    const sockets = Array.from({ length: 50 }, () => net.connect({ host, port }));
    for (const socket of sockets) socket.on('error', () => undefined).resume();
    const drip = setInterval(() => sockets[0]!.write('P'), 50);
    const client = server().client();
    const stream = fresh('order');
    await client.appendToStream(stream, events(5));
    expect(await all(client.readStream(stream))).toHaveLength(5);
    await pause(300);
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
  });

  it('a call that is opened and left alone hinders nobody', async () => {
    const { host, port, authority, mode } = server();
    const session = http2.connect(`${mode === 'tls' ? 'https' : 'http'}://${host}:${port}`, { ca: authority });
    session.on('error', () => undefined);
    const streams = Array.from({ length: 200 }, () =>
      session.request({
        ':method': 'POST',
        ':path': '/event_store.client.streams.Streams/BatchAppend',
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: server().as().get('authorization')[0]?.toString() ?? '',
      }),
    );
    for (const stream of streams) stream.on('error', () => undefined);
    const client = server().client();
    await client.appendToStream(fresh('order'), events(1));
    session.destroy();
  });

  it('a request that is not gRPC gets an answer', async () => {
    const { host, port, authority, mode } = server();
    const session = http2.connect(`${mode === 'tls' ? 'https' : 'http'}://${host}:${port}`, { ca: authority });
    session.on('error', () => undefined);
    const request = session.request({ ':method': 'GET', ':path': '/' });
    const code = await new Promise((resolve, reject) =>
      request.on('response', (headers) => resolve(headers[':status'])).on('error', reject),
    );
    expect(code).toBeGreaterThanOrEqual(400);
    session.destroy();
  });

  it('clients that vanish in the middle of an append leave nothing behind', async () => {
    const client = server().raw(StreamsClient);
    const stream = fresh('order');
    for (let attempt = 0; attempt < 100; attempt++) {
      await pause(attempt % 5);
      const call = client.append(server().as(), deadline(), () => undefined);
      call.on('error', () => undefined);
      call.write(append((o) => o.setStreamIdentifier(identifier(stream))));
      call.write(proposed(uuid()));
      setImmediate(() => call.cancel());
    }
    await pause(100);
    await expect(all(server().client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });

  it('thousands of idle subscriptions cost little and all get their event', async () => {
    const count = 2_000;
    const before = process.memoryUsage().rss;
    const stream = fresh('order');
    const sessions = Array.from({ length: 4 }, () => server().raw(StreamsClient));
    const request = read(
      (o) => o.setStream(ofStream(stream)).setSubscription(new ReadReq.Options.SubscriptionOptions()) as ReadReq.Options,
    );
    let confirmed = 0;
    let seen = 0;
    const calls = Array.from({ length: count }, (_, index) => {
      const call = sessions[index % sessions.length]!.read(request, server().as() as Metadata);
      call.on('error', () => undefined);
      call.on('data', (answer: { hasConfirmation(): boolean; hasEvent(): boolean }) => {
        if (answer.hasConfirmation()) confirmed++;
        if (answer.hasEvent()) seen++;
      });
      return call;
    });
    await until(() => confirmed === count, 15_000);
    await server().client().appendToStream(stream, events(1));
    await until(() => seen === count, 15_000);
    // Both ends run in this process: 2 × 2,000 calls.
    expect((process.memoryUsage().rss - before) / count).toBeLessThan(200_000);
    for (const call of calls) call.cancel();
    expect(await take(server().client().subscribeToStream(stream, { fromRevision: START }), 1)).toHaveLength(1);
  }, 60_000);
});
