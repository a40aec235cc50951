/**
 * Reading the log in bulk. Hides: the calls, elections between them, and that successive pages come from one long read. Promises: events in
 * log order from exactly the position asked for; a read that hangs fails. Does not: append, or know positions of more than one log.
 */
import { type ServiceError, status } from '@grpc/grpc-js';
import { EventStoreDBClient } from '@eventstore/db-client';
import { ReadReq } from '@eventstore/db-client/generated/streams_pb';
import { NodeClient } from './client-inside';
import { type Connection, Link } from './connection';
import { type Call, Cursors, endsLog, PAGE_BYTES } from './log-cursor';
import { LogEvent, type Message } from './log-event';
import { empty, Reader, request, streamRequest } from './read-calls';

const isDeleted = ({ metadata }: Partial<ServiceError>): boolean => metadata?.get('exception')[0] === 'stream-deleted';

/** Where links to the leader come from. */
type Links = Pick<Connection, 'get' | 'suspect'>;

/** A client that the caller owns and closes; it is not replaced when its node is gone. */
function onlyLinkOf(client: EventStoreDBClient): Links {
  const link = new Link('the node of the client', NodeClient.of(client), () => undefined);
  return { get: () => Promise.resolve(link), suspect: () => undefined };
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

/** A thread that reads pages; it takes a while to start. */
export type Thread = Pick<Cursors, 'has' | 'take' | 'close'> & { start(): void; readonly ready: boolean };

export type LogReaderOptions = Readonly<{
  timeoutMs?: number;
  /** Serves the pages of a long catch-up once it is ready; all others come from long reads in this thread. */
  thread?: Thread;
}>;

/** What the view engine needs of a log; tests substitute a faulty one. */
export type LogReader = {
  /** Up to `max` events after a position, in order; fewer only if they are large or at the end of the log (see `endsLog`). */
  readAll(after: bigint, max: number): Promise<LogEvent[]>;
  /** Up to `max` events of one stream from a revision on; none if the stream does not exist. */
  readStream(stream: string, from: bigint, max: number): Promise<LogEvent[]>;
  /** The newest event, if any. */
  last(): Promise<LogEvent | undefined>;
  /** Closes the reads that are kept open for further pages. */
  close?(): void;
  /**
   * Wake-up: calls `ring` when the subscription is connected, without an event, and with each new event; resolves when it has ended, for whatever
   * reason.
   */
  subscribe(ring: (event?: LogEvent) => void, signal: AbortSignal): Promise<void>;
};

/** Full pages that were read singly and may have a next one. */
const REMEMBERED = 64;
/** Pages after which a catch-up counts as long, and the pause that separates two catch-ups. */
const LONG = 8;
const PAUSE_MS = 2_000;

/** A reader over a connection, or over a client for as long as its node lives. A read that takes longer than `timeoutMs` fails. */
export function logReader(store: Connection | EventStoreDBClient, { timeoutMs = 30_000, thread }: LogReaderOptions = {}): LogReader {
  const links = store instanceof EventStoreDBClient ? onlyLinkOf(store) : store;
  const open = async (what: ReadReq, kind: 'reads' | 'long'): Promise<Call> => {
    const link = await links.get(timeoutMs);
    const leave = await link[kind].enter(timeoutMs);
    try {
      const limitMs = kind === 'reads' ? timeoutMs : undefined;
      const call = await link.client.call(Reader, (service, ...about) => service.read(what, ...about), { limitMs, requiresLeader: true });
      call.on('error', (error: Error & Partial<ServiceError>) => {
        if (error.code !== status.CANCELLED && !isDeleted(error)) links.suspect(link, error);
      });
      for (const over of ['end', 'error', 'close', 'status']) call.once(over, leave);
      return call;
    } catch (error) {
      leave();
      throw error;
    }
  };
  const cursors = new Cursors(
    (after) =>
      open(
        request((options) => {
          options.setAll(allFrom(after));
          options.setCount(String(Number.MAX_SAFE_INTEGER));
        }),
        'long',
      ),
    timeoutMs,
  );
  const collect = async (what: ReadReq, max: number, after?: bigint): Promise<LogEvent[]> => {
    const call = await open(what, 'reads');
    return new Promise((resolve, reject) => {
      const events: LogEvent[] = [];
      let bytes = 0;
      call.on('data', (message: Message) => {
        if (!(message instanceof LogEvent) || message.position === after || bytes >= PAGE_BYTES) return;
        events.push(message);
        bytes += message.size;
        if (bytes >= PAGE_BYTES) call.cancel();
        if (bytes >= PAGE_BYTES || events.length >= max) resolve(events);
      });
      call.on('end', () => resolve(events));
      // A stream that was deleted permanently has no events left.
      call.on('error', (error: Error & Partial<ServiceError>) => (isDeleted(error) ? resolve([]) : reject(error)));
    });
  };
  // Forward reads of $all include the position that they start from.
  const page = (after: bigint, max: number): Promise<LogEvent[]> =>
    collect(
      request((options) => {
        options.setAll(allFrom(after));
        options.setCount(String(after < 0n ? max : max + 1));
      }),
      max,
      after,
    );
  const fullPages = new Set<bigint>();
  let pages = 0;
  let lastPage = -Infinity;
  return {
    async readAll(after, max) {
      if (fullPages.size > REMEMBERED) fullPages.delete(fullPages.values().next().value!);
      // A caller that continues where a full page ended is catching up and will ask for more.
      if (cursors.has(after) || thread?.has(after) || fullPages.delete(after)) {
        if (performance.now() - lastPage > PAUSE_MS) pages = 0;
        lastPage = performance.now();
        if (++pages === LONG) thread?.start();
        return thread?.ready ? thread.take(after, max) : cursors.take(after, max);
      }
      const events = await page(after, max);
      if (!endsLog(events, max)) fullPages.add(events.at(-1)!.position);
      return events;
    },
    close() {
      cursors.close();
      thread?.close();
    },
    readStream: (stream, from, max) => collect(streamRequest(stream, from, max), max),
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
      const opening = open(
        request((options) => {
          const all = new ReadReq.Options.AllOptions();
          all.setEnd(empty());
          options.setAll(all);
          options.setSubscription(new ReadReq.Options.SubscriptionOptions());
        }),
        'long',
      );
      // The store may be away for long, and come back after the caller has gone.
      let giveUp: () => void = () => undefined;
      const gone = new Promise<void>((resolve) => (giveUp = resolve));
      const stop = () => {
        giveUp();
        void opening.then((call) => call.cancel()).catch(() => undefined);
      };
      signal.addEventListener('abort', stop, { once: true });
      try {
        const call = await Promise.race([opening, gone]);
        if (!call) return;
        await new Promise<void>((resolve) => {
          call.on('data', (message: Message) => ring(message instanceof LogEvent ? message : undefined));
          call.on('end', resolve);
          call.on('error', () => resolve());
        });
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
