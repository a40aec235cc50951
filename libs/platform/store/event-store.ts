/**
 * The only way to the event store: the official EventStoreDB client, tamed. Hides: the client's traps (calls that never settle,
 * raw errors, lost channels, unbounded calls). Promises: an append either returns, conflicts, or is `Unavailable` with its outcome
 * unknown, within the timeout; retrying it with the same ids and revision is safe. Does not: retry by itself.
 */
import {
  AccessDeniedError,
  BACKWARDS,
  END,
  EventStoreDBClient,
  jsonEvent,
  NO_STREAM,
  ANY,
  MaxAppendSizeExceededError,
  START,
  StreamDeletedError,
  StreamNotFoundError,
  WrongExpectedVersionError,
  type AllStreamResolvedEvent,
  type Filter,
  type ResolvedEvent,
} from '@eventstore/db-client';
import { upcast, type Event, type Metadata, type Recorded, type Upcasts } from '#kernel/event';

export type NewEvent = Readonly<{ id: string; type: string; data: unknown; metadata: Metadata }>;
export type Appended = Readonly<{ revision: bigint; position: bigint }>;
/** Where to go on in $all: after this commit position, or at an end of the log. */
export type From = bigint | 'start' | 'end';

/** The stream is not where the caller thought. `actual` is -1 when it does not exist. */
export class Conflict extends Error {
  constructor(
    readonly stream: string,
    readonly actual: bigint,
  ) {
    super(`stream ${stream} is at revision ${actual}`);
    this.name = 'Conflict';
  }
}

/** The store did not answer. After an append the outcome is unknown: look before writing again, or repeat it unchanged. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the event store does not answer', { cause });
    this.name = 'StoreUnavailable';
  }
}

/** Event types of the store itself begin with $; they are no facts of the business. */
const BUSINESS_EVENTS: Filter = { filterOn: 'eventType', checkpointInterval: 1, maxSearchWindow: 256, regex: '^[^$]' };

const READS_AT_ONCE = 64;
const APPENDS_AT_ONCE = 512;

export class EventStore {
  private client: EventStoreDBClient;
  private readonly reads = new Gate(READS_AT_ONCE);
  private readonly appends = new Gate(APPENDS_AT_ONCE);
  /** How to lift older shapes, for all event types that were learned. */
  readonly upcasts: Record<string, Upcasts[string]> = {};
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly timeoutMs = 5_000,
  ) {
    this.client = this.connect();
  }

  /** Teaches the store how to lift older shapes of some event types. */
  learn(upcasts: Upcasts | undefined): void {
    Object.assign(this.upcasts, upcasts);
  }

  /** @throws Conflict, StoreUnavailable */
  async append(stream: string, expected: bigint | 'any', events: readonly NewEvent[]): Promise<Appended> {
    const expectedRevision = expected === 'any' ? ANY : expected < 0n ? NO_STREAM : expected;
    const encoded = events.map((event) =>
      jsonEvent({ id: event.id, type: event.type, data: event.data as Record<string, unknown>, metadata: event.metadata }),
    );
    try {
      const result = await this.appends.through(() =>
        this.bounded((client) => client.appendToStream(stream, encoded, { expectedRevision })),
      );
      return { revision: result.nextExpectedRevision, position: result.position?.commit ?? -1n };
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        // The client reports a missing stream as undefined or 'no_stream', depending on the path it took.
        const actual = error.actualVersion as bigint | string | undefined;
        throw new Conflict(stream, typeof actual === 'bigint' ? actual : -1n);
      }
      throw unavailable(error);
    }
  }

  /** A stream forwards from a revision; nothing for one that does not exist. @throws StoreUnavailable */
  read<E extends Event = Event>(stream: string, from = 0n, { asStored = false } = {}): Promise<Recorded<E>[]> {
    return this.collect<E>((client) => client.readStream(stream, { fromRevision: from }), undefined, asStored);
  }

  /** The newest events of a stream, newest first. @throws StoreUnavailable */
  readBackwards<E extends Event = Event>(stream: string, maxCount: number): Promise<Recorded<E>[]> {
    return this.collect<E>((client) => client.readStream(stream, { direction: BACKWARDS, fromRevision: END, maxCount }));
  }

  /** A page of $all, business events only, after `from`, with the position to go on from; `asStored` leaves older shapes as they are. @throws StoreUnavailable */
  async readAll(from: From, maxCount: number, { asStored = false } = {}): Promise<{ events: Recorded[]; next: bigint; atEnd: boolean }> {
    const start = from === 'start' ? START : from === 'end' ? END : { commit: from, prepare: from };
    let seen = 0;
    let next = typeof from === 'bigint' ? from : -1n;
    // Reads of $all are inclusive: one more than asked for makes up for the event that is known already.
    const events = await this.collect(
      (client) => client.readAll({ fromPosition: start, maxCount: maxCount + 1 }),
      (resolved) => {
        seen += 1;
        const position = resolved.commitPosition ?? -1n;
        if (position <= next) return false;
        next = position;
        return !resolved.event?.type.startsWith('$');
      },
      asStored,
    );
    return { events, next, atEnd: seen <= maxCount };
  }

  /**
   * Position of the newest event; -1 for an empty log. With `business`, of the newest that is no event of the store itself, as far as
   * there is one among the last 256. @throws StoreUnavailable
   */
  async head({ business = false } = {}): Promise<bigint> {
    let head = -1n;
    await this.collect(
      (client) => client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: business ? 256 : 1 }),
      (resolved) => {
        if (head < 0n && !(business && resolved.event?.type.startsWith('$'))) head = resolved.commitPosition ?? -1n;
        return false;
      },
    );
    return head;
  }

  /**
   * Business events of $all after `from`, for ever, in order. Ends by throwing StoreUnavailable, or quietly when the signal aborts.
   * It does not resume: the caller does, from what it has committed. `onCheckpoint` hears positions up to which there was nothing
   * more to deliver; it must not throw (the client would stall).
   */
  async *subscribe(
    from: From,
    { signal, onCheckpoint }: { signal?: AbortSignal; onCheckpoint?: (position: bigint) => void } = {},
  ): AsyncGenerator<Recorded> {
    const fromPosition = from === 'start' ? START : from === 'end' ? END : { commit: from, prepare: from };
    const filter: Filter = {
      ...BUSINESS_EVENTS,
      ...(onCheckpoint ? { checkpointReached: (_, position) => onCheckpoint(position.commit) } : {}),
    };
    const subscription = this.client.subscribeToAll({ fromPosition, filter });
    const stop = () => void subscription.unsubscribe().catch(() => undefined);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const resolved of subscription as AsyncIterable<AllStreamResolvedEvent>) {
        if (signal?.aborted) return;
        if (resolved.event) yield this.recorded(resolved);
      }
      if (!signal?.aborted) throw new StoreUnavailable(new Error('the subscription ended'));
    } catch (error) {
      if (signal?.aborted) return;
      throw unavailable(error);
    } finally {
      signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  async ping(): Promise<void> {
    await this.head();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.client.dispose();
  }

  private connect(): EventStoreDBClient {
    return EventStoreDBClient.connectionString(this.url);
  }

  /** Runs a call with a time limit; a channel on which one hung is given up. The client alone may wait for ever (event-store.md §5.3). */
  private async bounded<T>(call: (client: EventStoreDBClient) => Promise<T>): Promise<T> {
    const client = this.client;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (client === this.client && !this.closed) {
          this.client = this.connect();
          client.dispose().catch(() => undefined);
        }
        reject(new StoreUnavailable(new Error(`no answer within ${this.timeoutMs} ms`)));
      }, this.timeoutMs);
    });
    const work = call(client);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async collect<E extends Event = Event>(
    open: (client: EventStoreDBClient) => AsyncIterable<ResolvedEvent>,
    wanted: (resolved: ResolvedEvent) => boolean = () => true,
    asStored = false,
  ): Promise<Recorded<E>[]> {
    try {
      return await this.reads.through(() =>
        this.bounded(async (client) => {
          const events: Recorded<E>[] = [];
          for await (const resolved of open(client))
            if (wanted(resolved) && resolved.event) events.push(this.recorded(resolved, asStored) as Recorded<E>);
          return events;
        }),
      );
    } catch (error) {
      if (error instanceof StreamNotFoundError) return [];
      throw unavailable(error);
    }
  }

  private recorded({ event, commitPosition }: ResolvedEvent, asStored = false): Recorded {
    const { id, streamId, revision, type, created, data, metadata } = event!;
    const known = (metadata ?? {}) as Metadata;
    return {
      id,
      type,
      stream: streamId,
      revision: BigInt(revision),
      position: commitPosition ?? -1n,
      recordedAt: new Date(created).toISOString(),
      data: (asStored ? data : upcast(this.upcasts, type, data, known.schema ?? 1)) as Event['data'] as never,
      metadata: known,
    };
  }
}

/** These will not go away by waiting. */
const LASTING = [StoreUnavailable, Conflict, AccessDeniedError, StreamDeletedError, MaxAppendSizeExceededError];
const unavailable = (error: unknown): Error =>
  LASTING.some((kind) => error instanceof kind) ? (error as Error) : new StoreUnavailable(error);

/** Lets a bounded number through at once; the rest wait in line. */
class Gate {
  private free: number;
  private readonly line: (() => void)[] = [];
  constructor(places: number) {
    this.free = places;
  }
  async through<T>(run: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.line.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.line.shift();
      if (next) next();
      else this.free += 1;
    }
  }
}
