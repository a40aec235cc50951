import { binaryEvent, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import type { Metadata } from '#kernel/event';
import { startNode, type RunningNode } from '#event-log/node';
import { testDirectory } from '#platform/testing/testing';
import { Conflict, EventStore, StoreRefused } from './event-store';

const metadata = { commandId: 'c', actor: 'a', schema: 1 } as unknown as Metadata;
const counted = (n: number, text = '') => ({ type: 'Counted', data: { n, text }, metadata });

let node: RunningNode;
let store: EventStore;
beforeAll(async () => {
  node = await startNode({ dataDir: testDirectory('append') });
  store = new EventStore(node.connectionString);
});
afterAll(async () => {
  await store.close();
  await node.close();
});

it('appends events that the official client reads, with the ids that were returned', async () => {
  const { revision, position, ids } = await store.append('order-1', -1n, [counted(1, 'é'), { ...counted(2), type: 'Gezählt' }]);
  expect(revision).toBe(1n);
  const client = EventStoreDBClient.connectionString(node.connectionString);
  const found = [];
  for await (const { event } of client.readStream('order-1')) found.push(event!);
  await client.dispose();
  expect(found.map(({ id, type, data }) => ({ id, type, data }))).toEqual([
    { id: ids[0], type: 'Counted', data: { n: 1, text: 'é' } },
    { id: ids[1], type: 'Gezählt', data: { n: 2, text: '' } },
  ]);
  expect(position).toBeGreaterThan(0n);
  expect(found[0]!.metadata).toEqual(metadata);
});

it('stores the same content at the same revision once, and refuses other content there', async () => {
  const first = await store.append('order-2', -1n, [counted(1)]);
  await store.append('order-2', 0n, [counted(2)]);
  expect(await store.append('order-2', -1n, [counted(1)])).toEqual(first);
  const other = await store.append('order-2', -1n, [counted(3)]).catch((error: unknown) => error);
  expect(other).toBeInstanceOf(Conflict);
  expect((other as Conflict).actual).toBe(1n);
  expect((await store.read('order-2')).map(({ data }) => (data as { n: number }).n)).toEqual([1, 2]);
});

it('takes no event in a stream of the store for one of the business, whatever its type', async () => {
  const client = EventStoreDBClient.connectionString(node.connectionString);
  const { position } = await store.append('order-8', -1n, [counted(1)]);
  await client.appendToStream('$settings', jsonEvent({ type: 'update-default-acl', data: {} }));
  await client.dispose();
  expect(await store.head({ business: true })).toBe(position);
  expect(await store.head()).toBeGreaterThan(position);
  expect((await store.readAll('start', 1_000)).events.filter((event) => event.stream.startsWith('$'))).toEqual([]);
});

it('gives equal content at different revisions different ids', async () => {
  const { ids } = await store.append('order-3', -1n, [counted(1), counted(1)]);
  const elsewhere = await store.append('order-4', -1n, [counted(1)]);
  expect(new Set([...ids, ...elsewhere.ids]).size).toBe(3);
});

it('reports -1 as the actual revision of a stream that does not exist', async () => {
  await expect(store.append('order-5', 3n, [counted(1)])).rejects.toMatchObject({ name: 'Conflict', actual: -1n });
});

it.each([
  ['', 'must not be empty'],
  ['$$', 'must not be `\\$\\$`'],
  ['$all', 'must not be `\\$all`'],
  ['a\ud800', 'must be well-formed Unicode'],
  ['x'.repeat(9_000), 'must have at most'],
])('sends nothing to a stream with the name %j', async (name, why) => {
  const refused = await store.append(name, -1n, [counted(1)]).catch((error: unknown) => error as StoreRefused);
  expect(refused).toBeInstanceOf(StoreRefused);
  expect((refused as StoreRefused).message).toMatch(new RegExp(why));
});

it('refuses appends that are too large, before sending or by the answer, and keeps working', async () => {
  await expect(store.append('order-6', -1n, [counted(1, 'x'.repeat(2_000_000))])).rejects.toMatchObject({ reason: 'too-large' });
  await expect(store.append('order-6', -1n, [counted(1, 'x'.repeat(20_000_000))])).rejects.toMatchObject({ reason: 'too-large' });
  await store.append('order-6', -1n, [counted(1)]);
});

it('refuses metadata with the key of the time at which an event became known', async () => {
  const forged = { ...counted(1), metadata: { ...metadata, $recordedAt: '2020-01-01T00:00:00.000Z' } as Metadata };
  await expect(store.append('order-7', -1n, [forged])).rejects.toMatchObject({ reason: 'bad-request' });
});

it('answers each of 2,000 concurrent appends', async () => {
  const answers = await Promise.all([...Array(2_000).keys()].map((n) => store.append(`many-${n % 40}`, 'any', [counted(n, `${n}`)])));
  const streams = new Map<string, Set<bigint>>();
  answers.forEach(({ revision }, n) => {
    const seen = streams.get(`many-${n % 40}`) ?? new Set();
    streams.set(`many-${n % 40}`, seen.add(revision));
  });
  expect([...streams.values()].every((seen) => seen.size === 50)).toBe(true);
});

it('refuses at once to read a stream that was deleted permanently', async () => {
  const client = EventStoreDBClient.connectionString(node.connectionString);
  await client.appendToStream('order-gone', jsonEvent({ type: 'Counted', data: {} }));
  await client.tombstoneStream('order-gone');
  await client.dispose();
  const before = store.state;
  for (const read of [() => store.read('order-gone'), () => store.readBackwards('order-gone', 1)])
    await expect(read()).rejects.toMatchObject({ name: 'StoreRefused', reason: 'stream-deleted' });
  expect(store.state).toEqual(before);
});

it('reads a stream as the official client does, whatever other apps have written into it', async () => {
  const client = EventStoreDBClient.connectionString(node.connectionString);
  await client.appendToStream('order-9', [
    jsonEvent({ type: 'Counted', data: { n: 1 }, metadata: { schema: 1, note: 'é' } }),
    jsonEvent({ type: 'Counted', data: 'text' }),
    binaryEvent({ type: 'Scanned', data: Buffer.from([1, 2, 255]), metadata: Buffer.from('no JSON') }),
  ]);
  await client.appendToStream('order-9', jsonEvent({ type: 'CommandUnchanged', data: {} }));
  const official = [];
  for await (const { event, commitPosition } of client.readStream('order-9')) official.push({ ...event!, position: commitPosition });
  await client.dispose();
  const plain = ({ data, metadata, ...rest }: { data: unknown; metadata?: unknown }) => ({
    ...rest,
    data: data instanceof Uint8Array ? [...data] : data,
    metadata: metadata instanceof Uint8Array ? [...metadata] : (metadata ?? {}),
  });
  const expected = official.map(({ streamId, created, isJson: _, ...event }) =>
    plain({ ...event, stream: streamId, recordedAt: created.toISOString() } as never),
  );
  expect((await store.read('order-9', 0n, { bookkeeping: true })).map(plain)).toEqual(expected);
  expect((await store.read('order-9', 1n, { maxCount: 3 })).map(plain)).toEqual(expected.slice(1, 3));
  expect((await store.readBackwards('order-9', 2)).map(plain)).toEqual([expected[3], expected[2]]);
  expect(await store.read('order-none')).toEqual([]);
  expect(await store.readBackwards('order-none', 1)).toEqual([]);
});

it('sends an append of several megabytes in parts', async () => {
  const large = await startNode({ dataDir: testDirectory('large'), maxAppendSize: 12 * 1024 * 1024 });
  const to = new EventStore(large.connectionString);
  await to.append(
    'large',
    -1n,
    [...Array(10).keys()].map((n) => counted(n, 'x'.repeat(1_000_000))),
  );
  expect(await to.read('large')).toHaveLength(10);
  await to.close();
  await large.close();
});
