/**
 * A view as a pure fold of events, in memory. Hides: nothing. Promises: the same rows as the engine's table, since both read and write rows in
 * the same text forms. Does not: know the log, the database or batches: the engine is compared with it.
 */
import type { Recorded } from '#kernel/event';
import type { Rows } from '#kernel/view';
import { decodeRow, encodeRow, reads, shapeOf, type AnyView, type Shape, type Tuple } from './shape';

/** Folds one event after another. One per table; its internal state is reused for each event. */
export class Folder {
  #keys: readonly string[] = [];
  #rows: (Tuple | null)[] = [];
  #event!: Recorded;
  readonly #given: Rows<object> = {
    get: (key) => {
      const tuple = this.#rows[this.#at(key)];
      return tuple ? decodeRow(this.shape, this.view.row as new () => object, tuple) : undefined;
    },
    put: (row) => {
      const tuple = encodeRow(this.shape, row, this.#event.position, this.#event.recordedAt);
      this.#rows[this.#at(tuple[this.shape.key]!)] = tuple;
    },
    remove: (key) => {
      this.#rows[this.#at(key)] = null;
    },
  };

  constructor(
    private readonly view: AnyView,
    private readonly shape: Shape,
  ) {}

  /**
   * Changes `rows`, which hold the rows named by `keys`, null if there is none; a row that is put is a new tuple. Throws what the fold throws;
   * the rows must not be used then.
   */
  fold(event: Recorded, keys: readonly string[], rows: (Tuple | null)[]): void {
    this.#event = event;
    this.#keys = keys;
    this.#rows = rows;
    this.view.fold(this.#given, event as never);
  }

  #at(key: string): number {
    const at = this.#keys.indexOf(key);
    if (at < 0)
      throw new TypeError(`view ${this.view.name}: the fold of ${this.#event.type} touches row ${key}, which its \`keys\` do not name`);
    return at;
  }
}

/** The keys that a view names for an event. Throws if they are not a list of texts, for example because a field is missing. */
export function keysOf(view: AnyView, event: Recorded): readonly string[] {
  const keys: unknown = view.keys(event as never);
  if (!Array.isArray(keys)) throw new TypeError(`view ${view.name}: \`keys\` must return a list`);
  for (const key of keys) if (typeof key !== 'string') throw new TypeError(`view ${view.name}: each key must be text, was ${String(key)}`);
  return keys as string[];
}

/** The partition that an event is ordered in; if the view cannot name one, the event's own stream, where it will be parked. */
export function partitionOf(view: AnyView, event: Recorded): string {
  try {
    const partition: unknown = view.partition?.(event as never);
    return typeof partition === 'string' ? partition : event.stream;
  } catch {
    return event.stream;
  }
}

/** FNV-1a, used only to spread partitions over a fixed number of parts. */
export function spread(partition: string, over: number): number {
  if (over === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < partition.length; i++) hash = Math.imul(hash ^ partition.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % over;
}

/** Folds events one by one into rows, by key. `skip` leaves out events that are parked or skipped. */
export class Folded {
  readonly #rows = new Map<string, Tuple>();
  readonly #shape: Shape;
  readonly #reads: (type: string) => boolean;
  readonly #folder: Folder;
  constructor(private readonly view: AnyView) {
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
    this.#folder = new Folder(view, this.#shape);
  }

  apply(event: Recorded): void {
    if (!this.#reads(event.type)) return;
    const keys = keysOf(this.view, event);
    const rows = keys.map((key) => this.#rows.get(key) ?? null);
    this.#folder.fold(event, keys, rows);
    keys.forEach((key, i) => {
      if (keys.indexOf(key) !== i) return;
      if (rows[i]) this.#rows.set(key, rows[i]);
      else this.#rows.delete(key);
    });
  }

  get tuples(): ReadonlyMap<string, Tuple> {
    return this.#rows;
  }

  row(key: string): object | undefined {
    const tuple = this.#rows.get(key);
    return tuple && decodeRow(this.#shape, this.view.row as new () => object, tuple);
  }
}
