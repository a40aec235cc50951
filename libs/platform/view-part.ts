/**
 * One part of a view: fold in memory, write once per changed row. Promises: rows, parked events, guard and checkpoint change in one
 * transaction, conditional on the checkpoint's position and the lease's epoch; what is in memory is what is committed or will be with the
 * batch under way. After any error this object is thrown away and loaded again: whether a COMMIT whose answer was lost took effect is then
 * read from the database. Does not: fetch events, retry, or hold leases.
 */
import type { Pool, PoolClient } from 'pg';
import type { Recorded, Upcasts } from '#kernel/event';
import { Batch, type Work } from './view-batch';
import { Folder, partitionOf } from './view-fold';
import { RevisionGuard, type ReadStream } from './view-guard';
import type { Part } from './view-leases';
import { RowMemory } from './view-memory';
import { insertParked, loadParked, loadSkipped, type ParkedEvent } from './view-parking';
import { fetchRows, isPermanent, writeRows } from './view-rows';
import { reads, shapeOf, type AnyView, type Shape } from './view-shape';
import { traceBack } from './tracing';
import type { ViewTable } from './view-tables';
import type { LogEvent } from './view-wire';

/** Another worker owns the part, or this one's memory is old: nothing was written. */
export class Fenced extends Error {}

/** The database refused a row of a batch. It is done again from the checkpoint up to `through`, each event by itself where need be. */
export class Refused extends Error {
  constructor(
    readonly through: bigint,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

/** An event that cannot be folded, met while a table is being built. */
export class PoisonInBuild extends Error {}

export type Failpoint = 'admitted' | 'written' | 'before-commit' | 'after-commit';
/** For tests only: places to fail at, and guards to leave out so that a test can be seen to fail. */
export type Testing = Readonly<{
  failpoint?: (at: Failpoint, table: string) => void | Promise<void>;
  without?: Readonly<{ fencing?: boolean; guard?: boolean; sameTransaction?: boolean; parking?: boolean }>;
}>;

export type Committed = Readonly<{ parked: number; events: number; rows: number; newestMs: number }>;

const messageOf = (error: unknown): string => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000);

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
  readonly #memory: RowMemory;
  #gathered: Batch;
  /** The batch whose transaction is under way: what is gathered meanwhile stands on it. */
  #writing: Batch | undefined;
  #at: bigint;

  private constructor(
    private readonly pool: Pool,
    rows: Pool,
    readonly view: AnyView,
    readonly table: ViewTable,
    private readonly part: Part,
    private readonly upcasts: Upcasts,
    cacheRows: number,
    private readonly testing: Testing,
    readonly guard: RevisionGuard,
    private committed: bigint,
    private parked: Set<string>,
    private readonly skipped: ReadonlySet<string>,
    private readonly carefulThrough: bigint,
  ) {
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
    this.#folder = new Folder(view, this.#shape);
    const fromEmpty = committed < 0n && table.shards === 1;
    this.#memory = new RowMemory(cacheRows, fromEmpty, (keys) => fetchRows(rows, this.#shape, table.table, keys));
    this.#gathered = this.#batch();
    this.#at = guard.floor < committed ? guard.floor : committed;
  }

  #batch(): Batch {
    return new Batch(
      (key) => {
        const row = this.#writing?.changes.get(key);
        return row === undefined ? this.#memory.look(key) : row;
      },
      (partition) => this.parked.has(partition) || (this.#writing?.hasParked(partition) ?? false),
    );
  }

  /** Reads the committed state; throws `Fenced` where the lease's epoch has passed. */
  static async load(
    given: Readonly<{
      pool: Pool;
      /** For rows that are looked up while all other connections may be writing. */
      rows: Pool;
      view: AnyView;
      table: ViewTable;
      part: Part;
      upcasts: Upcasts;
      cacheRows: number;
      testing: Testing;
      readStream: ReadStream;
      operations: string;
      /** Where the database refused a batch before: up to here, events are tried one by one where need be. */
      carefulThrough: bigint;
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
    const loaded = new PartOfView(
      pool, given.rows, view, table, part, given.upcasts, given.cacheRows, given.testing, guard, position, parked, skipped, given.carefulThrough,
    ); // prettier-ignore
    // What was committed before this, as when the table had just gone live, may not have been told: whoever listens looks again.
    await loaded.#announce(pool, undefined, position);
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
    return this.parked.size;
  }

  /** Where it reads on: what is gathered reaches up to here. */
  get at(): bigint {
    return this.#at;
  }

  /** What is folded and not yet given to a commit. */
  get gathered(): Readonly<{ events: number; rows: number }> {
    return { events: this.#gathered.events, rows: this.#gathered.changes.size };
  }

  /** True where a batch was refused: then each page is committed before the next is gathered. */
  get careful(): boolean {
    return this.#at < this.carefulThrough;
  }

  /** Folds the events of a page that belong to this part. */
  async gather(events: readonly LogEvent[], through: bigint): Promise<void> {
    const { careful } = this;
    const admitted = this.testing.without?.guard ? events : await this.guard.admit(events, through);
    const works: Work[] = [];
    for (const event of admitted) {
      if (!this.#reads(event.type) || this.skipped.has(event.id)) continue;
      const work = this.#prepare(event);
      if (spread(work.partition, this.table.shards) === this.part.shard) works.push(work);
    }
    if (works.length > 0) {
      if (careful) this.#gathered.unfolded.push(...works);
      else {
        await this.#memory.ready(works, this.#gathered.row);
        for (const work of works) this.#fold(work, this.#gathered);
      }
      this.#gathered.count(works);
    }
    this.#at = through;
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

  /** Writes what was gathered and moves the checkpoint, all or nothing. More may be gathered meanwhile, but not committed. */
  async commit(caughtUp: boolean): Promise<Committed> {
    const guard = this.guard.stored;
    const through = this.#at;
    const batch = (this.#writing = this.#gathered);
    this.#gathered = this.#batch();
    await this.testing.failpoint?.('admitted', this.table.table);
    const from = Date.now();
    const careful = batch.unfolded.length > 0;
    try {
      if (careful) await this.#memory.ready(batch.unfolded, batch.row);
      await this.#transaction(batch, through, guard, caughtUp);
    } catch (error) {
      throw isPermanent(error) && !careful && batch.events > 0 ? new Refused(through, error) : error;
    }
    if (through > this.committed) this.committed = through;
    this.#memory.remember(batch.changes, batch.own);
    for (const { partition } of batch.parked) this.parked.add(partition);
    this.#writing = undefined;
    traceBack(`view ${this.view.name}`, from, () => batch.traced.map(({ metadata }) => metadata.traceparent));
    const { events, parked, changes, newestMs } = batch;
    return { events: events - parked.length, parked: parked.length, rows: changes.size, newestMs };
  }

  async #transaction(batch: Batch, through: bigint, guard: string, caughtUp: boolean): Promise<void> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      if (this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, batch.events, through, guard, caughtUp);
      await client.query('BEGIN');
      if (!this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, batch.events, through, guard, caughtUp);
      if (batch.unfolded.length > 0) await this.#bisect(client, batch.unfolded, batch);
      else await writeRows(client, this.#shape, this.table.table, batch);
      if (batch.parked.length > 0) await insertParked(client, this.table.table, this.part.shard, batch.parked);
      await this.testing.failpoint?.('written', this.table.table);
      await this.#announce(client, batch.changes, through);
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
  }

  /** Moves the checkpoint past events that this part does not fold; nothing may be gathered. */
  async advance(caughtUp: boolean): Promise<void> {
    const through = this.#at;
    await this.#moveCheckpoint(this.pool, 0, through, this.guard.stored, caughtUp);
    await this.#announce(this.pool, undefined, through);
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

  #fold(work: Work, batch: Batch): void {
    const { event, recorded, partition, keys } = work;
    const queued = batch.isParked(partition) || (partition !== event.stream && batch.isParked(event.stream));
    if (queued && !this.testing.without?.parking) return batch.park(work, null);
    if (!recorded || work.error !== undefined) return this.#poison(work, work.error ?? 'unreadable', batch);
    try {
      this.#folder.fold(recorded, keys, batch.row, batch);
      if (keys.includes(event.id)) batch.own.add(event.id);
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
    for (const work of works) this.#fold(work, trial);
    await client.query('SAVEPOINT half');
    try {
      await writeRows(client, this.#shape, this.table.table, trial);
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

  /** Tells who listens what changed, once committed; a long list is cut, for a notification holds 8,000 bytes. */
  async #announce(client: Pool | PoolClient, changes: Batch['changes'] | undefined, through: bigint): Promise<void> {
    if (this.table.status !== 'live') return;
    const payload = (some: readonly string[]) =>
      JSON.stringify({ view: this.view.name, keys: some, position: through.toString(), ...(this.table.shards === 1 && { whole: true }) });
    const whole = !changes || changes.size <= 200 ? payload([...(changes?.keys() ?? [])]) : '';
    await client.query(`SELECT pg_notify('views', $1)`, [whole && Buffer.byteLength(whole) < 7_500 ? whole : payload([])]);
  }

  /** Folds what is parked in a partition again, from its head; stops at the first event that still fails. */
  async retry(partition: string, entries: readonly ParkedEvent[], events: readonly LogEvent[]): Promise<number> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    let done = 0;
    const works = events.map((event) => this.#prepare(event));
    const batch = this.#batch();
    try {
      await this.#memory.ready(works, batch.row);
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
      await this.#announce(client, batch.changes, this.committed);
      await client.query('COMMIT');
    } catch (error) {
      broken = error as Error;
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken);
    }
    this.#memory.remember(batch.changes, batch.own);
    this.parked = await loadParked(this.pool, this.table.table, this.part.shard);
    return done;
  }

  /** Why an event of the queue still fails; undefined where it no longer does. */
  async #again(client: PoolClient, work: Work, single: Batch): Promise<string | undefined> {
    if (!work.recorded || work.error !== undefined) return work.error ?? 'unreadable';
    await client.query('SAVEPOINT again');
    try {
      this.#folder.fold(work.recorded, work.keys, single.row, single);
      await writeRows(client, this.#shape, this.table.table, single);
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
