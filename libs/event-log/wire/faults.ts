/**
 * Hides: which gRPC status and which trailers each refusal has, so that every client throws the right class.
 * Promises: `faultOf` turns any error into a status; of an unexpected error only the message leaves the node.
 * Does not: log.
 */
import { Metadata, status } from '@grpc/grpc-js';
import type { ExpectedRevision } from '../log/appends';
import { AppendTooLarge, LogUnavailable, StreamDeleted } from '../log/refusals';
import { DamagedLog } from '../log/segments';

/** The error that a call ends with instead of an answer. */
export class Fault extends Error {
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    message: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, headerSafe(value));
  }

  get details(): string {
    return this.message;
  }
}

/** Stream and group names may hold any character, a header may not. */
const headerSafe = (value: string) => value.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));

export const streamDeleted = (stream: string) =>
  new Fault(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });
export const accessDenied = () => new Fault(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
export const invalidArgument = (message: string) => new Fault(status.INVALID_ARGUMENT, message);
export const missingProperty = (name: string) =>
  new Fault(status.INVALID_ARGUMENT, `Required Metadata Property '${name}' is missing`, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
const appendTooLarge = (limit: number) =>
  new Fault(status.INVALID_ARGUMENT, `Maximum Append Size of ${limit} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(limit),
  });
export const notLeader = (host: string, port: number) =>
  new Fault(status.NOT_FOUND, `Leader info available`, {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

const expectedText: Record<string, string> = { no_stream: '-1', any: '-2', stream_exists: '-4' };
export const wrongExpectedRevision = (stream: string, expected: ExpectedRevision, current: bigint | undefined) => {
  const text = typeof expected === 'bigint' ? expected.toString() : expectedText[expected]!;
  return new Fault(
    status.FAILED_PRECONDITION,
    `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${text}, Actual version: ${current ?? -1n}`,
    { exception: 'wrong-expected-version', 'stream-name': stream, 'expected-version': text, 'actual-version': (current ?? -1n).toString() },
  );
};

const ofGroup = (exception: string, stream: string, group: string) => ({ exception, 'stream-name': stream, 'group-name': group });

export const groupFailed = (stream: string, group: string, reason: string) =>
  new Fault(status.INTERNAL, `Subscription group ${group} on stream ${stream} failed: '${reason}'`, {
    ...ofGroup('persistent-subscription-failed', stream, group),
    reason,
  });

export const groupDoesNotExist = (stream: string, group: string) =>
  new Fault(
    status.NOT_FOUND,
    `Subscription group ${group} on stream ${stream} does not exist.`,
    ofGroup('persistent-subscription-does-not-exist', stream, group),
  );

export const groupExists = (stream: string, group: string) =>
  new Fault(
    status.ALREADY_EXISTS,
    `Subscription group ${group} on stream ${stream} exists.`,
    ofGroup('persistent-subscription-exists', stream, group),
  );

export const groupDropped = (stream: string, group: string) =>
  new Fault(
    status.CANCELLED,
    `Subscription group ${group} on stream ${stream} was dropped.`,
    ofGroup('persistent-subscription-dropped', stream, group),
  );

export const tooManySubscribers = (stream: string, group: string) =>
  new Fault(
    status.FAILED_PRECONDITION,
    `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
    ofGroup('maximum-subscribers-reached', stream, group),
  );

export const userNotFound = (login: string) =>
  new Fault(status.NOT_FOUND, `User '${login}' is not found.`, { exception: 'user-not-found', 'login-name': login });

export const userConflict = (login: string) =>
  new Fault(status.FAILED_PRECONDITION, 'Conflict.', { exception: 'user-conflict', 'login-name': login });

export const scavengeNotFound = (id: string) =>
  new Fault(status.NOT_FOUND, 'Scavenge id was invalid.', { exception: 'scavenge-not-found', 'scavenge-id': id });

export const projectionNotFound = (name: string) =>
  new Fault(status.NOT_FOUND, `Projection '${name}' not found. This node runs no user projections: fold the streams in the application.`);

/** Wrong credentials; a caller without any is refused with `accessDenied`. */
export const unauthenticated = () => new Fault(status.UNAUTHENTICATED, 'Unauthenticated');
export const unimplemented = (message: string) => new Fault(status.UNIMPLEMENTED, message);
export const notReady = () => new Fault(status.UNAVAILABLE, 'Server Is Not Ready');
export const tooBusy = () => new Fault(status.UNAVAILABLE, 'Server Is Too Busy');

/** The fault for a thrown error. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof StreamDeleted) return streamDeleted(error.stream);
  if (error instanceof AppendTooLarge) return appendTooLarge(error.limit);
  if (error instanceof LogUnavailable) {
    // Not UNAVAILABLE: clients would leave a node that can still be read.
    const full = error.code === 'ENOSPC' || error.code === 'EDQUOT' || error.code === 'EFBIG';
    return new Fault(full ? status.RESOURCE_EXHAUSTED : status.UNAVAILABLE, error.message);
  }
  if (error instanceof DamagedLog) return new Fault(status.DATA_LOSS, error.message);
  return new Fault(status.INTERNAL, error instanceof Error ? error.message : String(error));
}
