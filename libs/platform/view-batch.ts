/**
 * One part of a view and its batches: fold in memory, write once per changed row. Hides: COPY, bisection.
 * Promises: rows, parked events, guard and checkpoint change in one transaction, conditional on the checkpoint's position and the lease's
 * epoch; what is in memory is what is committed. After any error this object is thrown away and loaded again: whether a COMMIT whose
 * answer was lost took effect is then read from the database. Does not: fetch events, retry, or hold leases.
 */
import { once } from 'node:events';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Recorded, Upcasts } from '#kernel/event';
import { type Before, Folder, partitionOf } from './view-fold';
import { RevisionGuard, type ReadStream } from './view-guard';
import type { Part } from './view-leases';
import { RowMemory } from './view-memory';
import { insertParked, loadParked, loadSkipped, type ParkedEvent } from './view-parking';
import { copyLine, quoted, reads, selectList, shapeOf, type AnyView, type Shape, type Tuple } from './view-shape';
import { traceBack } from './tracing';
import { columnArrays, unnestSql, upsertSql, type ViewTable } from './view-tables';
import type { LogEvent } from './view-wire';

/** Another worker owns the part, or this one's memory is old: nothing was written. */
export class Fenced extends Error {}

/** An event that cannot be folded, met while a table is being built. */
export class PoisonInBuild extends Error {}

export type Failpoint = 'admitted' | 'written' | 'before-commit' | 'after-commit';
/** For tests only: places to fail at, and guards to leave out so that a test can be seen to fail. */
export type Testing = Readonly<{
  failpoint?: (at: Failpoint, table: string) => void | Promise<void>;
  without?: Readonly<{ fencing?: boolean; guard?: boolean; sameTransaction?: boolean; parking?: boolean }>;
}>;

/** An event of a batch; `error` where it could not even be read. */
export type Work = { event: LogEvent; recorded?: Recorded; partition: string; keys: readonly string[]; error?: string };
export type Committed = Readonly<{ keys: readonly string[]; parked: number; events: number; rows: number; newestMs: number }>;

const COPY_FROM = 400;
const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000);
/** Classes of SQLSTATE that mean "this value, here, never": data, constraint, limit. All else is the database's trouble, not the event's. */
const isPermanent = (error: unknown): boolean => /^(22|23|54)/.test((error as { code?: string }).code ?? '');

/** FNV-1a; its only use is to spread partitions over a fixed number of parts. */
export function spread(partition: string, over: number): number {
  if (over === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < partition.length; i++) hash = Math.imul(hash ^ partition.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % over;
}

export class PartOfView {
  readonly #shape: Shape;
  readonly #reads: (type: string) => boolean;
  readonly #folder: Folder;
  #parked: Set<string>;
  #skipped: ReadonlySet<string>;
  readonly #memory: RowMemory;

  private constructor(
    private readonly pool: Pool,
    readonly view: AnyView,
    readonly table: ViewTable,
    private readonly part: Part,
    private readonly upcasts: Upcasts,
    cacheRows: number,
    private readonly testing: Testing,
    readonly guard: RevisionGuard,
    private committed: bigint,
    parked: Set<string>,
    skipped: ReadonlySet<string>,
  ) {
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
    this.#folder = new Folder(view, this.#shape);
    this.#parked = parked;
    this.#skipped = skipped;
    const fromEmpty = committed < 0n && table.shards === 1;
    this.#memory = new RowMemory(cacheRows, fromEmpty, (keys) => fetchRows(pool, this.#shape, table.table, keys));
  }

  /** Reads the committed state; throws `Fenced` where the lease's epoch has passed. */
  static async load(
    given: Readonly<{
      pool: Pool;
      view: AnyView;
      table: ViewTable;
      part: Part;
      upcasts: Upcasts;
      cacheRows: number;
      testing: Testing;
      readStream: ReadStream;
      operations: string;
    }>,
  ): Promise<PartOfView> {
    const { pool, view, table, part } = given;
    const { rows } = await pool.query('SELECT position, guard, epoch FROM view_checkpoints WHERE table_name = $1 AND shard = $2', [
      table.table,
      part.shard,
    ]);
    if (!rows[0] || (BigInt(rows[0].epoch) !== part.epoch && !given.testing.without?.fencing))
      throw new Fenced(`${table.table}/${part.shard} is not ours`);
    const position = BigInt(rows[0].position);
    const guard = new RevisionGuard(position, rows[0].guard, given.readStream);
    const parked = await loadParked(pool, table.table, part.shard);
    const skipped = await loadSkipped(given.readStream, given.operations, view);
    const loaded = new PartOfView(pool, view, table, part, given.upcasts, given.cacheRows, given.testing, guard, position, parked, skipped);
    // What was committed before this, as when the table had just gone live, may not have been told: whoever listens looks again.
    await loaded.#announce(pool, [], position);
    return loaded;
  }

  /** The position up to which everything is committed. */
  get position(): bigint {
    return this.committed;
  }

  get shard(): number {
    return this.part.shard;
  }

  get parkedPartitions(): number {
    return this.#parked.size;
  }

  /** The events of a page that this part folds. */
  async admit(events: readonly LogEvent[], through: bigint): Promise<Work[]> {
    const admitted = this.testing.without?.guard ? events : await this.guard.admit(events, through);
    const works: Work[] = [];
    for (const event of admitted) {
      if (!this.#reads(event.type) || this.#skipped.has(event.id)) continue;
      const work = this.#prepare(event);
      if (spread(work.partition, this.table.shards) === this.part.shard) works.push(work);
    }
    return works;
  }

  #prepare(event: LogEvent): Work {
    try {
      const recorded = event.recorded(this.upcasts);
      const partition = partitionOf(this.view, recorded);
      try {
        return { event, recorded, partition, keys: this.view.keys(recorded as never) };
      } catch (error) {
        return { event, partition, keys: [], error: messageOf(error) };
      }
    } catch (error) {
      return { event, partition: event.stream, keys: [], error: messageOf(error) };
    }
  }

  /** Applies works and moves the checkpoint, all or nothing. Events of later pages may be admitted meanwhile, but not committed. */
  async commit(works: readonly Work[], through: bigint, caughtUp: boolean): Promise<Committed> {
    const guard = this.guard.stored;
    await this.testing.failpoint?.('admitted', this.table.table);
    const from = Date.now();
    try {
      const committed = await this.#transaction(works, through, guard, caughtUp, false);
      traceBack(`view ${this.view.name}`, from, () => works.map(({ recorded }) => recorded?.metadata.traceparent));
      return committed;
    } catch (error) {
      if (!isPermanent(error) || works.length === 0) throw error;
      // Some row does not fit the table: find the event that wrote it.
      return await this.#transaction(works, through, guard, caughtUp, true);
    }
  }

  async #transaction(works: readonly Work[], through: bigint, guard: string, caughtUp: boolean, bisect: boolean): Promise<Committed> {
    const batch = new Batch(await this.#memory.before(works));
    if (!bisect) this.#fold(works, batch);
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      if (this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, works.length, through, guard, caughtUp);
      await client.query('BEGIN');
      if (!this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, works.length, through, guard, caughtUp);
      if (bisect) await this.#bisect(client, works, batch);
      else await this.#write(client, batch);
      if (batch.parked.length > 0) await insertParked(client, this.table.table, this.part.shard, batch.parked);
      await this.testing.failpoint?.('written', this.table.table);
      await this.#announce(client, [...batch.changes.keys()], through);
      await this.testing.failpoint?.('before-commit', this.table.table);
      await client.query('COMMIT');
      await this.testing.failpoint?.('after-commit', this.table.table);
    } catch (error) {
      broken = error as Error;
      // A connection whose transaction is in doubt is never used again.
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken && !(broken instanceof Fenced) && !isPermanent(broken) ? broken : undefined);
    }
    if (through > this.committed) this.committed = through;
    this.#memory.remember(batch.changes, works);
    for (const { partition } of batch.parked) this.#parked.add(partition);
    const newestMs = works.length > 0 ? works[works.length - 1]!.event.recordedMs : 0;
    return {
      keys: [...batch.changes.keys()],
      parked: batch.parked.length,
      events: works.length - batch.parked.length,
      rows: batch.changes.size,
      newestMs,
    };
  }

  /** Moves the checkpoint past events that this part does not fold. */
  async advance(through: bigint, caughtUp: boolean): Promise<void> {
    await this.#moveCheckpoint(this.pool, 0, through, this.guard.stored, caughtUp);
    await this.#announce(this.pool, [], through);
    this.committed = through;
  }

  async #moveCheckpoint(client: Pool | PoolClient, events: number, through: bigint, guard: string, caughtUp: boolean): Promise<void> {
    const position = through > this.committed ? through : this.committed;
    const condition = this.testing.without?.fencing ? '' : ' AND position = $7 AND epoch = $8';
    const { rowCount } = await client.query(
      `UPDATE view_checkpoints SET position = $3, guard = $4, events = events + $5, updated_at = now(),
         caught_up_at = CASE WHEN $6 THEN clock_timestamp() ELSE caught_up_at END WHERE table_name = $1 AND shard = $2${condition}`,
      [this.table.table, this.part.shard, position, guard, events, caughtUp, ...(condition ? [this.committed, this.part.epoch] : [])],
    );
    if (rowCount !== 1) throw new Fenced(`${this.table.table}/${this.part.shard}: the checkpoint has moved`);
  }

  #fold(works: readonly Work[], batch: Batch): void {
    for (const work of works) this.#foldOne(work, batch);
  }

  #foldOne(work: Work, batch: Batch): void {
    const { event, recorded, partition } = work;
    const queued =
      this.#parked.has(partition) || this.#parked.has(event.stream) || batch.isParked(partition) || batch.isParked(event.stream);
    if (queued && !this.testing.without?.parking) return batch.park(work, null);
    if (!recorded || work.error !== undefined) return this.#poison(work, work.error ?? 'unreadable', batch);
    try {
      this.#folder.fold(recorded, work.keys, batch.row, batch.changes);
    } catch (error) {
      this.#poison(work, messageOf(error), batch);
    }
  }

  #poison(work: Work, error: string, batch: Batch): void {
    if (this.table.status === 'building') {
      throw new PoisonInBuild(
        `${work.event.type} ${work.event.revision}@${work.event.stream} (${work.event.id}) cannot be folded: ${error}`,
      );
    }
    batch.park(work, error);
  }

  /** Halves under savepoints until the event is alone whose row the database refuses. */
  async #bisect(client: PoolClient, works: readonly Work[], batch: Batch): Promise<void> {
    const trial = batch.next();
    this.#fold(works, trial);
    await client.query('SAVEPOINT half');
    try {
      await this.#write(client, trial);
      await client.query('RELEASE half');
      return batch.take(trial);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await client.query('ROLLBACK TO half; RELEASE half');
      if (works.length === 1) return this.#poison(works[0]!, messageOf(error), batch);
      const middle = works.length >> 1;
      await this.#bisect(client, works.slice(0, middle), batch);
      await this.#bisect(client, works.slice(middle), batch);
    }
  }

  async #write(client: PoolClient, { changes, before }: Batch): Promise<void> {
    const removed: string[] = [];
    const fresh: Tuple[] = [];
    const changed: Tuple[] = [];
    for (const [key, tuple] of changes) {
      const there = Boolean(before(key));
      if (tuple !== null) (there ? changed : fresh).push(tuple);
      else if (there) removed.push(key);
    }
    const { table } = this.table;
    if (removed.length > 0)
      await client.query(`DELETE FROM ${quoted(table)} WHERE ${quoted(this.#shape.columns[this.#shape.key]!.name)} = ANY($1)`, [removed]);
    const few = fresh.length + changed.length < COPY_FROM;
    if (few && fresh.length + changed.length > 0) {
      await client.query(upsertSql(this.#shape, table, unnestSql(this.#shape)), columnArrays(this.#shape, [...fresh, ...changed]));
    }
    if (!few && fresh.length > 0) await copyRows(client, this.#shape, quoted(table), fresh);
    if (!few && changed.length > 0) {
      const stage = quoted(`stage_${table}`);
      await client.query(`CREATE TEMP TABLE IF NOT EXISTS ${stage} (LIKE ${quoted(table)}) ON COMMIT DELETE ROWS`);
      await copyRows(client, this.#shape, stage, changed);
      const list = this.#shape.columns.map((column) => quoted(column.name)).join(', ');
      await client.query(upsertSql(this.#shape, table, `SELECT ${list} FROM ${stage}`));
    }
  }

  /** Tells who listens what changed, once committed; a long list is cut, for a notification holds 8,000 bytes. */
  async #announce(client: Pool | PoolClient, keys: readonly string[], through: bigint): Promise<void> {
    if (this.table.status !== 'live') return;
    const payload = (some: readonly string[]) =>
      JSON.stringify({ view: this.view.name, keys: some, position: through.toString(), ...(this.table.shards === 1 && { whole: true }) });
    const whole = keys.length <= 200 ? payload(keys) : '';
    await client.query(`SELECT pg_notify('views', $1)`, [whole && Buffer.byteLength(whole) < 7_500 ? whole : payload([])]);
  }

  /** Folds what is parked in a partition again, from its head; stops at the first event that still fails. */
  async retry(partition: string, entries: readonly ParkedEvent[], events: readonly LogEvent[]): Promise<number> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    let done = 0;
    const works = events.map((event) => this.#prepare(event));
    const batch = new Batch(await this.#memory.before(works));
    try {
      await client.query('BEGIN');
      await this.#moveCheckpoint(client, 0, this.committed, this.guard.stored, false);
      for (const [i, entry] of entries.entries()) {
        const single = batch.next();
        if (entry.wish !== 'skip') {
          const failed = await this.#again(client, works[i]!, single);
          if (failed !== undefined) {
            await client.query('UPDATE view_parked SET error = $4, attempts = attempts + 1, wish = NULL WHERE table_name = $1 AND shard = $2 AND position = $3', [
              this.table.table, this.part.shard, entry.position, failed,
            ]); // prettier-ignore
            break;
          }
        }
        batch.take(single);
        await client.query('DELETE FROM view_parked WHERE table_name = $1 AND shard = $2 AND position = $3', [
          this.table.table,
          this.part.shard,
          entry.position,
        ]);
        done++;
      }
      if (done === entries.length) {
        await client.query(
          `UPDATE view_parked SET wish = 'retry' WHERE table_name = $1 AND shard = $2 AND partition = $3
             AND position = (SELECT min(position) FROM view_parked WHERE table_name = $1 AND shard = $2 AND partition = $3)`,
          [this.table.table, this.part.shard, partition],
        );
      }
      await this.#announce(client, [...batch.changes.keys()], this.committed);
      await client.query('COMMIT');
    } catch (error) {
      broken = error as Error;
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken);
    }
    this.#memory.remember(batch.changes, works);
    this.#parked = await loadParked(this.pool, this.table.table, this.part.shard);
    return done;
  }

  /** Why an event of the queue still fails; undefined where it no longer does. */
  async #again(client: PoolClient, work: Work, single: Batch): Promise<string | undefined> {
    if (!work.recorded || work.error !== undefined) return work.error ?? 'unreadable';
    await client.query('SAVEPOINT again');
    try {
      this.#folder.fold(work.recorded, work.keys, single.row, single.changes);
      await this.#write(client, single);
      await client.query('RELEASE again');
      return undefined;
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code !== undefined && !isPermanent(error)) throw error;
      await client.query('ROLLBACK TO again');
      return messageOf(error);
    }
  }
}

/** What a batch changes, before it is committed. `before` tells each row that it may touch as it was. */
class Batch {
  readonly changes = new Map<string, Tuple | null>();
  readonly parked: (ParkedEvent & { partition: string })[] = [];
  readonly #partitions: Set<string>;

  constructor(
    readonly before: Before,
    partitions: Iterable<string> = [],
  ) {
    this.#partitions = new Set(partitions);
  }

  readonly row: Before = (key) => {
    const changed = this.changes.get(key);
    return changed === undefined ? this.before(key) : changed;
  };

  /** A batch that stands on this one. */
  next(): Batch {
    return new Batch(this.row, this.#partitions);
  }

  isParked(partition: string): boolean {
    return this.#partitions.has(partition);
  }

  park({ event, partition }: Work, error: string | null): void {
    const { position, stream, revision, type, id } = event;
    this.parked.push({ partition, position, stream, revision, type, id, error, attempts: error === null ? 0 : 1 });
    this.#partitions.add(partition);
  }

  take(other: Batch): void {
    for (const [key, tuple] of other.changes) this.changes.set(key, tuple);
    for (const entry of other.parked) {
      this.parked.push(entry);
      this.#partitions.add(entry.partition);
    }
  }
}

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
