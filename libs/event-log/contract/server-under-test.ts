// Hides: which server the contract suite tests: our node, started here in both modes, or the one behind EVENTSTORE_URL.
// Promises: a client as administrator, unique names for streams and groups, raw calls if the client hides a field; all are closed at the end.
// Does not: use anything of the node except its start; the suite must hold for any server. A test that holds only for our node is defined
// with `ours`.
//
// Settings: EVENTSTORE_URL, with the administrator's login in it; EVENTSTORE_OPS_PASSWORD; EVENTSTORE_CA, the PEM of the authority;
// EVENTSTORE_SERVER=plantlog if the URL is that of our node.

import { type Channel, type ChannelCredentials, type Client, credentials, Metadata } from '@grpc/grpc-js';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode } from '../node';
import { selfSigned } from './certificate';

export type Mode = 'insecure' | 'tls';

/** A server under test. */
export interface ServerUnderTest {
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  /** PEM of the authority, in TLS mode. */
  readonly authority: string | undefined;
  /**
   * The client of a login; administrator by default, `null` for no credentials. Calls for the same login share it: each client keeps a call
   * open for appends, and a connection to the original carries at most 100 calls.
   */
  client(as?: Login | null): EventStoreDBClient;
  /** A client of one generated service. */
  raw<C extends Client>(service: new (address: string, credentials: ChannelCredentials) => C): C;
  /** Metadata of a raw call. */
  as(login?: Login | null): Metadata;
  close(): Promise<void>;
}

export type Login = Readonly<{ username: string; password: string }>;
/** Present if the suite started the node. */
export const builtIn: Login = { username: 'admin', password: 'changeit' };
const outside = process.env.EVENTSTORE_URL ? new URL(process.env.EVENTSTORE_URL.replace(/^esdb(\+discover)?:/, 'http:')) : undefined;
export const admin: Login = outside?.username
  ? { username: decodeURIComponent(outside.username), password: decodeURIComponent(outside.password) }
  : builtIn;
export const ops: Login = { username: 'ops', password: process.env.EVENTSTORE_OPS_PASSWORD ?? 'changeit' };
export const impostor: Login = { username: 'AzureDiamond', password: 'hunter2' };

/** A name unique to this test. */
export const fresh = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 13)}`;

/** `count` events of a type with data `{ index }`. */
export const events = (count: number, type = 'test', first = 0) =>
  Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index: first + index } }));

const isOurs = !outside || process.env.EVENTSTORE_SERVER === 'plantlog';
const nameOf = (name: string, reason: string): string => `${name} [our node alone: ${reason}]`;
type Test = Parameters<typeof it>[1];
/** Tests of behaviour that differs from EventStoreDB, or that could harm it; the reason is part of their names. */
export const ours = {
  it: (name: string, reason: string, test: Test): void => (isOurs ? it : it.skip)(nameOf(name, reason), test),
  contract: (title: string, reason: string, tests: (server: () => ServerUnderTest) => void): void =>
    isOurs ? contract(nameOf(title, reason), tests) : describe.skip(nameOf(title, reason), () => it('is skipped', () => undefined)),
};

/** The modes to run in: both for our own node, that of EVENTSTORE_URL for another server. */
export const modes: readonly Mode[] = outside ? [/tls=false/i.test(outside.search) ? 'insecure' : 'tls'] : ['insecure', 'tls'];

const start = async (mode: Mode) => {
  if (outside) {
    const { hostname, port } = outside;
    return { host: hostname, port: Number(port || 2113), authority: process.env.EVENTSTORE_CA, stop: () => Promise.resolve() };
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'event-log-contract-'));
  const pair = mode === 'tls' ? selfSigned() : undefined;
  const node = await startNode({
    dataDir,
    port: 0,
    tls: pair && { cert: pair.certificate, key: pair.key },
    adminPassword: admin.password,
    opsPassword: ops.password,
  });
  const stop = async (): Promise<void> => {
    await node.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { host: '127.0.0.1', port: node.port, authority: pair?.certificate, stop };
};

export const serverUnderTest = async (mode: Mode): Promise<ServerUnderTest> => {
  const { host, port, authority, stop } = await start(mode);
  const clients = new Map<string, EventStoreDBClient>();
  const raws: Client[] = [];
  const secure = mode === 'tls';
  return {
    mode,
    host,
    port,
    authority,
    client: (login = admin) => {
      const key = JSON.stringify(login);
      const known = clients.get(key);
      if (known) return known;
      const channel = secure ? { rootCertificate: authority ? Buffer.from(authority) : undefined } : { insecure: true };
      const client = new EventStoreDBClient({ endpoint: `${host}:${port}` }, channel, login ?? undefined);
      clients.set(key, client);
      return client;
    },
    raw: (Service) => {
      const client = new Service(
        `${host}:${port}`,
        secure ? credentials.createSsl(authority ? Buffer.from(authority) : null) : credentials.createInsecure(),
      );
      raws.push(client);
      return client;
    },
    as: (login = admin) => {
      const metadata = new Metadata();
      if (secure && login) metadata.set('authorization', `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`);
      return metadata;
    },
    close: async () => {
      // `dispose` waits for ever for a stream that nobody reads to the end.
      const made = [...clients.values()];
      await Promise.race([Promise.all(made.map((client) => client.dispose())), pause(500)]);
      // The client never closes its channel itself, and an open one keeps the app running.
      await Promise.all(made.map(async (client) => (await (client as unknown as { getChannel(): Promise<Channel> }).getChannel()).close()));
      for (const client of raws) client.close();
      await stop();
    },
  };
};

jest.setTimeout(20_000);

/** Runs the same tests in every mode. */
export const contract = (title: string, tests: (server: () => ServerUnderTest) => void): void => {
  describe.each(modes)(`${title} (%s)`, (mode) => {
    let server: ServerUnderTest;
    beforeAll(async () => {
      server = await serverUnderTest(mode);
    }, 30_000);
    afterAll(() => server.close(), 30_000);
    tests(() => server);
  });
};

/** All items of a stream. */
export const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
};

/** The first `count` items of an endless source; then closes it. */
export const take = async <T>(source: AsyncIterable<T>, count: number): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of source) {
    found.push(item);
    if (found.length < count) continue;
    // The client's subscriptions do not end their call when the loop ends.
    await (source as { unsubscribe?: () => Promise<void> }).unsubscribe?.();
    break;
  }
  return found;
};

/** Waits until the condition holds; fails after ten seconds. */
export const until = async (condition: () => boolean | Promise<boolean>, patience = 10_000): Promise<void> => {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('The condition did not hold within ten seconds.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
