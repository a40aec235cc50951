/**
 * The metadata of every event, made in one place. Hides: which parts may be absent. Promises: complete metadata for every event that
 * the platform writes, whoever acts: people, processes, imports, the platform itself. Does not: decide who acts.
 */
import type { ClockSource, Metadata } from '#kernel/event';
import { now } from '#platform/runtime/clock';
import { traceparent } from '#platform/runtime/tracing';
import { APP_VERSION } from '#platform/runtime/version';

/** Who does what, as far as it is known; absent fields are filled in. */
export type Act = Readonly<{
  command: string;
  commandId: string;
  /** Of the command's payload; empty if there is nothing to compare. */
  digest?: string;
  /** The command's own id when absent. */
  correlationId?: string;
  /** The command's own id when absent. */
  causationId?: string;
  actor: string;
  role: string;
  facility: string;
  device?: string;
  /** Time on the shop floor; now when absent. */
  occurredAt?: string;
  /** Our own when absent. */
  clock?: ClockSource;
  reason?: string;
}>;

/** The metadata of one event; `schema` is the version of its shape. */
export function metadataOf(act: Act, schema = 1): Metadata {
  const { command, commandId, digest, correlationId, causationId, actor, role, facility, device, occurredAt, clock, reason } = act;
  const trace = traceparent();
  return {
    commandId,
    command,
    commandDigest: digest ?? '',
    correlationId: correlationId ?? commandId,
    causationId: causationId ?? commandId,
    actor,
    role,
    ...(device ? { device } : {}),
    facility,
    occurredAt: occurredAt ?? now().toISOString(),
    clock: clock ?? 'server',
    app: APP_VERSION,
    schema,
    ...(reason ? { reason } : {}),
    ...(trace ? { traceparent: trace } : {}),
  };
}
