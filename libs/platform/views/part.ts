/**
 * One part of a view: fold in memory, write once per changed row. Promises: rows, parked events, guard and checkpoint change in one transaction,
 * conditional on the checkpoint's position and the lease's epoch; memory equals what is committed or will be with the batch under way. After any
 * error this object is discarded and loaded again: if the answer to a COMMIT was lost, the database then tells whether it took effect. Does not:
 * fetch events, repeat its own failed batches, or hold leases.
 */
import type { Pool, PoolClient } from 'pg';
import type { Upcasts } from '#kernel/event';
import { Batch, type Work, type Writes } from './batch';
import { moveCheckpoint, type Move, type PassingCheckpoints } from './checkpoints';
import { Folder, keysOf, partitionOf, spread } from './fold';
import { recogniseLog, RevisionGuard, type ReadStream } from './guard';
import type { Part } from './leases';
import { RowMemory, type RowBudget } from './memory';
import { askForRetry, insertParked, loadParked, loadSkipped, noteFailure, removeParked, type ParkedEvent } from './parking';
import { fetchRows, isPermanent, writeRows } from './rows';
import { reads, shapeOf, type AnyView, type Shape, type Tuple } from './shape';
import { nowMs } from '#platform/runtime/clock';
import { traceBack } from '#platform/runtime/tracing';
import type { ViewTable } from './tables';
import { messageOf, Trials } from './trials';
import { ROOM_FOR_WAKE_UPS } from './wake-ups';
import type { LogEvent } from '#platform/store/log-event';

/** Another worker owns the part, or this one's memory is outdated: nothing was written. */
export class Fenced extends Error {}

/** The database refused a row of a batch, or a key. The work is repeated from the checkpoint up to `through`, event by event if need be. */
export class Refused extends Error {
  constructor(
    readonly through: bigint,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
  }
}

/** An event that cannot be folded, found while a table is being built. */
export class PoisonInBuild extends Error {}

export type Failpoint = 'admitted' | 'written' | 'before-commit' | 'after-commit';
/** For tests only: points of failure, and guards to leave out so that a test can be seen to fail. */
export type Testing = Readonly<{
  failpoint?: (at: Failpoint, table: string) => void | Promise<void>;
  without?: Readonly<{ fencing?: boolean; guard?: boolean; sameTransaction?: boolean; parking?: boolean }>;
}>;

export type Committed = Readonly<{ parked: number; events: number; rows: number; newestMs: number }>;

/** What a part works with: its connections, view and table, and what the worker's parts share. */
type Place = Readonly<{
  pool: Pool;
  /** For looking up rows while all other connections may be writing. */
  rows: Pool;
  passing: PassingCheckpoints;
  view: AnyView;
  table: ViewTable;
  part: Part;
  upcasts: Upcasts;
  budget: RowBudget;
  testing: Testing;
  /** Mark of the log in the store; undefined while it is not known. */
  log: () => Promise<string | undefined>;
  /** Position up to which the database refused a batch before: up to here, events are tried one by one if need be. */
  carefulThrough: bigint;
}>;

/** Maximum number of keys in a change; with more rows, readers find them by position. */
const MAX_KEYS_PER_CHANGE = 200;
const keysOfChange = (batch: Batch): readonly string[] | null => (batch.rows <= MAX_KEYS_PER_CHANGE ? batch.keys : null);

export class PartOfView {
  readonly #shape: Shape;
  readonly #reads: (type: string) => boolean;
  readonly #folder: Folder;
  readonly #trials: Trials;
  #memory: RowMemory;
  #gathered = new Batch();
  /** The batch whose transaction is under way: the batch being gathered builds on it. */
  #writing: Batch | undefined;
  /** Rows before and after the event being folded. */
  readonly #before: (Tuple | null)[] = [];
  readonly #after: (Tuple | null)[] = [];
  #at: bigint;

  private constructor(
    private readonly place: Place,
    readonly guard: RevisionGuard,
    private committed: bigint,
    private parked: Set<string>,
    /** Mark of the log that was folded. */
    private folded: string | undefined,
    private readonly skipped: ReadonlySet<string>,
  ) {
    const { view, table, carefulThrough } = place;
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
    this.#folder = new Folder(view, this.#shape);
    this.#trials = new Trials(this.#shape, table.table);
    this.#memory = this.#remember(committed < 0n && carefulThrough < 0n && table.shards === 1);
    this.#at = guard.floor < committed ? guard.floor : committed;
  }

  get view(): AnyView {
    return this.place.view;
  }

  get table(): ViewTable {
    return this.place.table;
  }

  #remember(fromEmpty: boolean): RowMemory {
    return new RowMemory(this.place.budget, fromEmpty, (keys) => fetchRows(this.place.rows, this.#shape, this.table.table, keys));
  }

  /** Reads the committed state. Throws `Fenced` if the lease's epoch has passed, and `OtherLog` if the log is another one. */
  static async load(
    given: Place & Readonly<{ readStream: ReadStream; last: () => Promise<LogEvent | undefined>; operations: string }>,
  ): Promise<PartOfView> {
    const { pool, view, table, part } = given;
    const { rows } = await pool.query('SELECT position, guard, epoch, log FROM view_checkpoints WHERE table_name = $1 AND shard = $2', [
      table.table,
      part.shard,
    ]);
    if (!rows[0] || (BigInt(rows[0].epoch) !== part.epoch && !given.testing.without?.fencing))
      throw new Fenced(`${table.table}/${part.shard} is held by another worker`);
    const position = BigInt(rows[0].position);
    const guard = new RevisionGuard(position, rows[0].guard, given.readStream);
    const folded = (rows[0].log as string | null) ?? undefined;
    await recogniseLog(guard, folded, await given.log(), given.last);
    const parked = await loadParked(pool, table.table, part.shard);
    const skipped = await loadSkipped(given.readStream, given.operations, view);
    const loaded = new PartOfView(given, guard, position, parked, folded, skipped);
    // Earlier commits may not have been announced, for example when the table had just gone live: wake listeners to look again.
    await loaded.#announce(pool, undefined, null);
    return loaded;
  }

  /** The position up to which everything is committed. */
  get position(): bigint {
    return this.committed;
  }

  get shard(): number {
    return this.place.part.shard;
  }

  get parkedPartitions(): number {
    return this.parked.size;
  }

  /** Position to read on from: everything up to here is gathered. */
  get at(): bigint {
    return this.#at;
  }

  /** Folded, but not yet part of a commit. */
  get gathered(): Readonly<{ events: number; rows: number }> {
    return this.#gathered;
  }

  /** True if a batch was refused: then each page is committed before the next is gathered. */
  get careful(): boolean {
    return this.#at < this.place.carefulThrough;
  }

  /** Folds the events of a page that belong to this part. */
  async gather(events: readonly LogEvent[], through: bigint): Promise<void> {
    const { careful } = this;
    const admitted = this.place.testing.without?.guard ? events : await this.guard.admit(events, through);
    const works: Work[] = [];
    for (const event of admitted) {
      if (!this.#reads(event.type) || this.skipped.has(event.id)) continue;
      const work = this.#prepare(event);
      if (spread(work.partition, this.table.shards) === this.place.part.shard) works.push(work);
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
      const recorded = event.recorded(this.place.upcasts);
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

  /** Writes the gathered batch and moves the checkpoint, all or nothing. The next batch may be gathered meanwhile, but not committed. */
  async commit(caughtUp: boolean): Promise<Committed> {
    const guard = this.guard.stored;
    const through = this.#at;
    const batch = (this.#writing = this.#gathered);
    this.#gathered = new Batch();
    const writes = batch.seal();
    await this.place.testing.failpoint?.('admitted', this.table.table);
    const from = nowMs();
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
    const client = await this.place.pool.connect();
    let broken: Error | undefined;
    try {
      let change: bigint | undefined;
      if (this.place.testing.without?.sameTransaction) await this.#moveCheckpoint(client, batch, through, guard, caughtUp);
      await client.query('BEGIN');
      if (!this.place.testing.without?.sameTransaction) change = await this.#moveCheckpoint(client, batch, through, guard, caughtUp);
      if (batch.unfolded.length > 0) await this.#tryEach(client, batch);
      else await writeRows(client, this.#shape, this.table.table, writes);
      if (batch.parked.length > 0) await insertParked(client, this.table.table, this.place.part.shard, batch.parked);
      await this.place.testing.failpoint?.('written', this.table.table);
      await this.#announce(client, change, keysOfChange(batch));
      await this.place.testing.failpoint?.('before-commit', this.table.table);
      await client.query('COMMIT');
      await this.place.testing.failpoint?.('after-commit', this.table.table);
    } catch (error) {
      broken = error as Error;
      // Never reuse a connection whose transaction is in doubt.
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release(broken && !(broken instanceof Fenced) && !isPermanent(broken) ? broken : undefined);
    }
  }

  #tryEach(client: PoolClient, batch: Batch): Promise<void> {
    return this.#trials.halve(
      client,
      batch.unfolded,
      batch,
      (work, trial) => this.#fold(work, trial),
      (work, reason) => this.#poison(work, reason, batch),
    );
  }

  /** Moves the checkpoint past events that this part does not fold; only if nothing is gathered. */
  async advance(caughtUp: boolean): Promise<void> {
    const [through, window] = [this.#at, this.guard.stored];
    const together = !this.place.testing.without?.fencing && (await this.place.passing.move(await this.#move(through, window, caughtUp)));
    if (!together) {
      await this.#moveCheckpoint(this.place.pool, undefined, through, window, caughtUp);
      await this.#announce(this.place.pool, undefined, null);
    }
    this.committed = through;
  }

  async #move(through: bigint, guard: string, caughtUp: boolean): Promise<Move> {
    this.folded ??= await this.place.log();
    const [{ table }, { shard, epoch }] = [this.table, this.place.part];
    const to = through > this.committed ? through : this.committed;
    return { table, shard, epoch, from: this.committed, to, guard, log: this.folded, caughtUp };
  }

  /** Returns the number of this change of rows, if any may have changed. */
  async #moveCheckpoint(
    client: Pool | PoolClient,
    batch: Batch | undefined,
    through: bigint,
    guard: string,
    caughtUp: boolean,
  ): Promise<bigint | undefined> {
    const move = await this.#move(through, guard, caughtUp);
    const wrote = { events: batch?.events ?? 0, changes: batch ? 1 : 0 };
    const change = await moveCheckpoint(client, move, wrote, !this.place.testing.without?.fencing);
    if (change === undefined) throw new Fenced(`${move.table}/${move.shard}: the checkpoint has moved`);
    return batch && change;
  }

  #fold(work: Work, batch: Batch): void {
    const { event, recorded, partition } = work;
    if (!this.place.testing.without?.parking && (this.#isParked(partition, batch) || this.#isParked(event.stream, batch)))
      return batch.park(work, null);
    if (!recorded || work.error !== undefined) return this.#poison(work, work.error ?? 'unreadable', batch);
    try {
      this.#change(work, batch);
    } catch (error) {
      this.#poison(work, messageOf(error), batch);
    }
  }

  /** Folds one event into its rows. Throws what the fold throws; then nothing is changed. */
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

  /** Records which rows changed and, once committed, sends a wake-up if there is room for it. It contains only the view's name: anybody may send one. */
  async #announce(client: Pool | PoolClient, change: bigint | undefined, keys: readonly string[] | null): Promise<void> {
    if (this.table.status !== 'live') return;
    // Another table may be live by now without this one's owner knowing.
    await client.query(
      `WITH shown AS (SELECT 1 FROM view_tables WHERE table_name = $2 AND status = 'live'),
       noted AS (INSERT INTO view_changes (table_name, shard, change, keys) SELECT $2, $3, $4::bigint, $5::text[] FROM shown WHERE $4 IS NOT NULL)
       SELECT pg_notify('views', $1) FROM shown WHERE ${ROOM_FOR_WAKE_UPS}`,
      [this.view.name, this.table.table, this.place.part.shard, change ?? null, keys],
    );
  }

  /** Retries the parked events of a partition from its head, after an operator asked for it (projector.ts); stops at the first event that still fails or is gone. */
  async retry(partition: string, entries: readonly ParkedEvent[], events: readonly (LogEvent | undefined)[]): Promise<number> {
    const client = await this.place.pool.connect();
    let broken: Error | undefined;
    let done = 0;
    const batch = new Batch();
    try {
      await client.query('BEGIN');
      const change = await this.#moveCheckpoint(client, batch, this.committed, this.guard.stored, false);
      for (const [i, entry] of entries.entries()) {
        if (entry.requested !== 'skip') {
          const event = events[i];
          const failed = event
            ? await this.#trials.again(client, this.#prepare(event), batch, (work, trial) => this.#change(work, trial))
            : 'the event is no longer in the log';
          if (failed !== undefined) {
            await noteFailure(client, this.table.table, this.place.part.shard, entry.position, failed);
            break;
          }
        }
        await removeParked(client, this.table.table, this.place.part.shard, entry.position);
        done++;
      }
      if (done === entries.length) await askForRetry(client, this.table.table, this.place.part.shard, partition);
      await this.#announce(client, change, keysOfChange(batch));
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
    this.parked = await loadParked(this.place.pool, this.table.table, this.place.part.shard);
    return done;
  }

  /** Throws if the log is no longer the one that was folded, for example after the store was restored from an older copy. */
  async recognise(last: () => Promise<LogEvent | undefined>): Promise<void> {
    await recogniseLog(this.guard, this.folded, await this.place.log(), last);
  }

  /** Releases its memory. */
  close(): void {
    this.#memory.close();
  }
}
