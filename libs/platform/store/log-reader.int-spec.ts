import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startNode, type RunningNode } from '#event-log/node';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endsLog } from './log-cursor';
import { BEFORE_ALL, logReader, type LogReader } from './log-reader';
import { ReadingThread } from './reader-thread';

const PAGE = 100;
let directory: string;
let node: RunningNode;
let client: EventStoreDBClient;
/** Everything in the log, as the official client reads it. */
let whole: string[];

const line = (stream: string, revision: bigint, type: string, id: string, data: unknown, position: bigint) =>
  `${position} ${revision}@${stream} ${type} ${id} ${JSON.stringify(data).slice(0, 60)}`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'view-log-'));
  node = await startNode({ dataDir: directory, maxAppendSize: 4 * 1024 * 1024 });
  client = EventStoreDBClient.connectionString(node.connectionString);
  const event = (n: number, text = 'é') => jsonEvent({ type: `Counted${n % 3}`, data: { n, text }, metadata: { n } });
  for (let n = 0; n < 40; n++)
    await client.appendToStream(
      `stream-${n % 7}`,
      Array.from({ length: 50 }, (_, i) => event(n * 50 + i)),
    );
  for (let n = 0; n < 8; n++) await client.appendToStream('large', event(n, 'x'.repeat(3 * 1024 * 1024)));
  for (let n = 0; n < 6; n++)
    await client.appendToStream(
      `stream-${n}`,
      Array.from({ length: 50 }, (_, i) => event(n * 50 + i)),
    );
  whole = [];
  for await (const { event } of client.readAll())
    whole.push(line(event!.streamId, event!.revision, event!.type, event!.id, event!.data, event!.position!.commit));
}, 60_000);
afterAll(async () => {
  await client.dispose();
  await node.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A thread that is ready, as after the first pages. */
async function started(connectionString: string): Promise<ReadingThread> {
  const thread = new ReadingThread(connectionString);
  thread.start();
  while (!thread.ready) await new Promise((resolve) => setTimeout(resolve, 5));
  return thread;
}

async function readWhole(log: LogReader, disturb: (page: number) => void = () => undefined): Promise<string[]> {
  const found: string[] = [];
  let after = BEFORE_ALL;
  for (let page = 0; ; page++) {
    disturb(page);
    const events = await log.readAll(after, PAGE);
    for (const { stream, revision, type, id, data, position } of events) found.push(line(stream, revision, type, id, data, position));
    if (events.length > 0) after = events.at(-1)!.position;
    if (endsLog(events, PAGE)) return found;
  }
}

describe.each([
  ['in this thread', () => undefined],
  ['in a thread of its own', () => started(node.connectionString)],
  ['in a thread that starts meanwhile', () => new ReadingThread(node.connectionString)],
])('pages of a catch-up, read %s', (_, thread) => {
  let log: LogReader;
  beforeEach(async () => (log = logReader(client, { thread: await thread() })));
  afterEach(() => log.close!());

  test('hold each event of the log once and in order, including large ones', async () => {
    expect(await readWhole(log)).toEqual(whole);
  });

  test('continue from the position asked for, for several positions at once', async () => {
    const [all, again, third] = await Promise.all([readWhole(log), readWhole(log), readWhole(log)]);
    expect([all, again, third]).toEqual([whole, whole, whole]);
  });

  test('continue after the reader was closed in between', async () => {
    expect(await readWhole(log, (page) => page % 3 === 2 && log.close!())).toEqual(whole);
  });

  test('hold what was appended after they began', async () => {
    const early = await readWhole(log);
    await client.appendToStream('late', jsonEvent({ type: 'Late', data: {} }));
    whole = await readWhole(log);
    expect(whole.slice(0, -1)).toEqual(early);
    expect(whole.at(-1)).toContain('@late Late');
  });
});

test('a page of large events has fewer events, and is not mistaken for the end of the log', async () => {
  const log = logReader(client);
  const first = whole.findIndex((entry) => entry.includes('@large'));
  const events = await log.readAll(BigInt(whole[first - 1]!.split(' ')[0]!), PAGE);
  expect(events.length).toBeLessThan(6);
  expect(endsLog(events, PAGE)).toBe(false);
  log.close!();
});

test.each([
  ['this thread', undefined],
  ['a thread of its own', started],
])('reads in %s fail rather than hang when the store is gone', async (_, thread) => {
  const other = mkdtempSync(join(tmpdir(), 'view-log-gone-'));
  const gone = await startNode({ dataDir: other });
  const its = EventStoreDBClient.connectionString(gone.connectionString);
  for (let n = 0; n < 40; n++)
    await its.appendToStream(
      'many',
      Array.from({ length: 500 }, () => jsonEvent({ type: 'Counted', data: { text: 'x'.repeat(500) } })),
    );
  const log = logReader(its, { timeoutMs: 2_000, thread: await thread?.(gone.connectionString) });
  let pages = 0;
  await expect(
    readWhole(log, () => {
      if (++pages === 20) void gone.close();
    }),
  ).rejects.toThrow();
  log.close!();
  await its.dispose();
  await gone.close();
  rmSync(other, { recursive: true, force: true });
});
