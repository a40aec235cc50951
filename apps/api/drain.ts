/**
 * Hides how an api stops without failing a request. Promises: first /health/ready says that it is draining while everything is still served, so
 * that a balancer uses others, and every answer closes its connection; only when nobody sends requests any more, or after twice the notice, is
 * nothing new accepted; what was accepted is answered, and subscriptions are closed with 1001. Does not: wait for a client that keeps an idle
 * connection open.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PROBES, type Health } from '#platform/runtime/health';

export type Drain = (noticeMs: number) => Promise<void>;

/** Without a request for so long, an api that is draining is no longer used. */
const QUIET_MS = 1_000;

/** To be called before the application listens. */
export function drainOf(app: NestFastifyApplication, health: () => Health): Drain {
  const server = app.getHttpServer() as Server;
  // Connections without a request yet are not idle for Node.js, and would delay the end.
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  let leaving = false;
  let askedAt = -Infinity;
  // Before Fastify, which refuses some requests without calling a hook.
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    silent.delete(request.socket);
    if (!leaving) return;
    if (!PROBES.has(request.url ?? '')) askedAt = performance.now();
    response.setHeader('connection', 'close');
  });
  // The answer to a request that came before.
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, payload, done) => {
      if (leaving) reply.header('connection', 'close');
      done(null, payload);
    });
  server.on('upgrade', ({ socket }) => silent.delete(socket));

  /** A balancer on a busy machine notices late: while it sends requests, they are served. */
  async function untilUnused(noticeMs: number): Promise<void> {
    await sleep(noticeMs);
    const end = performance.now() + noticeMs;
    while (performance.now() < Math.min(end, askedAt + QUIET_MS)) await sleep(50);
  }

  return async (noticeMs) => {
    health().drain();
    leaving = true;
    if (noticeMs > 0) await untilUnused(noticeMs);
    const closed = app.close();
    // A connection that is this new may be about to send its request.
    const impatience = setTimeout(() => silent.forEach((socket) => socket.destroy()), noticeMs > 0 ? QUIET_MS : 0);
    await closed;
    clearTimeout(impatience);
  };
}
