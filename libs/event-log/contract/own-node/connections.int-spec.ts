import { DeadlineExceededError, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import net from 'node:net';
import tls from 'node:tls';
import { startNode } from '../../node';
import { selfSigned } from '../certificate';
import { builtIn as admin, all, fresh, take } from '../server-under-test';
import { connect, dataDir, kept, start } from './node-under-test';

describe('a connection', () => {
  it.each(['insecure', 'tls'])('that sends nothing, or one byte at a time, is closed after the time limit (%s)', async (mode) => {
    const { certificate, key } = selfSigned();
    const node = await startNode({
      dataDir: dataDir(),
      patience: 500,
      tls: mode === 'tls' ? { cert: certificate, key } : undefined,
      adminPassword: admin.password,
    });
    try {
      const open = (): net.Socket => {
        const socket = net.connect({ host: '127.0.0.1', port: node.port });
        socket.on('error', () => undefined).resume();
        return socket;
      };
      const silent = open();
      const dripping = open();
      const timer = setInterval(() => dripping.writable && dripping.write('P'), 100);
      const closed = (socket: net.Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));
      await Promise.all([closed(silent), closed(dripping)]);
      clearInterval(timer);
      if (mode === 'tls') {
        const handshaken = tls.connect({ host: 'localhost', port: node.port, ca: certificate });
        handshaken.on('error', () => undefined).resume();
        await closed(handshaken);
      }
      const client = connect(node, mode === 'tls' ? certificate : undefined);
      await client.appendToStream(fresh('order'), jsonEvent({ type: 'alive', data: {} }));
    } finally {
      await node.close();
    }
  });
});

it('answers an append whose deadline passes while the disk hangs', async () => {
  const node = await startNode({ dataDir: dataDir() });
  try {
    const client = kept(EventStoreDBClient.connectionString(node.connectionString));
    const { log } = node;
    const append = log.append.bind(log);
    let wake: () => void = () => undefined;
    // The disk accepts the write and never completes it.
    log.append = async (...given) => {
      const answer = await append(...given);
      await new Promise<void>((resolve) => (wake = resolve));
      return answer;
    };
    const event = jsonEvent({ type: 'reported', data: {} });
    await expect(client.appendToStream('hung', event, { deadline: 400 })).rejects.toThrow(DeadlineExceededError);
    wake();
    log.append = append;
    // Sending it again reveals its outcome.
    expect(await client.appendToStream('hung', event)).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await all(client.readStream('hung'))).toHaveLength(1);
  } finally {
    await node.close();
  }
});

it('transfers events of fifteen megabytes, if operators allow them', async () => {
  const args = ['--max-append-size', String(16 * 1024 * 1024)];
  let node = await start({ args });
  let client = connect(node);
  const drawing = (fill: string) => jsonEvent({ type: 'drawn', data: { drawing: fill.repeat(15 * 1024 * 1024) } });
  // Compared by hand: a matcher would print everything.
  const fill = ({ event }: { event?: { data?: unknown } }): string => {
    const text = (event!.data as { drawing: string }).drawing;
    return text === text[0]!.repeat(15 * 1024 * 1024) ? text[0]! : `${text.length} characters`;
  };
  const live = take(client.subscribeToStream('drawings'), 2);
  await client.appendToStream('drawings', drawing('a'));
  await client.appendToStream('drawings', drawing('b'), { credentials: admin });
  expect((await live).map(fill)).toEqual(['a', 'b']);
  expect((await all(client.readStream('drawings'))).map(fill)).toEqual(['a', 'b']);
  await node.kill();
  node = await start({ args });
  client = connect(node);
  expect((await take(client.subscribeToStream('drawings'), 2)).map(fill)).toEqual(['a', 'b']);
  await client.appendToStream('drawings', drawing('c'), { expectedRevision: 1n });
});
