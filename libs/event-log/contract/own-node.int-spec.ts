import {
  binaryEvent,
  DeadlineExceededError,
  EventStoreDBClient,
  jsonEvent,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { CreateReq } from '@eventstore/db-client/generated/users_pb';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { startNode } from '../node';
import { randomUUIDBytes } from '../bytes/uuid';
import { selfSigned } from './certificate';
import { type NodeProcess, startProcess } from './node-process';
import { unary } from './raw';
import { admin, all, events, fresh, take, until } from './server-under-test';

jest.setTimeout(60_000);

let dataDir: string;
const clients: EventStoreDBClient[] = [];
const nodes: NodeProcess[] = [];

beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'event-log-own-'))));
afterEach(async () => {
  for (const client of clients.splice(0)) (await (client as unknown as { getChannel(): Promise<{ close(): void }> }).getChannel()).close();
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
  rmSync(dataDir, { recursive: true, force: true });
});

const start = async (options?: Parameters<typeof startProcess>[1]): Promise<NodeProcess> => {
  const node = await startProcess(dataDir, options);
  nodes.push(node);
  return node;
};
const connect = (node: { port: number }, authority?: string): EventStoreDBClient => {
  const channel = authority ? { rootCertificate: Buffer.from(authority) } : { insecure: true };
  const client = new EventStoreDBClient({ endpoint: `127.0.0.1:${node.port}` }, channel, admin);
  clients.push(client);
  return client;
};

const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, checkPointLowerBound: 1, checkPointUpperBound: 1, ...changes });
const index = (resolved: { event?: { data?: unknown } }): number => (resolved.event!.data as { index: number }).index;

describe('a persistent subscription over kill -9', () => {
  it('goes on after its checkpoint and repeats at most what was not in it', async () => {
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
    // Bytes on disk, not memory: the checkpoint's stream is asked.
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

  it('that began at the end and has no checkpoint yet gives all that came since it was made', async () => {
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

  it('loses no event under kills in the middle of consumption', async () => {
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

describe('the process', () => {
  it('speaks TLS with the given certificate, and to nobody without it', async () => {
    const { certificate, key } = selfSigned();
    const [cert, keyFile] = [join(dataDir, 'node.crt'), join(dataDir, 'node.key')];
    writeFileSync(cert, certificate);
    writeFileSync(keyFile, key);
    const node = await start({ args: ['--tls-cert', cert, '--tls-key', keyFile] });
    const stream = fresh('order');
    await connect(node, certificate).appendToStream(stream, events(1));
    await expect(all(connect(node).readStream(stream))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('remembers its users over kill -9', async () => {
    const { certificate, key } = selfSigned();
    writeFileSync(join(dataDir, 'node.crt'), certificate);
    writeFileSync(join(dataDir, 'node.key'), key);
    const args = ['--tls-cert', join(dataDir, 'node.crt'), '--tls-key', join(dataDir, 'node.key')];
    let node = await start({ args });
    const as = new Metadata();
    as.set('authorization', `Basic ${Buffer.from('admin:changeit').toString('base64')}`);
    const manager = new UsersClient(`127.0.0.1:${node.port}`, credentials.createSsl(Buffer.from(certificate)));
    const ada = new CreateReq().setOptions(new CreateReq.Options().setLoginName('ada').setPassword('secret').setFullName('Ada'));
    expect((await unary(manager.create.bind(manager, ada), as)).code).toBe(status.OK);
    manager.close();
    await node.kill();
    node = await start({ args });
    const stream = fresh('order');
    await connect(node, certificate).appendToStream(stream, events(1), { credentials: { username: 'ada', password: 'secret' } });
  });

  it('starts though someone wrote nonsense into its own streams', async () => {
    let node = await start();
    let client = connect(node);
    const [stream, group] = [fresh('order'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const nonsense = [
      '"',
      'null',
      '{}',
      '[1]',
      '"admin"',
      '{"stream":"a","group":"b"}',
      '{"stream":"a","group":"b","start":"x","from":"-1","settings":{}}',
    ];
    for (const [name, type] of [
      ['$persistentSubscriptionConfig', '$PersistentSubscriptionSaved'],
      ['$persistentSubscriptionConfig', '$PersistentSubscriptionDeleted'],
      ['$users', '$User'],
      ['$user-admin', '$UserUpdated'],
      ['$settings', 'settings'],
      ['$projections-$by_category', 'nonsense'],
      [`$persistentsubscription-${stream}::${group}-checkpoint`, 'nonsense'],
      [`$persistentsubscription-${stream}::${group}-parked`, '$>'],
      [`$$${stream}`, '$metadata'],
    ] as const) {
      await client.appendToStream(
        name,
        nonsense.map((text) => binaryEvent({ type, data: Buffer.from(text) })),
      );
    }
    await node.kill();
    node = await start();
    client = connect(node);
    await client.appendToStream(stream, events(1));
    expect(await take(client.subscribeToPersistentSubscriptionToStream(stream, group), 1)).toHaveLength(1);
    await client.replayParkedMessagesToStream(stream, group);
  });

  it('stops in order when an operator says so', async () => {
    const node = await start();
    const client = new OperationsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
    expect((await unary(client.shutdown.bind(client, new Empty()), new Metadata())).code).toBe(status.OK);
    expect(await node.ended).toBe(0);
    client.close();
  });

  it('ends consumers when it stops', async () => {
    const node = await start();
    const client = connect(node);
    const [stream, group] = [fresh('order'), fresh('group')];
    await client.createPersistentSubscriptionToStream(stream, group, settings());
    const subscription = client.subscribeToPersistentSubscriptionToStream(stream, group);
    const failed = new Promise((resolve) => subscription.on('error', resolve));
    await new Promise<void>((resolve) => subscription.on('confirmation', () => resolve()));
    expect(await node.stop()).toBe(0);
    expect(await failed).toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe('projections', () => {
  it('of users cannot be made, and are not there', async () => {
    const client = connect(await start());
    const noSuch = {
      code: status.NOT_FOUND,
      message: expect.stringContaining("Projection 'mine' not found. This node runs no user projections"),
    };
    const refusals: [Promise<unknown>, object][] = [
      [
        client.createProjection('mine', 'fromAll()'),
        { code: status.UNIMPLEMENTED, message: expect.stringContaining('no user projections') },
      ],
      [client.updateProjection('mine', 'fromAll()'), noSuch],
      [client.deleteProjection('mine'), noSuch],
      [client.getProjectionState('mine'), noSuch],
      [client.getProjectionResult('mine'), noSuch],
      [client.getProjectionStatus('mine'), noSuch],
      [client.enableProjection('mine'), noSuch],
      [client.disableProjection('mine'), noSuch],
      [client.abortProjection('mine'), noSuch],
      [client.resetProjection('mine'), noSuch],
      [client.deleteProjection('$by_category'), { code: status.UNIMPLEMENTED, message: expect.stringContaining("the node's own") }],
      [client.updateProjection('$streams', 'fromAll()'), { code: status.UNIMPLEMENTED }],
    ];
    for (const [call, reason] of refusals) {
      await expect(call.catch((error: { code: number; message: string }) => error)).resolves.toMatchObject(reason);
    }
  });

  it('that stand are aborted, restarted and reset: what is linked stays once, a deleted stream of links comes back', async () => {
    let node = await start();
    let client = connect(node);
    const state = async () => (await client.getProjectionStatus('$by_category')).projectionStatus;
    const [one, two] = ['c', 'd'].map((letter) => `${letter}${fresh('x').replaceAll('-', '')}`) as [string, string];
    const linked = async (category: string) =>
      (await all(client.readStream(`$ce-${category}`, { resolveLinkTos: true })).catch(() => [])).length;
    await client.enableProjection('$by_category');
    await client.appendToStream(`${one}-1`, events(2));
    await client.appendToStream(`${two}-1`, events(3));
    await until(async () => (await linked(one)) === 2 && (await linked(two)) === 3);
    await client.restartSubsystem();
    expect(await state()).toBe('Running');
    await client.deleteStream(`$ce-${one}`);
    await client.resetProjection('$by_category');
    expect(await state()).toBe('Running');
    await client.appendToStream(`${two}-2`, events(1));
    await until(async () => (await linked(one)) === 2 && (await linked(two)) === 4);
    await client.abortProjection('$by_category');
    expect(await state()).toBe('Aborted');
    await client.restartSubsystem();
    expect(await state()).toBe('Aborted');
    await client.deleteStream(`$ce-${one}`);
    await client.resetProjection('$by_category');
    await node.kill();
    node = await start();
    client = connect(node);
    expect(await state()).toBe('Stopped');
    expect(await linked(one)).toBe(0);
    await client.enableProjection('$by_category');
    await until(async () => (await linked(one)) === 2);
    expect(await linked(two)).toBe(4);
    await client.abortProjection('$by_category');
    await client.enableProjection('$by_category');
    await client.disableProjection('$by_category');
    expect(await state()).toBe('Stopped');
  });

  it('that stand are switched by operators, and stay so over kill -9', async () => {
    let node = await start();
    let client = connect(node);
    const category = `c${fresh('x').replaceAll('-', '')}`;
    await client.appendToStream(`${category}-1`, events(2));
    const states = async () =>
      Object.fromEntries((await client.listProjections()).map(({ name, projectionStatus }) => [name, projectionStatus]));
    expect(await states()).toEqual({
      $by_category: 'Stopped',
      $by_event_type: 'Stopped',
      $streams: 'Stopped',
      $stream_by_category: 'Stopped',
    });
    await client.enableProjection('$by_category');
    expect((await client.getProjectionStatus('$by_category')).projectionStatus).toBe('Running');
    const linked = async () => (await all(client.readStream(`$ce-${category}`, { resolveLinkTos: true })).catch(() => [])).length;
    await until(async () => (await linked()) === 2);
    await node.kill();
    node = await start();
    client = connect(node);
    await client.appendToStream(`${category}-2`, events(1));
    await until(async () => (await linked()) === 3);
    await client.disableProjection('$by_category');
    expect((await states()).$by_category).toBe('Stopped');
    await client.appendToStream(`${category}-3`, events(1));
    expect(await linked()).toBe(3);
  });
});

describe('a connection', () => {
  it.each(['insecure', 'tls'])('that says nothing, or a byte at a time, is closed after the node’s patience (%s)', async (mode) => {
    const { certificate, key } = selfSigned();
    const node = await startNode({ dataDir, patience: 500, tls: mode === 'tls' ? { cert: certificate, key } : undefined });
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
  const node = await startNode({ dataDir });
  try {
    const client = EventStoreDBClient.connectionString(node.connectionString);
    clients.push(client);
    const { log } = node;
    const append = log.append.bind(log);
    let wake: () => void = () => undefined;
    // The disk takes the append and does not come back.
    log.append = async (...given) => {
      const answer = await append(...given);
      await new Promise<void>((resolve) => (wake = resolve));
      return answer;
    };
    const event = jsonEvent({ type: 'reported', data: {} });
    await expect(client.appendToStream('hung', event, { deadline: 400 })).rejects.toThrow(DeadlineExceededError);
    wake();
    log.append = append;
    // What became of it is learnt by sending it again.
    expect(await client.appendToStream('hung', event)).toMatchObject({ success: true, nextExpectedRevision: 0n });
    expect(await all(client.readStream('hung'))).toHaveLength(1);
  } finally {
    await node.close();
  }
});

it('carries events of fifteen megabytes, where operators allow them', async () => {
  const args = ['--max-append-size', String(16 * 1024 * 1024)];
  let node = await start({ args });
  let client = connect(node);
  const drawing = (fill: string) => jsonEvent({ type: 'drawn', data: { drawing: fill.repeat(15 * 1024 * 1024) } });
  // Compared by hand: a matcher would print all of it.
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

it('serves on where a file is damaged that a persistent subscription reads, and names the damage to its consumers', async () => {
  const options = { dataDir, segmentSize: 64 * 1024 };
  let node = await startNode(options);
  for (let i = 0; i < 100; i++) {
    const data = Buffer.from(JSON.stringify({ index: i, text: 'y'.repeat(1_000) }));
    await node.log.append('s', 'any', [{ id: randomUUIDBytes(), type: 'test', json: true, data, metadata: Buffer.alloc(0) }]);
  }
  const { offset } = node.log.event('s', 40)!;
  await node.close();
  const file = openSync(join(dataDir, 'log', '0000000000000000.log'), 'r+');
  writeSync(file, 'Z', offset + 500);
  closeSync(file);
  const warned: string[] = [];
  const hear = (reason: Error) => warned.push(reason.message);
  process.on('unhandledRejection', hear);
  node = await startNode(options);
  try {
    const client = EventStoreDBClient.connectionString(node.connectionString);
    clients.push(client);
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
