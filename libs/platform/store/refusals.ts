/**
 * How calls to the event store fail. Hides: status codes and trailers. Promises: definite failures are distinguished from unknown outcomes.
 * Does not: decide what to do about it.
 */
import { status, type ServiceError } from '@grpc/grpc-js';

/** The stream is not at the expected revision. `actual` is -1 when it does not exist. */
export class Conflict extends Error {
  constructor(
    readonly stream: string,
    readonly actual: bigint,
  ) {
    super(`stream ${stream} is at revision ${actual}`);
    this.name = 'Conflict';
  }
}

export type Refusal = 'access-denied' | 'too-large' | 'stream-deleted' | 'bad-request';

/** The store will not do this, however often it is retried. Nothing was written. */
export class StoreRefused extends Error {
  constructor(
    readonly reason: Refusal,
    message: string,
  ) {
    super(message);
    this.name = 'StoreRefused';
  }
}

/** The store did not answer. After an append the outcome is unknown: check before writing again, or repeat it unchanged. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super('the event store does not answer', { cause });
    this.name = 'StoreUnavailable';
  }
}

/** True for failures that retrying cannot resolve. */
export const isDefinite = (error: unknown): boolean => error instanceof Conflict || error instanceof StoreRefused;

/** What an error of a call says in its trailers, if anything. */
function trailer(error: unknown, key: string): string | undefined {
  const { metadata } = (error ?? {}) as Partial<ServiceError>;
  return typeof metadata?.get === 'function' ? metadata.get(key)[0]?.toString() : undefined;
}

/** The definite refusal that a failed call means, or undefined if its outcome is unknown. `stream` is the stream that was asked for. */
export function refusalOf(error: unknown, stream?: string): StoreRefused | undefined {
  if (error instanceof StoreRefused) return error;
  const { code, type, _raw: raw } = (error ?? {}) as { code?: unknown; type?: unknown; _raw?: unknown };
  const kind = trailer(error, 'exception') ?? trailer(raw, 'exception') ?? type;
  if (kind === 'access-denied' || code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED)
    return new StoreRefused('access-denied', 'The event store denies access; check the user and password in EVENTSTORE_URL.');
  if (kind === 'stream-deleted' && stream !== undefined)
    return new StoreRefused('stream-deleted', `The stream ${stream} was deleted permanently; it can be neither read nor appended to.`);
  return undefined;
}

/** The leader's address according to a node. */
export function leaderIn(error: unknown): string | undefined {
  for (const source of [error, (error as { _raw?: unknown } | null)?._raw, (error as { cause?: unknown } | null)?.cause]) {
    const [host, port] = [trailer(source, 'leader-endpoint-host'), trailer(source, 'leader-endpoint-port')];
    if (host && port) return `${host}:${port}`;
  }
  return undefined;
}

/** One line about an error, without parts that differ from one occurrence to the next. */
export function shortReason(error: unknown): string {
  if (error instanceof StoreUnavailable && error.cause !== undefined) return shortReason(error.cause);
  const { details, message } = (error ?? {}) as { details?: unknown; message?: unknown };
  const text = typeof details === 'string' && details !== '' ? details : typeof message === 'string' ? message : String(error);
  return text.split('\n')[0]!.slice(0, 200);
}
