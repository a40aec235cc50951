/**
 * A view as the pure fold of events, in memory. Hides: nothing. Promises: the same rows as the table of the engine, since both read and
 * write rows through the same text forms. Does not: know the log, the database or batches: it is the oracle that the engine is compared with.
 */
import type { Event, Recorded } from '#kernel/event';
import type { Rows, View } from '#kernel/view';
import { decodeRow, encodeRow, reads, shapeOf, type AnyView, type Shape, type Tuple } from './view-shape';

/** Where rows are before an event: undefined or null is "no such row". */
export type Before = (key: string) => Tuple | null | undefined;
/** What takes rows to write, or null to remove. */
type Changes = { set(key: string, tuple: Tuple | null): void };

/** Folds one event after another into whatever holds the rows. One per table: its inside is used again for each event. */
export class Folder {
  #keys: readonly string[] = [];
  #before: Before = () => undefined;
  #event!: Recorded;
  /** What the event under way has changed, newest last; few events change more than one row. */
  readonly #touched: string[] = [];
  readonly #tuples: (Tuple | null)[] = [];
  readonly #rows: Rows<object> = {
    get: (key) => this.#get(key),
    put: (row) => {
      const tuple = encodeRow(this.shape, row, this.#event.position, this.#event.recordedAt);
      this.#change(tuple[this.shape.key]!, tuple);
    },
    remove: (key) => this.#change(key, null),
  };

  constructor(
    private readonly view: AnyView,
    private readonly shape: Shape,
  ) {}

  /** Puts into `changes` what the event changes: rows to write, or null to remove. Throws what the fold throws; nothing is changed then. */
  fold(event: Recorded, keys: readonly string[], before: Before, changes: Changes): void {
    this.#event = event;
    this.#keys = keys;
    this.#before = before;
    try {
      this.view.fold(this.#rows, event as never);
      for (let i = 0; i < this.#touched.length; i++) changes.set(this.#touched[i]!, this.#tuples[i]!);
    } finally {
      this.#touched.length = this.#tuples.length = 0;
    }
  }

  #get(key: string): object | undefined {
    this.#own(key);
    const at = this.#touched.lastIndexOf(key);
    const tuple = at >= 0 ? this.#tuples[at] : this.#before(key);
    return tuple ? decodeRow(this.shape, this.view.row as new () => object, tuple) : undefined;
  }

  #change(key: string, tuple: Tuple | null): void {
    this.#own(key);
    this.#touched.push(key);
    this.#tuples.push(tuple);
  }

  #own(key: string): void {
    if (this.#keys.includes(key)) return;
    throw new TypeError(`view ${this.view.name}: the fold of ${this.#event.type} touches row ${key}, which its keys do not name`);
  }
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
  readonly #folder: Folder;
  readonly #before: Before = (key) => this.#rows.get(key);

  constructor(private readonly view: AnyView) {
    this.#shape = shapeOf(view);
    this.#reads = reads(view);
    this.#folder = new Folder(view, this.#shape);
  }

  apply(event: Recorded): void {
    if (!this.#reads(event.type)) return;
    const changes = new Map<string, Tuple | null>();
    this.#folder.fold(event, this.view.keys(event as never), this.#before, changes);
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
