import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startNode, type RunningNode } from '#event-log/node';
import { testDirectory } from '#platform/testing/testing';
import { Connection } from './connection';
import { compareLogs } from './log-compare';
import { comparedBefore, LogCopy } from './log-copy';
import { logReader, type LogReader } from './log-reader';

let ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

type End = { node: RunningNode; connection: Connection; client: EventStoreDBClient; reader: LogReader };
async function end(): Promise<End> {
  const node = await startNode({ dataDir: testDirectory('compare') });
  const connection = new Connection(node.connectionString);
  const client = EventStoreDBClient.connectionString(node.connectionString);
  const reader = logReader(connection);
  ends.push(
    () => node.close(),
    () => connection.close(),
    () => client.dispose(),
    () => reader.close!(),
  );
  return { node, connection, client, reader };
}
const write = async ({ client }: End, stream: string, count: number) => {
  for (let n = 0; n < count; n++) await client.appendToStream(stream, jsonEvent({ type: 'Counted', data: { n } }));
};

/** Follows the source until its content was compared, and then until what `meanwhile` writes was compared, too. */
async function followed(source: End, target: End, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
  let compared: (events: number) => void = () => undefined;
  const log = new LogCopy(source.connection, target.connection, (progress) => compared(progress.compared));
  const stop = new AbortController();
  const until = (events: number) => new Promise<void>((resolve) => (compared = (known) => void (known >= events && resolve())));
  const found = await log.survey();
  const first = until(found.events);
  const running = log.run(found, stop.signal);
  await Promise.race([first, running]);
  await meanwhile();
  stop.abort();
  await running;
  log.close();
}

/** A reader that counts the events that it returns. */
function counting(reader: LogReader): LogReader & { events: number } {
  const counted = {
    ...reader,
    events: 0,
    readAll: async (after: bigint, max: number) => {
      const page = await reader.readAll(after, max);
      counted.events += page.length;
      return page;
    },
  };
  return counted;
}

it('compares only the end of the logs: what was compared while following is not compared again', async () => {
  const [source, target] = [await end(), await end()];
  await write(source, 'order-1', 300);
  await source.client.setStreamMetadata('order-1', { whose: 'ours' });
  await write(source, 'gone', 1);
  await source.client.tombstoneStream('gone');
  await followed(source, target, () => write(source, 'order-2', 5));
  const [one, other] = [counting(source.reader), counting(target.reader)];
  const { compared, leftOut } = (await comparedBefore(source.reader, target.reader))!;
  expect(await compareLogs(one, other, leftOut, compared)).toEqual({ equal: true, events: 306, before: compared });
  expect(compared.events).toBeGreaterThanOrEqual(300);
  expect(one.events).toBeLessThan(20);
  expect(other.events).toBeLessThan(20);
}, 60_000);

it('finds differences after the part that was compared: an event, metadata, a deletion', async () => {
  const differences = {
    event: (target: End) => write(target, 'order-1', 1),
    'stream metadata': (target: End) => target.client.setStreamMetadata('order-1', { whose: 'theirs' }),
    tombstone: (target: End) => target.client.tombstoneStream('order-1'),
  };
  for (const [what, spoil] of Object.entries(differences)) {
    const [source, target] = [await end(), await end()];
    await write(source, 'order-1', 20);
    await followed(source, target);
    await spoil(target);
    const known = await comparedBefore(source.reader, target.reader);
    // The event that was compared last was deleted with its stream: everything is compared again.
    expect(known === undefined).toBe(what === 'tombstone');
    const { equal, firstDifference } = await compareLogs(source.reader, target.reader, new Map(), known?.compared);
    expect([equal, firstDifference?.what]).toEqual([false, what]);
  }
}, 60_000);

it('ignores the notes of another pair of logs', async () => {
  const [source, target, other] = [await end(), await end(), await end()];
  await write(source, 'order-1', 20);
  await write(other, 'order-1', 20);
  await followed(source, target);
  expect(await comparedBefore(source.reader, target.reader)).toBeDefined();
  expect(await comparedBefore(other.reader, target.reader)).toBeUndefined();
  expect(await comparedBefore(target.reader, source.reader)).toBeUndefined();
}, 60_000);

it('stops following when another client has written into the target', async () => {
  const [source, target] = [await end(), await end()];
  await write(source, 'order-1', 20);
  const spoiled = followed(source, target, async () => {
    await write(target, 'own', 1);
    await write(source, 'order-1', 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
  });
  await expect(spoiled).rejects.toThrow(/differ in order in the log of|is in use already/);
}, 60_000);
