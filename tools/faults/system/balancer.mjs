/**
 * A small load balancer: polls each backend's /health/ready, sends requests to the ready ones in turn, and never retries a request. If none
 * is ready, it uses those whose last answer was only late.
 */
import http from 'node:http';
import { sleep } from '../parts.mjs';

const EVERY_MS = 200;
const LATE = 3;
/** Idle connections are closed before the api would (72 s): otherwise a request may arrive just as the api closes its connection. */
const IDLE_MS = 60_000;

export async function startBalancer(urls, { looks = true } = {}) {
  const backends = urls.map((url) => ({
    url,
    ready: true,
    refuses: false,
    late: 0,
    agent: new http.Agent({ keepAlive: true, timeout: IDLE_MS }),
  }));
  let turn = 0;
  let stopped = false;
  const watch = async (backend) => {
    for (; !stopped; await sleep(EVERY_MS)) {
      backend.late = await fetch(`${backend.url}/health/ready`, { signal: AbortSignal.timeout(1_500) }).then(
        async (response) => {
          await response.arrayBuffer();
          backend.ready = response.ok;
          backend.refuses = !response.ok;
          return 0;
        },
        // One late answer on a busy machine removes no backend.
        ({ cause }) => {
          backend.refuses ||= cause?.code === 'ECONNREFUSED';
          return backend.refuses ? LATE : backend.late + 1;
        },
      );
      if (backend.late >= LATE) backend.ready = false;
    }
  };
  if (looks) for (const backend of backends) void watch(backend);
  const server = http.createServer((request, response) => {
    const ready = backends.filter((each) => each.ready);
    const able = ready.length > 0 ? ready : backends.filter((each) => !each.refuses);
    const backend = able[turn++ % able.length];
    const failed = (error) => {
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ code: 'bad-gateway', detail: backend ? (error?.code ?? 'cut off') : 'no backend is ready' }));
    };
    if (!backend) return failed();
    const { connection: _, 'keep-alive': __, host: ___, ...headers } = request.headers;
    const onward = http.request(`${backend.url}${request.url}`, { method: request.method, headers, agent: backend.agent }, (answer) => {
      const { connection: _____, ...answered } = answer.headers;
      response.writeHead(answer.statusCode, answered);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    onward.on('error', failed);
    request.pipe(onward);
  });
  // Its own clients are never cut off: their failures would count as the api's.
  server.keepAliveTimeout = 0;
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    sees: (url) => backends.some((backend) => backend.url === url && backend.ready),
    stop: () => {
      stopped = true;
      server.closeAllConnections();
      server.close();
      for (const { agent } of backends) agent.destroy();
    },
  };
}
