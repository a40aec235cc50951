/**
 * What is known about the current request or job. Hides: AsyncLocalStorage. Promises: one correlation id for everything that follows from
 * one request. Does not: decide anything.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { context as tracing, type Context as Trace } from '@opentelemetry/api';
import type { ClockSource } from '#kernel/event';
import type { Principal } from './access';

export type RequestContext = {
  correlationId: string;
  /** The event or command that caused this, if it was not the request itself. */
  causationId?: string;
  /** The verified caller; absent until the guard has seen the token. */
  principal?: Principal;
  /** Whose clock `occurredAt` comes from. */
  clock?: ClockSource;
  /** The client's id for the command, if the transport carries it (Idempotency-Key). */
  commandId?: string;
  /** The revision that the client requires, if the transport carries it (If-Match). */
  expectedRevision?: string;
  /** Why something was denied, where the answer must not show it. */
  denial?: string;
  /** True if the audit trail was read: the access log says so. */
  readsAudit?: true;
  /** The trace at the first entry: a request's body arrives outside its context. */
  trace?: Trace;
};

const storage = new AsyncLocalStorage<RequestContext>();

export const inContext = <T>(context: RequestContext, run: () => T): T => {
  context.trace ??= tracing.active();
  return tracing.with(context.trace, () => storage.run(context, run));
};
export const currentContext = (): RequestContext | undefined => storage.getStore();
