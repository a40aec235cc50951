/**
 * The edge: what happens to every request before and after routing. Hides: Fastify's hooks. Promises: one strict reading of bodies, a
 * verified caller or none, one correlation id, safe header fields (SAFE_HEADERS), and problems as problem+json from every layer. Does not:
 * know routes, or trust headers that a proxy may have set.
 */
import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJson } from '#platform/problem/json';
import { PROBES } from '#platform/runtime/health';
import { histogram, mayScrape } from '#platform/runtime/metrics';
import { unauthenticated, type Tokens } from '#platform/security/auth';
import { inContext, type RequestContext } from '#platform/security/context';
import { Connections } from '#platform/runtime/connections';
import { Problem } from '#platform/problem/problem';
import type { AccessLog } from './access-log';
import { badHeader, readConditions } from './conditions';
import { problemFrom, problemOfStatus, sendProblem } from './problem-filter';
import { callerOf, type RateLimit } from './rate-limit';
import { Turns } from './turns';

declare module 'fastify' {
  interface FastifyRequest {
    /** What is known about the request, from the first hook on. */
    about: RequestContext;
    /** The code of the problem in its answer. */
    denial?: string;
    /** True if it has the token of METRICS_TOKEN. */
    scrapes?: boolean;
    /** Counts further requests of the caller. @throws Problem 429 */
    charge?: (requests: number) => void;
  }
}

export type Edge = Readonly<{
  tokens: Tokens;
  limit: RateLimit;
  access: AccessLog;
  isOwnHost: (field: string | undefined) => boolean;
  bodyLimit: number;
  /** Token with which /metrics may be read. */
  metricsToken?: string;
  /** Origins of browser applications that may call; none by default. */
  origins?: readonly string[];
  /** Routes that take a body from callers without a token; none by default. */
  anonymous?: readonly string[];
}>;

const MAX_CONNECTIONS = 4_096;
const ABANDONED_MS = 1_000;
const log = new Logger('http');
const httpSeconds = histogram('http_request_seconds', 'Time from a request to the end of its answer, by route.', [
  'method',
  'route',
  'status',
]);

type Seconds = ReturnType<typeof httpSeconds.labels>;
const seconds = new Map<string, Seconds>();
/** The histogram of a route, looked up once. */
function secondsOf(method: string, route: string, status: number): Seconds {
  const key = `${method} ${route} ${Math.floor(status / 100)}`;
  let known = seconds.get(key);
  if (!known) seconds.set(key, (known = httpSeconds.labels({ method, route, status: `${Math.floor(status / 100)}xx` })));
  return known;
}

const JSON_TYPE = /^application\/json *(; *charset="?utf-8"?)?$/i;
const CORRELATION_ID = /^[\w.:-]{1,64}$/;

/** Headers that keep browsers from interpreting an answer. Constants: helmet would compute them for each request. */
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

/** Adds the edge to an application that was created with `bodyParser: false`. Call it before the application is initialised. */
export function guardEdge(
  app: NestFastifyApplication,
  { tokens, limit, access, isOwnHost, bodyLimit, metricsToken, origins = [], anonymous = [] }: Edge,
): void {
  const server = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  server.server.maxConnections = MAX_CONNECTIONS;
  const connections = new Connections(server.server);
  // Websockets are limited by subscriptions.ts.
  server.server.on('upgrade', ({ socket }) => connections.leave(socket));
  const turns = new Turns();
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

  // Nest would set its own handler after the routes: too late for failures before them.
  server.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error);
    if (problem.status === 500) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    sendProblem(reply, problem, request.about?.correlationId);
  });
  app.getHttpAdapter().setErrorHandler = () => undefined;

  // Callbacks, not promises: everything after runs inside the call of done(), and so in the request's context.
  server.addHook('onRequest', (request, reply, done) => {
    request.about = { correlationId: randomUUID() };
    const given = request.headers['x-correlation-id'];
    if (typeof given === 'string' && CORRELATION_ID.test(given)) request.about.correlationId = given;
    reply.headers(SAFE_HEADERS).header('x-correlation-id', request.about.correlationId);
    const go = (error?: unknown) => {
      const fault = error ?? (request.scrapes ? undefined : refusedUnread(request, anonymous));
      const on = () => inContext(request.about, () => (fault ? done(problemFrom(fault)) : done()));
      const { principal } = request.about;
      // Commands are short, and wait for each other only where they are for the same stream.
      if (fault || !principal || (request.routeOptions.config as { command?: string }).command !== undefined) return on();
      reply.raw.once('close', turns.take(principal.actor, on));
    };
    try {
      if (!isOwnHost(request.headers.host)) throw problemOfStatus(421);
      if (given !== undefined && given !== request.about.correlationId)
        throw badHeader('X-Correlation-Id', 'must be 1 to 64 letters, digits, . _ : or -');
      checkBody(request);
      request.scrapes = request.routeOptions.url === '/metrics' && mayScrape(request.headers.authorization, metricsToken);
      if (request.scrapes) return go();
      const token = bearer(request);
      const charge = (caller: string) => {
        limit.take(caller);
        request.charge = (requests) => limit.take(caller, requests);
      };
      if (token === undefined) {
        // A balancer's probes, from an address that it shares with all its clients, must not be refused because of them.
        if (!PROBES.has(request.routeOptions.url ?? '')) charge(callerOf(request.ip));
        return go();
      }
      const admit = (actor: string) => {
        charge(`@${actor}`);
        if (connections.isOf(request.raw.socket, actor)) return;
        reply.header('connection', 'close');
        throw new Problem(429, 'too-many-connections', 'You have too many connections.', {
          retryAfterSeconds: 1,
          whatToDo: 'Use the ones that you have, or close some.',
        });
      };
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
  server.addHook('onRequest', (request, reply, done) => {
    // A caller who leaves before the answer is whole is not in onResponse; whether they were denied may be known a little later.
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) setTimeout(() => access.answered(request, reply, true), ABANDONED_MS).unref();
    });
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    secondsOf(request.method, request.routeOptions.url ?? 'none', reply.statusCode).observe(reply.elapsedTime / 1_000);
    access.answered(request, reply);
    done();
  });
  // The body arrives in the socket's context, so the request's context is entered again.
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

/** The token of the Authorization header, the only place where one is accepted. */
function bearer(request: FastifyRequest): string | undefined {
  const field = request.headers.authorization;
  if (!field) return undefined;
  const [, token] = /^bearer +(\S+)$/i.exec(field) ?? [];
  if (!token) throw unauthenticated('The Authorization header must be `Bearer <token>`.');
  return token;
}

const TAKES_NO_BODY = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Why a request is refused whatever its body says. */
function refusedUnread({ method, is404, about, routeOptions }: FastifyRequest, anonymous: readonly string[]): Problem | undefined {
  if (TAKES_NO_BODY.has(method)) return undefined;
  if (is404) return problemOfStatus(404);
  if (about.principal || anonymous.includes(routeOptions.url ?? '')) return undefined;
  return unauthenticated('This request has no access token.');
}

function checkBody({ method, headers, is404 }: FastifyRequest): void {
  if (is404 || TAKES_NO_BODY.has(method)) return;
  if (!JSON_TYPE.test(headers['content-type'] ?? '') || (headers['content-encoding'] ?? 'identity') !== 'identity')
    throw problemOfStatus(415);
}
