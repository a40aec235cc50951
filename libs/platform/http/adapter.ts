/**
 * The HTTP server. Hides: Fastify's settings. Promises: sizes, times and connections are bounded; a request that fails before any
 * route is reached is answered as problem+json, too. Does not: know routes or callers (edge.ts does).
 */
import { dirname } from 'node:path';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { problemBody } from '#platform/problem/problem';
import { problemFrom, problemOfStatus, sendProblem } from './problem-filter';

type Part = { prototype: { _compilePrefixMatch(this: Matcher): void } };
type Matcher = { matchPrefix(path: string, at: number): boolean };

/** Fastify's router compiles a function for each part of each path, again for each route that shares it; from now on only when it is used. */
function compilePathsOnUse(): void {
  const inFastify = { paths: [dirname(require.resolve('fastify'))] };
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { StaticNode } = require(require.resolve('find-my-way/lib/node', inFastify)) as { StaticNode: Part };
  const compile = StaticNode.prototype._compilePrefixMatch;
  if (compile.name === 'later') return;
  StaticNode.prototype._compilePrefixMatch = function later(this: Matcher) {
    this.matchPrefix = (path, at) => {
      compile.call(this);
      return this.matchPrefix(path, at);
    };
  };
}

/** A Fastify server with every limit set. */
export function httpAdapter({ bodyLimit }: Readonly<{ bodyLimit: number }>): FastifyAdapter {
  compilePathsOnUse();
  return new FastifyAdapter({
    bodyLimit,
    trustProxy: false,
    connectionTimeout: 60_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // An accepted request is answered even while the server closes.
    return503OnClosing: false,
    // The only schema is Mercurius's own; checking it would compile the schema of schemas at each start.
    ajv: { customOptions: { validateSchema: false } },
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
