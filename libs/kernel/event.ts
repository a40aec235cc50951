/** A fact of the business: a permanent type name and plain JSON data. */
export type Event<Type extends string = string, Data = unknown> = Readonly<{ type: Type; data: Readonly<Data> }>;

/** Whose clock a floor time is from: the client's, a device's, the server's on arrival, or a file's column. */
export type ClockSource = 'client' | 'device' | 'server' | 'import';

/** Metadata of every event, complete from the first one on (21 CFR 11.10(e), Annex 11 §9). */
export type Metadata = Readonly<{
  /** The command that caused the event; event ids derive from it. */
  commandId: string;
  /** Class name of that command. */
  command: string;
  /** SHA-256 (hex) of the command's payload, to detect an id that is reused with another payload. */
  commandDigest: string;
  /** One id for everything that follows from one request. */
  correlationId: string;
  /** Id of the event or command that directly caused this one. */
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
  /** W3C trace context of the command, if it was traced: work of the views appears in the same trace. */
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
    /** True where it was copied from another log: positions in its data refer to that one. */
    copied?: boolean;
  }>;

/**
 * Records of commands that added no facts to a stream: one that changed nothing, or was refused. No decider folds them, and the
 * business revision of a stream is that of its last event that is not one of them.
 */
const BOOKKEEPING: ReadonlySet<string> = new Set(['CommandUnchanged', 'CommandRefused']);
export const isBookkeeping = ({ type }: Readonly<{ type: string }>): boolean => BOOKKEEPING.has(type);

/** The event store's own events, such as `$settings` with its default rights: their stream or their type begins with `$`. */
export const isOfStore = ({ stream, type }: Readonly<{ stream: string; type: string }>): boolean =>
  stream.startsWith('$') || type.startsWith('$');

/** A command with a client's id that changed nothing, with its answer. Without a token: the position of this event is the token. */
export type CommandUnchanged = Event<'CommandUnchanged', { revision: string; token?: string }>;
/** A command that a rule refused, with its answer. */
export type CommandRefused = Event<
  'CommandRefused',
  {
    command: string;
    target: string;
    code: string;
    message: string;
    facts: Readonly<Record<string, unknown>>;
    /** The payload of the command, cut to a maximum size. */
    payload: Readonly<Record<string, unknown>>;
  }
>;

/** For each event type, the functions that upcast its data from version 1 to 2, 2 to 3, and so on. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Upcasts = Readonly<Record<string, readonly ((data: any) => unknown)[]>>;

// An event type may be any text, even `constructor`: only own properties count.
const liftsOf = (upcasts: Upcasts | undefined, type: string): Upcasts[string] =>
  upcasts && Object.hasOwn(upcasts, type) ? upcasts[type]! : [];

/** The shape version of new events: one more than there are upcasts. */
export const schemaOf = (upcasts: Upcasts | undefined, type: string): number => liftsOf(upcasts, type).length + 1;

/** Upcasts stored data of version `schema` to the current shape. */
export const upcast = (upcasts: Upcasts | undefined, type: string, data: unknown, schema: number): unknown =>
  liftsOf(upcasts, type)
    .slice(schema - 1)
    .reduce((older, lift) => lift(older), data);
