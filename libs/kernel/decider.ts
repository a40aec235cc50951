import type { Event, Upcasts } from './event';

/** What the shell tells the core about the moment of deciding. */
export type Context = Readonly<{
  /** Server time, ISO 8601 UTC. */
  now: string;
  /** Floor time of the command, ISO 8601 with offset; `now` where the command does not say. */
  occurredAt: string;
  actor: string;
  role: string;
  commandId: string;
  /** What other streams say of themselves, by name: those that the decider `regards`. Null for a stream that says nothing. */
  regarded?: Readonly<Record<string, unknown>>;
}>;

/** A stream that a decision looks at. */
export type Regard = Readonly<{
  stream: string;
  /** True where it must be read now; otherwise what was seen of it in the last seconds may serve. */
  now?: true;
}>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Class<T = object> = new (...args: any[]) => T;

/** The command classes of a commands file, by name. Anything else that it exports is left out. */
export type CommandsOf<Module> = {
  [K in keyof Module as Module[K] extends Class ? K : never]: Module[K] extends Class<infer C> ? C : never;
};

/**
 * The rules of one aggregate: pure, no clock, no chance, no I/O.
 * `decide` returns events, `[]` when it is already so, or throws `Rejected`.
 */
export type Decider<Module, State, E extends Event, C = CommandsOf<Module>> = Readonly<{
  /** Stream prefix, permanent. */
  category: string;
  initial: State;
  evolve: (state: State, event: E) => State;
  /** The aggregate that a command is for. */
  id: (command: C[keyof C]) => string;
  /** The floor time that a command implies where it does not name one, e.g. the end of the interval that it reports. The server's when absent. */
  impliedAt?: (name: string, command: Readonly<Record<string, unknown>>) => string | undefined;
  decide: { readonly [K in keyof C]: (command: C[K], state: State, context: Context) => readonly E[] };
  /** Commands that report observed facts: never refused; a rule that they break is an exception event beside them. */
  observed?: readonly (keyof C)[];
  /** Events that flag a fact which breaks a rule. The answer to the command names them. */
  exceptions?: readonly E['type'][];
  /**
   * Other streams that a decision looks at, e.g. the machine that an order starts on. They may change between the look and the append: what must
   * never happen is also flagged by a process afterwards.
   */
  regards?: (name: string, command: Readonly<Record<string, unknown>>, state: State) => readonly Regard[];
  /** What a stream says of itself to the decisions of other streams; null for nothing. */
  tells?: (state: State) => unknown;
  upcasts?: Upcasts;
}>;

/** A command as plain data: the form in which processes send it and queues carry it. */
export type Message<Module, C = CommandsOf<Module>> = { [K in keyof C]: Readonly<{ type: K; data: C[K] }> }[keyof C];
