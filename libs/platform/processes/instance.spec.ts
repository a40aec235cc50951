import type { AnyProcess } from '#kernel/process';
import { answerIdOf } from './ids';
import { afterSource, fold, fresh, hasTaken, type Instance } from './instance';
import type { InstanceEvent } from './record';

const definition: AnyProcess = {
  name: 'when-x-y',
  initial: [],
  events: ['X'],
  correlate: () => 'haifa.1',
  evolve: (state: string[], input: { type: string }) => [...state, input.type],
  react: () => [],
};
const folded = (...events: InstanceEvent[]): Instance =>
  events.reduce(
    (so, event, index) =>
      fold(
        so,
        { ...event, id: `e${index}`, revision: BigInt(index), metadata: { facility: 'haifa', correlationId: 'k' } as never },
        () => definition,
      ),
    fresh,
  );
const step = (inputId: string, type: string, sends: string[], more: object = {}): InstanceEvent => ({
  type: 'StepTaken',
  data: {
    inputId,
    input: { type, data: {} },
    at: '2026-01-05T08:00:00.000Z',
    sends: sends.map((commandId) => ({ commandId, type: 'DoY', data: {} })),
    timers: [],
    ...more,
  },
});
const pendingOf = (...events: InstanceEvent[]) => folded(...events).pending.map(({ commandId }) => commandId);

describe('a stream of the first engine', () => {
  test('has outcomes for everything except what its last step requested', () => {
    expect(pendingOf(step('i1', 'X', ['c1', 'c2']))).toEqual(['c1', 'c2']);
    expect(pendingOf(step('i1', 'X', ['c1', 'c2']), step('i2', 'X', ['c3']))).toEqual(['c3']);
    expect(pendingOf(step('i1', 'X', ['c1', 'c2']), step(answerIdOf('c1'), 'CommandRefused', ['c3']))).toEqual(['c2', 'c3']);
  });
  test('recognises its inputs by their ids', () => {
    const instance = folded(step('i1', 'X', []));
    expect(hasTaken(instance, { id: 'i1', position: 50n })).toBe(true);
    expect(hasTaken(instance, { id: 'i2', position: 50n })).toBe(false);
  });
  test('continues under the current engine', () => {
    const instance = folded(step('i1', 'X', ['c1']), step('i2', 'X', ['c2'], { version: 1, position: '90' }));
    expect(instance.pending.map(({ commandId }) => commandId)).toEqual(['c1', 'c2']);
    expect(instance.state).toEqual(['X', 'X']);
    expect(hasTaken(instance, { id: 'i0', position: 90n })).toBe(true);
    expect(hasTaken(instance, { id: 'i3', position: 91n })).toBe(false);
  });
});

test('in a stream copied from another log, positions mean nothing; the present position of its newest input counts', () => {
  const at = { id: 'e0', revision: 0n, metadata: { facility: 'haifa', correlationId: 'k' } as never, copied: true };
  const copied = fold(fresh, { ...step('i1', 'X', [], { version: 1, position: '9000', source: '3@x-1' }), ...at }, () => definition);
  expect(copied.source).toBe('3@x-1');
  expect(hasTaken(copied, { id: 'i1', position: 70n })).toBe(true);
  expect(hasTaken(copied, { id: 'i2', position: 80n })).toBe(false);
  const located = afterSource(copied, 70n);
  expect(hasTaken(located, { id: 'i0', position: 60n })).toBe(true);
  expect(hasTaken(located, { id: 'i2', position: 80n })).toBe(false);
  expect(located.source).toBeUndefined();
});

test('an outcome is final, and its action is no longer open', () => {
  const accepted: InstanceEvent = {
    type: 'OutcomeRecorded',
    data: { commandId: 'c1', type: 'DoY', outcome: { accepted: { target: 't', revision: '0', events: ['Done'] } } },
  };
  const instance = folded(step('i1', 'X', ['c1'], { version: 1 }), accepted);
  expect(instance.pending).toEqual([]);
  expect(instance.answers).toEqual([]);
});

test('a history that the code cannot fold breaks its own instance only', () => {
  const sick: AnyProcess = {
    ...definition,
    evolve: () => {
      throw new Error('sick');
    },
  };
  const instance = fold(fresh, { ...step('i1', 'X', []), id: 'e', revision: 0n, metadata: {} as never }, () => sick);
  expect(instance.broken).toContain('sick');
});
