import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Exports, watchReader } from './exports';

test('an export that cannot begin gives its connection and its place back', async () => {
  const release = jest.fn();
  const broken = {
    query: () => {
      throw new Error('the connection is closed');
    },
    release,
  };
  const exports = new Exports({ connect: () => Promise.resolve(broken) } as never);
  for (let n = 1; n <= 7; n += 1) {
    await expect(exports.stream('ann', 'SELECT 1', [])).rejects.toThrow('the connection is closed');
    expect(release).toHaveBeenCalledTimes(n);
  }
});

describe('the watch of an export', () => {
  const patience = { standstillMs: 50, wholeMs: 5_000 };

  test('waits for a database that is slow with its rows', async () => {
    const slow = async () => {
      await sleep(200);
      rows.push(String((given += 1)));
      if (given === 3) rows.push(null);
    };
    let given = 0;
    const rows: Readable = new Readable({ objectMode: true, highWaterMark: 1, read: () => void slow() });
    const watch = watchReader(rows, patience);
    const read: string[] = [];
    for await (const row of rows) read.push(row as string);
    watch.stop();
    expect(read).toEqual(['1', '2', '3']);
  });

  test('ends when the reader leaves rows where they are', async () => {
    const rows: Readable = new Readable({ objectMode: true, highWaterMark: 2, read: () => rows.push('row') });
    const watch = watchReader(rows, patience);
    const ended = new Promise<Error>((resolve) => rows.once('error', resolve));
    rows.once('readable', () => rows.read());
    expect((await ended).message).toBe('The export was read too slowly.');
    watch.stop();
  });
});
