/** Each app has a login of its own in the event store, which is no administrator. */
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selfSigned } from '#event-log/contract/certificate';
import { ANALYST_ACCOUNTS } from '#platform/security/analysts';
import { testStore, type TestStore } from '#platform/testing/testing';
import { EventStore } from './event-store';
import { ensureStoreUsers, urlOfStoreUser, type StoreApp } from './store-users';

jest.setTimeout(60_000);

describe('the users of the apps', () => {
  const directory = mkdtempSync(join(tmpdir(), 'store-users-'));
  const passwords = { api: 'api-secret', worker: 'worker-secret', ops: 'ops secret @:/' };
  const clients: EventStoreDBClient[] = [];
  let node: TestStore;
  let admin: string;
  const urlOf = (app: StoreApp) => urlOfStoreUser(admin, app, passwords[app]);
  const official = (url: string) => {
    const client = EventStoreDBClient.connectionString(url);
    clients.push(client);
    return client;
  };
  const denied = (call: Promise<unknown>) =>
    call.then(
      () => 'done',
      (error: { type?: string }) => error.type ?? String(error),
    );
  const event = (type = 'Noted') => jsonEvent({ type, data: { a: 1 } });
  const read = async (client: EventStoreDBClient, stream: string) => {
    let events = 0;
    for await (const found of stream === '$all' ? client.readAll({ maxCount: 5 }) : client.readStream(stream)) if (found) events += 1;
    return events;
  };

  beforeAll(async () => {
    const { certificate, key } = selfSigned();
    const [TLS_CERT, TLS_KEY] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
    writeFileSync(TLS_CERT, certificate);
    writeFileSync(TLS_KEY, key);
    node = await testStore({ TLS_CERT, TLS_KEY, DEFAULT_ADMIN_PASSWORD: 'admin-secret' });
    admin = `esdb://admin:admin-secret@localhost:${node.port}?tls=true&tlsCAFile=${encodeURIComponent(TLS_CERT)}`;
    await ensureStoreUsers(admin, { ...passwords, api: 'an earlier one' });
    await ensureStoreUsers(admin, passwords);
  });
  afterAll(async () => {
    for (const client of clients) (await (client as unknown as { getChannel(): Promise<{ close(): void }> }).getChannel()).close();
    await node?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('append to the streams of the plant, and read everything', async () => {
    for (const app of ['api', 'worker', 'ops'] as const) {
      const store = new EventStore(urlOf(app));
      const metadata = { actor: 'spec', commandId: `c-${app}`, facility: 'haifa' } as never;
      await store.append(`order-haifa.${app}`, -1n, [{ type: 'Noted', data: {}, metadata }]);
      expect(await store.read(`order-haifa.${app}`)).toHaveLength(1);
      expect(await store.head()).toBeGreaterThan(0n);
      expect((await store.readAll('start', 1_000)).events.length).toBeGreaterThan(0);
      await store.close();
    }
  });

  test('an api or a worker deletes nothing, and writes neither records of operators nor rights nor users', async () => {
    for (const app of ['api', 'worker'] as const) {
      const client = official(urlOf(app));
      await client.appendToStream('order-haifa.D', event());
      const attempts = {
        delete: client.deleteStream('order-haifa.D'),
        tombstone: client.tombstoneStream('order-haifa.D'),
        'record of operators': client.appendToStream(ANALYST_ACCOUNTS, event('AnalystAdded')),
        'its rights': client.setStreamMetadata(ANALYST_ACCOUNTS, { acl: { writeRoles: ['$all'] } as never }),
        'default rights': client.appendToStream('$settings', event()),
        'rights of all': client.setStreamMetadata('$all', { acl: { readRoles: ['$all'] } as never }),
        user: client.appendToStream('$user-mallory', event('$UserCreated')),
        users: read(client, '$user-admin'),
      };
      for (const [what, attempt] of Object.entries(attempts))
        expect([app, what, await denied(attempt)]).toEqual([app, what, 'access-denied']);
      expect(await read(client, ANALYST_ACCOUNTS).catch(() => 'missing')).toBe('missing');
    }
    expect(await denied(official(urlOf('ops')).appendToStream(ANALYST_ACCOUNTS, event('AnalystAdded')))).toBe('done');
    expect(await denied(official(urlOf('ops')).deleteStream('order-haifa.D'))).toBe('done');
  });

  test('an earlier password, and no password, get nowhere', async () => {
    const wrong = official(urlOfStoreUser(admin, 'api', 'an earlier one'));
    await expect(wrong.appendToStream('order-haifa.E', event())).rejects.toThrow();
    const nobody = official(admin.replace(/\/\/[^@]*@/, '//'));
    expect(await denied(read(nobody, '$all'))).toBe('access-denied');
  });

  test('what was set is not written again', async () => {
    const client = official(admin);
    const revision = async () => {
      for await (const { event } of client.readStream('$settings', { direction: 'backwards', maxCount: 1, fromRevision: 'end' }))
        return event!.revision;
      return -1n;
    };
    const before = await revision();
    await ensureStoreUsers(admin, passwords);
    expect(await revision()).toBe(before);
  });
});
