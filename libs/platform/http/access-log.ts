/**
 * One structured line for each request that was answered, with the correlation id that the answer shows, and one for each denial. Hides:
 * the limit on lines. Promises: callers without a valid token cannot flood the log: their lines are limited, and those left out are
 * counted. Does not: log bodies, queries or tokens.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '#platform/runtime/logging';

/** Statuses of denials: token, role, plant, host or origin missing or wrong, or too many requests. */
const DENIALS = new Set([401, 403, 421, 429]);
/** Lines about callers whom nobody knows, and lines about denials of those who are known: neither can crowd out the other. */
const UNKNOWN = { perSecond: 20, burst: 200 };
const KNOWN = { perSecond: 200, burst: 2_000 };

type Line = Readonly<Record<string, unknown>>;

/** How many lines may be written: a bucket that fills steadily. */
class Allowance {
  private left: number;
  private filledAt = performance.now();
  /** Lines that were left out since the last one that was written. */
  suppressed = 0;

  constructor(private readonly size: Readonly<{ perSecond: number; burst: number }>) {
    this.left = size.burst;
  }

  take(): boolean {
    const now = performance.now();
    this.left = Math.min(this.size.burst, this.left + ((now - this.filledAt) / 1_000) * this.size.perSecond);
    this.filledAt = now;
    if (this.left < 1) {
      this.suppressed += 1;
      return false;
    }
    this.left -= 1;
    return true;
  }
}

export class AccessLog {
  private readonly unknown = new Allowance(UNKNOWN);
  private readonly known = new Allowance(KNOWN);

  /** `all`: also requests that were not denied. */
  constructor(
    private readonly log: Logger | undefined,
    private readonly all: boolean,
  ) {}

  answered(request: FastifyRequest, reply: FastifyReply): void {
    const { about, denial } = request;
    const denied = DENIALS.has(reply.statusCode) || (denial !== undefined && reply.statusCode < 400);
    if (!denied && !this.all) return;
    const line = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      address: request.ip,
      correlationId: about?.correlationId,
      ...(about?.principal ? { actor: about.principal.actor } : {}),
      ...(denial === undefined ? {} : { code: denial }),
    };
    if (denied) this.denied(line);
    else if (about?.principal || this.unknown.take()) this.log?.info(line, 'request');
  }

  /** A denial that is not an answer to an HTTP request, such as of a websocket. */
  denied(line: Line): void {
    const allowance = line.actor === undefined ? this.unknown : this.known;
    if (!allowance.take()) return;
    const { suppressed } = allowance;
    allowance.suppressed = 0;
    this.log?.warn({ ...line, ...(suppressed > 0 ? { suppressed } : {}) }, 'denied');
  }
}
