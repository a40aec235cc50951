/**
 * Moves the checkpoints of parts. Hides: their SQL. Promises: a checkpoint moves only from the position and under the epoch that its owner knows.
 * Those that merely pass events of other views are moved together: one statement for all that ask while the one before it runs. Does not: write
 * rows, or wait for a checkpoint that somebody else has locked.
 */
import type { Pool, PoolClient } from 'pg';
import { ROOM_FOR_WAKE_UPS } from './wake-ups';

export type Move = Readonly<{
  table: string;
  shard: number;
  epoch: bigint;
  from: bigint;
  to: bigint;
  guard: string;
  /** Mark of the log. */
  log: string | undefined;
  caughtUp: boolean;
}>;

/** Moves one checkpoint, in the transaction that writes its rows; returns the number of this change of rows, undefined if it was not moved. */
export async function moveCheckpoint(
  client: Pool | PoolClient,
  { table, shard, epoch, from, to, guard, log, caughtUp }: Move,
  wrote: Readonly<{ events: number; changes: number }>,
  fenced = true,
): Promise<bigint | undefined> {
  const { rows } = await client.query<{ changes: string }>(
    `UPDATE view_checkpoints SET position = $3, guard = $4, events = events + $5, updated_at = now(), changes = changes + $7, log = $8,
       caught_up_at = CASE WHEN $6 THEN clock_timestamp() ELSE caught_up_at END
     WHERE table_name = $1 AND shard = $2${fenced ? ' AND position = $9 AND epoch = $10' : ''} RETURNING changes`,
    [table, shard, to, guard, wrote.events, caughtUp, wrote.changes, log ?? null, ...(fenced ? [from, epoch] : [])],
  );
  return rows.length === 1 ? BigInt(rows[0]!.changes) : undefined;
}

type Asked = Readonly<{ move: Move; answer: (moved: boolean) => void; fail: (error: unknown) => void }>;

export class PassingCheckpoints {
  #asked: Asked[] = [];
  #running = false;

  constructor(private readonly pool: Pool) {}

  /** Moves a checkpoint without a change of rows, and wakes readers of its view. False if it was not moved, because it is locked or not owned. */
  move(move: Move): Promise<boolean> {
    return new Promise((answer, fail) => {
      this.#asked.push({ move, answer, fail });
      if (this.#running) return;
      this.#running = true;
      // Parts that got the same page ask within one turn of the event loop.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#asked.length > 0) {
      const asked = this.#asked;
      this.#asked = [];
      try {
        const moved = await this.#move(asked.map(({ move }) => move));
        for (const { move, answer } of asked) answer(moved.has(nameOf(move)));
      } catch (error) {
        for (const { fail } of asked) fail(error);
      }
    }
    this.#running = false;
  }

  /** Skips locked checkpoints: neither a switch of tables nor a deadlock can hold up the others. */
  async #move(moves: readonly Move[]): Promise<Set<string>> {
    // Parts that read the same events have the same window.
    const guards = [...new Set(moves.map(({ guard }) => guard))];
    const { rows } = await this.pool.query<{ table: string; shard: number }>(
      `WITH asked AS (
         SELECT a.*, ($9::text[])[g] AS guard
         FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[], $6::boolean[], $7::text[], $8::int[])
           AS a (t, s, low, high, owned, current, mark, g)),
       free AS (
         SELECT c.table_name, c.shard FROM view_checkpoints c JOIN asked ON c.table_name = t AND c.shard = s FOR UPDATE OF c SKIP LOCKED),
       moved AS (
         UPDATE view_checkpoints c SET position = high, guard = asked.guard, updated_at = now(), log = mark,
           caught_up_at = CASE WHEN current THEN clock_timestamp() ELSE caught_up_at END
         FROM asked JOIN free ON free.table_name = t AND free.shard = s
         WHERE c.table_name = t AND c.shard = s AND c.position = low AND c.epoch = owned RETURNING c.table_name, c.shard)
       SELECT moved.table_name AS table, moved.shard, CASE WHEN ${ROOM_FOR_WAKE_UPS} THEN pg_notify('views', live.view) IS NULL END
       FROM moved LEFT JOIN view_tables live ON live.table_name = moved.table_name AND live.status = 'live'`,
      [
        moves.map(({ table }) => table),
        moves.map(({ shard }) => shard),
        moves.map(({ from }) => from),
        moves.map(({ to }) => to),
        moves.map(({ epoch }) => epoch),
        moves.map(({ caughtUp }) => caughtUp),
        moves.map(({ log }) => log ?? null),
        moves.map(({ guard }) => guards.indexOf(guard) + 1),
        guards,
      ],
    );
    return new Set(rows.map(nameOf));
  }
}

const nameOf = ({ table, shard }: Pick<Move, 'table' | 'shard'>): string => `${table}/${shard}`;
