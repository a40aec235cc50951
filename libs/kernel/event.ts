/** A fact of the business: a permanent type name and plain JSON data. */
export type Event<Type extends string = string, Data = unknown> = Readonly<{ type: Type; data: Readonly<Data> }>;

/** Who says when something happened: the client's clock, a device's, our own on arrival, or a file's column. */
export type ClockSource = 'client' | 'device' | 'server' | 'import';

/** What is stored beside every event, complete from the first event on (21 CFR 11.10(e), Annex 11 §9). */
export type Metadata = Readonly<{
  /** The command that caused the event; event ids derive from it. */
  commandId: string;
  /** Class name of that command. */
  command: string;
  /** SHA-256 (hex) of the command's payload, so that an id reused with another payload is noticed. */
  commandDigest: string;
  /** One id for all that follows from one request. */
  correlationId: string;
  /** Id of the event or command that directly led here. */
  causationId: string;
  /** Stable pseudonym of the person, device or process. */
  actor: string;
  role: string;
  /** Terminal or device, where known. */
  device?: string;
  /** The facility that owns the stream. */
  facility: string;
  /** Floor time, ISO 8601 with offset. */
  occurredAt: string;
  clock: ClockSource;
  /** Version of the application that wrote the event. */
  app: string;
  /** Version of the event's shape, from 1; older shapes are upcast on reading. */
  schema: number;
  reason?: string;
  /** W3C trace context of the command, where it was traced: the views' work appears in the same trace. */
  traceparent?: string;
}>;

/** An event as the store returns it. Positions and revisions are bigint end to end, strings in JSON. */
export type Recorded<E extends Event = Event> = E &
  Readonly<{
    id: string;
    stream: string;
    revision: bigint;
    /** Commit position in $all. */
    position: bigint;
    /** Known time: when the store recorded it, ISO 8601 UTC. */
    recordedAt: string;
    metadata: Metadata;
    /** True where it was copied from another log: positions in its data are not of this one. */
    copied?: boolean;
  }>;

/**
 * What a stream keeps about commands that left its facts as they were: that one changed nothing, or was refused. No decider folds them, and the
 * business revision of a stream is that of its last event that is not one of them.
 */
const BOOKKEEPING: ReadonlySet<string> = new Set(['CommandUnchanged', 'CommandRefused']);
export const isBookkeeping = ({ type }: Readonly<{ type: string }>): boolean => BOOKKEEPING.has(type);

/** A command with an id of the client's that found everything as it should be; with what it was answered. */
export type CommandUnchanged = Event<'CommandUnchanged', { revision: string; token: string }>;
/** A command that a rule refused; with what it was answered. */
export type CommandRefused = Event<
  'CommandRefused',
  {
    command: string;
    target: string;
    code: string;
    message: string;
    facts: Readonly<Record<string, unknown>>;
    /** What the command said, as far as there is room. */
    payload: Readonly<Record<string, unknown>>;
  }
>;

/** For each event type, the functions that lift its data from version 1 to 2, 2 to 3, and so on. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Upcasts = Readonly<Record<string, readonly ((data: any) => unknown)[]>>;

// An event type may be any text, also `constructor`: only what was declared counts.
const liftsOf = (upcasts: Upcasts | undefined, type: string): Upcasts[string] =>
  upcasts && Object.hasOwn(upcasts, type) ? upcasts[type]! : [];

/** The shape version that is written today: one more than there are upcasts. */
export const schemaOf = (upcasts: Upcasts | undefined, type: string): number => liftsOf(upcasts, type).length + 1;

/** Lifts stored data of version `schema` to today's shape. */
export const upcast = (upcasts: Upcasts | undefined, type: string, data: unknown, schema: number): unknown =>
  liftsOf(upcasts, type)
    .slice(schema - 1)
    .reduce((older, lift) => lift(older), data);
