/**
 * Recorded histories against the current code. Hides: the engine's events. Promises: returns every step of a stream that the definition would
 * decide differently, with what was recorded and what would be decided. Does not: compare command ids, which are random.
 */
import type { AnyProcess } from '#kernel/process';
import { Definitions, versionOf } from './definitions';
import { fold, fresh } from './instance';
import type { InstanceEvent, StepTaken } from './record';
import type { Recorded } from '#kernel/event';

type Decided = Readonly<{ sends: readonly object[]; timers: readonly object[] }>;
/** A step that would be decided differently today. */
export type Deviation = Readonly<{ revision: bigint; input: string; recorded: Decided; decided: Decided | { fault: string } }>;
/** The required fields of an event of an instance's stream. */
export type Replayed = Pick<Recorded, 'type' | 'data' | 'metadata'>;

/** Decides a recorded stream again, step by step. Empty if all steps are the same. */
export function replay(history: readonly Replayed[], definition: AnyProcess): Deviation[] {
  const definitions = new Definitions([definition]);
  const deviations: Deviation[] = [];
  let instance = { ...fresh, version: versionOf(definition), state: definition.initial as unknown };
  history.forEach(({ type, data, metadata }, index) => {
    const revision = BigInt(index);
    if (type === 'StepTaken') {
      const { input, at, sends, timers } = data as StepTaken['data'];
      const recorded = { sends: sends.map(({ commandId: _, ...action }) => action), timers };
      const decided = decideAgain(definitions, instance, input, at);
      if (plain(decided) !== plain(recorded)) deviations.push({ revision, input: input.type, recorded, decided });
    }
    instance = fold(instance, { ...({ type, data } as InstanceEvent), id: '', revision, metadata }, () => definition) as typeof instance;
  });
  return deviations;
}

function decideAgain(...[definitions, ...step]: [Definitions, ...Parameters<Definitions['decide']>]): Deviation['decided'] {
  try {
    const { sends, timers } = definitions.decide(...step);
    return { sends, timers };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

const plain = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
