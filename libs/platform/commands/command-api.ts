/**
 * REST and GraphQL for command classes, made from the classes alone. Hides: controllers, resolvers and their decorators.
 * Promises: `POST /<slice>/<command-name>` and `mutation <commandName>(input:)` are the same command. Does not: validate or decide.
 */
import { Body, Controller, HttpCode, Inject, Post, Res, type Type } from '@nestjs/common';
import { Args, Mutation, Resolver } from '@nestjs/graphql';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBearerAuth, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Allow, allowedRoles } from '#platform/security/access';
import type { Command } from './command';
import { Receipt } from './receipt';
import { commandClasses } from './registry';
import { Sending } from './sending';

const kebab = (name: string): string => name.replace(/(?<!^)[A-Z]/g, (capital) => `-${capital}`).toLowerCase();
const camel = (name: string): string => name[0]!.toLowerCase() + name.slice(1);

type Decorate = (name: string, command: Type<Command>, prototype: object, key: string) => void;
type Reply = { header(name: string, value: string): unknown };

/** A class with one method per command; each method must have its command's name, or Swagger drops the request body. */
function senders(commands: object, decorate: Decorate): Type<object> {
  class Sender {
    constructor(@Inject(Sending) readonly sending: Sending) {}
  }
  for (const [name, command] of commandClasses(commands)) {
    const key = camel(name);
    const send = {
      async [key](this: Sender, message: Command, reply?: Reply) {
        const receipt = await this.sending.send(name, message);
        reply?.header('etag', `"${receipt.revision}"`);
        return receipt;
      },
    }[key];
    Object.defineProperty(Sender.prototype, key, { value: send, configurable: true, writable: true });
    Reflect.defineMetadata('design:returntype', Promise, Sender.prototype, key);
    decorate(name, command, Sender.prototype, key);
    decorateMethod(Sender.prototype, key, Allow(...allowedRoles(command)));
  }
  return Sender;
}

function decorateMethod(prototype: object, key: string, ...decorators: MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, key)!;
  for (const decorate of decorators) decorate(prototype, key, descriptor);
}

/**
 * POST /<path>/<command-name> for every command class. The methods describe the routes; `serveCommands` (http/command-routes.ts) implements them,
 * using their `command`.
 */
export function commandController(path: string, commands: object): Type<object> {
  const controller = senders(commands, (name, command, prototype, key) => {
    Reflect.defineMetadata('design:paramtypes', [command, Object], prototype, key);
    Body()(prototype, key, 0);
    Res({ passthrough: true })(prototype, key, 1);
    decorateMethod(
      prototype,
      key,
      Post(kebab(name)),
      RouteConfig({ command: name }),
      HttpCode(200),
      ApiOperation({ operationId: key }),
      ApiOkResponse({ type: Receipt }),
      ApiHeader({
        name: 'Idempotency-Key',
        required: false,
        description: 'Makes the command safe to repeat; any text of up to 128 characters.',
      }),
      ApiHeader({ name: 'If-Match', required: false, description: 'Revision that the stream must be at, as in the ETag.' }),
    );
  });
  Controller(path)(controller);
  ApiTags(path)(controller);
  ApiBearerAuth()(controller);
  Object.defineProperty(controller, 'name', { value: `${path}-commands` });
  return controller;
}

/** mutation <commandName>(input: <CommandName>!) for every command class. */
export function commandResolver(commands: object): Type<object> {
  const resolver = senders(commands, (name, command, prototype, key) => {
    Reflect.defineMetadata('design:paramtypes', [command], prototype, key);
    Args('input', { type: () => command })(prototype, key, 0);
    decorateMethod(
      prototype,
      key,
      // Nullable, otherwise one refused mutation of several would remove the receipts of the others.
      Mutation(() => Receipt, { name: key, nullable: true }),
    );
  });
  Resolver()(resolver);
  return resolver;
}
