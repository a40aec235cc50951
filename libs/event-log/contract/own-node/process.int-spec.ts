import {
  binaryEvent,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { OperationsClient } from '@eventstore/db-client/generated/operations_grpc_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { UsersClient } from '@eventstore/db-client/generated/users_grpc_pb';
import { CreateReq } from '@eventstore/db-client/generated/users_pb';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../certificate';
import { unary } from '../raw';
import { all, events, fresh, take, until } from '../server-under-test';
import { connect, dataDir, start } from './node-under-test';

const settings = (changes: Partial<PersistentSubscriptionToStreamSettings> = {}) =>
  persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, checkPointLowerBound: 1, checkPointUpperBound: 1, ...changes });
describe('the process', () => {
  it('speaks TLS with the given certificate, and refuses plain connections', async () => {
    const { certificate, key } = selfSigned();
    const [cert, keyFile] = [join(dataDir(), 'node.crt'), join(dataDir(), 'node.key')];
    writeFileSync(cert, certificate);
    writeFileSync(keyFile, key);
    const node = await start({ args: ['--tls-cert', cert, '--tls-key', keyFile] });
    const stream = fresh('order');
    await connect(node, certificate).appendToStream(stream, events(1));
    await expect(all(connect(node).readStream(stream))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it('keeps its users across kill -9', async () => {
    const { certificate, key } = selfSigned();
    writeFileSync(join(dataDir(), 'node.crt'), certificate);
    writeFileSync(join(dataDir(), 'node.key'), key);
    const args = ['--tls-cert', join(dataDir(), 'node.crt'), '--tls-key', join(dataDir(), 'node.key')];
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

  it('starts although someone wrote invalid events into its own streams', async () => {
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

  it('stops cleanly when an operator asks for it', async () => {
    const node = await start();
    const client = new OperationsClient(`127.0.0.1:${node.port}`, credentials.createInsecure());
    expect((await unary(client.shutdown.bind(client, new Empty()), new Metadata())).code).toBe(status.OK);
    expect(await node.ended).toBe(0);
    client.close();
  });

  it('ends every call in progress as UNAVAILABLE when it stops, so that clients look for another node', async () => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const node = await start();
      const client = connect(node);
      await client.appendToStream('order', events(1));
      const codes: number[] = [];
      const note = (error: unknown): void => void codes.push((error as { code: number }).code);
      const live = Array.from({ length: 20 }, () => client.subscribeToStream('order').on('error', note));
      let appending = true;
      const writing = (async () => {
        while (appending) await client.appendToStream('order', events(1)).catch(() => (appending = false));
      })();
      const seen = await Promise.all(
        live.map((subscription) => new Promise<boolean>((resolve) => subscription.once('data', () => resolve(true)))),
      );
      expect(seen).toHaveLength(20);
      expect(await node.stop()).toBe(0);
      appending = false;
      await writing;
      await until(() => codes.length === 20);
      expect(new Set(codes)).toEqual(new Set([status.UNAVAILABLE]));
    }
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
