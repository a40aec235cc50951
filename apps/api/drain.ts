/**
 * Hides how an api stops without failing a request. Promises: first /health/ready says that it is draining while everything is still served, so
 * that a balancer uses others; then nothing new is accepted, what was accepted is answered, and subscriptions are closed with 1001.
 * Does not: wait for a client that keeps an idle connection open.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Health } from '#platform/runtime/health';

export type Drain = (noticeMs: number) => Promise<void>;

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
  const http = app.getHttpAdapter().getInstance();
  http.addHook('onRequest', (request, _reply, done) => {
    silent.delete(request.raw.socket);
    done();
  });
  // A client that comes back opens a new connection, by then to another api.
  http.addHook('onSend', (_request, reply, payload, done) => {
    if (leaving) reply.header('connection', 'close');
    done(null, payload);
  });
  server.on('upgrade', ({ socket }) => silent.delete(socket));

  return async (noticeMs) => {
    health().drain();
    leaving = true;
    if (noticeMs > 0) await sleep(noticeMs);
    const closed = app.close();
    for (const socket of silent) socket.destroy();
    await closed;
  };
}
