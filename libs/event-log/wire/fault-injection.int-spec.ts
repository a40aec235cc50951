import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Faults } from './fault-injection';
import { type RunningNode, startNode } from '../node';

const event = () => jsonEvent({ type: 'Counted', data: { n: 1 } });
function within<T>(ms: number, promise: Promise<T>): Promise<T | 'no answer'> {
  let timer: NodeJS.Timeout;
  const late = new Promise<'no answer'>((resolve) => (timer = setTimeout(() => resolve('no answer'), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

describe('a node with injected faults', () => {
  let dataDir: string;
  let node: RunningNode;
  let client: EventStoreDBClient;
  let faults: Faults;
  beforeEach(async () => {
    dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'faults-'));
    faults = {};
    node = await startNode({ dataDir, faults });
    client = EventStoreDBClient.connectionString(node.connectionString);
    await client.appendToStream('s', [event()]);
  });
  afterEach(async () => {
    await client.dispose();
    await node.close();
    fs.rmSync(dataDir, { recursive: true, force: true });
  });

  const count = async () => {
    let events = 0;
    for await (const _ of client.readStream('s')) events++;
    return events;
  };

  it('behaves normally without faults', async () => expect(await count()).toBe(1));

  it('can be mute', async () => {
    faults.mute = true;
    expect(await within(300, count())).toBe('no answer');
  });

  it('can be slow', async () => {
    faults.slowMs = 200;
    const begun = Date.now();
    await count();
    expect(Date.now() - begun).toBeGreaterThanOrEqual(190);
  });

  it('can redirect writers to another leader', async () => {
    faults.notLeader = { host: 'elsewhere', port: 4711 };
    await expect(count()).rejects.toMatchObject({ type: 'not-leader', leader: { address: 'elsewhere', port: 4711 } });
  });

  it('can deliver twice', async () => {
    faults.duplicate = true;
    expect(await count()).toBe(2);
  });

  it('can cut the connections after a number of messages', async () => {
    await client.appendToStream('s', [...Array(20)].map(event));
    faults.dropAfter = 5;
    await expect(count()).rejects.toMatchObject({ code: expect.any(Number) });
    expect(await count()).toBe(21);
  });

  it('can lose the answer of a durable append; the repetition is recognised', async () => {
    faults.cutBeforeAnswer = 1;
    const events = [event()];
    await expect(within(3000, client.appendToStream('s', events, { expectedRevision: 0n }))).rejects.toThrow();
    expect((await client.appendToStream('s', events, { expectedRevision: 0n })).nextExpectedRevision).toBe(1n);
    expect(await count()).toBe(2);
  });
});
