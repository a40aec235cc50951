/**
 * The routes of commands. Hides: that commands run in the first hook, before Fastify would parse a body and Nest would find a handler: both
 * cost more than the command. Promises: the same checks as guard and pipe, in their order, and the answers that the controllers describe.
 * Does not: authenticate callers (the edge does), or decide.
 */
import type { IncomingMessage } from 'node:http';
import { Logger, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Command } from '#platform/commands/command';
import { Registry } from '#platform/commands/registry';
import { Sending } from '#platform/commands/sending';
import { parseJson } from '#platform/problem/json';
import type { Problem } from '#platform/problem/problem';
import { allowedRoles } from '#platform/security/access';
import { admit } from '#platform/security/auth';
import { inContext } from '#platform/security/context';
import { readConditions } from './conditions';
import { InputPipe } from './input-pipe';
import { problemFrom, problemOfStatus, sendProblem } from './problem-filter';

const log = new Logger('http');

/** The command that a route is for. */
type Sent = Readonly<{ name: string; type: Type<Command>; roles: readonly string[] }>;

/** Takes over the routes of commands; call it after `guardEdge` and before the application is initialised. */
export function serveCommands(app: NestFastifyApplication, { bodyLimit }: Readonly<{ bodyLimit: number }>): void {
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const [registry, sending, pipe] = [app.get(Registry), app.get(Sending), new InputPipe()];

  async function answer(request: FastifyRequest, reply: FastifyReply, body: Buffer, { name, type, roles }: Sent): Promise<void> {
    try {
      const { about } = request;
      request.body = parseJson(body);
      readConditions(request);
      admit(about.principal, roles);
      const read = pipe.read(request.body, type);
      const receipt = await sending.send(name, read instanceof Promise ? await read : read);
      reply.header('etag', `"${receipt.revision}"`).header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(receipt));
    } catch (error) {
      const problem = problemFrom(error);
      if (problem.status === 500) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      sendProblem(reply, problem, request.about.correlationId);
    }
  }

  server.addHook('onRoute', (route) => {
    const name = (route.config as { command?: string } | undefined)?.command;
    const type = name === undefined ? undefined : registry.commandNamed(name);
    if (name === undefined || !type) return;
    const roles = allowedRoles(type);
    const serve: onRequestHookHandler = (request, reply) =>
      receive(request.raw, bodyLimit, (error, body) => {
        if (error) return void reply.header('connection', 'close').send(error);
        inContext(request.about, () => void answer(request, reply, body, { name, type, roles }));
      });
    route.onRequest = serve;
  });
}

/** The whole body, or why there is none: it is too long or was cut off. */
function receive(message: IncomingMessage, limit: number, done: (error: Problem | undefined, body: Buffer) => void): void {
  const parts: Buffer[] = [];
  let length = 0;
  const end = (error?: Problem) => {
    message.removeListener('data', hear).removeListener('end', whole).removeListener('error', broken);
    done(error, parts.length === 1 ? parts[0]! : Buffer.concat(parts));
  };
  const hear = (part: Buffer) => {
    parts.push(part);
    if ((length += part.length) > limit) end(problemOfStatus(413));
  };
  const whole = () => end();
  const broken = () => end(problemOfStatus(400));
  if (Number(message.headers['content-length']) > limit) return end(problemOfStatus(413));
  message.on('data', hear).on('end', whole).on('error', broken);
}
