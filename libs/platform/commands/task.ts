/**
 * One command on its way to its answer. Hides: where the parts of its context come from. Promises: who acts, on what, in whose name and when are
 * settled before anything is read. Does not: read or decide.
 */
import { v4 as newId } from 'uuid';
import type { Context } from '#kernel/decider';
import { type Event, isBookkeeping, type Metadata, schemaOf } from '#kernel/event';
import { scopeIn, streamOf } from '#kernel/identity';
import { inUtc } from '#kernel/instant';
import { now as wallClock } from '#platform/runtime/clock';
import { Problem } from '#platform/problem/problem';
import { allowedRoles, grantedRole, type Principal } from '#platform/security/access';
import { caller } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { metadataOf, type Act } from '#platform/store/metadata';
import type { Command } from './command';
import { digestOf, digestOfCommand } from './digest';
import type { AnyDecider } from './registry';

export type Task = Readonly<{
  decider: AnyDecider;
  name: string;
  command: Command;
  principal: Principal;
  id: string;
  stream: string;
  /** The revision that the client requires. */
  expected: bigint | undefined;
  digest: string;
  /** True if the sender gave the id: only such a command can be repeated. */
  repeatable: boolean;
  context: Context;
  act: Act;
}>;

/** @throws Problem 401, 403 */
export function taskOf(decider: AnyDecider, name: string, command: Command): Task {
  const principal = caller();
  const request = currentContext()!;
  const role = grantedRole(principal, allowedRoles(command.constructor));
  if (!role) throw new Problem(403, 'role-not-allowed', `None of your roles may send ${name}.`, { facts: { roles: principal.roles } });
  const id = decider.id(command);
  // Upper and lower case are the same UUID.
  const given = command.commandId ?? request.commandId;
  const commandId = (given ?? newId()).toLowerCase();
  const expected = command.expectedRevision ?? request.expectedRevision;
  const now = wallClock().toISOString();
  const occurredAt = command.occurredAt ?? decider.floorTimeIfAbsent?.(name, command as never) ?? now;
  const digest = digestOfCommand(name, command);
  return {
    decider,
    name,
    command,
    principal,
    id,
    stream: streamOf(decider.category, id),
    expected: expected === undefined ? undefined : BigInt(expected),
    digest,
    repeatable: given !== undefined,
    context: { now, occurredAt: inUtc(occurredAt), actor: principal.actor, role, commandId, digestOf },
    act: {
      command: name,
      commandId,
      digest,
      correlationId: request.correlationId,
      causationId: request.causationId,
      actor: principal.actor,
      role,
      facility: scopeIn(id),
      device: command.device ?? principal.device,
      occurredAt,
      clock: request.clock ?? (occurredAt === now ? 'server' : 'client'),
      reason: command.reason,
    },
  };
}

/** Metadata of an event that the task causes. */
export function metadataFor({ decider, act }: Task, event: Event): Metadata {
  const at = isBookkeeping(event) ? undefined : decider.happenedAt?.(event);
  const moved = at !== undefined && Date.parse(at) !== Date.parse(act.occurredAt!);
  return metadataOf(moved ? { ...act, occurredAt: at } : act, schemaOf(decider.upcasts, event.type));
}
