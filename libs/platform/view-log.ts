/**
 * Reading the log in bulk through the official client's channel. Hides: the calls, and that successive pages come out of one long read.
 * Promises: events in log order from exactly where was asked; a read that hangs fails. Does not: append, or know positions of more than one log.
 */
import { makeGenericClientConstructor, type ClientReadableStream, type ServiceDefinition } from '@grpc/grpc-js';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { Empty, StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { decodeReadResponse, LogEvent, type Message } from './view-wire';

const definition: ServiceDefinition = {
  read: {
    path: '/event_store.client.streams.Streams/Read',
    requestStream: false,
    responseStream: true,
    requestSerialize: (request: ReadReq) => Buffer.from(request.serializeBinary()),
    requestDeserialize: (bytes: Buffer) => ReadReq.deserializeBinary(bytes),
    responseSerialize: () => Buffer.alloc(0),
    responseDeserialize: decodeReadResponse,
  },
};
const Reader = makeGenericClientConstructor(definition, 'Streams');

type Call = ClientReadableStream<Message>;
/** The parts of the client's inside that reuse its channel, credentials and rediscovery (6.2.1, pinned). */
type Inside = {
  GRPCStreamCreator(
    client: unknown,
    name: string,
    create: (c: { read(request: ReadReq, ...args: unknown[]): Call }) => Call,
  ): () => Promise<Call>;
  callArguments(options: { requiresLeader?: boolean }, call: { deadline: Date | number }): unknown[];
};

const empty = () => new Empty();

function request(fill: (options: ReadReq.Options) => void): ReadReq {
  const options = new ReadReq.Options();
  options.setUuidOption(new ReadReq.Options.UUIDOption());
  options.getUuidOption()!.setString(empty());
  options.setNoFilter(empty());
  fill(options);
  const whole = new ReadReq();
  whole.setOptions(options);
  return whole;
}

const allFrom = (after: bigint): ReadReq.Options.AllOptions => {
  const all = new ReadReq.Options.AllOptions();
  if (after < 0n) all.setStart(empty());
  else {
    const position = new ReadReq.Options.Position();
    position.setCommitPosition(after.toString());
    position.setPreparePosition(after.toString());
    all.setPosition(position);
  }
  return all;
};

/** Position before the first event of a log. */
export const BEFORE_ALL = -1n;

/** What the view engine needs of a log; the tests put a disturbed one in between. */
export type LogReader = {
  /** Up to `max` events after a position, in order; fewer only at the end of the log. System events are among them. */
  readAll(after: bigint, max: number): Promise<LogEvent[]>;
  /** Up to `max` events of one stream from a revision on; none where the stream does not exist. */
  readStream(stream: string, from: bigint, max: number): Promise<LogEvent[]>;
  /** The newest event, if any. */
  last(): Promise<LogEvent | undefined>;
  /** Lets go of what is open for further reads. */
  close?(): void;
  /** Calls `ring` when it is connected and at each new event; resolves when the subscription has ended, for whatever reason. */
  subscribe(ring: () => void, signal: AbortSignal): Promise<void>;
};

/** Long reads that may be open at once: as many views as catch up from different places. */
const CURSORS = 4;
/** A long read that nobody takes from is given up. */
const IDLE_MS = 5_000;
/** Full pages that were read singly and may be followed by a next one. */
const REMEMBERED = 64;

/** One long read, taken page by page; it pauses while a page lies ready. */
class Cursor {
  private events: LogEvent[] = [];
  private wanted = 1;
  private ended = false;
  private failed: Error | undefined;
  private wake: (() => void) | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    private readonly after: bigint,
    private readonly timeoutMs: number,
  ) {
    call.on('data', (message: Message) => {
      // Forward reads of $all include the position that they start from.
      if (!(message instanceof LogEvent) || message.position === this.after) return;
      if (this.events.push(message) >= this.wanted) this.wake?.();
      if (this.events.length >= 2 * this.wanted) call.pause();
    });
    call.on('end', () => this.end());
    call.on('error', (error: Error) => {
      this.failed = error;
      this.end();
    });
    this.rest();
  }

  get over(): boolean {
    return this.ended && this.events.length === 0;
  }

  /** The next page; fewer events than a page only at the end of the log. */
  async take(max: number): Promise<LogEvent[]> {
    clearTimeout(this.idle);
    this.wanted = max;
    if (this.events.length < 2 * max) this.call.resume();
    if (this.events.length < max && !this.ended) await this.more();
    if (this.failed) throw this.failed;
    const page = this.events.splice(0, max);
    if (!this.ended) this.rest();
    return page;
  }

  /** A call that is cancelled ends only once what it has received was taken. */
  close(): void {
    clearTimeout(this.idle);
    this.call
      .removeAllListeners('data')
      .on('data', () => undefined)
      .resume();
    this.call.cancel();
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.failed = new Error(`the store has sent nothing for ${this.timeoutMs} ms`);
        this.close();
        this.wake?.();
      }, this.timeoutMs);
      this.wake = () => {
        clearTimeout(late);
        this.wake = undefined;
        resolve();
      };
    });
  }

  private rest(): void {
    this.idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }

  private end(): void {
    this.ended = true;
    clearTimeout(this.idle);
    this.wake?.();
  }
}

/** A reader over the client's channel. A read that takes longer than `timeoutMs` fails, as on a half-open connection. */
export function logReader(client: EventStoreDBClient, timeoutMs = 30_000): LogReader {
  const inside = client as unknown as Inside;
  const open = (what: ReadReq, deadline: Date | number) =>
    inside.GRPCStreamCreator(Reader, 'views', (c) => c.read(what, ...inside.callArguments({}, { deadline })))();
  const collect = async (what: ReadReq, max: number): Promise<LogEvent[]> => {
    const call = await open(what, new Date(Date.now() + timeoutMs));
    return new Promise((resolve, reject) => {
      const events: LogEvent[] = [];
      call.on('data', (message: Message) => {
        if (message instanceof LogEvent) events.push(message);
        if (events.length >= max) resolve(events);
      });
      call.on('end', () => resolve(events));
      call.on('error', reject);
    });
  };
  /** By the position that they have come to. */
  const cursors = new Map<bigint, Cursor>();
  const fullPages = new Set<bigint>();
  let closings = 0;
  const page = async (after: bigint, max: number): Promise<LogEvent[]> => {
    // Forward reads of $all include the position that they start from.
    const count = after < 0n ? max : max + 1;
    const events = await collect(
      request((options) => {
        options.setAll(allFrom(after));
        options.setCount(String(count));
      }),
      count,
    );
    return events[0]?.position === after ? events.slice(1) : events;
  };
  const cursorAt = async (after: bigint): Promise<Cursor> => {
    const known = cursors.get(after);
    cursors.delete(after);
    if (known) return known;
    const call = await open(
      request((options) => {
        options.setAll(allFrom(after));
        options.setCount(String(Number.MAX_SAFE_INTEGER));
      }),
      Infinity,
    );
    return new Cursor(call, after, timeoutMs);
  };
  return {
    async readAll(after, max) {
      const [oldest] = fullPages;
      if (fullPages.size > REMEMBERED) fullPages.delete(oldest!);
      // Whoever goes on where a full page ended is catching up, and will go on.
      if (!cursors.has(after) && !fullPages.delete(after)) {
        const events = await page(after, max);
        if (events.length >= max) fullPages.add(events.at(-1)!.position);
        return events;
      }
      const before = closings;
      const cursor = await cursorAt(after);
      const events = await cursor.take(max);
      if (cursor.over || events.length === 0) return events;
      if (closings !== before) {
        cursor.close();
        return events;
      }
      for (const [at, least] of cursors) {
        if (cursors.size < CURSORS) break;
        cursors.delete(at);
        least.close();
      }
      cursors.set(events.at(-1)!.position, cursor);
      return events;
    },
    close() {
      closings++;
      for (const cursor of cursors.values()) cursor.close();
      cursors.clear();
    },
    readStream: (stream, from, max) =>
      collect(
        request((options) => {
          const of = new ReadReq.Options.StreamOptions();
          const identifier = new StreamIdentifier();
          identifier.setStreamName(Buffer.from(stream));
          of.setStreamIdentifier(identifier);
          of.setRevision(from.toString());
          options.setStream(of);
          options.setCount(String(max));
        }),
        max,
      ),
    async last() {
      const events = await collect(
        request((options) => {
          const all = new ReadReq.Options.AllOptions();
          all.setEnd(empty());
          options.setAll(all);
          options.setReadDirection(ReadReq.Options.ReadDirection.BACKWARDS);
          options.setCount('1');
        }),
        1,
      );
      return events[0];
    },
    async subscribe(ring, signal) {
      if (signal.aborted) return;
      const call = await open(
        request((options) => {
          const all = new ReadReq.Options.AllOptions();
          all.setEnd(empty());
          options.setAll(all);
          options.setSubscription(new ReadReq.Options.SubscriptionOptions());
        }),
        Infinity,
      );
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      await new Promise<void>((resolve) => {
        call.on('data', ring);
        call.on('end', resolve);
        call.on('error', () => resolve());
      });
      signal.removeEventListener('abort', cancel);
    },
  };
}
