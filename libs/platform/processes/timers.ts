/**
 * The timers of all instances as rows in PostgreSQL. Hides: the table. Promises: due timers are found by the database's clock, each of them
 * however many there are; rows that are not due cost nothing; a lost row is restored from its stream; a stale one is recognised by the step that
 * set it. Does not: hold truth: whoever finds a due timer asks the instance whether it is still valid.
 */
import type { Pool } from 'pg';
import type { Timer } from './instance';

export type DueTimer = Readonly<{ process: string; id: string; timer: string; dueAt: string; setAt: bigint }>;

/** A timer set for the past waits this long for late reports of that time. */
export const LATE_GRACE_MS = 5_000;
const PAGE = 500;
/** Instances whose rows are written by one statement. */
const AT_ONCE = 100;

/** `exact` is the due time as text: a parsed one has milliseconds only. */
type Row = { process: string; id: string; timer: string; due_at: string; exact: string; set_at: bigint };
type Rows = Readonly<{ process: string; id: string; timers: Readonly<Record<string, Timer>> }>;
type Waiting = Rows & Readonly<{ done: () => void; failed: (error: unknown) => void }>;

export class Timers {
  private readonly waiting: Waiting[] = [];
  private writing = false;

  constructor(
    private readonly pool: Pool,
    private readonly lateGraceMs = LATE_GRACE_MS,
  ) {}

  /** Makes the rows of an instance equal to its stream. Those of many instances are written together. */
  restore(process: string, id: string, timers: Readonly<Record<string, Timer>>): Promise<void> {
    return new Promise((done, failed) => {
      this.waiting.push({ process, id, timers, done, failed });
      void this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    while (this.waiting.length > 0) {
      const instances = this.waiting.splice(0, AT_ONCE);
      try {
        await this.write(instances);
        for (const { done } of instances) done();
      } catch (error) {
        // One of them may be the reason: each gets its own answer.
        if (instances.length === 1) instances[0]!.failed(error);
        else await Promise.all(instances.map((one) => this.write([one]).then(one.done, one.failed)));
      }
    }
    this.writing = false;
  }

  private async write(instances: readonly Rows[]): Promise<void> {
    const open = instances.flatMap(({ process, id, timers }) =>
      Object.entries(timers).map(([timer, { dueAt, setAt }]) => ({ process, id, timer, dueAt, setAt })),
    );
    await this.pool.query(
      `WITH given AS (SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[]) AS g (process, id, timer, due_at, set_at)),
       gone AS (
         DELETE FROM process_timer t USING unnest($1::text[], $2::text[]) AS i (process, id)
         WHERE t.process = i.process AND t.id = i.id AND t.id <> ''
           AND NOT EXISTS (SELECT FROM given g WHERE g.process = t.process AND g.id = t.id AND g.timer = t.timer))
       INSERT INTO process_timer (process, id, timer, due_at, set_at)
       SELECT process, id, timer, CASE WHEN due_at <= now() THEN now() + $8 * interval '1 millisecond' ELSE due_at END, set_at FROM given
       ON CONFLICT (process, id, timer) DO UPDATE SET due_at = excluded.due_at, set_at = excluded.set_at
       WHERE process_timer.set_at < excluded.set_at OR process_timer.due_at = 'infinity'`,
      [
        instances.map(({ process }) => process),
        instances.map(({ id }) => id),
        open.map(({ process }) => process),
        open.map(({ id }) => id),
        open.map(({ timer }) => timer),
        open.map(({ dueAt }) => dueAt),
        open.map(({ setAt }) => setAt),
        this.lateGraceMs,
      ],
    );
  }

  /** The due timers, longest overdue first, and the milliseconds until the next one. */
  async due(processes: readonly string[]): Promise<{ due: AsyncIterable<readonly DueTimer[]>; nextMs: number | undefined; now: string }> {
    const { rows } = await this.pool.query<{ ms: string | null; now: string; exact: string }>(
      `SELECT now() AS now, now()::text AS exact,
         extract(epoch FROM (SELECT min(due_at) FROM process_timer WHERE due_at > now() AND due_at < 'infinity') - now()) * 1000 AS ms`,
    );
    const { ms, now, exact } = rows[0]!;
    return { due: this.pages(processes, exact), nextMs: ms === null ? undefined : Number(ms), now };
  }

  /** Page after page, so that timers whose instances are busy do not hide later ones. */
  private async *pages(processes: readonly string[], now: string): AsyncGenerator<readonly DueTimer[]> {
    for (let last: Row | undefined; ;) {
      const { rows }: { rows: Row[] } = await this.pool.query<Row>(
        `SELECT process, id, timer, due_at, due_at::text AS exact, set_at FROM process_timer
         WHERE due_at <= $2 AND due_at < 'infinity' AND id <> '' AND process = ANY ($1)
           AND ($3::timestamptz IS NULL OR (due_at, process, id, timer) > ($3, $4, $5, $6))
         ORDER BY due_at, process, id, timer LIMIT ${PAGE}`,
        [processes, now, last?.exact ?? null, last?.process ?? '', last?.id ?? '', last?.timer ?? ''],
      );
      yield rows.map(({ process, id, timer, due_at: dueAt, set_at: setAt }) => ({ process, id, timer, dueAt, setAt }));
      if (rows.length < PAGE) return;
      last = rows.at(-1);
    }
  }

  /** Hides the timers of a parked or paused instance; `restore` brings them back. */
  async hide(process: string, id: string): Promise<void> {
    await this.pool.query(`UPDATE process_timer SET due_at = 'infinity' WHERE process = $1 AND id = $2`, [process, id]);
  }

  /** Number of timers overdue by more than a second. */
  async late(): Promise<number> {
    const { rows } = await this.pool.query<{ late: bigint }>(
      `SELECT count(*) AS late FROM process_timer WHERE due_at < now() - interval '1 second' AND id <> ''`,
    );
    return Number(rows[0]!.late);
  }
}
