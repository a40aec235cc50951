import type { Event, Recorded } from './event';

/** The rows that one event may read or write. Keys must be among those that the view's `keys` returned. */
export type Rows<Row> = Readonly<{
  /** A copy of the row: change it and `put` it, or `put` another. Only rows that are put are written. */
  get(key: string): Row | undefined;
  /** Writes the row under its key column. The engine sets `position` and `recordedAt`. */
  put(row: Row): void;
  remove(key: string): void;
}>;

/**
 * A read model: one table, the pure fold of the log. The engine keeps it exactly once, in batches, and rebuilds it.
 * A change of `fold`, `keys` or columns is a new `version`: it fills its own table beside the old one and then takes over.
 */
export type View<Row extends object, E extends Event = Event> = Readonly<{
  /** Permanent, kebab-case; the table is `<name>_v<version>` in snake_case. */
  name: string;
  version: number;
  /** The entity class: its columns, its single text key column and its indexes. */
  row: new () => Row;
  /** The event types it reads; '*' for all of them. */
  events: readonly E['type'][] | '*';
  /** The keys of the rows that the event reads or writes. */
  keys: (event: Recorded<E>) => readonly string[];
  fold: (rows: Rows<Row>, event: Recorded<E>) => void;
  /**
   * Events with the same partition are applied in order by one worker; others may run beside them. Two events that share a row
   * must share a partition. Default: the event's stream, right whenever no row is written from two streams. An event that cannot
   * be folded parks its partition: later events of it wait behind in order, all others flow on.
   */
  partition?: (event: Recorded<E>) => string;
}>;

/** The columns of every row, set by the engine. One more column, of any name, has the scope of the row. */
export type Provenance = { position: bigint; recordedAt: string };
