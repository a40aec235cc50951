/** A kiln, the process that watches it, and a runner on real parts, shared by the specs of platform/processes. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Decider, Message } from '#kernel/decider';
import type { Event } from '#kernel/event';
import type { AnyProcess, Process } from '#kernel/process';
import { Rejected } from '#kernel/rejected';
import { Allow } from '#platform/security/access';
import { Decisions } from '#platform/commands/decisions';
import { Command } from '#platform/commands/command';
import { inContext } from '#platform/security/context';
import { migrate, openPool } from '#platform/runtime/database';
import { EventStore } from '#platform/store/event-store';
import { copyLog } from './moved-log';
import { startTestSystem, testStore, type TestSystem } from './testing';
import { ProcessRunner, type ProcessOptions } from '#platform/processes/processes';
import type { InstanceEvent } from '#platform/processes/record';
import type { Send } from '#platform/processes/send';

@Allow('operator')
class LightKiln extends Command {
  readonly kilnId: string;
}
@Allow('operator')
class CoolKiln extends Command {
  readonly kilnId: string;
}
@Allow('operator')
class CheckKiln extends Command {
  readonly kilnId: string;
}
@Allow('operator')
class UnlockKiln extends Command {
  readonly kilnId: string;
}
export const commands = { LightKiln, CoolKiln, CheckKiln, UnlockKiln };
export type KilnLit = Event<'KilnLit', { kilnId: string }>;
export type KilnCooled = Event<'KilnCooled', { kilnId: string }>;
type KilnChecked = Event<'KilnChecked', { kilnId: string }>;
type KilnUnlocked = Event<'KilnUnlocked', { kilnId: string }>;
type KilnEvent = KilnLit | KilnCooled | KilnChecked | KilnUnlocked;

/** One that is sealed cannot be checked until somebody unlocks it. */
export const kiln: Decider<typeof commands, { sealed: boolean }, KilnEvent> = {
  category: 'kiln',
  initial: { sealed: true },
  id: ({ kilnId }) => kilnId,
  evolve: (state, { type }) => (type === 'KilnUnlocked' ? { sealed: false } : state),
  decide: {
    LightKiln: ({ kilnId }) => [{ type: 'KilnLit', data: { kilnId } }],
    CoolKiln: ({ kilnId }) => [{ type: 'KilnCooled', data: { kilnId } }],
    UnlockKiln: ({ kilnId }) => [{ type: 'KilnUnlocked', data: { kilnId } }],
    CheckKiln: ({ kilnId }, { sealed }) => {
      if (kilnId.includes('sealed') && sealed) throw new Rejected('kiln-sealed', 'It cannot be opened.');
      return [{ type: 'KilnChecked', data: { kilnId } }];
    },
  },
};

export type Out = Message<typeof commands>;
export type Watch = Readonly<{ id: string; lit: boolean; refused: number }>;
const NAME = 'when-kiln-lit-check-it';

/** Checks a kiln at once when it is lit, and again after a while unless it has cooled. */
export const whenKilnLitCheckIt = (
  delayMs: number,
  more: Partial<Process<Watch, KilnLit | KilnCooled, Out>> = {},
): Process<Watch, KilnLit | KilnCooled, Out> => ({
  name: NAME,
  initial: { id: '', lit: false, refused: 0 },
  events: ['KilnLit', 'KilnCooled'],
  correlate: ({ data }) => data.kilnId,
  evolve: (state, { type, data }) =>
    type === 'KilnLit'
      ? { ...state, id: data.kilnId, lit: true }
      : type === 'KilnCooled'
        ? { ...state, lit: false }
        : type === 'CommandRefused'
          ? { ...state, refused: state.refused + 1 }
          : state,
  react: (state, { type }, at) => {
    const check = { send: { type: 'CheckKiln', data: { kilnId: state.id } } } as { send: Out };
    if (type === 'KilnLit') return [check, { remind: 'second-look', at: new Date(Date.parse(at) + delayMs).toISOString() }];
    if (type === 'KilnCooled') return [{ forget: 'second-look' }];
    return type === 'TimerFired' && state.lit ? [check] : [];
  },
  ...more,
});

/** The id that a command addresses. */
export const targetOf = ({ data }: { data: object }): string => (data as { kilnId: string }).kilnId;

/** Real parts, and helpers for specs. */
export class KilnWorks {
  readonly faults: unknown[] = [];
  private readonly runners: ProcessRunner[] = [];
  private readonly decisions: Decisions;

  private constructor(
    readonly system: TestSystem,
    readonly store: EventStore,
    readonly pool: Pool,
  ) {
    this.decisions = new Decisions(store);
  }

  static async start(): Promise<KilnWorks> {
    const system = await startTestSystem();
    await migrate(system.databaseUrl);
    return new KilnWorks(system, new EventStore(system.eventStoreUrl, 3_000), openPool(system.databaseUrl, 'spec', 16));
  }

  /** The same plant after its log was copied to another store; the database stays. */
  async move(): Promise<KilnWorks> {
    const { eventStoreUrl, databaseUrl } = this.system;
    const { url, stop } = await testStore();
    await copyLog(eventStoreUrl, url);
    const system = { ...this.system, eventStoreUrl: url, stop };
    return new KilnWorks(system, new EventStore(url, 3_000), openPool(databaseUrl, 'spec', 16));
  }

  async stop(): Promise<void> {
    await this.rest();
    await this.pool.end();
    await this.store.close();
    await this.system.stop();
  }

  /** Stops all runners. */
  async rest(): Promise<void> {
    await Promise.all(this.runners.splice(0).map((runner) => runner.stop()));
    this.faults.length = 0;
  }

  readonly send: Send = ({ type, data }, { commandId, facilities, ...cause }) =>
    inContext({ ...cause, principal: { actor: cause.actor, roles: ['process'], scopes: [...facilities] } }, () =>
      this.decisions.run(kiln, type, Object.assign(new commands[type as keyof typeof commands](), data, { commandId })),
    );

  order(type: keyof typeof commands, kilnId: string, more: object = {}) {
    return inContext({ correlationId: randomUUID(), principal: { actor: 'ann', roles: ['operator'], scopes: ['*'] } }, () =>
      this.decisions.run(kiln, type, Object.assign(new commands[type](), { kilnId, ...more })),
    );
  }

  /** A runner of these processes; `rest` stops it. */
  run(processes: readonly AnyProcess[], more: Partial<ProcessOptions> = {}): ProcessRunner {
    const runner = new ProcessRunner({
      store: this.store,
      pool: this.pool,
      send: this.send,
      targetOf,
      processes,
      timerPollMs: 50,
      lateGraceMs: 100,
      retryPolicy: { attempts: 3, pauseMs: 10 },
      log: (fault, error) => this.faults.push([fault, error]),
      ...more,
    });
    this.runners.push(runner);
    runner.start();
    return runner;
  }

  async checks(id: string): Promise<number> {
    return (await this.store.read(`kiln-${id}`)).filter(({ type }) => type === 'KilnChecked').length;
  }
  steps(id: string) {
    return this.store.read<InstanceEvent>(`${NAME}-${id}`);
  }
  /** A short summary of an instance's stream. */
  async story(id: string): Promise<string[]> {
    return (await this.steps(id)).map((event) => {
      if (event.type === 'StepTaken') return event.data.input.type;
      if (event.type === 'OutcomeRecorded') return Object.keys(event.data.outcome)[0]!;
      return event.type;
    });
  }
}

export const newKiln = (kind = ''): string => `haifa.${randomUUID().slice(0, 8)}${kind}`;

export async function until(done: () => Promise<unknown> | boolean, what = 'it'): Promise<void> {
  for (const end = performance.now() + 25_000; !(await done()); await new Promise((resolve) => setTimeout(resolve, 25)))
    if (performance.now() > end) throw new Error(`timed out waiting for ${what}`);
}
