/**
 * The edge: what every request passes before and after routing. Hides: Fastify. Promises: bounded sizes and times, one strict reading of
 * bodies, a verified caller or none, one correlation id, safe header fields, and problems as problem+json from every layer.
 * Does not: know routes, or trust header fields that a proxy may have set.
 */
import { randomUUID } from 'node:crypto';

import { Injectable, Logger, ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { unauthenticated, type Tokens } from '#platform/security/auth';
import type { ClockSource } from '#kernel/event';
import { commandIdOf } from '#platform/commands/bind-decider';
import { inContext, type RequestContext } from '#platform/security/context';
import { parseJson } from '#platform/problem/json';
import { histogram } from '#platform/runtime/metrics';
import { invalidInput, Problem, problemBody, type FieldFault } from '#platform/problem/problem';
import { problemFrom, problemOfStatus, sendProblem } from './problem-filter';
import { callerOf, type RateLimit } from './rate-limit';

declare module 'fastify' {
  interface FastifyRequest {
    /** What is known about the request; from its first hook on. */
    about: RequestContext;
  }
}

export type Edge = Readonly<{
  tokens: Tokens;
  limit: RateLimit;
  bodyLimit: number;
  /** Origins of browsers that may call; none by default. */
  origins?: readonly string[];
}>;

const MAX_CONNECTIONS = 4_096;
const log = new Logger('http');
const httpSeconds = histogram('http_request_seconds', 'Time from a request to the end of its answer, by route.', [
  'method',
  'route',
  'status',
]);

/** A Fastify server with every limit set. */
export function httpAdapter({ bodyLimit }: Pick<Edge, 'bodyLimit'>): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
    trustProxy: false,
    connectionTimeout: 60_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    http: { maxHeaderSize: 16_384, headersTimeout: 15_000, connectionsCheckingInterval: 5_000 },
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, ignoreDuplicateSlashes: false, maxParamLength: 160 },
    frameworkErrors: (error, _request, reply) => sendProblem(reply as never, problemFrom(error), undefined),
    clientErrorHandler: (error, socket) => {
      const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
      const body = JSON.stringify(problemBody(problemOfStatus(status), undefined));
      if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
      socket.end(
        `HTTP/1.1 ${status} Problem\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    },
  } as ConstructorParameters<typeof FastifyAdapter>[0]) as FastifyAdapter;
}

const JSON_TYPE = /^application\/json *(; *charset="?utf-8"?)?$/i;
const CORRELATION_ID = /^[\w.:-]{1,64}$/;
const PRINTABLE = /^[^\u0000-\u001f\u007f]{1,128}$/;

/** What a browser may make of an answer: nothing. Written out, since helmet would work them out anew for each request. */
const SAFE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
};

/** Puts the edge in front of an application that was created with `bodyParser: false`; to be called before it is initialised. */
export function guardEdge(app: NestFastifyApplication, { tokens, limit, bodyLimit, origins = [] }: Edge): void {
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  server.server.maxConnections = MAX_CONNECTIONS;
  if (origins.length > 0)
    app.enableCors({
      origin: [...origins],
      methods: ['GET', 'POST'],
      maxAge: 600,
      exposedHeaders: ['etag', 'retry-after', 'x-correlation-id'],
    });

  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (_request, body, done) => {
    try {
      done(null, parseJson(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });

  // Nest would set its own handler after the routes, too late for what fails before they are reached.
  server.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error);
    if (problem.status === 500) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    sendProblem(reply, problem, request.about?.correlationId);
  });
  app.getHttpAdapter().setErrorHandler = () => undefined;

  // Callbacks and not promises: all that follows runs inside the call to done(), and so in the request's context.
  server.addHook('onRequest', (request, reply, done) => {
    request.about = { correlationId: randomUUID() };
    const given = request.headers['x-correlation-id'];
    if (typeof given === 'string' && CORRELATION_ID.test(given)) request.about.correlationId = given;
    reply.headers(SAFE_HEADERS).header('x-correlation-id', request.about.correlationId);
    const go = (error?: unknown) => inContext(request.about, () => (error ? done(problemFrom(error)) : done()));
    try {
      if (given !== undefined && given !== request.about.correlationId)
        throw badHeader('X-Correlation-Id', 'must be 1 to 64 letters, digits, . _ : or -');
      checkBody(request);
      const token = bearer(request);
      if (token === undefined) {
        limit.take(callerOf(request.ip));
        return go();
      }
      const admit = (actor: string) => limit.take(`@${actor}`);
      const known = tokens.remembered(token);
      if (known) {
        request.about.principal = known.principal;
        admit(known.principal.actor);
        return go();
      }
      tokens.verify(token).then(
        ({ principal }) => {
          try {
            request.about.principal = principal;
            admit(principal.actor);
            go();
          } catch (error) {
            go(error);
          }
        },
        (error) => {
          try {
            limit.take(callerOf(request.ip));
            go(error);
          } catch (tooMany) {
            go(tooMany);
          }
        },
      );
    } catch (error) {
      go(error);
    }
  });
  server.addHook('onResponse', (request, reply, done) => {
    httpSeconds.observe(
      { method: request.method, route: request.routeOptions.url ?? 'none', status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1_000,
    );
    done();
  });
  // The body arrives in the context of the socket: the request's own has to be entered again.
  server.addHook('preValidation', (request, _reply, done) => {
    inContext(request.about, () => {
      try {
        readConditions(request);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  });
}

const badHeader = (field: string, message: string): Problem =>
  new Problem(400, 'invalid-input', `${field} ${message}.`, { errors: [{ field, message }], whatToDo: 'Correct the header field.' });

/** The token of the Authorization field, the only place where one is looked for. */
function bearer(request: FastifyRequest): string | undefined {
  const field = request.headers.authorization;
  if (!field) return undefined;
  const [, token] = /^bearer +(\S+)$/i.exec(field) ?? [];
  if (!token) throw unauthenticated('The Authorization field holds no bearer token.');
  return token;
}

function checkBody({ method, headers, is404 }: FastifyRequest): void {
  if (is404 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return;
  if (!JSON_TYPE.test(headers['content-type'] ?? '') || (headers['content-encoding'] ?? 'identity') !== 'identity')
    throw problemOfStatus(415);
}

/** Whose clock `occurredAt` is may be said by the sender; only we can say that it is ours. */
const isClock = (value: unknown): value is ClockSource => value === 'client' || value === 'device' || value === 'import';

/** Idempotency-Key and If-Match, as the command has them too. */
function readConditions(request: FastifyRequest): void {
  const { headers, about, method } = request;
  if (method !== 'POST') return;
  const { body } = request;
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new Problem(400, 'invalid-input', 'The body must be a JSON object.', { whatToDo: 'Send the command as one JSON object.' });
  const clock = headers['x-clock-source'];
  if (clock !== undefined) {
    if (!isClock(clock)) throw badHeader('X-Clock-Source', 'must be client, device or import');
    about.clock = clock;
  }
  const key = headers['idempotency-key'];
  const match = headers['if-match'];
  if (key === undefined && match === undefined) return;
  if ('query' in body && request.routeOptions.url === '/graphql') {
    throw new Problem(400, 'invalid-input', 'Idempotency-Key and If-Match are not used with GraphQL.', {
      whatToDo: 'Use commandId and expectedRevision in the input.',
    });
  }
  const { commandId, expectedRevision } = body as { commandId?: unknown; expectedRevision?: unknown };
  if (key !== undefined) {
    if (typeof key !== 'string' || !PRINTABLE.test(key)) throw badHeader('Idempotency-Key', 'must be 1 to 128 printable characters');
    if (commandId !== undefined && commandId !== null && commandId !== key)
      throw badHeader('Idempotency-Key', 'differs from commandId in the body');
    // Keys belong to their caller: another one's equal key is another command.
    if (about.principal) about.commandId = commandIdOf(`idempotency-key/${JSON.stringify([about.principal.actor, key])}`);
  }
  if (match !== undefined && match !== '*') {
    const [, revision] = /^"(-1|\d{1,19})"$/.exec(match) ?? [];
    if (revision === undefined) throw badHeader('If-Match', 'must be the ETag of an earlier answer, e.g. "7"');
    if (expectedRevision !== undefined && expectedRevision !== null && expectedRevision !== revision)
      throw badHeader('If-Match', 'differs from expectedRevision in the body');
    about.expectedRevision = revision;
  }
}

const faultsOf = (errors: readonly ValidationError[], path = ''): FieldFault[] =>
  errors.flatMap(({ property, constraints, children }) => {
    const field = path + property;
    return [...Object.values(constraints ?? {}).map((message) => ({ field, message })), ...faultsOf(children ?? [], `${field}.`)];
  });

/** Checks inputs against their classes: unknown keys are refused, null is as good as absent. */
@Injectable()
export class InputPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => {
        return invalidInput(faultsOf(errors).slice(0, 50), 'fields');
      },
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    return super.transform(withoutNulls(value), metadata);
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (value === null || typeof value !== 'object') return value;
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== null && proto !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
