/**
 * One instance as the fold of its stream: the state of its definition, what it waits for, and whether it is parked or paused. Promises: pure; the
 * same stream always gives the same instance; streams of the first engine are understood. Does not: read, write or send.
 */
import type { ClockSource, Recorded } from '#kernel/event';
import type { AnyProcess, EngineInput } from '#kernel/process';
import { answerIdOf } from './ids';
import type { InstanceEvent, InstanceParked, OutcomeRecorded, RequestedAction, StepTaken } from './record';

/** An action without an outcome, and what its step says about it. */
export type Pending = RequestedAction &
  Readonly<{
    /** The event that recorded the step. */
    stepId: string;
    correlationId: string;
    at: string;
    facilities: readonly string[];
    clock: ClockSource;
    /** Floor time for the target; steps of the first engine recorded none. */
    occurredAt?: string;
  }>;

/** An outcome that the definition has not taken as an input yet. */
export type Answer = Readonly<{ inputId: string; input: EngineInput; cause: Pending }>;

export type Timer = Readonly<{ dueAt: string; setAt: bigint; facilities: readonly string[]; correlationId: string }>;

export type Instance = Readonly<{
  /** Revision of the last event of its stream; -1 if there is none. */
  revision: bigint;
  /** Id of that event. */
  lastId?: string;
  /** Version of the definition; 0 before the first step. */
  version: number;
  state: unknown;
  /** Inputs from the log up to this position have been taken or skipped. */
  taken: bigint;
  timers: Readonly<Record<string, Timer>>;
  pending: readonly Pending[];
  answers: readonly Answer[];
  /** Why it is parked. */
  parked?: InstanceParked['data'];
  /** A compensation that was refused. */
  blocked?: Pending;
  paused: boolean;
  /** True if it was parked or paused before: inputs may be on its shelf. */
  released: boolean;
  over: boolean;
  /** Why the current code cannot fold its history. */
  broken?: string;
  /** Ids of the inputs taken at unknown positions: the first engine recorded none, and those of another log mean nothing here. */
  before?: Set<string>;
  /** Position of the newest input that was taken in another log: all inputs up to there have been taken, too. */
  source?: string;
}>;

export const fresh: Instance = {
  revision: -1n,
  version: 0,
  state: undefined,
  taken: -1n,
  timers: {},
  pending: [],
  answers: [],
  paused: false,
  released: false,
  over: false,
};

export const standsStill = ({ parked, paused }: Instance): boolean => parked !== undefined || paused;

/** True if an input from the log was taken before. */
export const hasTaken = ({ taken, before }: Instance, input: Readonly<{ id: string; position: bigint }>): boolean =>
  input.position <= taken || (before?.has(input.id) ?? false);

type Definitions = (version: number) => AnyProcess;
type Written<E> = E & Pick<Recorded, 'id' | 'revision' | 'metadata' | 'copied'>;

/** The instance after one more event. `evolved` saves calling the definition's fold if its result is known. */
export function fold(before: Instance, event: Written<InstanceEvent>, definitions: Definitions, evolved?: { state: unknown }): Instance {
  const instance = { ...before, revision: event.revision, lastId: event.id };
  switch (event.type) {
    case 'StepTaken':
      return afterStep(instance, event, definitions, evolved);
    case 'OutcomeRecorded':
      return afterOutcome(instance, event.data, definitions, false);
    case 'OutcomeForced':
      return afterOutcome(instance, event.data, definitions, true);
    case 'InstanceParked':
      return { ...instance, parked: event.copied ? withoutPosition(event.data) : event.data };
    case 'InstanceRetried': {
      const { blocked, parked: _, ...rest } = instance;
      const again = blocked && event.data.commandId ? [{ ...blocked, commandId: event.data.commandId }] : [];
      return { ...rest, pending: [...again, ...instance.pending], released: true };
    }
    case 'InputSkipped': {
      const { inputId, position, timer } = event.data;
      const { parked: _, ...rest } = instance;
      return {
        ...rest,
        ...takenAt(instance, inputId, event.copied ? undefined : position),
        answers: instance.answers.filter((answer) => answer.inputId !== inputId),
        timers: Object.fromEntries(Object.entries(instance.timers).filter(([name]) => name !== timer)),
        released: true,
      };
    }
    case 'InstancePaused':
      return { ...instance, paused: true };
    case 'InstanceResumed':
      return { ...instance, paused: false, released: true };
    case 'InstanceMigrated':
      return { ...instance, version: event.data.to, state: event.data.state };
    default:
      return instance;
  }
}

function afterStep(instance: Instance, step: Written<StepTaken>, definitions: Definitions, evolved?: { state: unknown }): Instance {
  const { data, metadata, id, revision } = step;
  const first = instance.version === 0;
  const version = first ? (data.version ?? 1) : instance.version;
  const facilities = data.facilities ?? (metadata.facility ? [metadata.facility] : []);
  const timers: Record<string, Timer> = { ...instance.timers };
  if (data.input.type === 'TimerFired') delete timers[(data.input.data as { timer: string }).timer];
  for (const { timer, dueAt } of data.timers) {
    if (dueAt === null) delete timers[timer];
    else timers[timer] = { dueAt, setAt: revision, facilities, correlationId: metadata.correlationId };
  }
  const old = data.version === undefined;
  const cause = { stepId: id, correlationId: metadata.correlationId, at: data.at, facilities, clock: data.clock ?? 'server' };
  const sends = data.sends.map((action): Pending => ({ ...action, ...cause, ...(old ? {} : { occurredAt: data.at }) }));
  return {
    ...instance,
    version,
    ...(evolved ?? evolve(instance, version, data.input, definitions)),
    ...(data.position === undefined && !old ? {} : takenAt(instance, data.inputId, step.copied || old ? undefined : data.position)),
    ...(step.copied && data.source !== undefined ? { source: data.source } : {}),
    timers,
    // The first engine took the next input only after all actions requested by the last one had been answered.
    pending: [...(old ? unansweredBefore(instance.pending, data) : instance.pending), ...sends],
    answers: instance.answers.filter((answer) => answer.inputId !== data.inputId),
    over: data.over ?? false,
  };
}

function evolve(
  { state, version: before, broken }: Instance,
  version: number,
  input: StepTaken['data']['input'],
  definitions: Definitions,
): Pick<Instance, 'state' | 'broken'> {
  if (broken !== undefined) return { state, broken };
  try {
    const definition = definitions(version);
    return { state: definition.evolve(before === 0 ? definition.initial : state, input as never) as unknown };
  } catch (error) {
    return { state, broken: `its history cannot be folded, at ${input.type}: ${(error as Error).message}` };
  }
}

const unansweredBefore = (pending: readonly Pending[], { input, inputId }: StepTaken['data']): readonly Pending[] =>
  input.type === 'CommandRefused' ? pending.filter(({ commandId }) => answerIdOf(commandId) !== inputId) : [];

function afterOutcome(
  before: Instance,
  { commandId, type, outcome }: OutcomeRecorded['data'],
  definitions: Definitions,
  forced: boolean,
): Instance {
  const action = before.pending.find((pending) => pending.commandId === commandId) ?? before.blocked;
  if (!action) return before;
  const { blocked, parked, ...rest } = before;
  const instance: Instance = {
    ...rest,
    ...(blocked && blocked.commandId !== commandId ? { blocked } : {}),
    // A parked instance continues only by decision of an operator.
    ...(parked && !forced ? { parked } : {}),
    ...(parked && forced ? { released: true } : {}),
    pending: before.pending.filter((pending) => pending.commandId !== commandId),
  };
  if ('skipped' in outcome) return instance;
  const answer = (input: EngineInput): Instance => ({
    ...instance,
    answers: [...instance.answers, { inputId: answerIdOf(commandId), input, cause: action }],
  });
  if ('refused' in outcome) {
    const { target, code, message } = outcome.refused;
    if (action.undo && !forced) return { ...instance, blocked: action };
    return answer({ type: 'CommandRefused', data: { command: type, code, message, target } });
  }
  if (!definitions(before.version).hearsAccepted) return instance;
  return answer({ type: 'CommandAccepted', data: { command: type, ...outcome.accepted } });
}

/** Records that one more input was taken. Without a position it is recorded by its id. */
const takenAt = ({ taken, before }: Instance, inputId: string, position: string | undefined): Pick<Instance, 'taken' | 'before'> =>
  position === undefined
    ? { taken, before: (before ?? new Set()).add(inputId) }
    : { taken: later(taken, BigInt(position)), ...(before ? { before } : {}) };

/** The instance after the position of the last input taken in another log has become known. */
export const afterSource = ({ source: _, ...instance }: Instance, position: bigint | undefined): Instance =>
  position === undefined ? instance : { ...instance, taken: later(instance.taken, position) };

/** What an instance is parked on, without a position of another log. */
function withoutPosition(parked: InstanceParked['data']): InstanceParked['data'] {
  if (!('inputId' in parked.on)) return parked;
  const { position: _, ...on } = parked.on;
  return { ...parked, on };
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
