/**
 * The projectors of the parts that one worker holds. Hides: which connections a part uses, its metrics and log lines. Promises: one projector per
 * part; a stopped projector has ended before its part is projected here again. Does not: decide which parts to hold (leases.ts).
 */
import { nowMs } from '#platform/runtime/clock';
import { noteDisk, noteRoom } from '#platform/runtime/disk';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Upcasts } from '#kernel/event';
import { PassingCheckpoints } from './checkpoints';
import type { Connections } from './connections';
import type { Feed } from './feed';
import { OtherLog } from './guard';
import type { Part } from './leases';
import { measures } from './measures';
import type { RowBudget } from './memory';
import { PartOfView, type Committed, type Testing } from './part';
import { Projector, type ProjectorOptions } from './projector';
import { stopBuilding, type ViewTable } from './tables';
import type { AnyView } from './shape';

export type EngineLog = Readonly<{
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}>;

type Needs = Readonly<{
  connections: Connections;
  feed: Feed;
  budget: RowBudget;
  upcasts: Upcasts;
  operations: string;
  testing: Testing;
  options: ProjectorOptions;
  log: EngineLog;
  /** The view of a table and the table's current state; undefined if the table is gone. */
  find: (table: string) => Readonly<{ view: AnyView; table: ViewTable }> | undefined;
  /** Mark of the log in the store; undefined while it is not known. */
  mark: () => Promise<string | undefined>;
  /** Rebuilds a view whose rows may be wrong. */
  rebuild: (view: AnyView) => Promise<unknown>;
}>;

/** Maximum time that a part is kept from others while its last batch ends. */
const ENDING_MS = 5_000;
/** Minimum time between two log lines about the same trouble. */
const REMIND_MS = 60_000;

const nameOf = ({ table, shard }: Part): string => `${table}/${shard}`;

/** What an operator can do about a view that was folded from another log. */
const wayOut = ({ name }: AnyView): string =>
  `The event store does not hold the log that view ${name} was folded from. Restore the newer copy of the event store, or rebuild the view from this log: ops views rebuild ${name}`;

const COPIED = 'the event store holds a copy of the log, at other positions: rebuilding the view from it';

export class Projectors {
  readonly #running = new Map<string, Projector>();
  readonly #closing = new Set<Promise<void>>();
  readonly #passing: Readonly<Record<'live' | 'build', PassingCheckpoints>>;

  constructor(private readonly needs: Needs) {
    const { live, build } = needs.connections;
    this.#passing = { live: new PassingCheckpoints(live), build: new PassingCheckpoints(build) };
  }

  of(part: Part): Projector | undefined {
    return this.#running.get(nameOf(part));
  }

  start(part: Part): void {
    const found = this.needs.find(part.table);
    if (!found) throw new Error(`table ${part.table} is gone`);
    const { view, table } = found;
    const { connections, feed, options } = this.needs;
    const pool = table.status === 'building' ? connections.build : connections.live;
    const projector = new Projector(
      (carefulThrough) => this.#load(part, view, this.needs.find(part.table)?.table ?? table, carefulThrough),
      feed,
      pool,
      this.#eventsOf(part, view),
      options,
    );
    this.#running.set(nameOf(part), projector);
  }

  /** Resolves when it has ended, or after a timeout: later writes are fenced by the epoch of whoever takes the part over. */
  async stop(part: Part): Promise<void> {
    const projector = this.#running.get(nameOf(part));
    this.#running.delete(nameOf(part));
    if (!projector) return;
    const closed = projector.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    await Promise.race([closed, sleep(ENDING_MS, undefined, { ref: false })]);
  }

  /** Resolves when all have ended. */
  async close(): Promise<void> {
    const ending = [...this.#running.values()].map((projector) => projector.close());
    await Promise.all([...ending, ...this.#closing]);
  }

  #load(part: Part, view: AnyView, table: ViewTable, carefulThrough: bigint): Promise<PartOfView> {
    const { connections, feed, upcasts, budget, testing, operations } = this.needs;
    const kind = table.status === 'building' ? 'build' : 'live';
    return PartOfView.load({
      pool: connections[kind],
      passing: this.#passing[kind],
      rows: connections.rows,
      view,
      table,
      part,
      upcasts,
      budget,
      testing,
      readStream: (stream, from, max) => feed.readStream(stream, from, max),
      last: () => feed.last(),
      operations,
      log: this.needs.mark,
      carefulThrough,
    });
  }

  #eventsOf(part: Part, view: AnyView): ConstructorParameters<typeof Projector>[3] {
    const { log, connections } = this.needs;
    const facts = { view: view.name, table: part.table, shard: part.shard };
    const labels = { view: view.name, table: part.table };
    let known = { text: '', at: 0 };
    return {
      committed: (what: Committed, of: PartOfView) => {
        noteRoom('postgresql');
        measures.events.inc(labels, what.events);
        measures.rows.inc(labels, what.rows);
        measures.parked.set(labels, of.parkedPartitions);
        if (what.newestMs > 0) measures.visible.observe({ view: view.name }, Math.max(0, nowMs() - what.newestMs) / 1_000);
        if (what.parked > 0) {
          const text = 'events were parked: they, or an earlier event of their partition, cannot be folded';
          log.error({ ...facts, parked: what.parked }, text);
        }
        this.#lookForLate(of, view, facts);
      },
      trouble: (error, transient) => {
        measures.retries.inc(labels);
        noteDisk('postgresql', error);
        if (error instanceof OtherLog && error.copy) this.#followCopy(part, view, facts);
        const text = String(error);
        if (text === known.text && performance.now() - known.at < REMIND_MS) return;
        known = { text, at: performance.now() };
        if (error instanceof OtherLog) return log.error({ ...facts, error: error.message }, error.copy ? COPIED : wayOut(view));
        log.warn(
          { ...facts, error: text },
          transient ? 'restarting from the committed checkpoint' : 'another worker has taken over this part',
        );
      },
      poisoned: async (error) => {
        log.error({ ...facts, error: error.message }, 'the build is stopped: an event cannot be folded');
        await stopBuilding(connections.control, part.table, error.message);
      },
    };
  }

  /** All folded events are in the copy: the view is rebuilt from it, beside the live table. */
  #followCopy({ table }: Part, view: AnyView, facts: object): void {
    const { connections, find, rebuild, log } = this.needs;
    const status = find(table)?.table.status;
    if (status === 'kept') return;
    const begun = status === 'building' ? stopBuilding(connections.control, table, COPIED) : Promise.resolve();
    begun.then(() => rebuild(view)).catch((error: unknown) => log.error({ ...facts, error }, 'could not start the rebuild'));
  }

  /** Rows written by several streams depend on the order of the log, so an event that arrived late may have made them wrong. */
  #lookForLate({ guard }: PartOfView, view: AnyView, facts: object): void {
    if (guard.counts.late === 0 || !view.partition) return;
    const { feed, log, rebuild } = this.needs;
    guard.counts.late = 0;
    feed.forget();
    log.error(facts, 'an event arrived late in rows that several streams write: rebuilding the view');
    rebuild(view).catch((error: unknown) => log.error({ ...facts, error }, 'could not start the rebuild'));
  }
}
