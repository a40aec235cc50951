/**
 * Answers that are read row by row. Hides: cursors and connections, which are not those of lists. Promises: a caller has at most two exports at
 * once, so that no one caller blocks the others; a reader that stands still for a minute, or takes longer than half an hour, loses its
 * connection and gets an answer that visibly breaks off. Does not: know views.
 */
import type { Readable } from 'node:stream';
import type { Pool, PoolClient } from 'pg';
import QueryStream from 'pg-query-stream';
import { Problem } from '#platform/problem/problem';
import { EXACT_TYPES } from '#platform/runtime/database';
import { gauge } from '#platform/runtime/metrics';

/** For all callers; the size of the pool. */
export const EXPORTS = 6;
const OF_CALLER = 2;
const ROWS = 500;
const PATIENCE = { standstillMs: 60_000, wholeMs: 1_800_000 };
const running = gauge('exports_running', 'Exports that are being read.');

export class Exports {
  private readonly running = new Map<string, number>();
  private total = 0;

  constructor(
    private readonly pool: Pool,
    private readonly patience = PATIENCE,
  ) {}

  /** All rows of one statement, at the speed of the reader. Ends with an error if the database does. @throws Problem 429, 503 */
  async stream(caller: string, text: string, values: readonly unknown[]): Promise<Readable> {
    this.enter(caller);
    let client: PoolClient | undefined;
    try {
      client = await this.pool.connect();
      return this.rowsOf(client, caller, text, values);
    } catch (error) {
      client?.release(true);
      this.leave(caller);
      throw error;
    }
  }

  private rowsOf(client: PoolClient, caller: string, text: string, values: readonly unknown[]): Readable {
    const rows = client.query(new QueryStream(text, [...values], { batchSize: ROWS, highWaterMark: ROWS, types: EXACT_TYPES }));
    const watch = watchReader(rows, this.patience);
    let released = false;
    const release = (error?: Error) => {
      if (released) return;
      released = true;
      watch.stop();
      this.leave(caller);
      client.off('error', release);
      // A cursor that was not read to its end leaves its connection in the middle of an answer.
      client.release(error ?? !rows.readableEnded);
    };
    client.on('error', release);
    return rows.once('error', release).once('close', () => release());
  }

  private enter(caller: string): void {
    const own = this.running.get(caller) ?? 0;
    if (own >= OF_CALLER)
      throw new Problem(429, 'too-many-exports', `You have ${OF_CALLER} exports running already.`, {
        retryAfterSeconds: 10,
        whatToDo: 'Read them to their end, or close them, first.',
      });
    if (this.total >= EXPORTS)
      throw new Problem(503, 'exports-busy', `All ${EXPORTS} exports are in use.`, {
        retryAfterSeconds: 10,
        whatToDo: 'Send the same request again.',
      });
    this.running.set(caller, own + 1);
    running.set((this.total += 1));
  }

  private leave(caller: string): void {
    const own = this.running.get(caller)! - 1;
    if (own > 0) this.running.set(caller, own);
    else this.running.delete(caller);
    running.set((this.total -= 1));
  }
}

/** Ends the stream when its reader leaves rows where they are, or takes too long for all. A reader that waits for rows is not slow: the database is. */
export function watchReader(
  rows: Pick<Readable, '_read' | 'push' | 'destroy'>,
  { standstillMs, wholeMs }: typeof PATIENCE,
): { stop(): void } {
  const end = () => rows.destroy(new Error('The export was read too slowly.'));
  const whole = setTimeout(end, wholeMs).unref();
  let standstill: NodeJS.Timeout | undefined;
  const [read, push] = [rows._read.bind(rows), rows.push.bind(rows)];
  rows._read = (size: number) => {
    clearTimeout(standstill);
    standstill = undefined;
    read(size);
  };
  rows.push = (row: unknown, encoding?: BufferEncoding) => {
    standstill ??= setTimeout(end, standstillMs).unref();
    return push(row, encoding);
  };
  return { stop: () => [whole, standstill].forEach((timer) => clearTimeout(timer)) };
}
