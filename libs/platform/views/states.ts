/**
 * What the workers know about their parts, for everybody who can read the database. Hides: when it has to be written. Promises: a stalled part
 * has a row that says why and since when; the row is gone within a second after it moves again. Does not: detect that no worker runs: the leases
 * show that (progress.ts).
 */
import type { Pool } from 'pg';

export type ViewHealth = Readonly<{
  view: string;
  table: string;
  shard: number;
  state: string;
  position: string | null;
  trouble?: string;
  /** True if the store's log is not the one that the table was folded from. */
  otherLog: boolean;
  healthy: boolean;
}>;

/** Changes of rows are kept this long: a reader that is away for less still gets them by key. */
const CHANGES_KEPT = "interval '2 minutes'";
const PRUNE_MS = 15_000;

export class States {
  readonly #noted = new Map<string, string>();
  #prunedAt = performance.now();

  constructor(
    private readonly pool: Pool,
    private readonly worker: string,
  ) {}

  /** Writes what has changed about the parts held here. */
  async note(parts: readonly ViewHealth[]): Promise<void> {
    const held = new Set(parts.map(nameOf));
    for (const name of this.#noted.keys()) if (!held.has(name)) this.#noted.delete(name);
    const fresh = parts.filter((part) => this.#noted.get(nameOf(part)) !== stateOf(part));
    if (fresh.length === 0) return;
    await this.pool.query(
      `INSERT INTO view_states AS s (table_name, shard, worker, trouble, other_log, since)
       SELECT p.t, p.s, $5, p.trouble, p.other, clock_timestamp() FROM unnest($1::text[], $2::int[], $3::text[], $4::boolean[]) AS p (t, s, trouble, other)
       JOIN view_tables v ON v.table_name = p.t
       ON CONFLICT (table_name, shard) DO UPDATE SET worker = excluded.worker, trouble = excluded.trouble, other_log = excluded.other_log,
         since = CASE WHEN (s.trouble IS NULL) = (excluded.trouble IS NULL) THEN s.since ELSE excluded.since END`,
      [
        fresh.map(({ table }) => table),
        fresh.map(({ shard }) => shard),
        fresh.map((part) => (part.healthy ? null : troubleOf(part))),
        fresh.map(({ otherLog }) => otherLog),
        this.worker,
      ],
    );
    for (const part of fresh) this.#noted.set(nameOf(part), stateOf(part));
  }

  /** Forgets what it has written, for example after the database was emptied. */
  forget(): void {
    this.#noted.clear();
  }

  /** Deletes changes of rows that all listeners have received. */
  async prune(): Promise<void> {
    if (performance.now() - this.#prunedAt < PRUNE_MS) return;
    this.#prunedAt = performance.now();
    await this.pool.query(`DELETE FROM view_changes WHERE made_at < now() - ${CHANGES_KEPT}`);
  }
}

const nameOf = ({ table, shard }: ViewHealth): string => `${table}/${shard}`;
const troubleOf = ({ trouble }: ViewHealth): string => (trouble ?? 'it does not move').replaceAll('\0', '\ufffd').slice(0, 2_000);
const stateOf = (part: ViewHealth): string => (part.healthy ? '' : `${part.otherLog} ${troubleOf(part)}`);
