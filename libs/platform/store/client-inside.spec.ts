import { Channel, type CallOptions, Metadata } from '@grpc/grpc-js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { readFileSync } from 'node:fs';
import { StoreAddress } from './store-address';

type Inside = {
  getChannel(): Promise<Channel>;
  callArguments(options: { requiresLeader?: boolean }, call: { deadline: number }): [Metadata, CallOptions];
};

describe("the official client's private parts that are used", () => {
  const inside = () => EventStoreDBClient.connectionString('esdb://admin:changeit@127.0.0.1:2113') as unknown as Inside;

  it('belong to the version that was reviewed; a new version must be reviewed again', () => {
    expect(JSON.parse(readFileSync(require.resolve('@eventstore/db-client/package.json'), 'utf8')).version).toBe('6.2.1');
  });

  it('give one channel to the node, which connects at its first call', async () => {
    const client = inside();
    const channel = await client.getChannel();
    expect(channel).toBeInstanceOf(Channel);
    expect(channel.getTarget()).toBe('dns:127.0.0.1:2113');
    expect(await client.getChannel()).toBe(channel);
    channel.close();
  });

  it('give the metadata of calls: requires-leader and credentials', () => {
    const [metadata, options] = inside().callArguments({ requiresLeader: true }, { deadline: Infinity });
    expect(metadata.get('requires-leader')).toEqual(['true']);
    expect(options.deadline).toBe(Infinity);
    expect(options.credentials).toBeDefined();
    expect(inside().callArguments({}, { deadline: 1 })[0].get('requires-leader')).toEqual([]);
  });
});

describe('the address of one node', () => {
  it('keeps user and settings, and makes each channel use its own connection', () => {
    const address = new StoreAddress('esdb+discover://admin:change%40it@one:1,two/?tls=false&connectionName=api&nodePreference=follower');
    expect(address.nodes).toEqual(['one:1', 'two:2113']);
    const [first, second] = [address.of('two:2113'), address.of('two:2113')];
    expect(first).toBe('esdb://admin:change%40it@two:2113?tls=false&connectionName=api&keepAliveInterval=10001');
    expect(second).not.toBe(first);
  });

  it('is not treated as a cluster if there is one host', () => {
    expect(new StoreAddress('esdb://127.0.0.1:2113?tls=false').cluster).toBe(false);
    expect(new StoreAddress('esdb+discover://cluster.example').cluster).toBe(true);
  });

  it('says what is wrong with a connection string', () => {
    expect(() => new StoreAddress('http://127.0.0.1')).toThrow(/esdb/);
  });
});
