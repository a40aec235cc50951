import type { Channel } from '@grpc/grpc-js';
import { EventStoreDBClient, jsonEvent, UnavailableError, UnknownError } from '@eventstore/db-client';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from '../node-process';
import { all, fresh, until } from '../server-under-test';

jest.setTimeout(60_000);

const credentials = { username: 'admin', password: 'changeit' };
const large = () => jsonEvent({ type: 'filled', data: { text: 'x'.repeat(100_000) } });
const failure = async (append: Promise<unknown>): Promise<Error & { code?: number }> =>
  append.then(
    () => {
      throw new Error('It was taken.');
    },
    (error: Error) => error,
  );

/** A file size limit simulates the full disk: the kernel refuses the write in the same way. */
describe('a node whose disk is full', () => {
  it('refuses appends with a reason, keeps serving, and accepts the same appends once there is room', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'event-log-full-'));
    const node = await startProcess(dataDir, { largestFile: 3_000_000 });
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${node.port}?tls=false`);
    const stream = fresh('filling');
    try {
      const followed: bigint[] = [];
      const subscription = client.subscribeToStream(stream);
      subscription.on('data', ({ event }) => followed.push(event!.revision));
      subscription.on('error', () => followed.push(-1n));
      let taken = 0n;
      let refused: Error | undefined;
      for (; !refused && taken < 100n; taken += refused ? 0n : 1n) {
        refused = await client.appendToStream(stream, large()).then(
          () => undefined,
          (error: Error) => error,
        );
      }
      expect(taken).toBeGreaterThan(20n);
      // BatchAppend has no error for it, so the client throws its class for unknown errors, with the node's reason.
      expect(refused).toBeInstanceOf(UnknownError);
      expect(refused!.message).toMatch(/The node cannot write: /);
      const classic = await failure(client.appendToStream(stream, large(), { credentials }));
      expect(classic).toBeInstanceOf(UnknownError);
      expect(classic).not.toBeInstanceOf(UnavailableError);
      expect(classic.message).toMatch(/^8 RESOURCE_EXHAUSTED: The node cannot write: /);
      const posted = await fetch(`http://127.0.0.1:${node.port}/streams/${stream}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'ES-EventType': 'filled' },
        body: JSON.stringify('x'.repeat(100_000)),
      });
      expect([posted.status, posted.statusText]).toEqual([507, 'Insufficient Storage']);
      const waiting = [large(), large(), large()];
      const together = await Promise.all(waiting.map((event) => failure(client.appendToStream(stream, event))));
      expect(together.every((error) => error instanceof UnknownError)).toBe(true);

      const shown = await all(client.readStream(stream));
      expect(shown.map(({ event }) => event!.revision)).toEqual([...Array(Number(taken)).keys()].map(BigInt));
      await until(() => followed.length === Number(taken));
      expect((await client.getStreamMetadata(stream)).streamName).toBe(stream);

      execFileSync('prlimit', ['--pid', String(node.pid), '--fsize=unlimited:unlimited']);
      for (const event of waiting) await client.appendToStream(stream, event);
      for (const event of waiting) await client.appendToStream(stream, event);
      await until(() => followed.length === Number(taken) + 3);
      expect(followed).toEqual([...Array(Number(taken) + 3).keys()].map(BigInt));
      await subscription.unsubscribe();
    } finally {
      await client.dispose();
      (await (client as unknown as { getChannel(): Promise<Channel> }).getChannel()).close();
      await node.kill();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('stays unready, with one line in its log, while small appends succeed between refused large ones', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'event-log-full-'));
    const node = await startProcess(dataDir, { largestFile: 3_000_000 });
    const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${node.port}?tls=false`);
    const append = (event: ReturnType<typeof large>) =>
      client.appendToStream(fresh('filling'), event, { credentials }).then(
        () => true,
        () => false,
      );
    const ready = async () => (await fetch(`http://127.0.0.1:${node.port}/health/ready`)).status;
    const lines = (text: string) => node.output().split(text).length - 1;
    try {
      while (await append(large()));
      let taken = 0;
      for (let n = 0; n < 10; n += 1) {
        if (await append(jsonEvent({ type: 'small', data: { text: '' } }))) taken += 1;
        await append(large());
        expect(await ready()).toBe(503);
      }
      expect(taken).toBe(10);
      expect(lines('The disk refuses writes')).toBe(1);
      execFileSync('prlimit', ['--pid', String(node.pid), '--fsize=unlimited:unlimited']);
      await until(async () => (await append(jsonEvent({ type: 'small', data: { text: '' } }))) && (await ready()) === 200, 15_000);
      expect(lines('The disk accepts writes again')).toBe(1);
    } finally {
      await client.dispose();
      (await (client as unknown as { getChannel(): Promise<Channel> }).getChannel()).close();
      await node.kill();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
