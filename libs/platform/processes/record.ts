/**
 * What an instance's stream holds: `<process>-<id>`. Hides nothing. Promises: permanent shapes; steps written before outcomes were facts
 * (without `version`) are still understood. Does not: say what follows from them (instance.ts does).
 */
import type { ClockSource, Event } from '#kernel/event';

/** An action that a step requested. Its command id was made once, at random, and is used for every try. */
export type RequestedAction = Readonly<{
  commandId: string;
  type: string;
  data: Readonly<Record<string, unknown>>;
  /** A compensation: its refusal waits for a person. */
  undo?: true;
}>;

/** One step of an instance: what came in, and what was decided to follow from it. */
export type StepTaken = Event<
  'StepTaken',
  {
    inputId: string;
    input: { type: string; data: unknown };
    /** Floor time of the input, never later than its recording. */
    at: string;
    sends: readonly RequestedAction[];
    /** Timers set, or cancelled where `dueAt` is null. */
    timers: readonly { timer: string; dueAt: string | null }[];
    /** Version of the definition that decided; absent in steps of the first engine. */
    version?: number;
    /** Position of the input in the log; absent where it is a timer or an answer. */
    position?: string;
    /** Where the input is in every copy of the log, too: `revision@stream`; absent in steps of earlier releases. */
    source?: string;
    /** The facilities within which the requested actions may act; `*` for all. */
    facilities?: readonly string[];
    clock?: ClockSource;
    /** Where the instance stands after the step, in the words of its definition. */
    status?: string;
    /** True once nothing more is expected of the instance. */
    over?: boolean;
  }
>;

export type Outcome =
  | Readonly<{ accepted: { target: string; revision: string; events: readonly string[] } }>
  | Readonly<{ refused: { target: string; code: string; message: string } }>
  /** An operator gave the action up: the process does not hear of it. */
  | Readonly<{ skipped: true }>;

/** What became of a requested action. Recorded before anything follows from it, and final. */
export type OutcomeRecorded = Event<'OutcomeRecorded', { commandId: string; type: string; outcome: Outcome }>;
/** An operator says what became of a requested action, in place of its target. */
export type OutcomeForced = Event<'OutcomeForced', OutcomeRecorded['data'] & { reason: string }>;

/** One try that failed. */
export type Attempt = Readonly<{ at: string; error: string }>;
export type ParkReason = 'poison' | 'lasting-fault' | 'undo-refused';

/** The instance stands still, with everything behind it, until an operator decides. */
export type InstanceParked = Event<
  'InstanceParked',
  {
    reason: ParkReason;
    /** The input that could not be taken, or the action that could not be carried out. */
    on: { inputId: string; type: string; position?: string; timer?: string } | { commandId: string; type: string };
    error: string;
    attempts: readonly Attempt[];
  }
>;

/** An operator has it tried again. A compensation that was refused is sent under a new command id. */
export type InstanceRetried = Event<'InstanceRetried', { reason: string; commandId?: string }>;
/** An operator leaves out the input that the instance was parked on. */
export type InputSkipped = Event<'InputSkipped', { reason: string; inputId: string; position?: string; timer?: string }>;
/** An operator holds the instance: its inputs wait. */
export type InstancePaused = Event<'InstancePaused', { reason: string }>;
/** An operator lets it go on. */
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

/** What an operator writes: the owner of the process looks at the instance again when one of these comes by. */
export const OPERATOR_EVENTS: readonly InstanceEvent['type'][] = [
  'InstanceRetried',
  'InputSkipped',
  'InstancePaused',
  'InstanceResumed',
  'InstanceMigrated',
  'OutcomeForced',
];

/** A definition that fails for instance after instance, or that an operator stops, takes nothing until it is resumed. */
export type ProcessStopped = Event<'ProcessStopped', { process: string; reason: string }>;
export type ProcessStarted = Event<'ProcessStarted', { process: string; reason: string }>;
/** Where they are kept. */
export const controlStream = (process: string): string => `process-control-${process}`;
