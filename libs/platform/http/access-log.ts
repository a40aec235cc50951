/**
 * One structured line for each request that was answered, with the correlation id that the answer shows, or only for denials and reads of the
 * audit. Hides: how many bytes each caller may log. Promises: no caller can flood the log or crowd out the lines about others; what is left out
 * is counted, in the caller's next line and in a metric. Does not: log bodies, queries or tokens.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PROBES } from '#platform/runtime/health';
import type { Logger } from '#platform/runtime/logging';
import { counter } from '#platform/runtime/metrics';
import { callerOf } from './rate-limit';

/** Statuses of denials: token, role, host or origin missing or wrong, or too many requests. Another plant's things are answered as absent. */
const DENIALS = new Set([401, 403, 421, 429]);

type Size = Readonly<{ perSecond: number; burst: number }>;
const KB = 1_024;
/** Bytes of lines about one verified caller: of denials, and of other requests. */
const DENIED: Size = { perSecond: 2 * KB, burst: 64 * KB };
const ANSWERED: Size = { perSecond: 128 * KB, burst: 2_048 * KB };
/** Bytes of lines about one address without a valid token, and about all of them together. */
const ADDRESS: Size = { perSecond: KB, burst: 16 * KB };
const UNKNOWN: Size = { perSecond: 2 * KB, burst: 64 * KB };
/** A line without the texts in it: names of fields, numbers, and what the logger adds (time, level, app, pid, ids of the trace). */
const OVERHEAD = 320;
/** Callers whose allowances are kept: those seen last. */
const CALLERS = 10_000;

type Line = Readonly<Record<string, unknown>>;

const suppressedLines = counter('log_suppressed_total', 'Lines about requests that were left out, because their caller had too many.', [
  'caller',
]);

/** How many bytes may be written: a bucket that fills steadily. */
class Allowance {
  private left: number;
  private filledAt = performance.now();
  /** Lines that were left out since the last one that was written. */
  suppressed = 0;

  constructor(private readonly size: Size) {
    this.left = size.burst;
  }

  has(bytes: number): boolean {
    const now = performance.now();
    this.left = Math.min(this.size.burst, this.left + ((now - this.filledAt) / 1_000) * this.size.perSecond);
    this.filledAt = now;
    return this.left >= bytes;
  }

  use(bytes: number): void {
    this.left -= bytes;
  }
}

function textIn(line: Line): number {
  let length = 0;
  for (const name in line) {
    const value = line[name];
    if (typeof value === 'string') length += value.length;
  }
  return length;
}

export class AccessLog {
  private readonly unknown = new Allowance(UNKNOWN);
  private readonly allowances = new Map<string, Allowance>();

  /** `all`: also requests that were not denied. */
  constructor(
    private readonly log: Logger | undefined,
    private readonly all: boolean,
  ) {}

  /** `abandoned`: the caller left before the answer was whole. */
  answered(request: FastifyRequest, reply: FastifyReply, abandoned = false): void {
    const { about } = request;
    const denial = about?.denial ?? request.denial;
    const denied = DENIALS.has(reply.statusCode) || about?.denial !== undefined || (denial !== undefined && reply.statusCode < 400);
    const audit = about?.readsAudit === true;
    if (!denied && !audit && (!this.all || (reply.statusCode === 200 && PROBES.has(request.routeOptions.url ?? '')))) return;
    const line = {
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      address: request.ip,
      correlationId: about?.correlationId,
      ...(about?.principal ? { actor: about.principal.actor } : {}),
      ...(denial === undefined ? {} : { code: denial }),
      ...(abandoned ? { abandoned } : {}),
    };
    if (denied) this.denied(line);
    else this.write(line, ANSWERED, (whole) => this.log?.info(whole, audit ? 'audit read' : 'request'));
  }

  /** A denial that is not an answer to an HTTP request, such as of a websocket. */
  denied(line: Line): void {
    this.write(line, DENIED, (whole) => this.log?.warn(whole, 'denied'));
  }

  private write(line: Line, ofKnown: Size, put: (line: Line) => void): void {
    const { actor, address } = line;
    const known = typeof actor === 'string';
    // Denials of a caller and its other requests cannot crowd out each other.
    const own = known
      ? this.allowance(`${ofKnown === DENIED ? '!' : '@'}${actor}`, ofKnown)
      : this.allowance(callerOf(String(address)), ADDRESS);
    const bytes = OVERHEAD + textIn(line);
    if (!own.has(bytes) || (!known && !this.unknown.has(bytes))) {
      own.suppressed += 1;
      suppressedLines.inc({ caller: known ? 'known' : 'unknown' });
      return;
    }
    own.use(bytes);
    if (!known) this.unknown.use(bytes);
    const { suppressed } = own;
    own.suppressed = 0;
    put(suppressed > 0 ? { ...line, suppressed } : line);
  }

  private allowance(caller: string, size: Size): Allowance {
    const found = this.allowances.get(caller) ?? new Allowance(size);
    this.allowances.delete(caller);
    this.allowances.set(caller, found);
    if (this.allowances.size > CALLERS) this.allowances.delete(this.allowances.keys().next().value!);
    return found;
  }
}
