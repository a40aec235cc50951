/**
 * One part of a view: fold in memory, write once per changed row. Promises: rows, parked events, guard and checkpoint change in one
 * transaction, conditional on the checkpoint's position and the lease's epoch; what is in memory is what is committed or will be with the
 * batch under way. After any error this object is thrown away and loaded again: whether a COMMIT whose answer was lost took effect is then
 * read from the database. Does not: fetch events, retry, or hold leases.
 */
import type { Pool, PoolClient } from 'pg';
import type { Upcasts } from '#kernel/event';
import { Batch, entryOf, type Entry, type Work, type Writes } from './batch';
import { Folder, keysOf, partitionOf, spread } from './fold';
import { RevisionGuard, type ReadStream } from './guard';
import type { Part } from './leases';
import { RowMemory, type RowBudget } from './memory';
import { insertParked, loadParked, loadSkipped, type ParkedEvent } from './parking';
import { fetchRows, isPermanent, writeRows } from './rows';
import { reads, shapeOf, type AnyView, type Shape, type Tuple } from './shape';
import { traceBack } from '#platform/runtime/tracing';
import type { ViewTable } from './tables';
import type { LogEvent } from '#platform/store/log-event';

/** Another worker owns the part, or this one's memory is old: nothing was written. */
export class Fenced extends Error {}

/** The database refused a row of a batch, or a key. It is done again from the checkpoint up to `through`, each event by itself where need be. */
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

const messageOf = (error: unknown): string =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).slice(0, 2_000).replaceAll('\0', '\ufffd');

export class PartOfView {
  readonly #shape: Shape;
  readonly #reads: (type: string) => boolean;
  readonly #folder: Folder;
  #memory: RowMemory;
  #gathered = new Batch();
  /** The batch whose transaction is under way: what is gathered meanwhile stands on it. */
  #writing: Batch | undefined;
  /** Rows before and after the event that is being folded. */
  readonly #before: (Tuple | null)[] = [];
  readonly #after: (Tuple | null)[] = [];
  #at: bigint;

  private constructor(
    private readonly pool: Pool,
    private readonly rows: Pool,
    readonly view: AnyView,
    readonly table: ViewTable,
    private readonly part: Part,
    private readonly upcasts: Upcasts,
    private readonly budget: RowBudget,
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
    this.#memory = this.#remember(committed < 0n && carefulThrough < 0n && table.shards === 1);
    this.#at = guard.floor < committed ? guard.floor : committed;
  }

  #remember(fromEmpty: boolean): RowMemory {
    return new RowMemory(this.budget, fromEmpty, (keys) => fetchRows(this.rows, this.#shape, this.table.table, keys));
  }

  /** Reads the committed state; throws `Fenced` where the lease's epoch has passed, and where the log is another. */
  static async load(
    given: Readonly<{
      pool: Pool;
      /** For rows that are looked up while all other connections may be writing. */
      rows: Pool;
      view: AnyView;
      table: ViewTable;
      part: Part;
      upcasts: Upcasts;
      budget: RowBudget;
      testing: Testing;
      readStream: ReadStream;
      last: () => Promise<LogEvent | undefined>;
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
    await guard.recognise(given.last);
    const parked = await loadParked(pool, table.table, part.shard);
    const skipped = await loadSkipped(given.readStream, given.operations, view);
    const loaded = new PartOfView(
      pool,
      given.rows,
      view,
      table,
      part,
      given.upcasts,
      given.budget,
      given.testing,
      guard,
      position,
      parked,
      skipped,
      given.carefulThrough,
    );
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
    return this.#gathered;
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
        await this.#memory.resolve(works).catch((error: unknown) => {
          throw isPermanent(error) ? new Refused(through, error) : error;
        });
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
        return { event, recorded, partition, keys: keysOf(this.view, recorded), rows: [] };
      } catch (error) {
        return { event, partition, keys: [], rows: [], error: messageOf(error) };
      }
    } catch (error) {
      return { event, partition: event.stream, keys: [], rows: [], error: messageOf(error) };
    }
  }

  /** Writes what was gathered and moves the checkpoint, all or nothing. More may be gathered meanwhile, but not committed. */
  async commit(caughtUp: boolean): Promise<Committed> {
    const guard = this.guard.stored;
    const through = this.#at;
    const batch = (this.#writing = this.#gathered);
    this.#gathered = new Batch();
    const writes = batch.seal();
    await this.testing.failpoint?.('admitted', this.table.table);
    const from = Date.now();
    const careful = batch.unfolded.length > 0;
    try {
      await this.#transaction(batch, writes, through, guard, caughtUp);
    } catch (error) {
      throw isPermanent(error) && !careful && batch.events > 0 ? new Refused(through, error) : error;
    }
    if (through > this.committed) this.committed = through;
    this.#memory.committed(writes.fresh, this.#shape.key);
    for (const { partition } of batch.parked) this.parked.add(partition);
    this.#writing = undefined;
    traceBack(`view ${this.view.name}`, from, () => batch.traced.map(({ metadata }) => metadata.traceparent));
    const { events, parked, rows, newestMs } = batch;
    return { events: events - parked.length, parked: parked.length, rows, newestMs };
  }

  async #transaction(batch: Batch, writes: Writes, through: bigint, guard: string, caughtUp: boolean): Promise<void> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      if (this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, batch.events, through, guard, caughtUp);
      await client.query('BEGIN');
      if (!this.testing.without?.sameTransaction) await this.#moveCheckpoint(client, batch.events, through, guard, caughtUp);
      if (batch.unfolded.length > 0) await this.#bisect(client, batch.unfolded, batch);
      else await writeRows(client, this.#shape, this.table.table, writes);
      if (batch.parked.length > 0) await insertParked(client, this.table.table, this.part.shard, batch.parked);
      await this.testing.failpoint?.('written', this.table.table);
      await this.#announce(client, batch, through);
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
    const { event, recorded, partition } = work;
    if (!this.testing.without?.parking && (this.#isParked(partition, batch) || this.#isParked(event.stream, batch)))
      return batch.park(work, null);
    if (!recorded || work.error !== undefined) return this.#poison(work, work.error ?? 'unreadable', batch);
    try {
      this.#change(work, batch);
    } catch (error) {
      this.#poison(work, messageOf(error), batch);
    }
  }

  /** Folds one event into its rows. Throws what the fold throws; nothing is changed then. */
  #change({ recorded, keys, rows }: Work, batch: Batch): void {
    const [before, after] = [this.#before, this.#after];
    before.length = after.length = rows.length;
    for (let i = 0; i < rows.length; i++) before[i] = after[i] = rows[i]!.tuple;
    this.#folder.fold(recorded!, keys, after);
    for (let i = 0; i < rows.length; i++) if (after[i] !== before[i]) batch.change(rows[i]!, after[i]!);
  }

  #isParked(partition: string, batch: Batch): boolean {
    if (this.parked.size > 0 && this.parked.has(partition)) return true;
    return batch.hasParked(partition) || (this.#writing?.hasParked(partition) ?? false);
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
    const refused = await this.#try(client, works, batch, (work, trial) => this.#fold(work, trial));
    if (refused === undefined) return;
    if (works.length === 1) return this.#poison(works[0]!, refused, batch);
    const middle = works.length >> 1;
    await this.#bisect(client, works.slice(0, middle), batch);
    await this.#bisect(client, works.slice(middle), batch);
  }

  /** Folds events into rows as the transaction has them, and writes these; gives the reason where the database refuses one. */
  async #try(
    client: PoolClient,
    works: readonly Work[],
    batch: Batch,
    fold: (work: Work, trial: Batch) => void,
  ): Promise<string | undefined> {
    const { table } = this.table;
    const trial = new Batch();
    await client.query('SAVEPOINT half');
    try {
      const rows = await fetchRows(client, this.#shape, table, [...new Set(works.flatMap(({ keys }) => keys))]);
      const entries = new Map<string, Entry>();
      const entry = (key: string): Entry => {
        if (!entries.has(key)) entries.set(key, entryOf(key, rows.get(key) ?? null));
        return entries.get(key)!;
      };
      for (const work of works) fold({ ...work, rows: work.keys.map(entry) }, trial);
      await writeRows(client, this.#shape, table, trial.seal());
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await client.query('ROLLBACK TO half; RELEASE half');
      return messageOf(error);
    }
    await client.query('RELEASE half');
    batch.take(trial);
    return undefined;
  }

  /** Tells who listens what changed, once committed; a long list is cut, for a notification holds 8,000 bytes. */
  async #announce(client: Pool | PoolClient, changed: Batch | undefined, through: bigint): Promise<void> {
    if (this.table.status !== 'live') return;
    const payload = (some: readonly string[]) =>
      JSON.stringify({ view: this.view.name, keys: some, position: through.toString(), ...(this.table.shards === 1 && { whole: true }) });
    const whole = !changed || changed.rows <= 200 ? payload(changed?.keys ?? []) : '';
    // Another table may be shown by now, and this one's owner not know yet.
    await client.query(`SELECT pg_notify('views', $1) FROM view_tables WHERE table_name = $2 AND status = 'live'`, [
      whole && Buffer.byteLength(whole) < 7_500 ? whole : payload([]),
      this.table.table,
    ]);
  }

  /** Folds what is parked in a partition again, from its head; stops at the first event that still fails or is gone. */
  async retry(partition: string, entries: readonly ParkedEvent[], events: readonly (LogEvent | undefined)[]): Promise<number> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    let done = 0;
    const batch = new Batch();
    try {
      await client.query('BEGIN');
      await this.#moveCheckpoint(client, 0, this.committed, this.guard.stored, false);
      for (const [i, entry] of entries.entries()) {
        if (entry.wish !== 'skip') {
          const event = events[i];
          const failed = event ? await this.#again(client, this.#prepare(event), batch) : 'the event is no longer in the log';
          if (failed !== undefined) {
            await client.query(
              'UPDATE view_parked SET error = $4, attempts = attempts + 1, wish = NULL WHERE table_name = $1 AND shard = $2 AND position = $3',
              [this.table.table, this.part.shard, entry.position, failed],
            );
            break;
          }
        }
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
      await this.#announce(client, batch, this.committed);
      await client.query('COMMIT');
    } catch (error) {
      broken = error as Error;
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken);
    }
    // Rows were written past the memory.
    this.#memory.close();
    this.#memory = this.#remember(false);
    this.parked = await loadParked(this.pool, this.table.table, this.part.shard);
    return done;
  }

  /** Why an event of the queue still fails; undefined where it no longer does. */
  async #again(client: PoolClient, work: Work, batch: Batch): Promise<string | undefined> {
    if (!work.recorded || work.error !== undefined) return work.error ?? 'unreadable';
    let failed: string | undefined;
    const refused = await this.#try(client, [work], batch, (again, trial) => {
      try {
        this.#change(again, trial);
      } catch (error) {
        failed = messageOf(error);
      }
    });
    return failed ?? refused;
  }

  /** Gives up what it keeps in memory. */
  close(): void {
    this.#memory.close();
  }
}
