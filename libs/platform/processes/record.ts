/**
 * The events of an instance's stream, `<process>-<id>`. Hides: nothing. Promises: permanent shapes; steps from before outcomes were recorded
 * (without `version`) are still understood. Does not: say what follows from them (instance.ts does).
 */
import type { ClockSource, Event } from '#kernel/event';

/** An action requested by a step. Its command id was made once, at random, and is used for every attempt. */
export type RequestedAction = Readonly<{
  commandId: string;
  type: string;
  data: Readonly<Record<string, unknown>>;
  /** A compensation: if it is refused, it waits for a person. */
  undo?: true;
}>;

/** One step of an instance: the input, and what was decided on it. */
export type StepTaken = Event<
  'StepTaken',
  {
    inputId: string;
    input: { type: string; data: unknown };
    /** Floor time of the input, never later than its recording. */
    at: string;
    sends: readonly RequestedAction[];
    /** Timers set, or cancelled if `dueAt` is null. */
    timers: readonly { timer: string; dueAt: string | null }[];
    /** Version of the definition that decided; absent in steps of the first engine. */
    version?: number;
    /** Position of the input in the log; absent if it is a timer or an answer. */
    position?: string;
    /** Place of the input that is valid in every copy of the log: `revision@stream`; absent in steps of earlier releases. */
    source?: string;
    /** The facilities within which the requested actions may act; `*` for all. */
    facilities?: readonly string[];
    clock?: ClockSource;
    /** The phase of the instance after the step, in the words of its definition. */
    status?: string;
    /** True once nothing more is expected of the instance. */
    over?: boolean;
  }
>;

export type Outcome =
  | Readonly<{ accepted: { target: string; revision: string; events: readonly string[] } }>
  | Readonly<{ refused: { target: string; code: string; message: string } }>
  /** An operator gave the action up: the process gets no outcome. */
  | Readonly<{ skipped: true }>;

/** The outcome of a requested action. Recorded before anything follows from it, and final. */
export type OutcomeRecorded = Event<'OutcomeRecorded', { commandId: string; type: string; outcome: Outcome }>;
/** The outcome of a requested action, set by an operator in place of its target. */
export type OutcomeForced = Event<'OutcomeForced', OutcomeRecorded['data'] & { reason: string }>;

/** One failed attempt. */
export type Attempt = Readonly<{ at: string; error: string }>;
export type ParkReason = 'poison' | 'lasting-fault' | 'undo-refused';

/** The instance takes nothing, and all its inputs wait, until an operator decides. */
export type InstanceParked = Event<
  'InstanceParked',
  {
    reason: ParkReason;
    /** The input that could not be taken, or the action that could not be completed. */
    on: { inputId: string; type: string; position?: string; timer?: string } | { commandId: string; type: string };
    error: string;
    attempts: readonly Attempt[];
  }
>;

/** An operator retries it. A compensation that was refused is sent under a new command id. */
export type InstanceRetried = Event<'InstanceRetried', { reason: string; commandId?: string }>;
/** An operator skips the input that the instance was parked on. */
export type InputSkipped = Event<'InputSkipped', { reason: string; inputId: string; position?: string; timer?: string }>;
/** An operator pauses the instance: its inputs wait. */
export type InstancePaused = Event<'InstancePaused', { reason: string }>;
/** An operator resumes it. */
export type InstanceResumed = Event<'InstanceResumed', { reason: string }>;
/** An operator moves the instance to another version of its definition. */
export type InstanceMigrated = Event<'InstanceMigrated', { reason: string; from: number; to: number; state: unknown }>;

export type InstanceEvent =
  | StepTaken
  | OutcomeRecorded
  | OutcomeForced
  | InstanceParked
  | InstanceRetried
  | InputSkipped
  | InstancePaused
  | InstanceResumed
  | InstanceMigrated;

/** Decisions of operators: when one of these is read, the owner of the process looks at the instance again. */
export const OPERATOR_EVENTS: ReadonlySet<string> = new Set<InstanceEvent['type']>([
  'InstanceRetried',
  'InputSkipped',
  'InstancePaused',
  'InstanceResumed',
  'InstanceMigrated',
  'OutcomeForced',
]);

/** A process that is stopped, by an operator or because its definition fails for instance after instance, takes no inputs until it is started. */
export type ProcessStopped = Event<'ProcessStopped', { process: string; reason: string }>;
export type ProcessStarted = Event<'ProcessStarted', { process: string; reason: string }>;
/** The stream of these events. */
export const controlStream = (process: string): string => `process-control-${process}`;
