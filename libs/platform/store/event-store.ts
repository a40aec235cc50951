/**
 * The only way to the event store. Hides: connecting, elections, calls that never settle, ids of events. Promises: within the time limit an
 * append returns, conflicts, is refused, or throws `StoreUnavailable` with its outcome unknown; calls that can be repeated safely are
 * retried until then. Does not: decide anything.
 */
import type { Readable } from 'node:stream';
import {
  BACKWARDS,
  END,
  START,
  StreamNotFoundError,
  type AllStreamResolvedEvent,
  type EventStoreDBClient,
  type Filter,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { isBookkeeping, isOfStore, upcast, type Event, type Metadata, type Recorded, type Upcasts } from '#kernel/event';
import { noteDisk, noteRoom } from '#platform/runtime/disk';
import { histogram } from '#platform/runtime/metrics';
import { AppendMessage, eventIdOf, type EventBytes, type Expected } from './append-message';
import { Connection, type Link, type StoreState, within } from './connection';
import { Gate } from './gate';
import { KNOWN_TIME, parsedOriginal } from './known-time';
import type { LogEvent } from './log-event';
import { LogMark } from './log-mark';
import { eventsOf, type OnFirst, streamRequest } from './read-calls';
import { isDefinite, refusalOf, StoreRefused, StoreUnavailable } from './refusals';

export { Conflict, StoreRefused, StoreUnavailable } from './refusals';

/** An event to append. Its id is computed from its content and revision. */
export type NewEvent = Readonly<{
  type: string;
  data: unknown;
  /** The data as JSON, where it was made before. */
  json?: string;
  metadata: Metadata;
}>;
export type Appended = Readonly<{ revision: bigint; position: bigint; ids: readonly string[] }>;
/** Where to continue in $all: after this commit position, or at the start or end of the log. */
export type From = bigint | 'start' | 'end';

/** Spares most events of the store itself; the server filters by one of both names only (`isOfBusiness`). */
const BUSINESS_EVENTS: Filter = { filterOn: 'eventType', checkpointInterval: 1, maxSearchWindow: 256, regex: '^[^$]' };

/** How long an append or a read may take in total, including retries; then it throws `StoreUnavailable`. */
export const CALL_TIME_LIMIT_MS = 5_000;
const APPENDS_AT_ONCE = 512;
const seconds = histogram('event_store_call_seconds', 'Time of calls to the event store that succeeded, with retries.', ['call']);
const callSeconds = { append: seconds.labels('append'), read: seconds.labels('read') };
/** How many times a call is sent at most. */
const SENDS = 3;
/** The longest message that the server accepts. */
const MAX_APPEND_BYTES = 16 * 1024 * 1024 - 64 * 1024;
const MAX_NAME_BYTES = 8_192;

export class EventStore {
  readonly connection: Connection;
  /** Which log the store holds. */
  readonly mark: LogMark;
  private readonly appends = new Gate(APPENDS_AT_ONCE, 'appends');
  /** The upcasts of all event types that were registered. */
  readonly upcasts: Record<string, Upcasts[string]> = {};

  constructor(
    url: string,
    private readonly timeoutMs = CALL_TIME_LIMIT_MS,
  ) {
    this.connection = new Connection(url);
    this.mark = new LogMark(this.connection);
  }

  /** Whether the store is connected, since when, and why not. */
  get state(): StoreState {
    return this.connection.state;
  }

  /** Registers the upcasts of some event types. */
  learn(upcasts: Upcasts | undefined): void {
    Object.assign(this.upcasts, upcasts);
  }

  /**
   * Appends at an expected revision; -1n if the stream must not exist. Repeated with the same content at the same revision, it is stored
   * once.
   * @throws Conflict, StoreRefused, StoreUnavailable
   */
  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    checkName('stream', stream);
    const encoded = events.map((event, index) => encode(stream, expected, index, event));
    const { revision, position } = await this.appendBytes(stream, expected, encoded);
    return { revision, position, ids: encoded.map(({ id }) => id) };
  }

  /** Appends events unchanged, for copies. @throws Conflict, StoreRefused, StoreUnavailable */
  appendBytes(stream: string, expected: Expected, events: readonly EventBytes[]): Promise<Omit<Appended, 'ids'>> {
    const message = new AppendMessage(stream, expected, events, this.timeoutMs);
    if (message.size > MAX_APPEND_BYTES) {
      const what = `An append to ${stream} has ${message.size} bytes; at most ${MAX_APPEND_BYTES} can be sent.`;
      return Promise.reject(new StoreRefused('too-large', what));
    }
    // Without an expected revision, a second append of the same content may be a second event.
    return this.repeated('append', expected === 'any' ? 1 : SENDS, (link, leftMs) =>
      this.appends.through(leftMs, () => link.appends.send(message, leftMs)),
    );
  }

  /**
   * The events of a stream forwards from a revision; with `bookkeeping`, also the platform's own records about commands; none if the stream
   * does not exist. `maxCount` bounds how many events are looked at. @throws StoreUnavailable, StoreRefused if it was deleted permanently
   */
  read<E extends Event = Event>(
    stream: string,
    from = 0n,
    { asStored = false, bookkeeping = false, maxCount = Number.MAX_SAFE_INTEGER } = {},
  ): Promise<Recorded<E>[]> {
    return this.readStream<E>(stream, streamRequest(stream, from, maxCount), (event) => bookkeeping || !isBookkeeping(event), asStored);
  }

  /** The newest events of a stream, newest first; `onNewest` gets the first as soon as it is there. @throws StoreUnavailable */
  readBackwards<E extends Event = Event>(stream: string, maxCount: number, onNewest?: OnFirst): Promise<Recorded<E>[]> {
    return this.readStream<E>(stream, streamRequest(stream, 'end', maxCount), undefined, false, onNewest);
  }

  /** A page of $all, business events only, after `from`, with the position to continue from; `asStored` skips upcasts. @throws StoreUnavailable */
  async readAll(from: From, maxCount: number, { asStored = false } = {}): Promise<{ events: Recorded[]; next: bigint; atEnd: boolean }> {
    const start = from === 'start' ? START : from === 'end' ? END : { commit: from, prepare: from };
    let seen = 0;
    let next = typeof from === 'bigint' ? from : -1n;
    // Reads of $all are inclusive: one more is read, since the first event is known already.
    const events = await this.collect(
      (client) => {
        seen = 0;
        next = typeof from === 'bigint' ? from : -1n;
        return client.readAll({ fromPosition: start, maxCount: maxCount + 1, requiresLeader: true });
      },
      (resolved) => {
        seen += 1;
        const position = resolved.commitPosition ?? -1n;
        if (position <= next) return false;
        next = position;
        return isOfBusiness(resolved);
      },
      asStored,
    );
    return { events, next, atEnd: seen <= maxCount };
  }

  /**
   * Position of the newest event; -1 for an empty log. With `business`, of the newest business event, if there is one among the last 256
   * events. @throws StoreUnavailable
   */
  async head({ business = false } = {}): Promise<bigint> {
    let head = -1n;
    await this.collect(
      (client) => {
        head = -1n;
        return client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: business ? 256 : 1, requiresLeader: true });
      },
      (resolved) => {
        if (head < 0n && (!business || isOfBusiness(resolved))) head = resolved.commitPosition ?? -1n;
        return false;
      },
    );
    return head;
  }

  /**
   * Business events of $all after `from`, in order, without end. Throws StoreUnavailable when the connection is lost; returns when the
   * signal aborts. It does not resume: the caller does, from its checkpoint. `onCheckpoint` gets positions up to which everything was
   * delivered; it must not throw (the client would stall).
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
    const link = await this.connection.get(this.timeoutMs);
    const leave = await link.long.enter(this.timeoutMs);
    const subscription = link.client.official.subscribeToAll({ fromPosition, filter, requiresLeader: true });
    const stop = () => void subscription.unsubscribe().catch(() => undefined);
    const forget = link.whenGone(stop);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for await (const resolved of subscription as AsyncIterable<AllStreamResolvedEvent>) {
        if (signal?.aborted) return;
        if (isOfBusiness(resolved)) yield this.recorded(resolved);
      }
      if (!signal?.aborted) throw new StoreUnavailable(new Error('the subscription ended'));
    } catch (error) {
      if (signal?.aborted) return;
      this.connection.suspect(link, error);
      throw refusalOf(error) ?? unavailable(error);
    } finally {
      forget();
      leave();
      signal?.removeEventListener('abort', stop);
      stop();
    }
  }

  async ping(): Promise<void> {
    await this.head();
  }

  async close(): Promise<void> {
    this.connection.close();
  }

  /** Retries a call until it succeeds or definitely fails, within the time limit. An indefinite failure says nothing about the next attempt. */
  private repeated<T>(
    call: keyof typeof callSeconds,
    sends: number,
    run: (link: Link, leftMs: number) => Promise<T>,
    stream?: string,
  ): Promise<T> {
    const begun = performance.now();
    const until = begun + this.timeoutMs;
    const done = (result: T): T => {
      callSeconds[call].observe((performance.now() - begun) / 1_000);
      if (call === 'append') noteRoom('event store');
      return result;
    };
    const retry = async (link: Link | undefined, error: unknown, sent: number): Promise<T> => {
      // A full disk stays full for longer than any caller waits.
      const full = noteDisk('event store', error);
      const refusal = refusalOf(error, stream);
      if (refusal ?? isDefinite(error)) throw refusal ?? error;
      if (link) this.connection.suspect(link, error);
      const pause = sent * 50 * (0.5 + Math.random());
      if (full || !link || sent >= sends || until - performance.now() < 2 * pause) throw unavailable(error);
      await new Promise((resolve) => setTimeout(resolve, pause));
      return attempt(sent + 1);
    };
    const attempt = async (sent: number): Promise<T> => {
      let link: Link | undefined;
      try {
        link = this.connection.standing ?? (await this.connection.get(until - performance.now(), this.timeoutMs));
        return done(await run(link, Math.max(1, until - performance.now())));
      } catch (error) {
        return retry(link, error, sent);
      }
    };
    const { standing } = this.connection;
    // The usual case is on the path of every command: it costs one promise.
    return standing ? run(standing, this.timeoutMs).then(done, (error: unknown) => retry(standing, error, 1)) : attempt(1);
  }

  private readStream<E extends Event>(
    stream: string,
    what: ReadReq,
    wanted: (event: LogEvent) => boolean = () => true,
    asStored = false,
    onFirst?: OnFirst,
  ): Promise<Recorded<E>[]> {
    const run = (link: Link, leftMs: number) =>
      link.reads.through(leftMs, async () => {
        const events = await within(leftMs, eventsOf(link.client, what, leftMs, onFirst));
        return events.filter(wanted).map((event) => this.readAs(event, asStored) as Recorded<E>);
      });
    return this.repeated('read', SENDS, run, stream);
  }

  private readAs(event: LogEvent, asStored: boolean): Recorded {
    const { id, type, stream, revision, recordedAt, copied } = event;
    const metadata = jsonOr(
      () => event.metadata,
      () => event.metadataBytes,
    ) as Metadata;
    const stored = event.isJson
      ? jsonOr(
          () => event.data,
          () => event.dataBytes.toString('utf8'),
        )
      : event.dataBytes;
    const data = asStored ? stored : upcast(this.upcasts, type, stored, metadata.schema ?? 1);
    const position = event.position < UNKNOWN_POSITION ? event.position : -1n;
    return { id, type, stream, revision, position, recordedAt, data: data as never, metadata, ...(copied ? { copied } : {}) };
  }

  private async collect<E extends Event = Event>(
    open: (client: EventStoreDBClient) => AsyncIterable<ResolvedEvent>,
    wanted: (resolved: ResolvedEvent) => boolean = () => true,
    asStored = false,
  ): Promise<Recorded<E>[]> {
    const read = async (call: AsyncIterable<ResolvedEvent>): Promise<Recorded<E>[]> => {
      const events: Recorded<E>[] = [];
      try {
        for await (const resolved of call)
          if (wanted(resolved) && resolved.event) events.push(this.recorded(resolved, asStored) as Recorded<E>);
      } catch (error) {
        if (!(error instanceof StreamNotFoundError)) throw error;
      }
      return events;
    };
    return this.repeated('read', SENDS, (link, leftMs) =>
      link.reads.through(leftMs, async () => {
        const call = open(link.client.official);
        try {
          return await within(leftMs, read(link.client.whole(call)));
        } catch (error) {
          // A call that was too slow would otherwise keep its stream open.
          (call as unknown as Readable).destroy();
          throw error;
        }
      }),
    );
  }

  private recorded({ event, commitPosition }: ResolvedEvent, asStored = false): Recorded {
    const { id, streamId, revision, type, created, data } = event!;
    const { metadata, recordedAt } = parsedOriginal((event!.metadata ?? {}) as Metadata);
    return {
      id,
      type,
      stream: streamId,
      revision: BigInt(revision),
      position: commitPosition ?? -1n,
      recordedAt: recordedAt ?? new Date(created).toISOString(),
      data: (asStored ? data : upcast(this.upcasts, type, data, metadata.schema ?? 1)) as Event['data'] as never,
      metadata,
      ...(recordedAt === undefined ? {} : { copied: true }),
    };
  }
}

const isOfBusiness = ({ event }: ResolvedEvent): boolean => event !== undefined && !isOfStore({ stream: event.streamId, type: event.type });

/** EventStoreDB may answer reads of a stream without positions: then it says the largest number of 64 bits. */
const UNKNOWN_POSITION = 2n ** 63n;

/** Parsed, or as it is stored if it is not JSON: events of other apps may hold anything. */
function jsonOr(parsed: () => unknown, stored: () => unknown): unknown {
  try {
    return parsed();
  } catch {
    return stored();
  }
}

const unavailable = (error: unknown): Error => (error instanceof StoreUnavailable ? error : new StoreUnavailable(error));

function encode(stream: string, expected: Expected, index: number, { type, data, json, metadata }: NewEvent): EventBytes {
  checkName('event type', type);
  if (Object.hasOwn(metadata, KNOWN_TIME)) throw new StoreRefused('bad-request', `Metadata must not have the key \`${KNOWN_TIME}\`.`);
  const bytes = { type, data: Buffer.from(json ?? JSON.stringify(data)), metadata: Buffer.from(JSON.stringify(metadata)) };
  return { id: eventIdOf(stream, expected, index, bytes), json: true, ...bytes };
}

/** Names that would stop or confuse a server are never sent: an append to `$$` stops EventStoreDB. */
function checkName(what: 'stream' | 'event type', name: string): void {
  const length = Buffer.byteLength(name);
  const wrong =
    length === 0
      ? 'must not be empty'
      : length > MAX_NAME_BYTES
        ? `must have at most ${MAX_NAME_BYTES} bytes, has ${length}`
        : name === '$$' || (what === 'stream' && name === '$all')
          ? `must not be \`${name}\``
          : /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name)
            ? 'must be well-formed Unicode'
            : undefined;
  if (wrong) throw new StoreRefused('bad-request', `The name of the ${what} ${wrong}.`);
}
