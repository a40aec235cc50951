/**
 * The inputs of parked and paused instances, in the order of the log. Hides: the table. Promises: an input on the shelf is taken later, in order,
 * so the checkpoint may pass it; a lost shelf is filled again from the log, as the checkpoint in the same database is lost with it. Does not:
 * hold truth.
 */
import type { Pool } from 'pg';
import type { Metadata, Recorded } from '#kernel/event';

export type Shelved = Readonly<{ event: Recorded; versions: readonly number[] }>;
const AT_ONCE = 100;

export class Shelf {
  constructor(private readonly pool: Pool) {}

  async put(process: string, id: string, { event, versions }: Shelved): Promise<void> {
    const { position, revision, ...rest } = event;
    const kept = { ...rest, id: event.id, type: event.type, stream: event.stream, recordedAt: event.recordedAt, data: event.data };
    await this.pool.query(
      `INSERT INTO process_shelf (process, id, position, versions, event) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
      [process, id, position, versions, JSON.stringify({ ...kept, metadata: event.metadata, revision: String(revision) })],
    );
  }

  /** The first inputs of an instance. */
  async first(process: string, id: string, count = AT_ONCE): Promise<Shelved[]> {
    const { rows } = await this.pool.query<{ position: bigint; versions: number[]; event: Kept }>(
      `SELECT position, versions, event FROM process_shelf WHERE process = $1 AND id = $2 AND position >= 0 ORDER BY position LIMIT $3`,
      [process, id, count],
    );
    return rows.map(({ position, versions, event }) => ({
      versions,
      event: { ...event, revision: BigInt(event.revision), position } as Recorded,
    }));
  }

  async take(process: string, id: string, position: bigint): Promise<void> {
    await this.pool.query('DELETE FROM process_shelf WHERE process = $1 AND id = $2 AND position = $3', [process, id, position]);
  }

  /** The instances of a process that have inputs here. */
  async instances(process: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ id: string }>('SELECT DISTINCT id FROM process_shelf WHERE process = $1 AND position >= 0', [
      process,
    ]);
    return rows.map(({ id }) => id);
  }

  async counts(): Promise<{ instances: number; inputs: number }> {
    const { rows } = await this.pool.query<{ instances: bigint; inputs: bigint }>(
      'SELECT count(DISTINCT (process, id)) AS instances, count(*) AS inputs FROM process_shelf WHERE position >= 0',
    );
    return { instances: Number(rows[0]!.instances), inputs: Number(rows[0]!.inputs) };
  }
}

type Kept = { id: string; type: string; stream: string; revision: string; recordedAt: string; data: unknown; metadata: Metadata };
