/**
 * Turns every failure into a problem. Hides: which layer failed and how it reports failures. Promises: the same codes in REST, GraphQL and
 * subscriptions; an internal error is logged with its stack and answered without it. Does not: decide what is an error.
 */
import { ArgumentsHost, Catch, HttpException, Logger, type ExceptionFilter } from '@nestjs/common';
import { GraphQLError } from 'graphql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Rejected } from '#kernel/rejected';
import { isDiskFull, noteDisk } from '#platform/runtime/disk';
import { currentContext } from '#platform/security/context';
import { StoreRefused, StoreUnavailable } from '#platform/store/event-store';
import { Problem, problemBody, problemOf } from '#platform/problem/problem';

const byStatus: Readonly<Record<number, readonly [code: string, detail: string, whatToDo?: string]>> = {
  400: ['malformed-request', 'The request is not well-formed HTTP.', 'Correct the request.'],
  404: [
    'no-such-route',
    'No route has this path.',
    'See docs/generated/openapi.json for the paths that exist, or /docs where it is served.',
  ],
  405: ['method-not-allowed', 'This path does not take this method.', 'Commands are sent by POST, reads by GET, GraphQL by POST.'],
  408: ['request-too-slow', 'The request did not arrive within 30 seconds.', 'Send it again, as a whole.'],
  413: ['body-too-large', 'The body is larger than BODY_LIMIT allows.', 'Send less at once.'],
  414: ['url-too-long', 'A part of the URL is longer than 160 characters.', 'Send a shorter one.'],
  421: ['host-not-allowed', 'This app has another name than the one in the Host header.', 'Operators: add the name to ALLOWED_HOSTS.'],
  415: ['unsupported-media-type', 'The body must be JSON in UTF-8.', 'Send Content-Type: application/json.'],
  431: ['headers-too-large', 'The headers have more than 16,384 bytes.', 'Send fewer or shorter headers.'],
  503: ['unavailable', 'The service is stopping or overloaded.', 'Send the same request again.'],
};

/** The problem for an HTTP status that the framework chose; the framework's text is not passed on. */
export function problemOfStatus(status: number): Problem {
  const [code, detail, whatToDo] = byStatus[status] ?? byStatus[400]!;
  return new Problem(status, code, detail, { whatToDo, ...(status === 503 ? { retryAfterSeconds: 1 } : {}) });
}

/** SQLSTATE classes of a server that is down, full, stopping or starting, and of a statement that took too long. */
const AWAY = /^(08|53|57|58|25006|40P01|55P03)/;
const SOCKET = /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|ENOENT|EHOSTUNREACH)$/;
const CLIENT =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Cannot use a pool after)/;

/** True for an error of the PostgreSQL client that is not about our statement: the database is unavailable. */
function isDatabaseAway(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return (typeof code === 'string' && (AWAY.test(code) || SOCKET.test(code))) || (typeof message === 'string' && CLIENT.test(message));
}

/** The problem for a refusal of the event store that retrying cannot resolve. The store's text names settings, so clients do not see it. */
function problemOfRefusal({ reason, message }: StoreRefused): Problem {
  switch (reason) {
    case 'access-denied':
      return new Problem(
        503,
        'event-store-access-denied',
        'The event store refused the login or the rights of this system. Nothing was changed.',
        {
          whatToDo:
            'Tell whoever operates it: the user, the password or an access list of the event store is wrong. Then send the same request again.',
          retryAfterSeconds: 60,
        },
      );
    case 'too-large':
      return new Problem(
        413,
        'events-too-large',
        'What follows from the command is larger than the event store takes. Nothing was changed.',
        { whatToDo: 'Send less at once.' },
      );
    case 'stream-deleted':
      return new Problem(410, 'stream-deleted', message, { whatToDo: 'Use another id: this one can never be used again.' });
    case 'bad-request':
      return new Problem(400, 'not-storable', message, { whatToDo: 'Use a shorter or simpler id.' });
  }
}

/** The problem that a client gets for any error. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof GraphQLError && error.originalError) return problemFrom(error.originalError);
  if (error instanceof Rejected) return problemOf(error);
  if (error instanceof StoreUnavailable && isDiskFull(error)) {
    return new Problem(507, 'event-store-full', 'The disk of the event store is full: commands are not recorded. Reads still work.', {
      retryAfterSeconds: 30,
      whatToDo: 'Tell whoever operates it to make room. Then send the same command again with the same command id; it takes effect once.',
    });
  }
  if (error instanceof StoreUnavailable) {
    return new Problem(503, 'event-store-unavailable', 'The event store does not answer. The command may or may not have taken effect.', {
      retryAfterSeconds: 2,
      whatToDo: 'Send the same command again with the same command id; it takes effect once.',
    });
  }
  if (error instanceof StoreRefused) return problemOfRefusal(error);
  if (error instanceof HttpException) return problemOfStatus(error.getStatus());
  const { statusCode, code } = (error ?? {}) as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return problemOfStatus(statusCode);
  if (statusCode === 503) return problemOfStatus(503);
  if (noteDisk('postgresql', error)) {
    return new Problem(507, 'database-full', 'The disk of PostgreSQL is full. Commands are still accepted.', {
      retryAfterSeconds: 30,
      whatToDo: 'Tell whoever operates it to make room. Then send the same request again.',
    });
  }
  if (isDatabaseAway(error)) {
    return new Problem(503, 'read-models-unavailable', 'The read models are unavailable. Commands are still accepted.', {
      retryAfterSeconds: 2,
      whatToDo: 'Send the same request again.',
    });
  }
  if (code === '42P01') {
    return new Problem(503, 'view-not-ready', 'This view is still being built.', {
      retryAfterSeconds: 5,
      whatToDo: 'Send the same request again.',
    });
  }
  return new Problem(500, 'internal-error', 'Internal error. It is logged with this correlation id.');
}

/** Fields of a problem for GraphQL's `extensions`. */
export function extensionsOf(problem: Problem): Record<string, unknown> {
  const { type: _, detail: __, ...extensions } = problemBody(problem, currentContext()?.correlationId);
  return extensions;
}

const graphqlErrorOf = (problem: Problem): GraphQLError =>
  new GraphQLError(problem.message, { originalError: problem, extensions: extensionsOf(problem) });

/** Writes a problem as application/problem+json. */
export function sendProblem(reply: FastifyReply, problem: Problem, correlationId: string | undefined): void {
  // Absent where the framework fails before there is a request.
  if (reply.request) reply.request.denial = problem.code;
  const { retryAfterSeconds } = problem.extra;
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.ceil(retryAfterSeconds)));
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  reply
    .status(problem.status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify(problemBody(problem, correlationId)));
}

@Catch()
export class Problems implements ExceptionFilter {
  private readonly log = new Logger('api');

  catch(error: unknown, host: ArgumentsHost): unknown {
    const problem = problemFrom(error);
    if (problem.status === 500) this.log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    if (host.getType<string>() === 'graphql') return graphqlErrorOf(problem);
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest & { about?: { correlationId: string } }>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return undefined;
    sendProblem(reply, problem, request.about?.correlationId);
    return undefined;
  }
}
