/**
 * The inputs of an instance, in the form that a step records. Promises: pure; the floor time of an input is never later than its recording. Does
 * not: decide.
 */
import type { ClockSource, Recorded } from '#kernel/event';
import type { Input } from './definitions';
import type { Instance } from './instance';
import type { InstanceParked } from './record';
import type { Item } from './run-context';

export type StepInput = Readonly<{
  input: Input;
  inputId: string;
  at: string;
  position?: bigint;
  source?: string;
  facilities: readonly string[];
  clock: ClockSource;
  correlationId: string;
  causationId: string;
}>;

/** What a run was working on when it failed. */
export type At = InstanceParked['data']['on'];

export function stepOf({ id, type, data, stream, revision, position, recordedAt, metadata }: Recorded): StepInput {
  const { occurredAt, facility, correlationId, clock } = metadata;
  return {
    input: { type, data },
    inputId: id,
    at: earlier(occurredAt ?? recordedAt, recordedAt),
    position,
    source: `${revision}@${stream}`,
    facilities: facility ? [facility] : [],
    clock: clock ?? 'server',
    correlationId: correlationId ?? id,
    causationId: id,
  };
}

export const answerStep = ({ input, inputId, cause }: Instance['answers'][number]): StepInput => ({
  input,
  inputId,
  at: cause.at,
  facilities: cause.facilities,
  clock: cause.clock,
  correlationId: cause.correlationId,
  causationId: cause.commandId,
});

export const atItem = (item: Item): At | undefined =>
  item.kind === 'input' ? { inputId: item.event.id, type: item.event.type, position: String(item.event.position) } : undefined;

export const earlier = (a: string, b: string): string => (Date.parse(a) > Date.parse(b) ? b : a);

export const dueBefore = ({ timers }: Instance, at: string) =>
  Object.entries(timers)
    .filter(([, { dueAt }]) => Date.parse(dueAt) < Date.parse(at))
    .sort(([, a], [, b]) => Date.parse(a.dueAt) - Date.parse(b.dueAt));
