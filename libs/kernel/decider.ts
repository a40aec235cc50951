import type { Event, Upcasts } from './event';

/** What a decision may depend on besides command and state. */
export type Context = Readonly<{
  /** Server time, ISO 8601 UTC. */
  now: string;
  /** Floor time of the command, ISO 8601 with offset; `now` if the command has none. */
  occurredAt: string;
  actor: string;
  role: string;
  commandId: string;
  /** SHA-256 of plain data, in hex, whatever the order of its fields: names what was decided from. */
  digestOf: (data: unknown) => string;
  /** What other streams tell, by stream name: those that the decider `regards`. Null for a stream that tells nothing. */
  regarded?: Readonly<Record<string, unknown>>;
}>;

/** A stream that a decision looks at, or the name of something that is looked up in a read model: that is some moments old. */
export type Regard = Readonly<{
  stream: string;
  /** True where it must be read now; otherwise a state of the last seconds may be used. */
  now?: true;
  /** True where a stream that is not known must be read again: it may just have been created. */
  sure?: true;
}>;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Class<T = object> = new (...args: any[]) => T;

/** The command classes of a commands file, by name. Its other exports are left out. */
export type CommandsOf<Module> = {
  [K in keyof Module as Module[K] extends Class ? K : never]: Module[K] extends Class<infer C> ? C : never;
};

/**
 * The rules of one aggregate: pure, without clock, randomness or I/O.
 * `decide` returns events, `[]` when there is nothing to change, or throws `Rejected`.
 */
export type Decider<Module, State, E extends Event, C = CommandsOf<Module>> = Readonly<{
  /** Stream prefix, permanent. */
  category: string;
  initial: State;
  evolve: (state: State, event: E) => State;
  /** The aggregate that a command is for. */
  id: (command: C[keyof C]) => string;
  /** Other facilities that a command creates work for: its sender must have access to them, too. */
  reaches?: (name: string, command: Readonly<Record<string, unknown>>) => readonly string[];
  /** The floor time of a command without `occurredAt`, e.g. the end of the reported interval; server time when undefined. */
  floorTimeIfAbsent?: (name: string, command: Readonly<Record<string, unknown>>) => string | undefined;
  /** Floor time of an event, where the decision may set it itself; the command's when undefined. */
  happenedAt?: (event: E) => string | undefined;
  decide: { readonly [K in keyof C]: (command: C[K], state: State, context: Context) => readonly E[] };
  /** Commands that report observed facts: never refused; a rule that they break is an exception event beside them. */
  observed?: readonly (keyof C)[];
  /** Events that flag a fact which breaks a rule. The answer to the command names them. */
  exceptions?: readonly E['type'][];
  /**
   * Other streams that a decision looks at, e.g. the machine that an order starts on. They may change between the look and the append: what must
   * never happen is also flagged by a process afterwards.
   */
  regards?: (
    name: string,
    command: Readonly<Record<string, unknown>>,
    state: State,
    /** What was seen so far: it may name further streams to look at. */
    regarded?: Context['regarded'],
  ) => readonly Regard[];
  /** What a process will make of an event in another stream: other decisions in this app know it until it is there. */
  foretells?: (event: E) => readonly Readonly<{ stream: string; event: Event }>[];
  /** What a stream tells to decisions of other streams; null for nothing. */
  tells?: (state: State) => unknown;
  upcasts?: Upcasts;
}>;

/** A command as plain data: the form in which processes send it and queues carry it. */
export type Message<Module, C = CommandsOf<Module>> = { [K in keyof C]: Readonly<{ type: K; data: C[K] }> }[keyof C];
