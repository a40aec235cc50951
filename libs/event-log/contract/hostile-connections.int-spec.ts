import { START } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { Metadata } from '@grpc/grpc-js';
import http2 from 'node:http2';
import net from 'node:net';
import { connectRaw, FrameConnection } from './http2-frames';
import { append, identifier, ofStream, proposed, read, uuid } from './requests';
import { all, events, fresh, ours, pause, take, until } from './server-under-test';

ours.contract('hostile connections', "the suite tests our limits and must not attack other people's servers", (server) => {
  /** Checks that the node still serves, whatever happened before. */
  afterEach(async () => {
    const client = server().client();
    const stream = fresh('alive');
    await client.appendToStream(stream, events(1));
    expect(await all(client.readStream(stream))).toHaveLength(1);
  });

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
    const socket = connectRaw(server());
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.from([0xff, 0xff, 0xff, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x01]));
    socket.resume();
    await closed(socket);
  });

  it('connections that send nothing, or one byte at a time, do not affect others', async () => {
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

  it('a call that is opened and left idle does not affect others', async () => {
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

  describe('clients that vanish in the middle of an append leave nothing behind', () => {
    /**
     * The frames are written by hand: node:http2 finishes a request before it resets it, sometimes early enough to be read, and a complete
     * append may be stored.
     */
    const options = (stream: string) => append((o) => o.setStreamIdentifier(identifier(stream))).serializeBinary();
    const event = () => proposed(uuid()).serializeBinary();
    const ways: readonly [string, (stream: string) => [messages: Uint8Array[], bytesOfLast?: number]][] = [
      ['before its options', () => [[]]],
      ['after its options', (stream) => [[options(stream)]]],
      ['inside an event', (stream) => [[options(stream), event()], 20]],
      ['after an event', (stream) => [[options(stream), event()]]],
    ];

    it.each(ways)('%s', async (_where, sent) => {
      const stream = fresh('order');
      const path = '/event_store.client.streams.Streams/Append';
      for (let attempt = 0; attempt < 25; attempt++) {
        const connection = new FrameConnection(server());
        connection.begin(path, ...sent(stream));
        if (attempt % 2) await connection.read();
        if (attempt % 3) {
          connection.reset();
          await connection.read();
        }
        await connection.cut();
      }
      // Anything written by an abandoned append would come before this one.
      await server().client().appendToStream(fresh('order'), events(1));
      await expect(all(server().client().readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
    });
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
    // Both ends run in this OS process: 2 × 2,000 calls.
    expect((process.memoryUsage().rss - before) / count).toBeLessThan(200_000);
    for (const call of calls) call.cancel();
    expect(await take(server().client().subscribeToStream(stream, { fromRevision: START }), 1)).toHaveLength(1);
  }, 60_000);
});
