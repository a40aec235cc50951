import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startNode, type RunningNode } from '#event-log/node';
import { testDirectory } from '#platform/testing/testing';
import { Connection } from './connection';
import { EventStore } from './event-store';
import { compareLogs, type Comparison } from './log-compare';
import { LogCopy } from './log-copy';
import { LogEvent } from './log-event';
import { logReader } from './log-reader';
import { survey } from './log-survey';

let nodes: RunningNode[] = [];
let connections: Connection[] = [];
const node = async (): Promise<RunningNode> => {
  const started = await startNode({ dataDir: testDirectory('copy') });
  nodes.push(started);
  return started;
};
const connectionTo = ({ connectionString }: RunningNode): Connection => {
  const connection = new Connection(connectionString);
  connections.push(connection);
  return connection;
};
afterEach(async () => {
  connections.forEach((connection) => connection.close());
  await Promise.all(nodes.map((started) => started.close()));
  [nodes, connections] = [[], []];
});

async function fill({ connectionString }: RunningNode): Promise<void> {
  const client = EventStoreDBClient.connectionString(connectionString);
  for (let n = 0; n < 60; n++)
    await client.appendToStream(
      `order-${n % 7}`,
      [...Array(1 + (n % 5)).keys()].map((i) =>
        jsonEvent({ type: 'Counted', data: { n, i, text: 'é' }, metadata: { commandId: `c${n}` } }),
      ),
    );
  await client.appendToStream('odd', binaryEvent({ type: 'Binary', data: Buffer.from([0, 1, 255]), metadata: Buffer.from('no json') }));
  await client.appendToStream('odd', jsonEvent({ type: 'Bare', data: { none: true } }));
  await client.appendToStream('odd', binaryEvent({ type: 'Empty', data: Buffer.from('x'), metadata: Buffer.from('{}') }));
  await client.setStreamMetadata('odd', { maxAge: 1_000_000, whose: 'ours' });
  await client.appendToStream('gone', jsonEvent({ type: 'Counted', data: {} }));
  await client.tombstoneStream('gone');
  await client.appendToStream('odd', jsonEvent({ type: 'Last', data: {} }));
  await client.dispose();
}

async function copy(from: RunningNode, to: RunningNode): Promise<{ events: number }> {
  const log = new LogCopy(connectionTo(from), connectionTo(to));
  try {
    return await log.run(await log.survey());
  } finally {
    log.close();
  }
}

async function compare(from: RunningNode, to: RunningNode): Promise<Comparison> {
  const [one, other] = [logReader(connectionTo(from)), logReader(connectionTo(to))];
  try {
    return await compareLogs(one, other, (await survey(one)).leftOut);
  } finally {
    one.close!();
    other.close!();
  }
}

it('brings every event with its id, revision, bytes and known time, stream metadata and tombstones, there and back', async () => {
  const [first, second, third] = [await node(), await node(), await node()];
  await fill(first);
  expect(await copy(first, second)).toMatchObject({ events: 185 });
  expect(await compare(first, second)).toEqual({ equal: true, events: 185 });
  await copy(second, third);
  expect(await compare(first, third)).toEqual({ equal: true, events: 185 });
  expect(await compare(third, second)).toEqual({ equal: true, events: 185 });
}, 60_000);

it('shows the time at which the first store recorded an event, and its own metadata', async () => {
  const [first, second] = [await node(), await node()];
  await fill(first);
  await copy(first, second);
  const [one, other] = [new EventStore(first.connectionString), new EventStore(second.connectionString)];
  const plain = ({ position: _, copied: __, ...event }: { position: bigint; copied?: boolean }) => event;
  expect((await other.read('order-3')).map(plain)).toEqual((await one.read('order-3')).map(plain));
  expect((await other.read('order-3')).every(({ copied }) => copied)).toBe(true);
  await Promise.all([one.close(), other.close()]);
}, 60_000);

it('continues where it stopped, and does nothing if there is nothing new', async () => {
  const [first, second] = [await node(), await node()];
  await fill(first);
  await copy(first, second);
  const store = new EventStore(first.connectionString);
  await store.append('late', -1n, [{ type: 'Late', data: {}, metadata: {} as never }]);
  await store.close();
  expect(await copy(first, second)).toMatchObject({ events: 186 });
  expect(await copy(first, second)).toMatchObject({ events: 186 });
  expect(await compare(first, second)).toEqual({ equal: true, events: 186 });
}, 60_000);

it('follows a source while it is written to', async () => {
  const [first, second] = [await node(), await node()];
  await fill(first);
  const log = new LogCopy(connectionTo(first), connectionTo(second));
  const stop = new AbortController();
  const running = log.run(await log.survey(), stop.signal);
  const store = new EventStore(first.connectionString);
  let revision = -1n;
  for (let n = 0; n < 50; n++)
    ({ revision } = await store.append('live', revision, [{ type: 'Live', data: { n }, metadata: {} as never }]));
  await store.close();
  stop.abort();
  await running;
  await log.close();
  expect(await compare(first, second)).toMatchObject({ equal: true });
}, 60_000);

describe('refuses', () => {
  it('a target that holds anything else', async () => {
    const [first, second] = [await node(), await node()];
    await fill(first);
    await fill(second);
    await expect(copy(first, second)).rejects.toThrow(/holds Counted in order-0 already/);
  }, 60_000);

  it('a target that has been used since an earlier copy', async () => {
    const [first, second] = [await node(), await node()];
    await fill(first);
    await copy(first, second);
    const store = new EventStore(second.connectionString);
    await store.append('own', -1n, [{ type: 'Own', data: {}, metadata: {} as never }]);
    await store.close();
    await expect(copy(first, second)).rejects.toThrow(/in use already/);
  }, 60_000);

  it('the source itself as target', async () => {
    const first = await node();
    await fill(first);
    await expect(copy(first, first)).rejects.toThrow(/same store/);
  }, 60_000);

  it('a source other than that of an earlier copy', async () => {
    const [first, second, third] = [await node(), await node(), await node()];
    await fill(first);
    await fill(third);
    await copy(first, second);
    await expect(copy(third, second)).rejects.toThrow(/a copy of another log/);
  }, 60_000);
});

it("finds the streams whose first events are gone, and the store's own streams", async () => {
  const event = (stream: string, revision: bigint) =>
    Object.assign(new LogEvent(), { stream, revision, type: 'Counted', position: revision });
  const log = [
    event('whole', 0n),
    event('old', 3n),
    event('$users', 0n),
    event('whole', 1n),
    event('old', 4n),
    event('torn', 0n),
    event('torn', 2n),
  ];
  const found = await survey({ readAll: async () => log } as never);
  expect(found).toMatchObject({ events: 6, streams: 3, ownStreams: ['$users'] });
  expect([...found.leftOut]).toEqual([
    ['old', 'its events before revision 3 are gone'],
    ['torn', 'its events 1 to 1 are gone'],
  ]);
});

it('reports the first difference', async () => {
  const [first, second] = [await node(), await node()];
  await fill(first);
  await copy(first, second);
  const store = new EventStore(first.connectionString);
  await store.append('more', -1n, [{ type: 'More', data: {}, metadata: {} as never }]);
  await store.close();
  expect(await compare(first, second)).toEqual({
    equal: false,
    events: 185,
    firstDifference: { where: '0@more', what: 'event', from: 'More', to: 'nothing' },
  });
}, 60_000);
