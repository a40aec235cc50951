/**
 * The HTTP server. Hides: Fastify's settings. Promises: sizes, times and connections are bounded; a request that fails before any
 * route is reached is answered as problem+json, too. Does not: know routes or callers (edge.ts does).
 */
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { problemBody } from '#platform/problem/problem';
import { problemFrom, problemOfStatus, sendProblem } from './problem-filter';

/** A Fastify server with every limit set. */
export function httpAdapter({ bodyLimit }: Readonly<{ bodyLimit: number }>): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit,
    trustProxy: false,
    connectionTimeout: 60_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    // An accepted request is answered even while the server closes.
    return503OnClosing: false,
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
