import type { Metadata } from '#kernel/event';
import { FakeCluster, type Mode } from '#platform/testing/fake-cluster';
import { testStore, type TestStore } from '#platform/testing/testing';
import { AppendMessage } from './append-message';
import { Conflict, EventStore, StoreUnavailable } from './event-store';
import { Gossip } from './gossip';
import { BEFORE_ALL, logReader } from './log-reader';
import { StoreAddress } from './store-address';

const metadata = { commandId: 'c', actor: 'a', schema: 1 } as unknown as Metadata;
const counted = (n: number) => ({ type: 'Counted', data: { n }, metadata });

let node: TestStore;
let cluster: FakeCluster;
let store: EventStore;
let stream: string;
let streams = 0;
beforeAll(async () => (node = await testStore()), 30_000);
afterAll(() => node.stop());
beforeEach(async () => {
  cluster = await FakeCluster.start(node.port);
  store = new EventStore(cluster.url, 2_000);
  stream = `order-${streams++}`;
  await store.append(stream, -1n, [counted(0)]);
});
afterEach(async () => {
  await store.close();
  cluster.stop();
});

/** Retries appending the next event until it is stored; the outcome of an attempt may be unknown. Returns how long that took. */
async function next(n: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    try {
      await store.append(stream, BigInt(n - 1), [counted(n)]);
      return performance.now() - begun;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() - begun > 15_000) throw error;
    }
  }
}
const numbers = async () => (await store.read(stream)).map(({ data }) => (data as { n: number }).n);
const [leader, follower] = [0, 1];

it.each<[string, () => void]>([
  ['dies', () => cluster.members[leader]!.kill()],
  ['is frozen', () => (cluster.members[leader]!.mode = 'mute')],
  ['is not ready', () => (cluster.members[leader]!.mode = 'not-ready')],
  ['is busy', () => (cluster.members[leader]!.mode = 'busy')],
  ['answers without details', () => (cluster.members[leader]!.mode = 'no-details')],
  ['writes and breaks off', () => (cluster.members[leader]!.mode = 'cut')],
  ['steps down', () => cluster.elect(follower)],
])(
  'follows a new leader when the old one %s',
  async (_, harm) => {
    harm();
    setTimeout(() => cluster.elect(follower), 300);
    expect(await next(1)).toBeLessThan(6_000);
    expect(await next(2)).toBeLessThan(1_000);
    expect(store.state.node).toBe(cluster.members[follower]!.name);
    expect(await numbers()).toEqual([0, 1, 2]);
  },
  30_000,
);

it('leaves a leader that was cut off from the others but still answers', async () => {
  cluster.members[leader]!.mode = 'no-details';
  for (const member of cluster.members.slice(1)) member.sees = follower;
  expect(await next(1)).toBeLessThan(6_000);
  expect(store.state.node).toBe(cluster.members[follower]!.name);
});

it('reads everything when the connection is lost in the middle of the read', async () => {
  const patient = new EventStore(cluster.url, 15_000);
  try {
    for (let n = 1; n < 40; n += 1) await patient.append(stream, BigInt(n - 1), [counted(n)]);
    cluster.members[leader]!.mode = 'stalled';
    const [ofStream, ofLog] = [patient.read(stream), patient.readAll('start', 1_000)];
    setTimeout(() => cluster.elect(follower), 100);
    expect(await ofStream).toHaveLength(40);
    expect((await ofLog).events.filter((event) => event.stream === stream)).toHaveLength(40);
  } finally {
    await patient.close();
  }
}, 30_000);

it('leaves it even if nothing is appended, so that reads do not stay stale', async () => {
  for (const member of cluster.members.slice(1)) member.sees = follower;
  for (const begun = Date.now(); store.state.node !== cluster.members[follower]!.name;) {
    expect(Date.now() - begun).toBeLessThan(6_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}, 10_000);

it('leaves a frozen leader at the first check at which the others name another', async () => {
  // Its appends wait for longer than this: only the checks tell.
  const patient = new EventStore(cluster.url, 60_000);
  const lost = jest.fn();
  patient.connection.watch({ lost, found: () => undefined });
  await patient.append(`${stream}-patient`, -1n, [counted(0)]);
  cluster.members[leader]!.mode = 'mute';
  const append = patient.append(`${stream}-patient`, 0n, [counted(1)]);
  const read = patient.read(stream);
  await store.close();
  const before = cluster.members[follower]!.gossips;
  cluster.elect(follower);
  await append;
  // A read does not end where the connection was closed, as if there was nothing more.
  expect(await read).toHaveLength(1);
  const [old, leads] = [cluster.members[leader]!.name, cluster.members[follower]!.name];
  expect(lost.mock.calls).toEqual([[expect.objectContaining({ reason: `${old} no longer leads; ${leads} does` })]]);
  // One check may have been under way.
  expect(cluster.members[follower]!.gossips - before).toBeLessThanOrEqual(2);
  await patient.close();
}, 30_000);

it('stays with a leader that answers while the others do not agree on another', async () => {
  cluster.elect(2);
  await next(1);
  cluster.members[1]!.kill();
  cluster.members[0]!.sees = 0;
  const lost = jest.fn();
  store.connection.watch({ lost, found: () => undefined });
  const { gossips } = cluster.members[0]!;
  while (cluster.members[0]!.gossips < gossips + 3) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(lost).not.toHaveBeenCalled();
  expect(store.state.node).toBe(cluster.members[2]!.name);
}, 20_000);

it('finds a leader when one node does not answer and another is down', async () => {
  cluster.members[leader]!.kill();
  cluster.members[2]!.mode = 'mute';
  cluster.elect(follower);
  expect(await next(1)).toBeLessThan(6_000);
});

it('does not wait for silent nodes once a node has named the leader, unless the answer needs a majority', async () => {
  for (const silent of [leader, 2]) cluster.members[silent]!.mode = 'mute';
  cluster.elect(follower);
  const gossip = new Gossip(new StoreAddress(cluster.url));
  const patient = gossip.findLeader(60_000).catch(() => undefined);
  expect(await gossip.findLeader(60_000, 100)).toMatchObject({ leader: cluster.members[follower]!.name });
  expect(await Promise.race([patient, Promise.resolve('waiting')])).toBe('waiting');
  gossip.close();
}, 20_000);

// Ten minutes would be no different: after a second the pause between searches has its full length, and searches share no state.
it('reconnects after all nodes were down for longer than the time limit of a call, and sends few calls meanwhile', async () => {
  cluster.elect(undefined);
  const begun = performance.now();
  await expect(store.append(stream, 0n, [counted(1)]))
    .rejects.toBeInstanceOf(StoreUnavailable)
    .catch(() => undefined);
  cluster.members.forEach((member) => member.kill());
  for (let n = 0; n < 5; n++) await expect(store.append(stream, 0n, [counted(1)])).rejects.toBeInstanceOf(StoreUnavailable);
  for (const member of cluster.members) await member.start();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const asked = Math.max(...cluster.members.map(({ gossips }) => gossips));
  expect(asked).toBeLessThan(4 * ((performance.now() - begun) / 1_000) + 10);
  expect(store.state).toMatchObject({ up: false, reason: '3 of 3 nodes answer, but none leads' });
  cluster.elect(2);
  expect(await next(1)).toBeLessThan(6_000);
  expect(await numbers()).toEqual([0, 1]);
}, 40_000);

it.each<Mode>(['garbage', 'doubled'])('matches each answer to its own append when a node sends it %s', async (mode) => {
  cluster.members[leader]!.mode = mode;
  await Promise.all([...Array(50).keys()].map((n) => store.append(`${stream}-${n}`, -1n, [counted(n)])));
  await next(1);
  await expect(store.append(stream, 0n, [counted(9)])).rejects.toBeInstanceOf(Conflict);
});

it('ends an append within its limit when the answer comes later, and the event is stored once', async () => {
  cluster.members[leader]!.mode = 'late';
  const begun = performance.now();
  await expect(store.append(stream, 0n, [counted(1)])).rejects.toBeInstanceOf(StoreUnavailable);
  expect(performance.now() - begun).toBeLessThan(3_000);
  cluster.members[leader]!.mode = 'well';
  expect(await next(1)).toBeLessThan(3_000);
  expect(await numbers()).toEqual([0, 1]);
}, 20_000);

it('does not fail appends of other clients when a node dies', async () => {
  const other = await FakeCluster.start(node.port);
  const theirs = new EventStore(other.url, 2_000);
  await theirs.append(`${stream}-theirs`, -1n, [counted(0)]);
  const { appends } = await theirs.connection.get(1_000);
  Object.assign(other.members[leader]!, { mode: 'late', lateMs: 500 });
  const event = {
    id: '00000000-0000-8000-8000-000000000001',
    type: 'Counted',
    json: true,
    data: Buffer.from('{}'),
    metadata: Buffer.from('{}'),
  };
  const slow = [...Array(20).keys()].map((n) => appends.send(new AppendMessage(`${stream}-theirs-${n}`, -1n, [event], 2_000), 2_000));
  await new Promise((resolve) => setTimeout(resolve, 100));
  cluster.members.forEach((member) => member.kill());
  await expect(Promise.all(slow)).resolves.toHaveLength(20);
  await theirs.close();
  other.stop();
});

it('continues reading the log after an election', async () => {
  const log = logReader(store.connection, { timeoutMs: 3_000 });
  const before = await log.readAll(BEFORE_ALL, 10);
  expect(before.length).toBeGreaterThan(0);
  cluster.members[leader]!.kill();
  cluster.elect(follower);
  for (const begun = Date.now(); ;) {
    try {
      await log.readAll(before.at(-1)!.position, 10);
      break;
    } catch (error) {
      if (Date.now() - begun > 6_000) throw error;
    }
  }
  log.close!();
}, 20_000);

it('keeps below 80 streams on a connection, however many calls are made at once', async () => {
  const patient = new EventStore(cluster.url, 20_000);
  const { client } = await patient.connection.get(5_000);
  let most = 0;
  const count = setInterval(() => (most = Math.max(most, client.streams)), 1);
  await Promise.all(
    [...Array(400).keys()].map((n) => (n % 2 ? patient.read(stream) : patient.append(`${stream}-${n}`, -1n, [counted(n)]))),
  );
  clearInterval(count);
  expect(most).toBeGreaterThan(20);
  expect(most).toBeLessThan(80);
  await patient.close();
}, 30_000);
