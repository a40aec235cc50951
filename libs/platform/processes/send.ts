/**
 * How requested actions reach the command side. Hides: classes of commands, the request context. Promises: each is sent in the name of its
 * process, within the facilities of its cause, at the floor time of its cause, under the id that its step recorded. Does not: retry.
 */
import { plainToInstance } from 'class-transformer';
import type { CommandBus } from '@nestjs/cqrs';
import type { ClockSource } from '#kernel/event';
import type { Registry } from '#platform/commands/registry';
import { inContext } from '#platform/security/context';

export type Plain = Readonly<{ type: string; data: Readonly<Record<string, unknown>> }>;
export type Cause = Readonly<{
  commandId: string;
  correlationId: string;
  causationId: string;
  actor: string;
  facilities: readonly string[];
  clock: ClockSource;
}>;
/** The recorded part of the answer to a command. */
export type Accepted = Readonly<{ stream: string; revision: string; events: readonly string[] }>;
/** Sends a command as the process. Throws Problem: 4xx is a refusal, anything else means retry. */
export type Send = (command: Plain, cause: Cause) => Promise<Accepted>;

/** Sends through the CommandBus, in the name of the process. */
export const sendThrough =
  (bus: CommandBus, registry: Registry): Send =>
  async (command, { commandId, correlationId, causationId, actor, facilities, clock }) => {
    const type = registry.commandNamed(command.type);
    if (!type) throw new Error(`No slice has a command named ${command.type}; fix the process or add the command.`);
    const message = plainToInstance(type, { ...command.data, commandId });
    return inContext({ correlationId, causationId, clock, principal: { actor, roles: ['process'], scopes: [...facilities] } }, () =>
      bus.execute(message),
    );
  };

/** The id of the aggregate that a command is for. */
export type TargetOf = (command: Plain) => string;
