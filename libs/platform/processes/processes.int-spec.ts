import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Decider, Message } from '#kernel/decider';
import type { Event } from '#kernel/event';
import type { Process } from '#kernel/process';
import { Rejected } from '#kernel/rejected';
import { Allow } from '#platform/security/access';
import { Decisions } from '#platform/commands/decisions';
import { Command } from '#platform/commands/command';
import { inContext } from '#platform/security/context';
import { migrate, openPool } from '#platform/runtime/database';
import { EventStore } from '#platform/store/event-store';
import { ProcessRunner, type ProcessOptions, type Send, type StepTaken } from './processes';
import { startTestSystem, type TestSystem } from '#platform/testing/testing';

/** A kiln that is lit, and must be checked some time later. */
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
const commands = { LightKiln, CoolKiln, CheckKiln };
type KilnLit = Event<'KilnLit', { kilnId: string }>;
type KilnCooled = Event<'KilnCooled', { kilnId: string }>;
type KilnChecked = Event<'KilnChecked', { kilnId: string }>;
type KilnEvent = KilnLit | KilnCooled | KilnChecked;

const kiln: Decider<typeof commands, { checks: number }, KilnEvent> = {
  category: 'kiln',
  initial: { checks: 0 },
  id: ({ kilnId }) => kilnId,
  evolve: (state, { type }) => (type === 'KilnChecked' ? { checks: state.checks + 1 } : state),
  decide: {
    LightKiln: ({ kilnId }) => [{ type: 'KilnLit', data: { kilnId } }],
    CoolKiln: ({ kilnId }) => [{ type: 'KilnCooled', data: { kilnId } }],
    CheckKiln: ({ kilnId }) => {
      if (kilnId.includes('sealed')) throw new Rejected('kiln-sealed', 'It cannot be opened.');
      return [{ type: 'KilnChecked', data: { kilnId } }];
    },
  },
};

/** Checks a kiln at once when it is lit, and again after a while unless it has cooled. */
const whenKilnLitCheckIt = (
  delayMs: number,
): Process<{ id: string; lit: boolean; refused: number }, KilnLit | KilnCooled, Message<typeof commands>> => ({
  name: 'when-kiln-lit-check-it',
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
  react: (state, { type }) => {
    const check = { send: { type: 'CheckKiln', data: { kilnId: state.id } } } as { send: Message<typeof commands> };
    if (type === 'KilnLit') return [check, { remind: 'second-look', at: new Date(Date.now() + delayMs).toISOString() }];
    if (type === 'KilnCooled') return [{ forget: 'second-look' }];
    return type === 'TimerFired' && state.lit ? [check] : [];
  },
});

describe('processes on a real store and database', () => {
  let system: TestSystem;
  let store: EventStore;
  let pool: Pool;
  let decisions: Decisions;
  let runner: ProcessRunner | undefined;

  beforeAll(async () => {
    system = await startTestSystem();
    store = new EventStore(system.eventStoreUrl, 3_000);
    decisions = new Decisions(store);
    await migrate(system.databaseUrl);
    pool = openPool(system.databaseUrl, 'spec');
  }, 60_000);
  afterEach(async () => {
    await runner?.stop();
    runner = undefined;
  });
  afterAll(async () => {
    await pool.end();
    await store.close();
    await system.stop();
  });

  const send: Send = ({ type, data }, { commandId, correlationId, causationId, actor }) =>
    inContext({ correlationId, causationId, principal: { actor, roles: ['process'], scopes: ['*'] } }, () =>
      decisions.run(kiln, type, Object.assign(new commands[type as keyof typeof commands](), data, { commandId })),
    );
  const order = (type: keyof typeof commands, kilnId: string) =>
    inContext({ correlationId: randomUUID(), principal: { actor: 'ann', roles: ['operator'], scopes: ['*'] } }, () =>
      decisions.run(kiln, type, Object.assign(new commands[type](), { kilnId })),
    );
  const targetOf: ProcessOptions['targetOf'] = ({ data }) => String(data.kilnId);
  const start = (delayMs: number, more: Partial<ProcessOptions> = {}) => {
    runner = new ProcessRunner({ store, pool, send, targetOf, processes: [whenKilnLitCheckIt(delayMs)], timerPollMs: 50, ...more });
    runner.start();
    return runner;
  };
  const checks = async (id: string) => (await store.read(`kiln-${id}`)).filter(({ type }) => type === 'KilnChecked').length;
  const steps = (id: string) => store.read<StepTaken>(`when-kiln-lit-check-it-${id}`);
  const until = async (done: () => Promise<boolean>) => {
    for (const end = Date.now() + 20_000; !(await done()); await new Promise((resolve) => setTimeout(resolve, 25)))
      if (Date.now() > end) throw new Error('waited in vain');
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 400));
  const newKiln = () => `haifa.${randomUUID().slice(0, 8)}`;

  it('takes an input, sends, and fires the timer once', async () => {
    const id = newKiln();
    start(150);
    await order('LightKiln', id);
    await until(async () => (await checks(id)) === 2);
    await settle();
    expect(await checks(id)).toBe(2);
    expect((await steps(id)).map(({ data }) => data.input.type)).toEqual(['KilnLit', 'TimerFired']);
    const [check] = (await store.read(`kiln-${id}`)).filter(({ type }) => type === 'KilnChecked');
    const [step] = await steps(id);
    expect(check!.metadata).toMatchObject({ actor: 'process:when-kiln-lit-check-it', role: 'process', causationId: step!.id });
  });

  it('drops a timer that was forgotten', async () => {
    const id = newKiln();
    start(300);
    await order('LightKiln', id);
    await order('CoolKiln', id);
    await until(async () => (await steps(id)).length === 2);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await checks(id)).toBe(1);
  });

  it('does not fire a timer before it has heard all that was recorded until then', async () => {
    const id = newKiln();
    await order('LightKiln', id);
    await order('CoolKiln', id);
    // The timer is long due when it is set; what cancels it is the next event, half a second away.
    start(-60_000, { failpoint: (at) => (at === 'after-sends' ? new Promise((resolve) => setTimeout(resolve, 500)) : undefined) });
    await until(async () => (await steps(id)).length === 2);
    await settle();
    expect((await steps(id)).map(({ data }) => data.input.type)).toEqual(['KilnLit', 'KilnCooled']);
    expect(await checks(id)).toBe(1);
  });

  it('hears that a command was refused, once', async () => {
    const id = `${newKiln()}-sealed`;
    start(60_000);
    await order('LightKiln', id);
    await until(async () => (await steps(id)).length === 2);
    expect((await steps(id))[1]!.data.input).toMatchObject({ type: 'CommandRefused', data: { code: 'kiln-sealed', target: id } });
  });

  it.each(['before-step', 'after-step', 'after-sends', 'before-checkpoint'] as const)(
    'comes to the same end when it dies %s',
    async (point) => {
      const ids = Array.from({ length: 4 }, newKiln);
      let deaths = 0;
      start(200, {
        failpoint: (at) => {
          if (at === point && deaths < 3) {
            deaths += 1;
            throw new Error(`died ${at}`);
          }
        },
      });
      await Promise.all(ids.map((id) => order('LightKiln', id)));
      await until(async () => (await Promise.all(ids.map(checks))).every((count) => count >= 2));
      await settle();
      expect(deaths).toBe(3);
      expect(await Promise.all(ids.map(checks))).toEqual([2, 2, 2, 2]);
      for (const id of ids) expect((await steps(id)).map(({ data }) => data.input.type)).toEqual(['KilnLit', 'TimerFired']);
    },
    40_000,
  );

  it('restores timers and place from the log when PostgreSQL has lost them', async () => {
    const id = newKiln();
    start(1_000);
    await order('LightKiln', id);
    await until(async () => (await steps(id)).length === 1);
    await runner!.stop();
    await pool.query('TRUNCATE process_checkpoint, process_timer');
    start(1_000);
    await until(async () => (await checks(id)) === 2);
    await settle();
    expect(await checks(id)).toBe(2);
  }, 40_000);

  it('does the work once when two workers follow it', async () => {
    const id = newKiln();
    const second = new ProcessRunner({ store, pool, send, targetOf, processes: [whenKilnLitCheckIt(150)], timerPollMs: 20 });
    start(150);
    second.start();
    await order('LightKiln', id);
    await until(async () => (await checks(id)) === 2);
    await settle();
    await second.stop();
    expect(await checks(id)).toBe(2);
    expect(await steps(id)).toHaveLength(2);
  }, 40_000);
});
