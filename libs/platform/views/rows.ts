/**
 * The rows of a view's table, as the engine reads and writes them. Hides: COPY, staging, upserts. Promises: one write per changed row.
 * Does not: begin or end transactions.
 */
import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Writes } from './batch';
import { copyLine, quoted, selectList, type Shape, type Tuple } from './shape';
import { columnArrays, unnestSql, upsertSql } from './tables';

/** Batches with fewer rows than this are written with one statement. */
const COPY_FROM = 400;

/**
 * Classes of SQLSTATE that mean this value can never be stored: data, constraint, limit. All others are trouble of the database, not of the
 * event.
 */
export const isPermanent = (error: unknown): boolean => /^(22|23|54)/.test((error as { code?: string }).code ?? '');

/** Rows by key, as text. */
export async function fetchRows(
  pool: Pool | PoolClient,
  shape: Shape,
  table: string,
  keys: readonly string[],
): Promise<Map<string, Tuple>> {
  const { rows } = await pool.query<Tuple[]>({
    text: `SELECT ${selectList(shape)} FROM ${quoted(table)} WHERE ${quoted(shape.columns[shape.key]!.name)} = ANY($1)`,
    values: [keys],
    rowMode: 'array',
  } as never);
  return new Map((rows as unknown as Tuple[]).map((tuple) => [tuple[shape.key]!, tuple]));
}

/** Writes the changes of a batch. */
export async function writeRows(client: PoolClient, shape: Shape, table: string, { fresh, changed, removed }: Writes): Promise<void> {
  if (removed.length > 0)
    await client.query(`DELETE FROM ${quoted(table)} WHERE ${quoted(shape.columns[shape.key]!.name)} = ANY($1)`, [removed]);
  const few = fresh.length + changed.length < COPY_FROM;
  if (few && fresh.length + changed.length > 0) {
    await client.query(upsertSql(shape, table, unnestSql(shape)), columnArrays(shape, [...fresh, ...changed]));
  }
  if (!few && fresh.length > 0) await copyRows(client, shape, quoted(table), fresh);
  if (!few && changed.length > 0) {
    const stage = quoted(`stage_${table}`);
    await client.query(`CREATE TEMP TABLE IF NOT EXISTS ${stage} (LIKE ${quoted(table)}) ON COMMIT DELETE ROWS`);
    await copyRows(client, shape, stage, changed);
    const list = shape.columns.map((column) => quoted(column.name)).join(', ');
    await client.query(upsertSql(shape, table, `SELECT ${list} FROM ${stage}`));
  }
}

/** Writes rows through COPY. */
export async function copyRows(client: PoolClient, shape: Shape, into: string, tuples: Iterable<Tuple>): Promise<void> {
  const list = shape.columns.map((column) => quoted(column.name)).join(', ');
  const stream = client.query(copyFrom(`COPY ${into} (${list}) FROM STDIN`));
  const ended = new Promise<void>((resolve, reject) => {
    stream.once('finish', resolve);
    stream.once('error', reject);
  });
  ended.catch(() => undefined);
  let chunk = '';
  for (const tuple of tuples) {
    chunk += copyLine(shape, tuple);
    if (chunk.length < 65_536) continue;
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), ended]);
    chunk = '';
  }
  stream.end(chunk);
  await ended;
}
