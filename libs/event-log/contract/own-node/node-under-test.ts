// Hides: the data directory, the nodes and the clients of one test, which are removed when it ends.
// Promises: nothing outlives a test. Does not: test.
//
// The specs in this folder apply to our node only: they kill it and use its own files and flags.

import { EventStoreDBClient } from '@eventstore/db-client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeProcess, startProcess } from '../node-process';
import { builtIn as admin } from '../server-under-test';

jest.setTimeout(60_000);

let directory: string;
/** The data directory of this test's node. */
export const dataDir = (): string => directory;
const clients: EventStoreDBClient[] = [];
const nodes: NodeProcess[] = [];

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'event-log-own-'))));
afterEach(async () => {
  for (const client of clients.splice(0)) (await (client as unknown as { getChannel(): Promise<{ close(): void }> }).getChannel()).close();
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
  rmSync(directory, { recursive: true, force: true });
});

/** A node in its own OS process. */
export const start = async (options?: Parameters<typeof startProcess>[1]): Promise<NodeProcess> => {
  const node = await startProcess(directory, options);
  nodes.push(node);
  return node;
};
/** A client as administrator. */
export const connect = (node: { port: number }, authority?: string): EventStoreDBClient => {
  const channel = authority ? { rootCertificate: Buffer.from(authority) } : { insecure: true };
  const client = new EventStoreDBClient({ endpoint: `127.0.0.1:${node.port}` }, channel, admin);
  clients.push(client);
  return client;
};

/** Registers the client to be closed when the test ends. */
export const kept = (client: EventStoreDBClient): EventStoreDBClient => {
  clients.push(client);
  return client;
};
