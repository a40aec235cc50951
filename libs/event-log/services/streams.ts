/**
 * Hides: event_store.client.streams.Streams: Append, BatchAppend, Delete, Tombstone and Read.
 * Promises: every append is answered once, after it is durable or refused.
 * Does not: have rules of its own; the log has them.
 */
import { Metadata, type ServerDuplexStream, type ServerReadableStream, status } from '@grpc/grpc-js';
import { brokenOff } from '../wire/call-inside';
import { Fault, faultOf, invalidArgument, missingProperty, wrongExpectedRevision } from '../wire/faults';
import type { NewEvent } from '../log/frame';
import type { Appended, WrongExpectedRevision } from '../log/appends';
import { AppendSize, AppendTooLarge, MAX_TYPE, StreamDeleted } from '../log/refusals';
import { Outlet } from '../wire/outlet';
import type { NodeContext } from './context';
import { type NodeService, ServiceBuilder } from '../wire/service-builder';
import { read } from './read';
import {
  appendTooLargeDetail,
  badRequestDetail,
  encodeAppended,
  encodeBatchAppended,
  encodeBatchRefused,
  encodeDeleted,
  encodeWrongRevision,
  errorInfoDetail,
  plainDetail,
  streamDeletedDetail,
  wrongRevisionDetail,
} from './streams-answers';
import {
  type AppendRequest,
  type BatchRequest,
  type Proposed,
  readAppendRequest,
  readBatchRequest,
  readDeleteRequest,
  readRequest,
  type Target,
} from './streams-requests';

const SERVICE = 'event_store.client.streams.Streams';
/** Most bytes that an unfinished append may collect before it is refused. */
const MAX_COLLECTED = 16 * 1024 * 1024;
/** Most appends of one call that may wait for the disk at once. */
const MOST_RUNNING = 1000;
/** How often appends are checked for passed deadlines. */
const IMPATIENCE_MS = 250;

export function streams(context: NodeContext): NodeService {
  context.features.push(
    { service: SERVICE, method: 'Read', features: ['position', 'events'] },
    { service: SERVICE, method: 'Append', features: [] },
    { service: SERVICE, method: 'Delete', features: [] },
    { service: SERVICE, method: 'Tombstone', features: [] },
    { service: SERVICE, method: 'BatchAppend', features: ['deadline_duration'] },
  );
  return new ServiceBuilder(SERVICE)
    .serverStream('Read', readRequest, (call) => read(context, call))
    .clientStream('Append', readAppendRequest, (call) => append(context, call))
    .duplex('BatchAppend', readBatchRequest, (call) => batchAppend(context, call))
    .unary('Delete', readDeleteRequest, async (target, metadata) => {
      const stream = admit(context, metadata, target, 'delete');
      return deleted(target, await context.log.delete(stream, target.expected));
    })
    .unary('Tombstone', readDeleteRequest, async (target, metadata) => {
      const stream = admit(context, metadata, target, 'delete');
      return deleted(target, await context.log.tombstone(stream, target.expected));
    })
    .build();
}

/** The stream's name, if it is valid and the caller may write to it. */
function admit(context: NodeContext, metadata: Metadata, target: Target, action: 'write' | 'delete'): string {
  const stream = target.stream.toString('utf8');
  if (stream === '' || stream === '$$') throw invalidArgument(`Stream name '${stream}' is invalid.`);
  if (stream === '$all' || target.stream.length > 60_000) throw invalidArgument(`Stream name '${stream.slice(0, 100)}' is invalid.`);
  if (stream.includes('\ufffd') && !Buffer.from(stream).equals(target.stream)) throw invalidArgument('The stream name is not valid UTF-8.');
  if (stream.startsWith('$$')) context.authorizeStream(metadata, stream.slice(2), 'write-metadata');
  else context.authorizeStream(metadata, stream, action);
  return stream;
}

function deleted(target: Target, answer: Appended | WrongExpectedRevision): Buffer {
  if (answer.outcome === 'wrong-expected-revision')
    throw wrongExpectedRevision(target.stream.toString('utf8'), target.expected, answer.current);
  return encodeDeleted(answer.position);
}

function accept(proposed: Proposed): NewEvent {
  if (proposed.missing) throw missingProperty(proposed.missing);
  if (!proposed.event) throw invalidArgument('The event id must be a UUID.');
  if (Buffer.byteLength(proposed.event.type) > MAX_TYPE) throw invalidArgument('The event type is too long.');
  return proposed.event;
}

async function append(context: NodeContext, call: ServerReadableStream<AppendRequest, Buffer>): Promise<Buffer> {
  let target: Target | undefined;
  const events: NewEvent[] = [];
  const size = new AppendSize(context.log.maxAppendSize);
  for await (const request of call as AsyncIterable<AppendRequest>) {
    if (request.target) {
      if (target) throw invalidArgument('An append must send its options only once.');
      target = request.target;
      admit(context, call.metadata, target, 'write');
    } else if (request.proposed) {
      if (!target) throw invalidArgument('The first message of an append holds its options.');
      const event = accept(request.proposed);
      size.add(event);
      events.push(event);
    }
  }
  // An aborted call looks like a finished one; grpc-js notices the difference only when something is sent.
  call.sendMetadata(new Metadata());
  await new Promise((resolve) => setImmediate(resolve));
  if (brokenOff(call)) throw new Fault(status.CANCELLED, 'The append was aborted before its end.');
  if (!target) throw invalidArgument('The first message of an append holds its options.');
  const stream = admit(context, call.metadata, target, 'write');
  const answer = await context.log.append(stream, target.expected, events);
  if (answer.outcome === 'wrong-expected-revision') return encodeWrongRevision(answer.current, target.expected);
  return encodeAppended(answer.revision, answer.position);
}

type Collected = { correlation: Buffer; target: Target; deadlineMs?: number; events: NewEvent[]; size: AppendSize; refused?: Error };

/**
 * Accepts appends as fast as they arrive and answers each when it is durable; answers to all that became durable together are sent in one
 * write.
 */
const batchAppend = (context: NodeContext, call: ServerDuplexStream<BatchRequest, Buffer>): Promise<void> =>
  new Promise((resolve, reject) => {
    const outlet = new Outlet(call);
    const unfinished = new Map<string, Collected>();
    /** Appends that wait for the disk. */
    const running = new Set<Collected>();
    let collected = 0;
    let ended = false;
    const end = (): void => {
      if (!ended || running.size > 0) return;
      outlet.flush();
      over();
    };
    const over = (error?: Error): void => {
      clearInterval(impatience);
      if (error) reject(error);
      else resolve();
    };
    const take = (request: BatchRequest): void => {
      const key = request.correlation.toString('latin1');
      const entry = unfinished.get(key) ?? begin(context, request);
      const before = entry.size.total;
      collect(context, call.metadata, entry, request.proposed);
      if (request.final) {
        unfinished.delete(key);
        collected -= before;
        running.add(entry);
        void finish(context, entry).then((answer) => answered(entry, answer));
        if (running.size >= MOST_RUNNING) call.pause();
        return;
      }
      unfinished.set(key, entry);
      collected += entry.size.total - before;
      if (collected > 4 * MAX_COLLECTED) throw new Fault(status.RESOURCE_EXHAUSTED, 'Too many unfinished batches.');
    };
    const answered = (entry: Collected, answer: Buffer): void => {
      if (!running.delete(entry)) return;
      outlet.post(answer);
      if (running.size === MOST_RUNNING - 1) call.resume();
      end();
    };
    // A disk that hangs must not keep a client waiting beyond its deadline; the client learns the outcome by sending the append again.
    const impatience = setInterval(() => {
      for (const entry of running) if (isLate(entry)) answered(entry, timedOut(entry));
    }, IMPATIENCE_MS).unref();
    call.on('data', (request: BatchRequest) => {
      try {
        take(request);
      } catch (error) {
        outlet.flush();
        over(error as Error);
      }
    });
    call.on('end', () => {
      ended = true;
      end();
    });
    for (const event of ['cancelled', 'close', 'error']) call.on(event, () => over());
  });

function begin(context: NodeContext, { correlation, target, deadlineMs }: BatchRequest): Collected {
  if (!target) throw invalidArgument('The first message of a batch holds its options.');
  return { correlation, target, deadlineMs, events: [], size: new AppendSize(context.log.maxAppendSize) };
}

function collect(context: NodeContext, metadata: Metadata, entry: Collected, proposed: readonly Proposed[]): void {
  if (entry.refused) return;
  try {
    admit(context, metadata, entry.target, 'write');
    for (const one of proposed) {
      const event = accept(one);
      entry.size.add(event);
      entry.events.push(event);
    }
  } catch (error) {
    entry.refused = error as Error;
    entry.events = [];
    entry.size = new AppendSize(context.log.maxAppendSize);
  }
}

async function finish(context: NodeContext, entry: Collected): Promise<Buffer> {
  const { target } = entry;
  const stream = target.stream.toString('utf8');
  try {
    if (isLate(entry)) return timedOut(entry);
    if (entry.refused) throw entry.refused;
    const answer = await context.log.append(stream, target.expected, entry.events);
    if (answer.outcome === 'appended') return encodeBatchAppended(entry, answer.revision, answer.position);
    return encodeBatchRefused(entry, status.ALREADY_EXISTS, 'Wrong Expected Version', wrongRevisionDetail(answer.current, target.expected));
  } catch (error) {
    return refuse(entry, error);
  }
}

const isLate = ({ deadlineMs }: Collected): boolean => deadlineMs !== undefined && deadlineMs <= Date.now();
const timedOut = (entry: Collected): Buffer => encodeBatchRefused(entry, status.DEADLINE_EXCEEDED, 'Timeout', plainDetail('Timeout'));

function refuse(entry: Collected, error: unknown): Buffer {
  if (error instanceof StreamDeleted) {
    return encodeBatchRefused(entry, status.NOT_FOUND, `Stream '${error.stream}' is deleted.`, streamDeletedDetail(entry.target.stream));
  }
  if (error instanceof AppendTooLarge)
    return encodeBatchRefused(entry, status.INVALID_ARGUMENT, error.message, appendTooLargeDetail(error.limit));
  const fault = faultOf(error);
  if (fault.code === status.PERMISSION_DENIED || fault.code === status.UNAUTHENTICATED) {
    return encodeBatchRefused(entry, status.PERMISSION_DENIED, fault.message, plainDetail('AccessDenied'));
  }
  if (fault.code === status.INVALID_ARGUMENT) return encodeBatchRefused(entry, fault.code, fault.message, badRequestDetail(fault.message));
  return encodeBatchRefused(entry, fault.code, fault.message, errorInfoDetail('NODE_CANNOT_WRITE'));
}
