/**
 * Whether a view's table equals the fold of the log. Hides: the snapshot, the second fold, the comparison in SQL. Promises: both sides at the
 * same position, without stopping writers; the first difference by key, with both rows; bounded memory: a large table is folded in several passes
 * over the log. Does not: repair (rebuild does).
 */
import type { Pool } from 'pg';
import { isOfStore, type Recorded, type Upcasts } from '#kernel/event';
import { copyRows } from './rows';
import { Folded, partitionOf, spread } from './fold';
import { loadSkipped } from './parking';
import { quoted, reads, shapeOf, type AnyView, type Tuple } from './shape';
import { endsLog } from '#platform/store/log-cursor';
import { BEFORE_ALL, type LogReader } from '#platform/store/log-reader';

export type Verified = Readonly<{
  view: string;
  table: string;
  equal: boolean;
  /** The lowest position that the table had folded at the time of the snapshot. */
  position: bigint;
  rows: bigint;
  /** Sums of row hashes: of the table, and of the fold of the log. */
  checksum: Readonly<{ table: string; log: string }>;
  /** Events left out on both sides: parked, or skipped by an operator. */
  leftOut: number;
  firstDifference?: Readonly<{ key: string; columns: readonly string[]; table: object | null; log: object | null }>;
}>;

const PAGE = 2_048;
/** Rows in memory at once, about a kilobyte each. */
const ROWS_AT_ONCE = 250_000;

/** Compares the live table of a view, or the given one, with a pure fold of the log up to the same position. */
export async function verifyView(
  given: Readonly<{
    view: AnyView;
    pool: Pool;
    log: LogReader;
    upcasts?: Upcasts;
    operationsStream: string;
    table?: string;
    rowsAtOnce?: number;
  }>,
): Promise<Verified> {
  const { view, pool, log, upcasts = {} } = given;
  const shape = shapeOf(view);
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const { rows: tables } = await client.query(
      `SELECT table_name, shards FROM view_tables WHERE view = $1 AND version = $2 AND ($3::text IS NULL AND status = 'live' OR table_name = $3)`,
      [view.name, view.version, given.table ?? null],
    );
    if (!tables[0]) throw new Error(`view ${view.name} v${view.version} has no such table`);
    const { table_name: table, shards } = tables[0] as { table_name: string; shards: number };
    const { rows: checkpoints } = await client.query('SELECT shard, position FROM view_checkpoints WHERE table_name = $1 ORDER BY shard', [
      table,
    ]);
    const positions = checkpoints.map((row) => BigInt(row.position as string));
    const parked = new Set(
      (await client.query('SELECT event_id FROM view_parked WHERE table_name = $1', [table])).rows.map((row) => row.event_id as string),
    );
    const skipped = await loadSkipped((stream, from, max) => log.readStream(stream, from, max), given.operationsStream, view);

    const known = Number((await client.query(`SELECT count(*) FROM ${quoted(table)}`)).rows[0].count);
    const passes = Math.max(1, Math.ceil(known / (given.rowsAtOnce ?? ROWS_AT_ONCE)));
    await client.query(`CREATE TEMP TABLE expected (LIKE ${quoted(table)}) ON COMMIT DROP`);
    let leftOut = 0;
    for (let pass = 0; pass < passes; pass++) {
      const isOut = (id: string) => parked.has(id) || skipped.has(id);
      const part = await foldLog(view, log, upcasts, positions, shards, isOut, (partition) => spread(partition, passes) === pass);
      leftOut += part.leftOut;
      await copyRows(client, shape, 'expected', part.folded);
    }
    const sum = (from: string) => `SELECT count(*) AS rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text AS sum FROM ${from} t`;
    const [actual, expected] = [(await client.query(sum(quoted(table)))).rows[0], (await client.query(sum('expected'))).rows[0]];
    const equal = actual.sum === expected.sum && BigInt(actual.rows) === BigInt(expected.rows);
    const key = quoted(shape.columns[shape.key]!.name);
    const { rows: different } = equal
      ? { rows: [] }
      : await client.query(
          `SELECT coalesce(a.${key}, e.${key})::text AS key, to_jsonb(a) AS table, to_jsonb(e) AS log
           FROM ${quoted(table)} a FULL JOIN expected e ON a.${key} = e.${key} WHERE a IS DISTINCT FROM e ORDER BY 1 LIMIT 1`,
        );
    await client.query('ROLLBACK');
    const found = different[0] as { key: string; table: Record<string, unknown> | null; log: Record<string, unknown> | null } | undefined;
    const differs = (name: string) => JSON.stringify(found?.table?.[name]) !== JSON.stringify(found?.log?.[name]);
    return {
      view: view.name,
      table,
      equal,
      position: positions.reduce((a, b) => (a < b ? a : b)),
      rows: BigInt(actual.rows),
      checksum: { table: actual.sum, log: expected.sum },
      leftOut,
      ...(found && { firstDifference: { ...found, columns: shape.columns.map(({ name }) => name).filter(differs) } }),
    };
  } catch (error) {
    broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

async function foldLog(
  view: AnyView,
  log: LogReader,
  upcasts: Upcasts,
  positions: readonly bigint[],
  shards: number,
  isOut: (id: string) => boolean,
  isIn: (partition: string) => boolean,
): Promise<{ folded: Iterable<Tuple>; leftOut: number }> {
  const folded = new Folded(view);
  const read = reads(view);
  const end = positions.reduce((a, b) => (a > b ? a : b));
  let leftOut = 0;
  for (let after = BEFORE_ALL; after < end;) {
    const events = await log.readAll(after, PAGE);
    for (const event of events) {
      after = event.position;
      if (after > end) break;
      // As in the feed: without the store's own events and snapshots.
      if (isOfStore(event) || !read(event.type)) continue;
      if (isOut(event.id)) {
        if (isIn(event.stream)) leftOut++;
        continue;
      }
      const recorded: Recorded = event.recorded(upcasts);
      const partition = partitionOf(view, recorded);
      if (isIn(partition) && event.position <= positions[spread(partition, shards)]!) folded.apply(recorded);
    }
    if (endsLog(events, PAGE) && after < end)
      throw new Error(`the log ends at ${after}, before the view's position ${end}: it is not the log that the view was folded from`);
  }
  return { folded: folded.tuples.values(), leftOut };
}
