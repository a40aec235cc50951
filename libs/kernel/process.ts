import type { Event, Recorded } from './event';

/** A timer of the process that has come due. */
export type TimerFired = Event<'TimerFired', { timer: string; dueAt: string }>;
/** A command of the process that the business refused. */
export type CommandRefused = Event<'CommandRefused', { command: string; code: string; message: string; target: string }>;

/** What a process does next. Command ids derive from the process, its id, the input and the place in this list. */
export type Reaction<Out> =
  | Readonly<{ send: Out }>
  /** Sets (or moves) the named timer; `at` is ISO 8601. */
  | Readonly<{ remind: string; at: string }>
  | Readonly<{ forget: string }>;

/** Events in, commands and timers out: how streams that do not know one another work together. Pure. */
export type Process<State, In extends Event, Out> = Readonly<{
  /** Permanent: `when-<event>-<effect>`. Its stream is `<name>-<id>`. */
  name: string;
  initial: State;
  events: readonly In['type'][];
  /** The instance an event belongs to; undefined when it concerns none. */
  correlate: (event: Recorded<In>) => string | undefined;
  evolve: (state: State, input: In | TimerFired | CommandRefused) => State;
  /** Looks at the state after `evolve`. `at` is the floor time of the input. */
  react: (state: State, input: In | TimerFired | CommandRefused, at: string) => readonly Reaction<Out>[];
}>;
