/**
 * Runs processes (sagas). Hides: subscriptions, timers, retries, crashes. Promises: each input is taken once per instance, in the order of
 * the log; commands and timers follow from the recorded step, with derived ids, so a crash at any point changes nothing.
 * Does not: decide (the pure definitions do), or keep truth in PostgreSQL: checkpoint and timers there can be restored from the streams.
 */
import { plainToInstance } from 'class-transformer';
import type { CommandBus } from '@nestjs/cqrs';
import type { Pool, PoolClient } from 'pg';
import type { Event, Recorded } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import type { CommandRefused, Process, Reaction, TimerFired } from '#kernel/process';
import { commandIdOf } from '#platform/commands/command-ids';
import type { Registry } from '#platform/commands/registry';
import { inContext } from '#platform/security/context';
import { Conflict, type EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { Problem } from '#platform/problem/problem';

type Plain = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
type Input = Event | TimerFired | CommandRefused;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyProcess = Process<any, any, any>;

/** One step of an instance, as its stream keeps it: what came in, and what was decided to follow from it. */
export type StepTaken = Event<
  'StepTaken',
  {
    inputId: string;
    input: { type: string; data: unknown };
    /** Floor time of the input. */
    at: string;
    sends: readonly { commandId: string; type: string; data: Readonly<Record<string, unknown>> }[];
    /** Timers set, or cancelled where `dueAt` is null. */
    timers: readonly { timer: string; dueAt: string | null }[];
  }
>;

export type Cause = Readonly<{ commandId: string; correlationId: string; causationId: string; actor: string }>;
/** Sends a command as the process. Throws Problem: 4xx is a refusal, 5xx means try again. */
export type Send = (command: Plain, cause: Cause) => Promise<unknown>;
/** Tells somebody (BullMQ) to call `wake` at that time. Only a convenience: due timers are also looked for. */
export type Alarm = (dueAt: Date, key: string) => Promise<unknown>;

export type ProcessOptions = Readonly<{
  store: EventStore;
  pool: Pool;
  send: Send;
  /** The id of the aggregate that a command is for. */
  targetOf: (command: Plain) => string;
  processes: readonly AnyProcess[];
  alarm?: Alarm;
  log?: (fault: string, error: unknown) => void;
  /** Between looks for due timers; the alarm only makes it sooner. */
  timerPollMs?: number;
  /** For tests: called at named points, may throw or never return. */
  failpoint?: (at: 'before-step' | 'after-step' | 'after-sends' | 'before-checkpoint') => unknown;
}>;

/** Sends through the CommandBus, in the name of the process. */
export const sendThrough =
  (bus: CommandBus, registry: Registry): Send =>
  (command, { commandId, correlationId, causationId, actor }) => {
    const type = registry.commandNamed(command.type);
    if (!type) throw new Error(`no slice takes the command ${command.type}`);
    const message = plainToInstance(type, { ...command.data, commandId });
    return inContext({ correlationId, causationId, clock: 'server', principal: { actor, roles: ['process'], scopes: ['*'] } }, () =>
      bus.execute(message),
    );
  };

export class ProcessRunner {
  private readonly stopping = new AbortController();
  private readonly running: Promise<void>[] = [];
  private readonly positions = new Map<string, bigint>();
  private wakeTimers: () => void = () => undefined;

  constructor(private readonly options: ProcessOptions) {}

  start(): void {
    for (const process of this.options.processes) this.running.push(this.supervise(process.name, () => this.follow(process)));
    this.running.push(this.supervise('timers', () => this.watchTimers()));
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.wakeTimers();
    await Promise.all(this.running);
  }

  /** Looks for due timers now. */
  wake(): void {
    this.wakeTimers();
  }

  /** The position up to which a process has taken its inputs. */
  position(process: string): bigint | undefined {
    return this.positions.get(process);
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Whatever ends it, it begins again from what is committed. */
  private async supervise(name: string, run: () => Promise<void>): Promise<void> {
    for (let failures = 0; !this.stopped; failures += 1) {
      const began = Date.now();
      try {
        await run();
      } catch (error) {
        this.options.log?.(`process ${name} starts again`, error);
      }
      if (Date.now() - began > 30_000) failures = 0;
      if (!this.stopped) await this.sleep(Math.random() * Math.min(5_000, 100 * 2 ** failures));
    }
  }

  private async follow(process: AnyProcess): Promise<void> {
    const { store, pool } = this.options;
    const owner = await pool.connect();
    const lost = new AbortController();
    const giveUp = () => lost.abort();
    this.stopping.signal.addEventListener('abort', giveUp, { once: true });
    owner.on('error', giveUp);
    try {
      // One worker at a time follows a process. Two would do no harm, only work twice.
      while (!(await tryLock(owner, process.name))) {
        await this.sleep(1_000);
        if (this.stopped) return;
      }
      const { rows } = await owner.query<{ position: bigint }>('SELECT position FROM process_checkpoint WHERE process = $1', [
        process.name,
      ]);
      let position = rows[0]?.position ?? -1n;
      let saved = position;
      let savedAt = Date.now();
      this.positions.set(process.name, position);
      const save = async () => {
        await this.options.failpoint?.('before-checkpoint');
        await owner.query(
          `INSERT INTO process_checkpoint VALUES ($1, $2) ON CONFLICT (process) DO UPDATE SET position = greatest(process_checkpoint.position, excluded.position)`,
          [process.name, position],
        );
        saved = position;
        savedAt = Date.now();
      };
      const types = new Set<string>(process.events);
      const events = store.subscribe(position < 0n ? 'start' : position, { signal: lost.signal });
      for await (const event of events) {
        let moved = false;
        if (types.has(event.type)) {
          const id = process.correlate(event);
          if (id !== undefined) {
            await this.take(
              process,
              id,
              { type: event.type, data: event.data },
              event.id,
              event.metadata.occurredAt,
              event.metadata.correlationId,
            );
            moved = true;
          }
        }
        position = event.position;
        this.positions.set(process.name, position);
        if (moved || Date.now() - savedAt > 1_000) await save();
      }
      if (position !== saved && !lost.signal.aborted) await save();
    } finally {
      this.positions.delete(process.name);
      this.stopping.signal.removeEventListener('abort', giveUp);
      owner.release(true);
    }
  }

  /** Takes one input: records the step once, then carries out what the recorded step says. */
  private async take(
    process: AnyProcess,
    id: string,
    input: Input,
    inputId: string,
    at: string,
    correlationId: string,
    stillHolds: (past: readonly Recorded<StepTaken>[]) => boolean = () => true,
  ): Promise<void> {
    const stream = `${process.name}-${id}`;
    for (;;) {
      const past = await this.options.store.read<StepTaken>(stream);
      const known = past.find((step) => step.data.inputId === inputId);
      if (known) return this.carryOut(process, id, known);
      if (!stillHolds(past)) return;
      const state = [...past.map(({ data }) => data.input as Input), input].reduce(process.evolve, process.initial);
      const reactions = process.react(state, input as never, at) as readonly Reaction<Plain>[];
      const data: StepTaken['data'] = {
        inputId,
        input: { type: input.type, data: input.data },
        at,
        sends: reactions.flatMap((reaction, index) =>
          'send' in reaction ? [{ commandId: commandIdOf(`${stream}/${inputId}/${index}`), ...reaction.send }] : [],
        ),
        timers: reactions.flatMap<StepTaken['data']['timers'][number]>((reaction) =>
          'remind' in reaction
            ? [{ timer: reaction.remind, dueAt: reaction.at }]
            : 'forget' in reaction
              ? [{ timer: reaction.forget, dueAt: null }]
              : [],
        ),
      };
      const commandId = commandIdOf(`${stream}/${inputId}`);
      const metadata = metadataOf({
        commandId,
        command: 'TakeStep',
        digest: inputId,
        correlationId,
        causationId: inputId,
        actor: actorOf(process),
        role: 'process',
        facility: scopeIn(id),
        occurredAt: at,
      });
      await this.options.failpoint?.('before-step');
      const revision = past.at(-1)?.revision ?? -1n;
      try {
        const appended = await this.options.store.append(stream, revision, [{ type: 'StepTaken', data, metadata }]);
        await this.options.failpoint?.('after-step');
        return this.carryOut(process, id, { id: appended.ids[0]!, revision: appended.revision, data, metadata });
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
      }
    }
  }

  /** Repeatable: command ids are derived and timers bear the revision of their step. */
  private async carryOut(
    process: AnyProcess,
    id: string,
    step: Pick<Recorded<StepTaken>, 'id' | 'revision' | 'data' | 'metadata'>,
  ): Promise<void> {
    for (const { timer, dueAt } of step.data.timers) await this.setTimer(process.name, id, timer, dueAt, step.revision);
    for (const { commandId, type, data } of step.data.sends) {
      const cause = { commandId, correlationId: step.metadata.correlationId, causationId: step.id, actor: actorOf(process) };
      try {
        await this.options.send({ type, data }, cause);
      } catch (error) {
        if (!(error instanceof Problem) || error.status >= 500) throw error;
        const refused: CommandRefused = {
          type: 'CommandRefused',
          data: { command: type, code: error.code, message: error.message, target: this.options.targetOf({ type, data }) },
        };
        await this.take(process, id, refused, commandIdOf(`${commandId}/refused`), step.data.at, step.metadata.correlationId);
      }
    }
    await this.options.failpoint?.('after-sends');
  }

  private async setTimer(process: string, id: string, timer: string, dueAt: string | null, setAt: bigint): Promise<void> {
    const { pool, alarm } = this.options;
    if (dueAt === null) {
      await pool.query('DELETE FROM process_timer WHERE process = $1 AND id = $2 AND timer = $3 AND set_at <= $4', [
        process,
        id,
        timer,
        setAt,
      ]);
      return;
    }
    await pool.query(
      `INSERT INTO process_timer (process, id, timer, due_at, set_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (process, id, timer) DO UPDATE SET due_at = excluded.due_at, set_at = excluded.set_at WHERE process_timer.set_at < excluded.set_at`,
      [process, id, timer, dueAt, setAt],
    );
    // Losing the alarm costs at most one poll: it must not hold up the process.
    await alarm?.(new Date(dueAt), `${process}/${id}/${timer}/${setAt}`).catch((error: unknown) =>
      this.options.log?.('the alarm of a timer is lost', error),
    );
  }

  /**
   * By the database's clock, and only after all that was in the log when the timer was found due: a plant that comes back reports an abort
   * and its end at once, and the timer between them must not fire. A timer that was reset or forgotten is found stale and dropped.
   */
  private async watchTimers(): Promise<void> {
    const { store, pool, processes, timerPollMs = 1_000 } = this.options;
    const heads = new Map<string, bigint>();
    while (!this.stopped) {
      const { rows } = await pool.query<{ process: string; id: string; timer: string; due_at: string; set_at: bigint }>(
        'SELECT * FROM process_timer WHERE due_at <= now() ORDER BY due_at LIMIT 100',
      );
      const head = rows.length > 0 ? await store.head({ business: true }) : -1n;
      let fired = 0;
      for (const { process: name, id, timer, due_at: dueAt, set_at: setAt } of rows) {
        const process = processes.find((candidate) => candidate.name === name);
        const position = this.positions.get(name);
        const key = `${name}/${id}/${timer}/${setAt}`;
        const awaited = heads.get(key) ?? head;
        if (!process || position === undefined) continue;
        if (position < awaited) {
          heads.set(key, awaited);
          continue;
        }
        const input: TimerFired = { type: 'TimerFired', data: { timer, dueAt } };
        const inputId = commandIdOf(`${name}-${id}/${timer}/${setAt}`);
        const isLatest = (past: readonly Recorded<StepTaken>[]) =>
          past.filter((step) => step.data.timers.some((set) => set.timer === timer)).at(-1)?.revision === setAt;
        await this.take(process, id, input, inputId, dueAt, inputId, isLatest);
        await pool.query('DELETE FROM process_timer WHERE process = $1 AND id = $2 AND timer = $3 AND set_at = $4', [
          name,
          id,
          timer,
          setAt,
        ]);
        heads.delete(key);
        fired += 1;
      }
      if (fired < 100) await this.sleepUntilWoken(heads.size > 0 ? Math.min(50, timerPollMs) : timerPollMs);
    }
  }

  private sleepUntilWoken(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeTimers = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.stopping.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.stopping.signal.addEventListener('abort', done, { once: true });
    });
  }
}

const actorOf = (process: AnyProcess): string => `process:${process.name}`;

async function tryLock(client: PoolClient, name: string): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>(`SELECT pg_try_advisory_lock(hashtext('process'), hashtext($1)) AS held`, [name]);
  return rows[0]!.held;
}
