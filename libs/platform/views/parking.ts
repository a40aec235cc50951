/**
 * Events that could not be folded, and those that wait behind them. part.ts parks an event the first time that the fold throws, trials.ts when the
 * database refuses its row; each retry of an operator tries it once more (part.ts). Hides: the table `view_parked` and the skips in the log. Promises: everything in a partition
 * stays in order; a skip is an event in the log before it takes effect, so it is in the audit trail and holds for every rebuild. Does not: change
 * rows; the worker that holds the part does, when an operator asks.
 */
import type { ClientBase, Pool } from 'pg';
import type { ReadStream } from './guard';
import { nameAsText, nameOfText, type AnyView } from './shape';

/** The log's record of an operator's decision to leave an event out of a view. */
export const SKIPPED = 'ViewEventSkipped';
export type ViewEventSkipped = Readonly<{
  view: string;
  version: number;
  eventId: string;
  stream: string;
  revision: string;
  reason: string;
}>;

export type ParkedEvent = {
  position: bigint;
  stream: string;
  revision: bigint;
  type: string;
  id: string;
  /** Why it failed; null if it only waits behind a failed event. */
  error: string | null;
  attempts: number;
  /** The operator's decision, until it is carried out; column `wish`. */
  requested?: 'retry' | 'skip' | null;
};

/** An event to park, with the keys of the rows that it is about; null if it could not be read. */
export type NewlyParked = ParkedEvent & Readonly<{ partition: string; keys: readonly string[] | null }>;

/** What an operator sees of a held-up partition; its name as text. */
export type ParkedPartition = Readonly<{
  view: string;
  table: string;
  partition: string;
  waiting: number;
  since: string;
  head: ParkedEvent;
}>;

export async function loadParked(pool: Pool, table: string, shard: number): Promise<Set<string>> {
  const { rows } = await pool.query('SELECT DISTINCT partition FROM view_parked WHERE table_name = $1 AND shard = $2', [table, shard]);
  return new Set(rows.map((row) => nameOfText(row.partition as string)));
}

/** Ids of the events that operators skipped in this version of the view or a later one; a newer version tries them again. */
export async function loadSkipped(readStream: ReadStream, operations: string, view: AnyView): Promise<Set<string>> {
  const skipped = new Set<string>();
  for (let from = 0n; ;) {
    const events = await readStream(operations, from, 1_000);
    for (const event of events) {
      if (event.type !== SKIPPED) continue;
      const data = event.recorded({}).data as ViewEventSkipped;
      if (data.view === view.name && data.version >= view.version) skipped.add(data.eventId);
    }
    if (events.length < 1_000) return skipped;
    from = events[events.length - 1]!.revision + 1n;
  }
}

/** No row has a key with a NUL character. */
const isStorable = (key: string): boolean => !key.includes('\0');
const wellFormed = (key: string): string => (key as string & { toWellFormed(): string }).toWellFormed();

export async function insertParked(client: ClientBase, table: string, shard: number, entries: readonly NewlyParked[]): Promise<void> {
  const column = (of: (entry: NewlyParked) => unknown) => entries.map(of);
  await client.query(
    `INSERT INTO view_parked (table_name, shard, partition, position, stream, revision, type, event_id, error, attempts, keys)
     SELECT $1, $2, partition, position, stream, revision, type, id, error, attempts,
       CASE WHEN keys IS NOT NULL THEN ARRAY(SELECT json_array_elements_text(keys::json)) END
     FROM unnest($3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::int[], $11::text[])
       AS e (partition, position, stream, revision, type, id, error, attempts, keys)`,
    [
      table,
      shard,
      column((e) => nameAsText(e.partition)),
      column((e) => e.position),
      column((e) => nameAsText(e.stream)),
      column((e) => e.revision),
      column((e) => nameAsText(e.type)),
      column((e) => e.id),
      column((e) => e.error),
      column((e) => e.attempts),
      column((e) => e.keys && JSON.stringify(e.keys.filter(isStorable).map(wellFormed))),
    ],
  );
}

export const noteFailure = async (client: ClientBase, table: string, shard: number, position: bigint, error: string): Promise<void> =>
  void (await client.query(
    'UPDATE view_parked SET error = $4, attempts = attempts + 1, wish = NULL WHERE table_name = $1 AND shard = $2 AND position = $3',
    [table, shard, position, error],
  ));

export const removeParked = async (client: ClientBase, table: string, shard: number, position: bigint): Promise<void> =>
  void (await client.query('DELETE FROM view_parked WHERE table_name = $1 AND shard = $2 AND position = $3', [table, shard, position]));

/** The rest of a partition's queue is retried in the next round. */
export const askForRetry = async (client: ClientBase, table: string, shard: number, partition: string): Promise<void> =>
  void (await client.query(
    `UPDATE view_parked SET wish = 'retry' WHERE table_name = $1 AND shard = $2 AND partition = $3
       AND position = (SELECT min(position) FROM view_parked WHERE table_name = $1 AND shard = $2 AND partition = $3)`,
    [table, shard, partition],
  ));

const asParked = (row: Record<string, unknown>): ParkedEvent => ({
  position: BigInt(row.position as string),
  stream: nameOfText(row.stream as string),
  revision: BigInt(row.revision as string),
  type: nameOfText(row.type as string),
  id: row.event_id as string,
  error: row.error as string | null,
  attempts: row.attempts as number,
  requested: row.wish as ParkedEvent['requested'],
});

/** Up to `limit` events of the partitions that operators asked to retry, in order, by partition. */
export async function requestsOf(pool: Pool, table: string, shard: number, limit: number): Promise<Map<string, ParkedEvent[]>> {
  const { rows } = await pool.query(
    `SELECT p.* FROM view_parked p WHERE table_name = $1 AND shard = $2
       AND partition IN (SELECT partition FROM view_parked WHERE table_name = $1 AND shard = $2 AND wish IS NOT NULL)
     ORDER BY partition, position LIMIT $3`,
    [table, shard, limit],
  );
  const byPartition = new Map<string, ParkedEvent[]>();
  for (const row of rows) byPartition.set(row.partition, [...(byPartition.get(row.partition) ?? []), asParked(row)]);
  return byPartition;
}

/** Held-up partitions, oldest first, at most 500. */
export async function listParked(pool: Pool, view?: string): Promise<ParkedPartition[]> {
  const { rows } = await pool.query(
    `SELECT DISTINCT ON (p.table_name, p.partition) p.*, t.view, count(*) OVER (PARTITION BY p.table_name, p.partition)::int AS waiting,
       min(parked_at) OVER (PARTITION BY p.table_name, p.partition) AS since
     FROM view_parked p JOIN view_tables t USING (table_name) WHERE $1::text IS NULL OR t.view = $1
     ORDER BY p.table_name, p.partition, p.position LIMIT 500`,
    [view ?? null],
  );
  return rows
    .map((row) => ({
      view: row.view,
      table: row.table_name,
      partition: row.partition,
      waiting: row.waiting,
      since: new Date(row.since).toISOString(),
      head: asParked(row),
    }))
    .sort((a, b) => a.since.localeCompare(b.since));
}

/** The queue of one partition, head first, at most 1,000. */
export async function inspectParked(pool: Pool, table: string, partition: string): Promise<ParkedEvent[]> {
  const { rows } = await pool.query('SELECT * FROM view_parked WHERE table_name = $1 AND partition = $2 ORDER BY position LIMIT 1000', [
    table,
    partition,
  ]);
  return rows.map(asParked);
}

/** Asks the owner of the part to retry the partition's queue. False if nothing is parked there. */
export async function retryParked(pool: Pool, table: string, partition: string): Promise<boolean> {
  return request(pool, table, partition, 'retry');
}

/** Writes the operator's decision to the log; returns when it is stored. */
export type RecordSkip = (skip: ViewEventSkipped, head: ParkedEvent) => Promise<void>;

/**
 * Skips the head of a partition's queue with a reason, and folds the events behind it. The decision is recorded first. False if nothing is parked
 * there.
 */
export async function skipParked(pool: Pool, table: string, partition: string, reason: string, record: RecordSkip): Promise<boolean> {
  if (reason.trim().length < 3) throw new TypeError('A skip needs a reason of at least 3 characters, for the audit trail.');
  const [head] = await inspectParked(pool, table, partition);
  const { rows } = await pool.query('SELECT view, version FROM view_tables WHERE table_name = $1', [table]);
  if (!head || !rows[0]) return false;
  const { view, version } = rows[0] as { view: string; version: number };
  await record({ view, version, eventId: head.id, stream: head.stream, revision: head.revision.toString(), reason }, head);
  return request(pool, table, partition, 'skip', head.position);
}

async function request(pool: Pool, table: string, partition: string, what: 'retry' | 'skip', position?: bigint): Promise<boolean> {
  const { rowCount } = await pool.query(
    `UPDATE view_parked SET wish = $3 WHERE table_name = $1 AND partition = $2
       AND position = coalesce($4, (SELECT min(position) FROM view_parked WHERE table_name = $1 AND partition = $2))`,
    [table, partition, what, position ?? null],
  );
  return rowCount === 1;
}
