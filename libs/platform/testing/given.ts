import type { Context, Decider } from '#kernel/decider';
import type { Event } from '#kernel/event';
import { digestOf } from '#platform/commands/digest';

const usual: Context = {
  now: '2026-01-05T08:00:00.000Z',
  occurredAt: '2026-01-05T08:00:00.000Z',
  actor: 'ann',
  role: 'operator',
  commandId: '00000000-0000-4000-8000-000000000001',
  digestOf,
};

/** `given(equipment, ...past).when('StopEquipment', {…}).then(...events)`, or `.rejects('code')`. */
export function given<C, S, E extends Event>(decider: Decider<unknown, S, E, C>, ...past: NoInfer<E>[]) {
  const state = (past as E[]).reduce(decider.evolve, decider.initial);
  return {
    when<K extends keyof C>(type: K, command: C[K], context: Partial<Context> = {}) {
      const run = () => decider.decide[type](command, state, { ...usual, ...context });
      return {
        then: (...events: E[]) => expect(run()).toEqual(events),
        /** No new events: the state is already as asked for. */
        changesNothing: () => expect(run()).toEqual([]),
        rejects: (code: string) => expect(run).toThrow(expect.objectContaining({ name: 'Rejected', code })),
      };
    },
  };
}
