import { EventStoreDBClient } from '@eventstore/db-client';
import { startNode, type RunningNode } from '../../node';
import { selfSigned } from '../certificate';
import { all, events, until } from '../server-under-test';
import { dataDir, kept } from './node-under-test';

describe('password checks of a node that has just started with TLS', () => {
  const { certificate, key } = selfSigned();
  let node: RunningNode;
  const connect = (password: string): EventStoreDBClient =>
    kept(
      new EventStoreDBClient(
        { endpoint: `127.0.0.1:${node.port}` },
        { rootCertificate: Buffer.from(certificate) },
        { username: 'admin', password },
      ),
    );
  beforeEach(async () => {
    node = await startNode({ dataDir: dataDir(), tls: { cert: certificate, key }, adminPassword: 'of this node' });
  });
  afterEach(() => node.close());

  it('let 200 concurrent reads with the right password through', async () => {
    await node.log.append('order', 'any', []);
    const client = connect('of this node');
    const reads = Array.from({ length: 200 }, () => all(client.readStream('$users')));
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  });

  it('let 250 subscriptions of four connections through', async () => {
    const live = [1, 2, 3, 4].map(() => connect('of this node'));
    const ended: unknown[] = [];
    let confirmed = 0;
    const subscriptions = Array.from({ length: 250 }, (_, i) =>
      live[i % 4]!.subscribeToStream('order')
        .on('error', (error) => ended.push(error))
        .on('confirmation', () => confirmed++),
    );
    await until(() => confirmed + ended.length === 250);
    expect(ended).toEqual([]);
    await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()));
  });

  it('keep a client with a stale password from locking others out', async () => {
    const stale = connect('of another node');
    const refused = Array.from({ length: 300 }, () => all(stale.readStream('$users')).catch((error: { code: number }) => error.code));
    const client = connect('of this node');
    await client.appendToStream('order', events(1));
    expect(await all(client.readStream('order'))).toHaveLength(1);
    expect(new Set(await Promise.all(refused))).toEqual(new Set([16]));
  });
});
