/**
 * Folding events one by one after the database refused a whole batch, or when a parked partition is retried. Hides: savepoints, halving.
 * Promises: the writes of a refused event are undone, those of the others stay in the transaction. Does not: begin or end transactions, or decide
 * what happens to a refused event.
 */
import type { PoolClient } from 'pg';
import { Batch, entryOf, type Entry, type Work } from './batch';
import { fetchRows, isPermanent, writeRows } from './rows';
import type { Shape } from './shape';

type Fold = (work: Work, trial: Batch) => void;

export const messageOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000).replaceAll('\0', '\ufffd');

export class Trials {
  constructor(
    private readonly shape: Shape,
    private readonly table: string,
  ) {}

  /** Folds events into the rows of the transaction and writes them; returns the reason if the database refuses one. */
  async attempt(client: PoolClient, works: readonly Work[], batch: Batch, fold: Fold): Promise<string | undefined> {
    const trial = new Batch();
    await client.query('SAVEPOINT half');
    try {
      const rows = await fetchRows(client, this.shape, this.table, [...new Set(works.flatMap(({ keys }) => keys))]);
      const entries = new Map<string, Entry>();
      const entry = (key: string): Entry => {
        if (!entries.has(key)) entries.set(key, entryOf(key, rows.get(key) ?? null));
        return entries.get(key)!;
      };
      for (const work of works) fold({ ...work, rows: work.keys.map(entry) }, trial);
      await writeRows(client, this.shape, this.table, trial.seal());
      // Deferred constraints would fail at COMMIT, where the event can no longer be identified.
      await client.query('SET CONSTRAINTS ALL IMMEDIATE');
      await client.query('SET CONSTRAINTS ALL DEFERRED');
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await client.query('ROLLBACK TO half; RELEASE half');
      return messageOf(error);
    }
    await client.query('RELEASE half');
    batch.take(trial);
    return undefined;
  }

  /** Halves until the event is isolated whose row the database refuses. */
  async halve(
    client: PoolClient,
    works: readonly Work[],
    batch: Batch,
    fold: Fold,
    refused: (work: Work, reason: string) => void,
  ): Promise<void> {
    const reason = await this.attempt(client, works, batch, fold);
    if (reason === undefined) return;
    if (works.length === 1) return refused(works[0]!, reason);
    const middle = works.length >> 1;
    await this.halve(client, works.slice(0, middle), batch, fold, refused);
    await this.halve(client, works.slice(middle), batch, fold, refused);
  }

  /** Why one event still fails; undefined if it no longer does. */
  async again(client: PoolClient, work: Work, batch: Batch, fold: Fold): Promise<string | undefined> {
    if (!work.recorded || work.error !== undefined) return work.error ?? 'unreadable';
    let failed: string | undefined;
    const refused = await this.attempt(client, [work], batch, (again, trial) => {
      try {
        fold(again, trial);
      } catch (error) {
        failed = messageOf(error);
      }
    });
    return failed ?? refused;
  }
}
