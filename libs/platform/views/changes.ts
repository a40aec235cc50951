/**
 * Which rows of a view change, as its projectors record it beside the rows. Hides: change numbers, shards, and the switch from one table to the
 * next. Promises: every change since the first look, in order, even if a wake-up is lost; if the keys are no longer known, it says so. Does not:
 * read rows.
 */
import type { Pool } from 'pg';
import type { WakeUps } from './wake-ups';

/**
 * Rows of a view that changed. If `keys` is null, the single keys are not known: then it is all rows written after `since`. Whatever is read
 * after this reflects at least `position`.
 */
export type ViewChange = Readonly<{ view: string; keys: readonly string[] | null; since: bigint; position: bigint }>;

type Part = Readonly<{ table: string; shard: number; change: bigint; position: bigint }>;

/** Poll interval without a wake-up. */
const POLL_MS = 2_000;

class Changes {
  #seen: ReadonlyMap<string, bigint> | undefined;
  #position = -1n;

  constructor(
    private readonly pool: Pool,
    private readonly view: string,
  ) {}

  /** What changed since the last look; undefined if nothing did, and at the first look. */
  async look(): Promise<ViewChange | undefined> {
    const parts = await this.#parts();
    if (parts.length === 0) return undefined;
    const before = this.#seen;
    const since = this.#position;
    const position = parts.map((part) => part.position).reduce((a, b) => (a < b ? a : b));
    if (!before) {
      this.#remember(parts, position);
      return undefined;
    }
    const moved = parts.filter((part) => before.get(nameOf(part)) !== part.change);
    if (moved.length === 0) return undefined;
    const keys = moved.every((part) => (before.get(nameOf(part)) ?? -1n) >= 0n) ? await this.#keys(moved, before) : null;
    this.#remember(parts, position);
    return { view: this.view, keys, since: since < position ? since : position, position };
  }

  #remember(parts: readonly Part[], position: bigint): void {
    this.#seen = new Map(parts.map((part) => [nameOf(part), part.change]));
    this.#position = position;
  }

  async #parts(): Promise<Part[]> {
    const { rows } = await this.pool.query(
      `SELECT c.table_name, c.shard, c.changes, c.position FROM view_checkpoints c JOIN view_tables t USING (table_name)
       WHERE t.view = $1 AND t.status = 'live'`,
      [this.view],
    );
    return rows.map((row) => ({ table: row.table_name, shard: row.shard, change: BigInt(row.changes), position: BigInt(row.position) }));
  }

  /** Keys of the changes up to the given ones; null if a change is missing or names no keys. */
  async #keys(moved: readonly Part[], before: ReadonlyMap<string, bigint>): Promise<string[] | null> {
    const { rows } = await this.pool.query<{ keys: string[] | null }>(
      `SELECT c.keys FROM view_changes c JOIN unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS p (t, s, low, high)
         ON c.table_name = p.t AND c.shard = p.s AND c.change > p.low AND c.change <= p.high`,
      [
        moved.map(({ table }) => table),
        moved.map(({ shard }) => shard),
        moved.map((part) => before.get(nameOf(part))),
        moved.map(({ change }) => change),
      ],
    );
    const wanted = moved.reduce((sum, part) => sum + part.change - before.get(nameOf(part))!, 0n);
    if (BigInt(rows.length) !== wanted || rows.some(({ keys }) => keys === null)) return null;
    return [...new Set(rows.flatMap(({ keys }) => keys!))];
  }
}

const nameOf = ({ table, shard }: Part): string => `${table}/${shard}`;

/** Changes from now on, until the signal. If the database does not answer, the next look asks again. */
export async function* changesOf(pool: Pool, wakeUps: WakeUps, view: string, signal: AbortSignal): AsyncGenerator<ViewChange> {
  const changes = new Changes(pool, view);
  let wake: () => void = () => undefined;
  let woken = false;
  const onWake = () => {
    woken = true;
    wake();
  };
  const leave = wakeUps.onChange(view, onWake);
  signal.addEventListener('abort', onWake);
  try {
    await wakeUps.listen();
    while (!signal.aborted) {
      woken = false;
      const change = await changes.look().catch(() => undefined);
      if (change) yield change;
      if (woken || signal.aborted) continue;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, POLL_MS);
      });
      clearTimeout(timer);
    }
  } finally {
    leave();
    signal.removeEventListener('abort', onWake);
  }
}
