import type { Event, Recorded } from './event';

/** A timer of the process that is due. */
export type TimerFired = Event<'TimerFired', { timer: string; dueAt: string }>;
/** A requested action that the business refused. */
export type CommandRefused = Event<'CommandRefused', { command: string; code: string; message: string; target: string }>;
/** A requested action that was accepted; only definitions with `hearsAccepted` take it as an input. */
export type CommandAccepted = Event<
  'CommandAccepted',
  {
    command: string;
    target: string;
    /** Revision of the target's stream after it. */
    revision: string;
    /** Types of the events that it caused; empty if it changed nothing. */
    events: readonly string[];
  }
>;

/** Inputs that the engine adds. */
export type EngineInput = TimerFired | CommandRefused | CommandAccepted;

/** What a process does next. The engine gives each requested action a command id, once, and records it with the step before it sends. */
export type Reaction<Out> =
  /**
   * Requests an action, at the floor time of the input and within the facility of its cause. With `undo` it is a compensation: if
   * it is refused, the instance is parked until an operator acts, and the process never gets the refusal as an input.
   */
  | Readonly<{ send: Out; undo?: true }>
  /** Sets (or moves) the named timer; `at` is ISO 8601. */
  | Readonly<{ remind: string; at: string }>
  | Readonly<{ forget: string }>;

/**
 * Events in, requested actions and timers out: how streams that do not know one another work together. Pure.
 *
 * Inputs of one instance are taken one by one, in the order of the log; an answer to a requested action comes before the next input.
 * Timers go by floor time: one that is due before the floor time of the next input fires before that input, even where the worker was down
 * meanwhile, and one that is set for the past waits until what is recorded by then has been taken.
 */
export type Process<State, In extends Event, Out> = Readonly<{
  /** Permanent: `when-<event>-<effect>`. Its streams are `<name>-<id>`. */
  name: string;
  /**
   * From 1 (the default). An instance ends under the version that it began with, so a change of what is decided is a new version,
   * registered beside the old one until no instance of that is open.
   */
  version?: number;
  initial: State;
  events: readonly In['type'][];
  /** The instance an event belongs to; undefined when it concerns none. */
  correlate: (event: Recorded<In>) => string | undefined;
  evolve: (state: State, input: In | TimerFired | CommandRefused) => State;
  /** Looks at the state after `evolve`. `at` is the floor time of the input, never later than its recording. */
  react: (state: State, input: In | TimerFired | CommandRefused, at: string) => readonly Reaction<Out>[];
  /** The status of an instance in the words of the shop floor, for operators. */
  status?: (state: State) => string;
  /** True once nothing more is expected of the instance. */
  isOver?: (state: State) => boolean;
  /** Takes `CommandAccepted` as an input, too. `evolve` and `react` must know it. */
  hearsAccepted?: true;
  /** True where its actions may target other facilities than that of their cause; otherwise they are refused. */
  spansFacilities?: true;
  /** The state of an instance of an older version as this version has it: for instances that an operator migrates. */
  migrate?: (state: unknown, from: number) => State;
}>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyProcess = Process<any, any, any>;
