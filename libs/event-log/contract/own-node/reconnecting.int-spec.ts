import {
  EventStoreDBClient,
  jsonEvent,
  NotLeaderError,
  StreamNotFoundError,
  UnavailableError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import type { Channel } from '@grpc/grpc-js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '../certificate';
import { type NodeProcess, startProcess } from '../node-process';
import { builtIn as admin, all, events, until } from '../server-under-test';

jest.setTimeout(60_000);

/** BatchAppend notices a lost node itself; calls with their own credentials use Append, which does not. */
const classic = { credentials: admin };
const event = () => jsonEvent({ type: 'made', data: {} });
const channelOf = (client: EventStoreDBClient) => (client as unknown as { getChannel(): Promise<Channel> }).getChannel();

describe.each(['insecure', 'tls'])('a client of one node (%s)', (mode) => {
  const { certificate, key } = selfSigned();
  let work: string;
  const running: NodeProcess[] = [];
  const clients: EventStoreDBClient[] = [];

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'event-log-reconnecting-'));
    writeFileSync(join(work, 'node.crt'), certificate);
    writeFileSync(join(work, 'node.key'), key);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) (await channelOf(client)).close();
    await Promise.all(running.splice(0).map((node) => node.kill()));
    rmSync(work, { recursive: true, force: true });
  });

  const start = async (name: string, port = 0, args: string[] = []): Promise<NodeProcess> => {
    const tls = mode === 'tls' ? ['--tls-cert', join(work, 'node.crt'), '--tls-key', join(work, 'node.key')] : [];
    const node = await startProcess(join(work, name), { port, args: [...tls, ...args] });
    running.push(node);
    return node;
  };
  const connect = (scheme: string, { port }: NodeProcess): EventStoreDBClient => {
    const security = mode === 'tls' ? `tls=true&tlsCAFile=${join(work, 'node.crt')}` : 'tls=false';
    const client = EventStoreDBClient.connectionString(`${scheme}://admin:changeit@127.0.0.1:${port}?${security}&nodePreference=leader`);
    clients.push(client);
    return client;
  };

  it.each(['esdb', 'esdb+discover'])('loses the node, and continues when it is back (%s)', async (scheme) => {
    const node = await start('data');
    const client = connect(scheme, node);
    await client.appendToStream('orders', event(), classic);
    await node.kill();
    await expect(client.appendToStream('orders', event(), classic)).rejects.toThrow(UnavailableError);
    await start('data', node.port);
    expect((await client.appendToStream('orders', event(), classic)).nextExpectedRevision).toBe(1n);
    expect((await client.appendToStream('orders', event())).nextExpectedRevision).toBe(2n);
    expect(await all(client.readStream('orders'))).toHaveLength(3);
  });

  it('gets an error during a read and during appends when the node is gone', async () => {
    const node = await start('data');
    const client = connect('esdb', node);
    await client.appendToStream('long', events(2_000));
    const appending = (async () => {
      for (;;) await client.appendToStream('flood', events(500));
    })().catch((error: Error) => error);
    let read = 0;
    const reading = (async () => {
      for await (const _ of client.readStream('long')) if (++read === 12) await node.kill();
    })();
    await expect(reading).rejects.toThrow(UnavailableError);
    expect(await appending).toBeInstanceOf(UnavailableError);
    expect(read).toBeLessThan(2_000);
  });

  it('keeps its channel when a call is refused', async () => {
    const client = connect('esdb', await start('data'));
    await client.appendToStream('orders', event(), classic);
    const channel = await channelOf(client);
    await expect(all(client.readStream('missing'))).rejects.toThrow(StreamNotFoundError);
    await expect(client.deleteStream('missing')).rejects.toThrow(WrongExpectedVersionError);
    expect(await channelOf(client)).toBe(channel);
  });

  it.each(['Append', 'BatchAppend'])('switches to the leader that a follower names (%s)', async (method) => {
    const leader = await start('leader');
    const elsewhere = JSON.stringify({ notLeader: { host: '127.0.0.1', port: leader.port } });
    const client = connect('esdb', await start('follower', 0, ['--inject-faults', elsewhere]));
    const options = { requiresLeader: true, ...(method === 'Append' ? classic : {}) };
    const refused = await client.appendToStream('orders', event(), options).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(NotLeaderError);
    expect((refused as NotLeaderError).leader).toEqual({ address: '127.0.0.1', port: leader.port });
    await until(async () => (await channelOf(client)).getTarget().endsWith(`:${leader.port}`));
    expect((await client.appendToStream('orders', event(), options)).nextExpectedRevision).toBe(0n);
  });
});
