/**
 * A view as the pure fold of events, in memory. Hides: nothing. Promises: the same rows as the table of the engine, since both read and
 * write rows through the same text forms. Does not: know the log, the database or batches: it is the oracle that the engine is compared with.
 */
import type { Event, Recorded } from '#kernel/event';
import type { Rows, View } from '#kernel/view';
import { decodeRow, encodeRow, reads, shapeOf, type AnyView, type Shape, type Tuple } from './view-shape';

/** Where rows are before an event: undefined or null is "no such row". */
export type Before = (key: string) => Tuple | null | undefined;

/** What one event changes: rows to write, or null to remove. Throws what the fold throws; nothing is changed then. */
export function changesOf(
  view: AnyView,
  shape: Shape,
  keys: readonly string[],
  before: Before,
  event: Recorded,
): Map<string, Tuple | null> {
  const changes = new Map<string, Tuple | null>();
  const own = (key: string) => {
    if (!keys.includes(key))
      throw new TypeError(`view ${view.name}: the fold of ${event.type} touches row ${key}, which its keys do not name`);
  };
  const rows: Rows<object> = {
    get(key) {
      own(key);
      const tuple = changes.has(key) ? changes.get(key) : before(key);
      return tuple ? decodeRow(shape, view.row as new () => object, tuple) : undefined;
    },
    put(row) {
      const tuple = encodeRow(shape, row, event.position, event.recordedAt);
      const key = tuple[shape.key]!;
      own(key);
      changes.set(key, tuple);
    },
    remove(key) {
      own(key);
      changes.set(key, null);
    },
  };
  view.fold(rows, event as never);
  return changes;
}

/** The partition that an event is ordered in; a view that cannot say gets the stream's own, where the event will be parked. */
export function partitionOf(view: AnyView, event: Recorded): string {
  try {
    return view.partition?.(event as never) ?? event.stream;
  } catch {
    return event.stream;
  }
}

/** Folds events one by one into rows, by key. `skip` leaves events out, as parked and skipped ones are. */
export class Folded {
  readonly #rows = new Map<string, Tuple>();
  readonly #shape: Shape;
  readonly #reads: (type: string) => boolean;

  constructor(private readonly view: AnyView) {
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
  }

  apply(event: Recorded): void {
    if (!this.#reads(event.type)) return;
    const changes = changesOf(this.view, this.#shape, this.view.keys(event as never), (key) => this.#rows.get(key), event);
    for (const [key, tuple] of changes) {
      if (tuple) this.#rows.set(key, tuple);
      else this.#rows.delete(key);
    }
  }

  get tuples(): ReadonlyMap<string, Tuple> {
    return this.#rows;
  }

  row(key: string): object | undefined {
    const tuple = this.#rows.get(key);
    return tuple && decodeRow(this.#shape, this.view.row as new () => object, tuple);
  }
}

/**
 * The rows that these events fold to, by key: for specs ("events in, rows out"), and for reads that must not wait:
 * the events of one stream give the rows that this stream alone writes.
 */
export function foldView<Row extends object, E extends Event>(view: View<Row, E>, events: Iterable<Recorded<E>>): Map<string, Row> {
  const folded = new Folded(view);
  for (const event of events) folded.apply(event);
  return new Map([...folded.tuples.keys()].map((key) => [key, folded.row(key) as Row]));
}
