/**
 * Hides how an app finds out whether it is live and whether it is ready. Each app lists its checks in apps/api/health.controller.ts or
 * apps/worker/worker.ts. Promises that "live" depends on the event loop only, so that a failed dependency never gets this app killed; that
 * every check ends in time; and that a part that is down says since when, and why if it knows. Does not repair anything or measure the lag
 * of views: that is a metric.
 */
import { createServer, type Server } from 'node:http';
import { Connections } from './connections';
import { now } from './clock';
import { mayScrape, metricsText } from './metrics';
import { ownHost } from './own-host';

export type Check = Readonly<{
  /** Rejects when the part does not answer. */
  probe: () => Promise<unknown>;
  /** True if the app cannot work without the part. Otherwise its loss leaves the app ready but degraded. */
  vital: boolean;
  /** A remark about the part: why it is down, or what is unusual although it is up. Public: no addresses, no secrets. */
  detail?: () => Detail | undefined;
}>;

export type Detail = Readonly<{
  /** ISO 8601. If left out for a part that is down: the time of the first check that found it down. */
  since?: string;
  reason?: string;
}>;

export type Readiness = Readonly<{
  status: 'ready' | 'degraded' | 'unavailable' | 'draining';
  parts: Readonly<Record<string, 'up' | 'down'>>;
  /** The parts that are down, and those with a remark. */
  details?: Readonly<Record<string, Detail>>;
}>;

/** Routes that balancers ask: without a token, not counted, and logged only if the answer is bad. */
export const PROBES: ReadonlySet<string> = new Set(['/health/live', '/health/ready']);

/** Milliseconds after which a part that does not answer counts as down. */
const PATIENCE = 2_000;

/** The health of one app. */
export class Health {
  private draining = false;
  private latest?: { at: number; answer: Promise<Readiness> };
  private readonly downSince = new Map<string, string>();

  constructor(private readonly checks: Readonly<Record<string, Check>>) {}

  /** From now on the app accepts no new work: it is about to stop. */
  drain(): void {
    this.draining = true;
  }

  live(): { status: 'live' } {
    return { status: 'live' };
  }

  /** Whether the app is ready for work. Answers within about two seconds; concurrent probes share one check. */
  async ready(): Promise<Readiness> {
    if (this.draining) return { status: 'draining', parts: {} };
    const at = performance.now();
    if (!this.latest || at - this.latest.at > 500) this.latest = { at, answer: this.look() };
    const answer = await this.latest.answer;
    return this.draining ? { status: 'draining', parts: {} } : answer;
  }

  private async look(): Promise<Readiness> {
    const names = Object.keys(this.checks);
    const states = await Promise.all(names.map(async (name) => [name, await isUp(this.checks[name]!.probe)] as const));
    const down = states.filter(([, up]) => !up).map(([name]) => this.checks[name]!);
    const details = Object.fromEntries(states.flatMap(([name, up]) => this.detailOf(name, up) ?? []));
    return {
      status: down.some(({ vital }) => vital) ? 'unavailable' : down.length > 0 ? 'degraded' : 'ready',
      parts: Object.fromEntries(states.map(([name, up]) => [name, up ? 'up' : 'down'])),
      ...(Object.keys(details).length > 0 && { details }),
    };
  }

  private detailOf(name: string, up: boolean): [[string, Detail]] | undefined {
    if (up) this.downSince.delete(name);
    else if (!this.downSince.has(name)) this.downSince.set(name, now().toISOString());
    const detail = this.checks[name]!.detail?.();
    const since = this.downSince.get(name);
    return detail || since !== undefined ? [[name, { ...(since !== undefined && { since }), ...detail }]] : undefined;
  }
}

async function isUp(probe: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, PATIENCE, false)));
    return await Promise.race([Promise.resolve(probe()).then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

/** HTTP status of a readiness answer: a degraded app still accepts work. */
export const statusOf = (readiness: Readiness): number => (readiness.status === 'ready' || readiness.status === 'degraded' ? 200 : 503);

export type HealthServer = Readonly<{
  port: number;
  host: string;
  /** Names by which it is reached. */
  names?: readonly string[];
  /** Who may read /metrics: everybody, or who has this token; nobody if there is none. */
  metrics: Readonly<{ open: boolean; token?: string }>;
}>;

/** Serves /health/live, /health/ready and /metrics for an app without its own HTTP server. Resolves when it listens. */
export async function serveHealth(health: Health, { port, host, names, metrics }: HealthServer): Promise<Server> {
  const isOwnHost = ownHost(names);
  const server = createServer((request, response) => {
    const answer = (status: number, contentType: string, body: string) => {
      response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const json = (status: number, value: unknown) => answer(status, 'application/json', JSON.stringify(value));
    const path = request.url?.split('?', 1)[0];
    if (!isOwnHost(request.headers.host)) return json(421, { status: 'not reached by this name' });
    if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { status: 'method not allowed' });
    if (path === '/health/live') return json(200, health.live());
    if (path === '/health/ready') return void health.ready().then((readiness) => json(statusOf(readiness), readiness));
    if (path === '/metrics') {
      if (!metrics.open && !mayScrape(request.headers.authorization, metrics.token)) {
        response.setHeader('www-authenticate', 'Bearer');
        return json(401, { status: 'send the token of METRICS_TOKEN' });
      }
      return void metricsText().then(
        ({ contentType, body }) => answer(200, contentType, body),
        () => json(500, { status: 'metrics failed' }),
      );
    }
    json(404, { status: 'not found' });
  });
  new Connections(server, { strangers: 256, ofCaller: 0 });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return server;
}
