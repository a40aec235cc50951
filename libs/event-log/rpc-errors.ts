// Hides: the status codes, texts and trailers by which EventStoreDB clients recognise an error.
// Promises: each error here becomes its own error class in the official client; texts that clients' tests assert are literal.
// Does not: decide when an error applies.

import { Metadata, status } from '@grpc/grpc-js';

/** An error that a gRPC call ends with. */
export class RpcError extends Error {
  readonly details: string;
  readonly metadata: Metadata;

  constructor(
    readonly code: status,
    message: string,
    trailers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.details = message;
    this.metadata = new Metadata();
    for (const [key, value] of Object.entries(trailers)) this.metadata.set(key, headerSafe(value));
  }
}

/** Trailers are plain ASCII: other names arrive percent-encoded rather than not at all. */
const headerSafe = (value: string): string => (/^[\x20-\x7e]*$/.test(value) ? value : encodeURIComponent(value));

export const accessDenied = (): RpcError => new RpcError(status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
export const unauthenticated = (): RpcError => new RpcError(status.UNAUTHENTICATED, 'Unauthenticated');
export const invalidArgument = (message: string): RpcError => new RpcError(status.INVALID_ARGUMENT, message);
export const unimplemented = (message: string): RpcError => new RpcError(status.UNIMPLEMENTED, message);
export const notReady = (): RpcError => new RpcError(status.UNAVAILABLE, 'Server Is Not Ready');

const ofGroup = (exception: string, stream: string, group: string) => ({ exception, 'stream-name': stream, 'group-name': group });

export const groupFailed = (stream: string, group: string, reason: string): RpcError =>
  new RpcError(status.INTERNAL, `Subscription group ${group} on stream ${stream} failed: '${reason}'`, {
    ...ofGroup('persistent-subscription-failed', stream, group),
    reason,
  });

export const groupDoesNotExist = (stream: string, group: string): RpcError =>
  new RpcError(
    status.NOT_FOUND,
    `Subscription group ${group} on stream ${stream} does not exist.`,
    ofGroup('persistent-subscription-does-not-exist', stream, group),
  );

export const groupExists = (stream: string, group: string): RpcError =>
  new RpcError(
    status.ALREADY_EXISTS,
    `Subscription group ${group} on stream ${stream} exists.`,
    ofGroup('persistent-subscription-exists', stream, group),
  );

export const groupDropped = (stream: string, group: string): RpcError =>
  new RpcError(
    status.CANCELLED,
    `Subscription group ${group} on stream ${stream} was dropped.`,
    ofGroup('persistent-subscription-dropped', stream, group),
  );

export const tooManySubscribers = (stream: string, group: string): RpcError =>
  new RpcError(
    status.FAILED_PRECONDITION,
    `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
    ofGroup('maximum-subscribers-reached', stream, group),
  );

export const userNotFound = (login: string): RpcError =>
  new RpcError(status.NOT_FOUND, `User '${login}' is not found.`, { exception: 'user-not-found', 'login-name': login });

export const userConflict = (login: string): RpcError =>
  new RpcError(status.FAILED_PRECONDITION, 'Conflict.', { exception: 'user-conflict', 'login-name': login });

export const scavengeNotFound = (id: string): RpcError =>
  new RpcError(status.NOT_FOUND, 'Scavenge id was invalid.', { exception: 'scavenge-not-found', 'scavenge-id': id });
